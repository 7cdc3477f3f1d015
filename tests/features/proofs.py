"""Worlds to play in, and independent proofs of what the engine did in them.

``World`` drives the real operations and remembers what was asked, so that every world can be printed as a story.
``prove`` replays what an account's books and histories say, in the order in which it was written, with arithmetic of
its own (dates, fractions and ``abono.kernel``; no statement of the engine), and asserts that every line is what the
rules demand: which days a charge covers, what it costs, that the money was there, that nothing is missing between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from abono.base.refusal import Refusal
from abono.features.accounts.operations import open_account
from abono.features.billing import blocks, money, orders, queries
from abono.features.billing.engine import Scope, catch_up, turn_clock
from abono.features.billing.look_ahead import look
from abono.features.billing.prices import change_price
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.kernel.calendars import Grid, Period, grid_for
from abono.kernel.charges import prorate, slice_amount
from abono.kernel.money import format_amount, parse_amount, round_half_up
from abono.kernel.tax import tax_lines

TABLES = (
    "ledger_account", "ledger_entry", "ledger_grant", "ledger_hold", "subscriptions_subscription",
    "subscriptions_transition", "billing_charge", "billing_run", "billing_slice", "notices_notice", "base_once",
    "base_trail", "catalogue_plan", "catalogue_rate", "catalogue_planprice", "catalogue_service",
    "catalogue_planservice",
    "operators_operator", "accounts_profile", "accounts_word", "accounts_number",
)  # fmt: skip
SERVICES = {"thing": {"kind": "onoff", "price": "3.00"}, "book": {"kind": "onoff", "tax": "reduced", "price": "1.00"}}
FUNDS, CUSTOMER, STAFF = 1, 2, 4
STEPS = {"blocked_by_staff", "unblocked_by_staff", "paused", "resumed_by_customer"}
"""What brings an account up to date before it is done, also in a downtime."""


def rows(query: str, *values: Any) -> list[dict[str, Any]]:
    """What is written, as it is written."""
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def picture() -> dict[str, tuple[int, str | None]]:
    """Every table's row count and contents, in one question."""
    there = [row["name"] for row in rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")]
    one = (
        "SELECT '{0}' AS name, count(*) AS n, md5(string_agg(t::text, '|' ORDER BY t::text)) AS contents"
        " FROM public.{0} AS t"
    )
    found = rows(" UNION ALL ".join(one.format(table) for table in TABLES if table in there))
    return {row["name"]: (row["n"], row["contents"]) for row in found}


# ---- Worlds


@dataclass
class Asked:
    """An operation that was carried out: between which ids, at what time, and whether a downtime was on."""

    after: UUID
    action: str
    values: dict[str, Any]
    now: datetime
    down: bool


class World:
    """An operator, its catalogue and accounts; a clock; and the list of everything that was asked."""

    def __init__(
        self, terms: dict[str, Any], start: datetime, plans: dict[str, Any], accounts: dict[str, dict[str, str]]
    ) -> None:
        """``start`` is local and naive; plans and accounts as a story writes them."""
        self.terms, self.plans = terms, plans
        self.lines: list[str] = []
        self.header = {"operator": terms, "start": start.isoformat(), "accounts": accounts,
                       "catalogue": {"services": SERVICES, "plans": plans}}  # fmt: skip
        self.operator = add_operator(f"world-{uuid4()}", "World", terms)
        self.now = self.operator.instant(start)
        self.down_until: datetime | None = None
        save_catalogue(self.operator, parse_catalogue(self.header["catalogue"], self.operator.currency), now=self.now)
        self.accounts: dict[str, int] = {}
        self.limits: dict[int, int] = {}
        self.subscriptions: dict[str, tuple[int, UUID]] = {}
        self.asked: list[Asked] = []
        for name, account in accounts.items():
            limit = self.minor(account.get("credit_limit", "0"))
            self.accounts[name] = open_account(self.operator, name, now=self.now, credit_limit=limit)
            self.limits[self.accounts[name]] = limit
            balance = self.minor(account.get("balance", "0"))
            if balance:
                money.adjust(self.accounts[name], balance, now=self.now, text="opening balance")
        self.scope = Scope(self.operator, min(self.accounts.values()), max(self.accounts.values()))

    def minor(self, text: str) -> int:
        return parse_amount(text, self.operator.currency, "amount")

    def amount(self, minor: int) -> str:
        return format_amount(minor, self.operator.currency)

    @property
    def local(self) -> datetime:
        return self.now.astimezone(ZoneInfo(self.operator.time_zone)).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.operator.day(self.now)

    def story(self) -> str:
        """The world as a story of tests/scenarios (JSON is YAML)."""
        head = [f"{name}: {json.dumps(value)}" for name, value in {"scenario": "random", **self.header}.items()]
        return "\n".join(["", *head, "steps:", *(f"  - {line}" for line in self.lines)])

    def let_pass(self, until: datetime) -> None:
        """Everything is done when it is due; after a downtime, at once."""
        self.lines.append(json.dumps({"at": self.operator_local(until)}))
        if self.down_until is not None and until >= self.down_until:
            with transaction.atomic():
                catch_up(self.scope, self.down_until, look=look)
            self.down_until = None
        if self.down_until is None:
            with transaction.atomic():
                turn_clock(self.scope, until, look=look)
        self.now = until

    def operator_local(self, instant: datetime) -> str:
        return instant.astimezone(ZoneInfo(self.operator.time_zone)).replace(tzinfo=None).isoformat()

    def do(self, action: str, **values: Any) -> str | None:
        """Ask for an operation now; answers the code of a refusal, after which nothing has changed."""
        line: dict[str, Any] = {action: values}
        after: UUID = rows("SELECT uuidv7() AS id")[0]["id"]
        before, down = picture(), self.down_until is not None
        refused = None
        try:
            with transaction.atomic():
                self._do(action, values)
        except Refusal as refusal:
            refused = line["refused"] = refusal.code
            assert picture() == before, f"a refused {action} changed the world"
        else:
            self.asked.append(Asked(after, action, values, self.now, down))
        self.lines.append(json.dumps(line, default=str))
        return refused

    def _do(self, action: str, values: dict[str, Any]) -> None:
        account = self.accounts.get(values.get("account", ""), 0)
        chosen = self.subscriptions.get(values.get("subscription", ""))
        if action in {"pay", "refund", "adjust"}:
            getattr(money, action)(account, self.minor(values["amount"]), now=self.now)
        elif action == "credit_limit":
            money.set_credit_limit(account, self.minor(values["amount"]), now=self.now)
        elif action == "promise":
            fee = self.minor(values.get("fee", "0"))
            money.promise(account, self.minor(values["amount"]), values["days"], now=self.now, fee=fee)
        elif action == "subscribe":
            quantity = Decimal(values.get("quantity", "1"))
            key = orders.subscribe(account, values["plan"], now=self.now, quantity=quantity)
            self.subscriptions[values["as"]] = (account, key)
        elif action == "price":
            change_price(self.operator, values["plan"], Decimal(values["price"]),
                         date.fromisoformat(values["from"]), now=self.now)  # fmt: skip
        elif action == "downtime":
            self.down_until = self.operator.instant(datetime.fromisoformat(values["until"]))
        elif action in {"block", "unblock"} and chosen is None:
            getattr(blocks, action)(account, now=self.now)
        else:
            assert chosen is not None
            self._do_one(action, chosen, values)

    def _do_one(self, action: str, chosen: tuple[int, UUID], values: dict[str, Any]) -> None:
        at_period_end = values.get("when", "period_end") == "period_end"
        if action == "change":
            quantity = values.get("quantity")
            orders.change(*chosen, now=self.now, plan_code=values.get("plan"), at_period_end=at_period_end,
                          quantity=None if quantity is None else Decimal(quantity))  # fmt: skip
        elif action == "cancel":
            orders.cancel(*chosen, now=self.now, at_period_end=at_period_end,
                          prorate_refund=values.get("refund") == "prorated")  # fmt: skip
        elif action == "pause":
            until = values.get("until")
            blocks.pause(*chosen, now=self.now, until=None if until is None else date.fromisoformat(until))
        elif action == "resume":
            blocks.resume(*chosen, now=self.now)
        else:
            getattr(blocks, action)(chosen[0], now=self.now, subscription=chosen[1])

    def unlocks(self) -> dict[UUID, int]:
        return queries.unlocks(self.operator, list(self.accounts.values()), self.now)


# ---- The terms, read by themselves


@dataclass
class Terms:
    """A plan of a world, and its prices by the day from which they count (None: the sum of the services)."""

    record: dict[str, Any]
    world: World
    prices: dict[date, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        get = self.record.get
        self.period = Period.parse(get("period"))
        anchor = get("anchor", "start")
        self.anchor: Any = int(anchor) if str(anchor).isdigit() else anchor
        self.charge, self.first = get("charge", "advance"), get("first_period", "full")
        self.shortfall, self.resume = get("on_shortfall", "suspend"), get("resume", "restart")
        pause = get("pause", "freeze")
        self.pause = pause if isinstance(pause, str) else pause.get("mode", "freeze")
        self.pause_fee = 0 if isinstance(pause, str) else self.world.minor(pause.get("fee", "0"))
        self.trial = int(get("trial", "0 days").split()[0])
        self.renews, self.early = get("renew", True), get("early_block", False)
        self.prices[date.min] = Fraction(get("price") or self.services_cost())

    def services_cost(self) -> Fraction:
        return sum((Fraction(SERVICES[code]["price"]) for code in self.record["services"]), Fraction(0))

    def as_long_as(self, other: Terms) -> bool:
        return (self.period.unit, self.period.step) == (other.period.unit, other.period.step)

    def price_on(self, day: date, quantity: Decimal) -> Fraction:
        """In minor units, exact, of the quantity."""
        return self.prices[max(begins for begins in self.prices if begins <= day)] * 100 * Fraction(quantity)

    def taxed(self, amount: int) -> tuple[int, int]:
        """What the account is charged, and the tax in it."""
        terms = self.world.terms
        rate = {"thing": Decimal(terms.get("tax", "0")), "book": Decimal(terms.get("tax_reduced", "0"))}
        codes = list(self.record["services"])
        weights = [Fraction(SERVICES[code]["price"]) for code in codes]
        inclusive = terms.get("prices_include_tax", True)
        lines = tax_lines(amount, inclusive, [rate[code] for code in codes], weights)
        return sum(line.gross for line in lines), sum(line.tax for line in lines)

    def full_grid(self, day: date) -> Grid:
        return grid_for(self.period, "start", day)


@dataclass
class Offer:
    """What a decision costs and which period it begins."""

    grid: Grid
    cycle: int
    starts_on: date
    ends_on: date
    covers_to: date
    price: Fraction
    amount: int
    tax: int
    fee: int
    needs_no_debt: bool = False

    @property
    def total(self) -> int:
        return self.amount + self.fee


# ---- One subscription, replayed


class Line:
    """A subscription as its history leaves it, line by line. Asserts what each line must say."""

    def __init__(self, key: UUID, plan: Terms, quantity: Decimal, today: date, world: World) -> None:
        self.key, self.plan, self.quantity, self.world = key, plan, quantity, world
        self.ordered, self.priority = 0, plan.record.get("priority", 100)
        self.state, self.reasons, self.early = "trial" if plan.trial else "pending", 0, False
        self.starts_on = today
        self.first_day = today + timedelta(days=plan.trial)
        self.trialled = bool(plan.trial)
        self.grid = grid_for(plan.period, plan.anchor, self.first_day)
        self.cycle = self.grid.index_of(self.first_day)
        self.opened, self.runs, self.fee_due, self.closed = False, True, True, False
        self.period: tuple[date, date] = (self.first_day, self.first_day)
        self.paid_until = self.first_day
        self.cycle_days = 0
        self.price = Fraction(0)
        self.paid = False  # whether money was taken for the running period
        self.paying: list[dict[str, Any]] = []  # the charges that pay for what runs, and are not given back
        self.spent: set[date] = set()  # first days that a charge of the kind period has
        self.kept = today  # today's slice stays, where a change left it: what begins then, begins on this day
        self.began_at = world.now  # the day on which a period begins counts, at whatever hour that was
        self.priced = False  # whether the plan has had a period of its own, whose first day gives the price
        self.frozen: int | None = None
        self.paused_until: date | None = None
        self.cancels = False
        self.blocked_for = date.min  # the boundary of an early block
        self.waiting: tuple[Terms, Decimal] | None = None
        self.blocked: list[tuple[datetime, datetime | None]] = []

    # -- questions

    @property
    def stopped(self) -> bool:
        """By more than an early block."""
        return self.state == "suspended" and not (self.early and self.reasons == FUNDS)

    @property
    def boundary(self) -> date:
        return self.period[1] if self.opened else self.first_day

    @property
    def due(self) -> date:
        return self.paid_until if self.opened and self.plan.charge == "daily" and not self.early else self.boundary

    def fee(self) -> int:
        if not self.fee_due:
            return 0
        return self.plan.taxed(self.world.minor(self.plan.record.get("setup_fee", "0")))[0]

    def _offer(self, grid: Grid, cycle: int, starts: date, day: date, price: Fraction, amount: int) -> Offer:
        gross, tax = self.plan.taxed(amount)
        ends = grid.boundary(cycle + 1)
        arrears, daily = self.plan.charge == "arrears", self.plan.charge == "daily"
        return Offer(grid, cycle, starts, ends, day + timedelta(days=1) if daily else ends, price,
                     0 if arrears else gross, 0 if arrears else tax, 0 if arrears else self.fee())  # fmt: skip

    def at_boundary(self, day: date) -> Offer:
        """The decision of a boundary, of the first day or of a daily slice."""
        if self.opened and self.plan.charge == "daily" and day < self.period[1]:
            first = self.grid.boundary(self.cycle)
            length = (self.grid.boundary(self.cycle + 1) - first).days
            amount = slice_amount(self.price, (day - first).days + 1, length)
            return self._offer(self.grid, self.cycle, self.period[0], day, self.price, amount)
        cycle = self.cycle + 1 if self.opened else self.cycle
        first, last = self.grid.boundary(cycle), self.grid.boundary(cycle + 1)
        price = self.plan.price_on(day, self.quantity)
        days, length = (last - day).days, (last - first).days
        if self.plan.charge == "daily":
            amount = slice_amount(price, (day - first).days + 1, length)
        elif days == length or self.opened or self.plan.first == "full":
            amount = round_half_up(price)
        else:
            amount = 0 if self.plan.first == "free" else prorate(price, days, length)
        offer = self._offer(self.grid, cycle, day, day, price, amount)
        offer.needs_no_debt = self.plan.charge == "arrears" and self.opened and price > 0
        return offer

    def at_return(self, day: date) -> Offer:
        """What coming back costs today."""
        begins = max(day, self.kept)
        if self.plan.charge == "daily":
            inside = self.opened and self.runs and day < self.period[1]
            cycle = self.grid.index_of(begins)
            first, last = self.grid.boundary(cycle), self.grid.boundary(cycle + 1)
            starts = self.period[0] if inside else first if self.priced and begins == day else begins
            price = self.price if inside else self.plan.price_on(starts, self.quantity)
            amount = slice_amount(price, (day - first).days + 1, (last - first).days) if begins == day else 0
            return self._offer(self.grid, cycle, starts, day, price, amount)
        price = self.plan.price_on(begins, self.quantity)
        if self.plan.resume == "restart":
            grid, cycle = self.plan.full_grid(begins), 0
        else:
            grid, cycle = self.grid, self.grid.index_of(begins)
        first, last = grid.boundary(cycle), grid.boundary(cycle + 1)
        amount = round_half_up(price)
        if self.plan.resume == "remainder":
            amount = prorate(price, (last - begins).days, (last - first).days)
        offer = self._offer(grid, cycle, begins, day, price, amount)
        offer.needs_no_debt = self.plan.charge == "arrears" and price > 0
        return offer

    def arrears(self, ends: date) -> int:
        """What the running period in arrears comes to: days not suspended at their start."""
        first, last = self.period
        days = [first + timedelta(days=n) for n in range((min(last, ends) - first).days)]
        starts = {day: self.world.operator.midnight(day) for day in days}
        free = [day for day in days if self.began_at > starts[day] or not self.was_blocked(starts[day])]
        short = first == self.first_day and (last - first).days < self.cycle_days
        if short and self.plan.first == "free":
            return 0
        whole = (last - first).days if short and self.plan.first == "full" else self.cycle_days
        return self.plan.taxed(prorate(self.price, len(free), whole))[0]

    def was_blocked(self, at: datetime) -> bool:
        return any(since <= at and (until is None or at < until) for since, until in self.blocked)

    # -- what happens

    def take(self, offer: Offer, charged: bool, at: datetime) -> None:
        """A decision passed: the period begins or goes on."""
        inside = self.opened and self.runs and self.plan.charge == "daily" and offer.ends_on == self.period[1]
        self.grid, self.cycle, self.price = offer.grid, offer.cycle, offer.price
        self.period = (offer.starts_on, offer.ends_on)
        self.cycle_days = (offer.ends_on - offer.grid.boundary(offer.cycle)).days
        self.paid_until = offer.covers_to
        self.paid = charged or (inside and self.paid)
        self.opened, self.runs, self.closed, self.early, self.priced = True, True, False, False, True
        self.began_at = at
        if not inside or self.plan.charge == "daily":
            self.paying = []
        self.fee_due = self.fee_due and self.plan.charge == "arrears"
        self.frozen = None

    def charged(self, charge: dict[str, Any]) -> None:
        if charge["kind"] in {"period", "part"}:
            self.paying.append(charge)
        if charge["kind"] == "period":
            self.spent.add(charge["starts_on"])

    def stop(self, at: datetime) -> None:
        if not self.blocked or self.blocked[-1][1] is not None:
            self.blocked.append((at, None))

    def go(self, at: datetime) -> None:
        if self.blocked and self.blocked[-1][1] is None:
            self.blocked[-1] = (self.blocked[-1][0], at)

    def turn(self, day: date) -> None:
        """A change that waits for this boundary."""
        if self.waiting is None:
            return
        (plan, quantity), self.waiting = self.waiting, None
        if not plan.as_long_as(self.plan):
            self.grid, self.cycle = plan.full_grid(day), -1 if self.opened else 0
        self.plan, self.quantity = plan, quantity

    def advance(self, day: date, *, including: bool) -> None:
        """Boundaries that leave no line: what costs nothing goes on, what is suspended lapses."""
        while self.state != "ended":
            limit = day if including else day - timedelta(days=1)
            if self.state == "suspended":
                ends = self.boundary
                if self.runs and self.frozen is None and ends <= limit and not (self.early and self.reasons == FUNDS):
                    self.check_closed(ends)
                    assert not self.cancels, f"cancelled, but not ended at {ends}"
                    assert self.plan.renews or not self.opened, f"sold for one period, but not ended at {ends}"
                    self.turn(ends)
                    self.runs = self.early = False
                return
            due = self.due
            if due > limit:
                return
            assert self.state == "active", f"{self.state} since {due}, but the first decision was not made"
            self.check_closed(due)
            if due == self.boundary:
                assert not self.cancels, f"cancelled, but not ended at {due}"
                assert self.plan.renews, f"sold for one period, but not ended at {due}"
                self.turn(due)
            offer = self.at_boundary(due)
            assert offer.total == 0, f"nothing was charged or decided on {due}; it costs {offer.total}"
            self.take(offer, charged=False, at=self.world.operator.midnight(due))

    def check_closed(self, day: date) -> None:
        if self.plan.charge == "arrears" and self.opened and self.runs and not self.closed and day >= self.period[1]:
            assert self.arrears(day) == 0, f"the arrears of {self.period} are missing: {self.arrears(day)}"
            self.close()

    def close(self) -> None:
        """The arrears are taken. A fee comes with the first of them; where there is none, none will come later."""
        self.closed = True
        self.fee_due = self.fee_due and self.fee() > 0


# ---- One account, replayed


class Books:
    """The lines of one account in the order in which they were written, each held against the rules."""

    def __init__(self, world: World, account: int) -> None:
        self.world, self.account = world, account
        self.plans = {code: Terms(record, world) for code, record in world.plans.items()}
        self.codes = {id(plan): code for code, plan in self.plans.items()}
        self.lines: dict[UUID, Line] = {}
        self.balance, self.limit = 0, world.limits[account]
        self.grants: list[dict[str, Any]] = []
        self.expected: list[tuple[Any, ...]] = []
        self.ending: UUID | None = None
        self.current: Asked | None = None

    def available(self, at: datetime) -> int:
        granted: int = sum(each["left"] for each in self.grants if each["from"] <= at < each["until"])
        return self.balance + self.limit + granted

    def replay(self) -> None:
        """Every line in turn; raises AssertionError, naming the line."""
        world = self.world
        mine = {name: key for name, (account, key) in world.subscriptions.items() if account == self.account}
        self.names = mine
        items: dict[UUID, Any] = dict(self._items())
        asked: list[tuple[UUID, Any]] = [(each.after, each) for each in world.asked if self._concerns(each)]
        for key, item in sorted([*items.items(), *asked], key=lambda pair: pair[0]):
            try:
                if isinstance(item, Asked):
                    self.ask(item)
                else:
                    self.read(key, item)
            except AssertionError as error:
                told = f"{item}"
                raise AssertionError(f"{error}\n  at {told}") from None
        assert not self.expected, f"missing lines: {self.expected}"
        if world.down_until is None:
            for line in self.lines.values():
                line.advance(world.today, including=True)

    def _concerns(self, asked: Asked) -> bool:
        name = asked.values.get("account")
        if name is not None:
            return self.world.accounts[name] == self.account
        one = asked.values.get("subscription") or asked.values.get("as")
        return one is None or one in self.names

    def _items(self) -> dict[UUID, dict[str, Any]]:
        items: dict[UUID, dict[str, Any]] = {}
        for table, name in (("ledger_entry", "entry"), ("billing_charge", "charge"),
                            ("subscriptions_transition", "transition")):  # fmt: skip
            for row in rows(f"SELECT * FROM {table} WHERE account_id = %s ORDER BY id", self.account):
                items.setdefault(row["id"], {})[name] = row
        fees = {
            (str(key)[:18], item["charge"]["subscription_id"]): key
            for key, item in items.items() if "charge" in item and item["charge"]["kind"] == "fee"
        }  # fmt: skip
        for key, item in list(items.items()):
            one = item.get("transition") or item.get("charge")
            fee = fees.get((str(key)[:18], one["subscription_id"])) if one else None
            if fee is not None and fee != key and fee in items:
                item["fee"] = items.pop(fee)
        return items

    # -- what was asked

    def ask(self, asked: Asked) -> None:
        assert not self.expected, f"missing lines: {self.expected}"
        self.current, values = asked, asked.values
        today = self.world.operator.day(asked.now)
        if not asked.down:
            for line in self.lines.values():
                line.advance(today, including=True)
        if asked.action == "credit_limit":
            self.limit = self.world.minor(values["amount"])
        elif asked.action == "promise":
            until = next(
                midnight for more in range(3)
                if (midnight := self.world.operator.midnight(today + timedelta(days=values["days"] + more)))
                >= asked.now + timedelta(hours=24)
            )  # fmt: skip
            self.grants.append({"left": self.world.minor(values["amount"]), "from": asked.now, "until": until})
        elif asked.action == "price":
            self.plans[values["plan"]].prices[date.fromisoformat(values["from"])] = Fraction(values["price"])
        elif asked.action == "subscribe":
            key = self.names[values["as"]]
            quantity = Decimal(values.get("quantity", "1"))
            self.lines[key] = Line(key, self.plans[values["plan"]], quantity, today, self.world)
        elif asked.action in {"change", "cancel"}:
            getattr(self, asked.action)(self.lines[self.names[values["subscription"]]], values, today)

    def change(self, line: Line, values: dict[str, Any], today: date) -> None:
        old = line.plan
        new = self.plans[values["plan"]] if "plan" in values else old
        quantity = Decimal(values["quantity"]) if "quantity" in values else line.quantity
        assert not line.cancels, "changed after a cancellation"
        line.waiting = None
        if new is old and quantity == line.quantity:
            return
        # Where the boundary is overdue (in a downtime), "now" is that boundary.
        overdue = line.frozen is None and (line.opened or line.trialled) and line.boundary <= today
        if line.runs and (overdue or values.get("when", "period_end") == "period_end"):
            line.waiting = (new, quantity)
            return
        if line.runs and line.opened:
            self._change_running(line, old, new, quantity, today)
        elif line.runs:  # from a trial, a full period starts today; a blocked one goes on waiting
            if not line.stopped:
                line.grid, line.cycle, line.first_day = new.full_grid(today), 0, today
            elif not new.as_long_as(old):
                line.grid, line.cycle = new.full_grid(line.first_day), 0
        else:
            self._change_waiting_for_a_return(line, old, new, today)
        line.plan, line.quantity = new, quantity

    def _change_waiting_for_a_return(self, line: Line, old: Terms, new: Terms, today: date) -> None:
        """Nothing paid runs: no credit and no charge, the return costs the new plan; its own days are new, too."""
        line.runs = line.priced = False
        if not new.as_long_as(old):
            line.grid, line.cycle = new.full_grid(today), 0

    def _expect_missed_slices(self, line: Line, today: date) -> None:
        """A change forgives no day of a daily plan that was missed in a downtime: each has its slice, up to today's."""
        first = line.grid.boundary(line.cycle)
        length = (line.grid.boundary(line.cycle + 1) - first).days
        while line.paid_until <= today:
            day, line.paid_until, line.paying = line.paid_until, line.paid_until + timedelta(days=1), []
            gross, tax = line.plan.taxed(slice_amount(line.price, (day - first).days + 1, length))
            if gross:
                self.expected.append(("period", day, line.paid_until, gross, tax))

    def _change_running(self, line: Line, old: Terms, new: Terms, quantity: Decimal, today: date) -> None:
        if old.charge == "daily" and line.state == "active":
            self._expect_missed_slices(line, today)
        if old.charge == "arrears":
            self._expect_arrears(line, today)
        line.fee_due, line.closed = False, False
        since = max(today, line.kept, line.paid_until if old.charge == "daily" else today)
        kept = since > today
        stopped = line.stopped
        same = new.as_long_as(old) and (line.frozen is None or new.charge == "advance")
        if old.charge == "daily" and stopped and not kept and not (same and new.charge == "daily"):
            self._change_waiting_for_a_return(line, old, new, today)
            return
        line.kept = since
        left = line.frozen if line.frozen is not None else (line.period[1] - since).days
        paid = old.charge != "advance" or line.price == 0 or line.paid
        if old.charge == "advance" and paid:
            credit, tax = old.taxed(prorate(line.price, left, line.cycle_days))
            if credit:
                self.expected.append(("credit", since, since + timedelta(days=left), -credit, -tax))
        if old.charge != "daily":
            line.paying = [charge for charge in line.paying if charge["starts_on"] < since] if kept else []
        line.price = new.price_on(today, quantity)
        if same:
            line.period = (since if new.charge == "arrears" else line.period[0], line.period[1])
        else:
            line.grid, line.cycle = new.full_grid(since), 0
            line.period = (since, line.grid.boundary(1))
            line.cycle_days = (line.period[1] - since).days
            line.runs = not stopped
            assert self.current is not None
            line.began_at = self.current.now
            line.frozen = line.frozen if line.runs else None
        amount, until = 0, line.period[1] if not same else since + timedelta(days=left)
        if new.charge == "daily":
            until = since + timedelta(days=1)
            first = line.period[1] - timedelta(days=line.cycle_days)
            amount = 0 if kept or stopped else slice_amount(line.price, (since - first).days + 1, line.cycle_days)
        elif new.charge == "advance":
            amount = prorate(line.price, left, line.cycle_days) if same else round_half_up(line.price)
        gross, tax = new.taxed(amount)
        charged = (paid or not same) and line.runs and gross > 0
        if charged:
            self.expected.append(("part", since, until, gross, tax))
        line.paid = charged or (same and line.paid)
        line.paid_until = line.period[1]
        if new.charge == "daily":
            line.paid_until = since if kept or stopped else until

    def cancel(self, line: Line, values: dict[str, Any], today: date) -> None:
        if values.get("when", "period_end") == "period_end" and line.runs:
            line.cancels = True
            return
        self.ending = line.key
        if line.plan.charge == "arrears":
            if line.runs and line.opened:
                self._expect_arrears(line, today)
        elif values.get("refund") == "prorated" and line.runs and line.opened:
            left = (line.paid_until - today).days
            if line.frozen is not None:
                left = line.frozen + (max(line.kept, today) - today).days
            found = []
            # What remains are the last of the days that were charged, and not given back before.
            for charge in reversed(line.paying):
                ends, covers = today + timedelta(days=left), (charge["ends_on"] - charge["starts_on"]).days
                days = max(min(left, covers), 0)
                amount, tax = (prorate(Fraction(charge[name]), days, covers) for name in ("amount", "tax"))
                if amount:
                    found.append(("refund", ends - timedelta(days=days), ends, -amount, -tax))
                left -= days
            self.expected += reversed(found)

    def _expect_arrears(self, line: Line, today: date) -> None:
        amount, first = line.arrears(today), line.period[0]
        if amount:
            kind = "part" if first in line.spent else "period"
            self.expected.append((kind, first, min(today, line.period[1]), amount, None))
        if line.fee():
            self.expected.append(
                ("fee", first, max(min(today, line.period[1]), first + timedelta(1)), line.fee(), None)
            )
        line.fee_due = False

    # -- what was written

    def read(self, _key: UUID, item: dict[str, Any]) -> None:
        entry: Any = item.get("entry")
        charge: Any = item.get("charge")
        transition: Any = item.get("transition")
        if self.current is not None and not self.current.down:
            reached = self.current.now
            assert transition is None or transition["at"] >= reached, f"decided for a time before {reached}"
            assert entry is None or entry["booked_on"] >= self.world.operator.day(reached), f"booked before {reached}"
        if charge is not None:
            assert entry is not None, "a charge without an entry"
            assert entry["amount"] == -charge["amount"], "a charge and its entry differ"
            kind = {"credit": "reversal", "refund": "refund", "fee": "fee"}.get(charge["kind"], "charge")
            assert entry["kind"] == kind, f"a {charge['kind']} is booked as {entry['kind']}"
        if transition is None and charge is None:
            self._plain(entry)
            return
        line = self.lines[(transition or charge)["subscription_id"]]
        if transition is not None and transition["cause"] not in {"started", "returned", "shortfall"}:
            assert charge is None
            self._moved(line, transition)
        elif transition is None and self._is_extra(line, charge, entry["booked_on"]):
            self._extra(line, entry, charge)
        else:
            self._decided(line, item)

    def _plain(self, entry: dict[str, Any]) -> None:
        """Money that was paid in, out, or taken as a fee of a promise or a pause."""
        now = entry["booked_at"]
        if entry["kind"] == "fee":
            assert self.available(now) >= -entry["amount"], "a fee that did not fit"
        if entry["kind"] == "refund":
            assert self.balance >= -entry["amount"], "more was paid out than there was"
        assert entry["kind"] != "charge", "an entry of a charge without its charge"
        self.balance += entry["amount"]
        left = entry["amount"] if entry["kind"] == "payment" else 0
        for grant in sorted(self.grants, key=lambda each: each["until"]):
            if grant["from"] <= now < grant["until"]:
                repaid = min(left, grant["left"])
                grant["left"] -= repaid
                left -= repaid

    def _is_extra(self, line: Line, charge: dict[str, Any], day: date) -> bool:
        if charge["kind"] != "period" or self.expected:
            return True
        line.advance(day, including=False)
        return line.plan.charge == "arrears" and not line.closed and charge["starts_on"] == line.period[0]

    def _extra(self, line: Line, entry: dict[str, Any], charge: dict[str, Any]) -> None:
        """Rows of changes and cancellations, and arrears: always made, or judged by the change."""
        found = (charge["kind"], charge["starts_on"], charge["ends_on"], charge["amount"], charge["tax"])
        if self.expected:
            wanted = self.expected.pop(0)
            assert found[:4] == wanted[:4], f"expected {wanted}, found {found}"
            assert wanted[4] in {None, found[4]}, f"expected a tax of {wanted[4]}, found {found}"
            if charge["kind"] == "part" and line.plan.shortfall != "owe":
                # What a change gives back was booked before it: only what it costs above that must fit.
                fits = self.available(entry["booked_at"]) >= charge["amount"] or charge["amount"] <= self._credited
                assert fits, "the change did not fit after its credit"
        else:
            day = entry["booked_on"]
            line.advance(day, including=False)
            assert line.plan.charge == "arrears", f"nobody asked for {found}"
            assert line.runs, f"nothing runs, but {found} is charged"
            assert line.boundary == day, f"the period ends on {line.boundary}, not on {day}"
            if charge["kind"] == "fee":
                assert line.fee_due, "a fee twice"
                assert found[3] == line.fee(), f"the fee is {line.fee()}"
                line.fee_due = False
            else:
                assert not line.closed, "arrears twice"
                # A change may have turned a period that was charged on its first day into one in arrears.
                wanted = ("part" if line.period[0] in line.spent else "period", *line.period, line.arrears(day))
                assert found[:4] == wanted, f"expected {wanted}, found {found}"
                line.close()
        self._credited = -charge["amount"] if charge["kind"] == "credit" else 0
        self.balance -= charge["amount"]
        line.charged(charge)

    _credited = 0

    def _decided(self, line: Line, item: dict[str, Any]) -> None:
        charge: Any = item.get("charge")
        transition: Any = item.get("transition")
        day = transition["day"] if transition else item["entry"]["booked_on"]
        at = transition["at"] if transition else self.world.operator.midnight(day)
        line.advance(day, including=False)
        self._check_from(line, transition)
        passes = transition is None or transition["state_to"] == "active"
        if not passes and line.state == "suspended" and not line.early:
            self._judged(line, transition, at)
            return
        offer = self._offer(line, day)
        available, owes = self.available(at), line.plan.shortfall == "owe"
        if passes:
            fits = available >= (offer.total if offer.total or offer.needs_no_debt else available)
            assert fits or owes, f"{offer.total} was charged, {available} was available"
            self._paid(line, offer, item, day)
            line.state, line.reasons = "active", 0
            line.take(offer, charged=charge is not None, at=at)
            if charge is not None:
                line.charged(charge)
            line.go(at)
            return
        assert charge is None, "charged without passing"
        assert not owes, "a plan that may owe was stopped"
        assert offer.total > 0 or offer.needs_no_debt, "stopped by what costs nothing"
        assert available < offer.total or available < 0, f"stopped for {offer.total}, though {available} was available"
        assert transition["missing"] == offer.total - available, (
            f"{offer.total - available} was missing, not {transition['missing']}"
        )
        ends = line.plan.shortfall == "end"
        assert transition["state_to"] == ("ended" if ends else "suspended")
        assert transition["reasons_to"] == (0 if ends else FUNDS)
        inside = line.opened and line.plan.charge == "daily" and day < line.period[1]
        line.state, line.reasons, line.early = transition["state_to"], transition["reasons_to"], False
        line.runs = inside and not ends
        line.stop(at)

    def _offer(self, line: Line, day: date) -> Offer:
        if line.state == "suspended" and not line.early:
            assert line.reasons == FUNDS, f"charged while {line.reasons} remain"
            inside = line.plan.charge == "daily" and line.opened and line.paid_until <= day
            assert not line.runs or inside, f"charged again, though {line.period} still runs"
            return line.at_return(day)
        assert line.reasons in {0, FUNDS}, f"charged while {line.reasons} remain"
        assert line.due == day, f"a decision on {day}; it was due on {line.due}"
        if day == line.boundary:
            line.check_closed(day)
            assert not line.cancels, "cancelled, and charged again"
            assert line.plan.renews or not line.opened, "sold for one period, and charged again"
            line.turn(day)
        return line.at_boundary(day)

    def _paid(self, line: Line, offer: Offer, item: dict[str, Any], day: date) -> None:
        charge, fee = item.get("charge"), item.get("fee")
        if charge is None:
            assert offer.amount == 0, f"nothing was charged, it costs {offer.amount}"
        else:
            # Rows of the kind period are the key that nothing is charged twice: one for each first day, enforced by the
            # database. What was charged today, given back by a change and stopped may come back on the same day; that
            # second charge is as right as the first was, but the first day is spent, and it is booked as a part.
            starts = day if line.plan.charge == "daily" else offer.starts_on
            again = line.state == "suspended" and not line.early and (starts in line.spent or starts > day)
            found = tuple(charge[name] for name in ("kind", "starts_on", "ends_on", "amount", "tax"))
            wanted = ("part" if again else "period", starts, offer.covers_to, offer.amount, offer.tax)
            assert found == wanted, f"expected {wanted}, found {found}"
        paid = fee["charge"]["amount"] if fee else 0
        assert paid == offer.fee, f"the fee is {offer.fee}, {paid} was taken"
        self.balance -= offer.total

    def _judged(self, line: Line, transition: dict[str, Any], at: datetime) -> None:
        """Arrears that left the account in debt, while another reason stopped the subscription."""
        assert not line.reasons & FUNDS
        assert self.available(at) < 0, "judged without a debt"
        line.check_closed(transition["day"])
        line.state, line.reasons = transition["state_to"], transition["reasons_to"]
        line.runs = line.runs and line.state != "ended"

    def _check_from(self, line: Line, transition: dict[str, Any] | None) -> None:
        if transition is not None:
            found = (transition["state_from"], transition["reasons_from"])
            assert found == (line.state, line.reasons), f"it was {line.state} {line.reasons}, not {found}"

    def _moved(self, line: Line, transition: dict[str, Any]) -> None:
        cause, day, at = transition["cause"], transition["day"], transition["at"]
        if not (self.ending == line.key and self.current and self.current.down):  # it ends as it was recorded
            # A look comes after what is due at its instant: a boundary of that day has passed.
            line.advance(day, including=cause == "early_block")
        if cause in STEPS:
            for each in self.lines.values():
                each.advance(day, including=True)
        self._check_from(line, transition)
        if cause == "ended":
            if self.ending == line.key:
                self.ending = None
            else:
                assert line.cancels or (not line.plan.renews and line.opened), "nobody ended it"
                assert line.runs and day == line.boundary, f"it ends on {line.boundary}"
                line.check_closed(day)
            line.state, line.reasons, line.runs, line.early = "ended", 0, False, False
        elif cause == "early_block":
            assert line.plan.early and line.state != "suspended"
            line.state, line.reasons, line.early, line.blocked_for = "suspended", FUNDS, True, line.boundary
            line.stop(at)
        elif cause == "early_block_over":
            assert line.early and line.boundary == day
            line.check_closed(day)
            line.turn(day)
            line.reasons, line.early, line.runs = line.reasons & ~FUNDS, False, False
        elif cause == "blocked_by_staff":
            line.state, line.reasons = "suspended", line.reasons | STAFF
            line.stop(at)
        elif cause == "paused":
            self._pause(line, day, at)
        else:
            bits = {"resumed_by_customer": CUSTOMER, "pause_over": CUSTOMER, "unblocked_by_staff": STAFF}
            if cause == "pause_over":
                assert line.paused_until == day, f"the pause ends on {line.paused_until}"
            self._lift(line, bits.get(cause, FUNDS), day, at, midnight=cause == "pause_over")
        found = (transition["state_to"], transition["reasons_to"])
        assert found == (line.state, line.reasons), f"it should be {line.state} {line.reasons}, not {found}"

    def _pause(self, line: Line, day: date, at: datetime) -> None:
        assert self.current is not None
        until = self.current.values.get("until")
        line.paused_until = None if until is None else date.fromisoformat(until)
        if line.frozen is None:  # what an earlier pause keeps is kept on
            left = (line.period[1] - max(day, line.kept)).days
            freezes = line.plan.pause == "freeze" and line.plan.charge == "advance"
            line.frozen = left if freezes and line.opened and line.runs and left > 0 else None
        if line.frozen is not None and line.early:
            line.early, line.reasons = False, line.reasons & ~FUNDS
        line.state, line.reasons = "suspended", line.reasons | CUSTOMER
        line.stop(at)

    def _lift(self, line: Line, bit: int, day: date, at: datetime, *, midnight: bool) -> None:
        assert line.reasons & bit
        line.reasons &= ~bit
        if bit == CUSTOMER:
            line.paused_until = None
        if bit == FUNDS:
            assert line.early, "money came back without a charge"
        line.early = line.early and bool(line.reasons & FUNDS)
        if line.reasons:
            return
        daily = line.plan.charge == "daily" and line.opened
        if not line.runs or (daily and not midnight and line.paid_until <= day):
            line.reasons = FUNDS  # the return is tried next
            return
        line.state = "active" if line.opened else "trial" if line.trialled else "pending"
        line.go(at)
        if daily:
            line.paid_until = max(line.paid_until, day)  # blocked days take no slice
        thawed = max(day, line.kept) + timedelta(days=line.frozen or 0)
        if line.frozen is not None and thawed != line.period[1]:
            line.period, line.paid_until = (line.period[0], thawed), thawed
            line.grid, line.cycle = line.plan.full_grid(thawed), -1
        line.frozen = None


# ---- The whole


def prove(world: World) -> dict[int, Books]:
    """Everything that is written in a world is what the rules demand; answers the replayed books."""
    books = {account: Books(world, account) for account in world.accounts.values()}
    for name, account in world.accounts.items():
        found = rows("SELECT balance, credit_limit FROM ledger_account WHERE account_id = %s", account)[0]
        entries = rows("SELECT amount FROM ledger_entry WHERE account_id = %s", account)
        assert found["balance"] == sum(entry["amount"] for entry in entries), f"{name}: balance is not its entries"
        books[account].replay()
        assert books[account].balance == found["balance"], f"{name}: replayed to {books[account].balance}"
        assert books[account].limit == found["credit_limit"]
        _prove_states(world, books[account])
        _prove_notices(account)
    return books


def _prove_notices(account: int) -> None:
    """Nobody is told twice of a boundary, and whoever is blocked early is blocked on the day on which he is told."""
    twice = rows("SELECT subscription_id, kind, payload FROM notices_notice WHERE account_id = %s AND kind IN"
                 " ('charge_due', 'will_be_suspended', 'ends_soon') GROUP BY 1, 2, 3"
                 " HAVING count(*) > 1", account)  # fmt: skip
    assert not twice, f"told twice: {twice}"
    silent = rows("SELECT subscription_id, day FROM subscriptions_transition AS t WHERE account_id = %s"
                  " AND cause = 'early_block' AND NOT EXISTS (SELECT 1 FROM notices_notice AS n WHERE"
                  " n.account_id = t.account_id AND n.subscription_id = t.subscription_id AND n.kind = 'suspended'"
                  " AND n.sent_on = t.day)", account)  # fmt: skip
    assert not silent, f"blocked early from another day than that of the look-ahead: {silent}"


def _prove_states(world: World, books: Books) -> None:
    """Where the replay ends, the subscriptions stand; and nobody waits whose money is there."""
    standing = {
        row["id"]: row
        for row in rows(
            "SELECT s.*, p.code FROM subscriptions_subscription AS s JOIN catalogue_plan AS p ON p.id = s.plan_id"
            " WHERE s.account_id = %s", books.account,
        )
    }  # fmt: skip
    assert standing.keys() == books.lines.keys()
    for key, line in books.lines.items():
        row = standing[key]
        found = (row["state"], row["reasons"], row["early"], row["code"], row["quantity"])
        wanted = (line.state, line.reasons, line.early, books.codes[id(line.plan)], line.quantity)
        assert found == wanted, f"stands at {found}, should stand at {wanted}"
        if row["state"] == "ended" or world.down_until is not None:
            continue
        assert row["runs"] == line.runs, f"runs: {row['runs']}, should be {line.runs}"
        if line.runs and line.opened:
            assert (row["period_starts_on"], row["period_ends_on"]) == line.period, f"the period is {line.period}"
        if line.early:
            assert line.plan.early and line.runs, "blocked early without a reason"
            assert line.boundary == line.blocked_for, f"blocked early for {line.blocked_for}, not for {line.boundary}"
        if line.state != "suspended":
            assert line.due > world.today, f"nothing was decided since {line.due}"
        elif line.reasons == FUNDS and not line.early:
            if cheaper_since_midnight(world, books.codes[id(line.plan)]):
                continue
            offer = line.at_return(world.today)
            available = books.available(world.now)
            assert available < offer.total or (offer.needs_no_debt and available < 0), (
                f"waits for {offer.total}, though {available} is available"
            )


def cheaper_since_midnight(world: World, plan: str) -> bool:
    """A price that was made to count from today is no money that arrives: returns are tried at the next midnight."""
    return any(
        each.action == "price" and each.values["plan"] == plan and each.values["from"] == world.today.isoformat()
        and world.operator.day(each.now) == world.today
        for each in world.asked
    )  # fmt: skip


def prove_repeatable(world: World) -> None:
    """What is due is done; doing it again touches nothing."""
    if world.down_until is not None:
        return
    before = picture()
    assert not catch_up(world.scope, world.now, look=look)
    assert not turn_clock(world.scope, world.now, look=look)
    assert picture() == before, "doing again what is done changed something"
