"""A story, played by the model alone."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tests.model import changing, counting, orders, stopping
from tests.model.account import Account, Grant, RefusedError
from tests.model.amounts import plain, written
from tests.model.days import later
from tests.model.looking import advance, catch_up, forecast, money_came, next_charge, unlock
from tests.model.subscription import REASONS
from tests.model.terms import Operator, read_plans

if TYPE_CHECKING:
    from tests.model.subscription import Subscription

STOPS = {"pause", "resume", "block", "unblock"}
USES = {"use", "seats"}


@dataclass
class World:
    """An operator, its accounts, and a clock."""

    story: dict[str, Any]
    operator: Operator = field(init=False)
    accounts: dict[str, Account] = field(init=False)
    owners: dict[str, tuple[Account, Subscription]] = field(init=False)
    now: datetime = field(init=False)
    down_until: datetime | None = None
    numbers: int = 0

    def __post_init__(self) -> None:
        """As the story begins."""
        self.operator = Operator.read(self.story.get("operator") or {})
        self.now = self.local(self.story["start"])
        self.plans = read_plans(self.operator, self.story.get("catalogue") or {})
        self.accounts, self.owners = {}, {}
        for name, terms in (self.story.get("accounts") or {}).items():
            account = Account(self.operator, self.plans, self.now)
            account.limit = self.operator.minor((terms or {}).get("credit_limit", "0"))
            account.book(self.today, "adjustment", self.operator.minor((terms or {}).get("balance", "0")))
            self.accounts[name] = account

    def local(self, text: object) -> datetime:
        """A time of the story."""
        return self.operator.zone.instant(datetime.fromisoformat(str(text)))

    @property
    def today(self) -> date:
        """The operator's day."""
        return self.operator.zone.day(self.now)

    def take(self, step: dict[str, Any]) -> str | None:
        """Time passes up to a step, and what it says is done. Answers the code of a refusal."""
        self.let_pass(self.now if "at" not in step else self.local(step["at"]))
        action = next((name for name in step if name not in {"at", "expect", "refused"}), None)
        if action is None or action == "advance":
            return None
        may_catch_up = self.down_until is not None and action in {*STOPS, *USES}
        before = deepcopy((self.accounts, self.owners)) if may_catch_up else None
        try:
            self.act(action, dict(step[action]))
        except RefusedError as refused:
            if before is not None:  # what was caught up for a step that is refused is undone with it
                self.accounts, self.owners = before
            return refused.code
        return None

    def let_pass(self, until: datetime) -> None:
        """What is due is done when it is due; after a downtime, at once."""
        if self.down_until is not None and until >= self.down_until:
            for account in self.accounts.values():
                catch_up(account, self.down_until)
            self.down_until = None
        self.now = until
        if self.down_until is None:
            for account in self.accounts.values():
                advance(account, until)

    def act(self, action: str, values: dict[str, Any]) -> None:
        """Do what a step says."""
        if action == "downtime":
            self.down_until = self.local(values["until"])
        elif action == "price":
            self.price(values)
        elif "subscription" in values:
            if values["subscription"] not in self.owners:
                raise RefusedError("unknown_subscription")
            account, sub = self.owners[values["subscription"]]
            self.catch_up_first(account, action)
            self.act_on_one(action, account, sub, values)
        else:
            if values["account"] not in self.accounts:
                raise RefusedError("unknown_account")
            account = self.accounts[values["account"]]
            self.catch_up_first(account, action)
            self.act_on_account(action, account, values)

    def catch_up_first(self, account: Account, action: str) -> None:
        """In a downtime what stops and lets go first does what is due on its account."""
        if self.down_until is not None and action in STOPS:
            catch_up(account, self.now)

    def act_on_one(self, action: str, account: Account, sub: Subscription, values: dict[str, Any]) -> None:
        """Steps that name a subscription."""
        if action == "change":
            changing.change(account, sub, values, self.now)
        elif action == "cancel":
            orders.cancel(account, sub, values, self.now)
        elif action == "pause":
            stopping.pause(account, sub, values, self.now)
        elif action == "resume":
            stopping.resume(account, sub, self.now)
        elif action in {"block", "unblock"}:
            if sub.ended:
                raise RefusedError("subscription_ended")
            getattr(stopping, action)(account, [sub], self.now)
        else:
            time = values.get("time")
            use = {"service": values["service"], "quantity": values["change" if action == "seats" else "quantity"],
                   "time": None if time is None else self.local(time), "key": values.get("key")}  # fmt: skip
            try:
                counting.use(account, sub, use, self.now)
            except counting.BehindError:
                catch_up(account, self.now)
                counting.use(account, sub, use, self.now)

    def act_on_account(self, action: str, account: Account, values: dict[str, Any]) -> None:
        """Steps that name an account."""
        if action in {"pay", "refund", "adjust"}:
            self.book(action, account, values)
        elif action == "credit_limit":
            before, account.limit = account.limit, self.operator.minor(values["amount"])
            if account.limit > before:
                money_came(account, self.now)
        elif action == "promise":
            self.promise(account, values)
        elif action == "subscribe":
            sub = orders.subscribe(account, values, self.now, self.numbers)
            self.numbers += 1
            self.owners[values.get("as", values["plan"])] = (account, sub)
        else:
            getattr(stopping, action)(account, account.ordered(), self.now)

    def book(self, action: str, account: Account, values: dict[str, Any]) -> None:
        """Money in, money out, adjustments."""
        amount = self.operator.minor(values["amount"])
        key, content = ("money", str(values.get("key"))), (action, amount)
        if values.get("key") is not None:
            if key in account.keys:
                if account.keys[key] != content:
                    raise RefusedError("key_conflict")
                return
            account.keys[key] = content
        if action != "adjust" and amount <= 0:
            raise RefusedError("out_of_range")
        if action == "refund":
            if amount > account.balance:
                raise RefusedError("insufficient_funds")
            account.book(self.today, "refund", -amount)
            return
        account.book(self.today, "payment" if action == "pay" else "adjustment", amount)
        if action == "pay":
            account.repay(amount, self.now)
            account.tell("payment_received", self.today)
        if amount > 0:
            money_came(account, self.now)

    def promise(self, account: Account, values: dict[str, Any]) -> None:
        """A credit grant: to the first local midnight that is so many days later and at least 24 hours away."""
        amount, fee = self.operator.minor(values["amount"]), self.operator.minor(values.get("fee", "0"))
        if any(grant.active(self.now) for grant in account.grants):
            raise RefusedError("grant_active")
        until = later(self.today, int(values["days"]))
        while self.operator.zone.midnight(until) < self.now + timedelta(hours=24):
            until = later(until, 1)
        if fee and fee > account.available(self.now) + amount:
            raise RefusedError("insufficient_funds")
        account.grants.append(Grant(amount, self.now, self.operator.zone.midnight(until)))
        account.book(self.today, "fee", -fee)
        money_came(account, self.now)

    def price(self, values: dict[str, Any]) -> None:
        """A price from a day on."""
        plan, begins = self.plans.get(values["plan"]), date.fromisoformat(str(values["from"]))
        if plan is None:
            raise RefusedError("unknown_plan")
        if begins < self.today:
            raise RefusedError("period_closed")
        plan.prices[begins] = Fraction(str(values["price"]))

    # ---- What is seen

    def snapshot(self) -> dict[str, Any]:
        """Everything there is to see."""
        seen = self.settled()
        for name, each in self.owners.items():
            seen["subscriptions"][name] |= self.to_come(*each)
        return {**seen, "forecast": {name: self.forecast(each) for name, each in self.accounts.items()}}

    def settled(self) -> dict[str, Any]:
        """What is, without what is yet to come."""
        return {
            "accounts": {name: self.account(each) for name, each in self.accounts.items()},
            "subscriptions": {name: self.subscription(sub) for name, (_, sub) in self.owners.items()},
            "charges": {
                name: [[row.starts.isoformat(), row.ends.isoformat(), self.money(row.amount)] for row in sub.charges]
                for name, (_, sub) in self.owners.items()
            },
            "quotas": {name: counting.quotas(sub, self.today) for name, (_, sub) in self.owners.items()},
            "notices": {
                name: {kind: [day.isoformat() for day in days] for kind, days in each.notices.items()}
                for name, each in self.accounts.items()
            },
        }

    def forecast(self, account: Account) -> dict[str, str]:
        """What comes due, and what is missing for it."""
        due, short_by = forecast(account, self.now)
        return {"due": self.money(due), "short_by": self.money(short_by)}

    def money(self, amount: int) -> str:
        """As it is shown."""
        return written(amount, self.operator.currency)

    def account(self, account: Account) -> dict[str, Any]:
        """Money, and the entries that made it."""
        return {
            "balance": self.money(account.balance),
            "available": self.money(account.available(self.now)),
            "credit": self.money(account.credit(self.now)),
            "holds": self.money(0),
            "entries": [
                {"on": on.isoformat(), "kind": kind, "amount": self.money(amount)}
                for on, kind, amount in account.entries
            ],
        }

    def subscription(self, sub: Subscription) -> dict[str, Any]:
        """How it stands."""
        return {
            "state": sub.state,
            "reasons": [reason for reason in REASONS if reason in sub.reasons],
            "plan": sub.plan.code,
            "quantity": plain(sub.quantity),
            "period": None if sub.period is None else [day.isoformat() for day in sub.period],
        }

    def to_come(self, account: Account, sub: Subscription) -> dict[str, Any]:
        """What comes next, and what would bring it back."""
        return {"next": self.upcoming(account, sub), "unlock": self.unlock(account, sub)}

    def upcoming(self, account: Account, sub: Subscription) -> dict[str, Any] | None:
        """The next charge."""
        found = next_charge(account, sub, self.now)
        return None if found is None else {"on": found[0].isoformat(), "amount": self.money(found[1])}

    def unlock(self, account: Account, sub: Subscription) -> str | None:
        """What is missing."""
        amount = unlock(account, sub, self.now)
        return None if amount is None else self.money(amount)
