"""Worlds to play in, and independent proofs of what the engine did in them.

``World`` drives the real operations and remembers what was asked, so that every world can be printed as a story.
``prove`` replays what an account's books and histories say, in the order in which it was written, with arithmetic of
its own (dates, fractions and ``abono.kernel``; no statement of the engine), and asserts that every line is what the
rules demand: which days a charge covers, what it costs, that the money was there, that nothing is missing between.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
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
    "base_trail", "catalogue_plan", "catalogue_rate", "catalogue_planprice", "catalogue_service", "catalogue_planservice",
    "operators_operator", "accounts_profile", "accounts_number",
)  # fmt: skip
SERVICES = {"thing": {"kind": "onoff", "price": "3.00"}, "book": {"kind": "onoff", "tax": "reduced", "price": "1.00"}}
EVERYBODY = 2**62
FUNDS, CUSTOMER, STAFF = 1, 2, 4


def rows(query: str, *values: object) -> list[dict[str, Any]]:
    """What is written, as it is written."""
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def picture() -> dict[str, tuple[int, str | None]]:
    """Every table's row count and contents."""
    there = {row["name"] for row in rows("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")}
    return {
        table: tuple(rows(f"SELECT count(*) AS n, md5(string_agg(t::text, '|' ORDER BY t::text)) AS h"
                          f" FROM public.{table} AS t")[0].values())
        for table in TABLES if table in there
    }  # fmt: skip


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
        self.terms, self.plans, self.lines = terms, plans, []
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
        before = picture()
        refused = None
        try:
            with transaction.atomic():
                self._do(action, values)
        except Refusal as refusal:
            refused = line["refused"] = refusal.code
            assert picture() == before, f"a refused {action} changed the world"
        else:
            self.asked.append(Asked(after, action, values, self.now, self.down_until is not None))
        self.lines.append(json.dumps(line, default=str))
        return refused

    def _do(self, action: str, values: dict[str, Any]) -> None:  # noqa: C901, PLR0912 -- the table of steps
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
        self.last_charge: dict[str, Any] | None = None
        self.frozen: int | None = None
        self.paused_until: date | None = None
        self.cancels = False
        self.waiting: tuple[Terms, Decimal] | None = None
        self.blocked: list[tuple[datetime, datetime | None]] = []

    # -- questions

    @property
    def boundary(self) -> date:
        return self.period[1] if self.opened else self.first_day

    @property
    def due(self) -> date:
        return self.paid_until if self.opened and self.plan.charge == "daily" else self.boundary

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
        if self.plan.charge == "daily":
            inside = self.opened and self.runs and day < self.period[1]
            cycle = self.grid.index_of(day)
            first, last = self.grid.boundary(cycle), self.grid.boundary(cycle + 1)
            price = self.price if inside else self.plan.price_on(first, self.quantity)
            amount = slice_amount(price, (day - first).days + 1, (last - first).days)
            return self._offer(self.grid, cycle, self.period[0] if inside else first, day, price, amount)
        price = self.plan.price_on(day, self.quantity)
        if self.plan.resume == "restart":
            grid, cycle = self.plan.full_grid(day), 0
        else:
            grid, cycle = self.grid, self.grid.index_of(day)
        first, last = grid.boundary(cycle), grid.boundary(cycle + 1)
        amount = round_half_up(price)
        if self.plan.resume == "remainder":
            amount = prorate(price, (last - day).days, (last - first).days)
        offer = self._offer(grid, cycle, day, day, price, amount)
        offer.needs_no_debt = self.plan.charge == "arrears" and price > 0
        return offer

    def arrears(self, ends: date) -> int:
        """What the running period in arrears comes to: days not suspended at their start."""
        first, last = self.period
        days = [first + timedelta(days=n) for n in range((min(last, ends) - first).days)]
        free = [day for day in days if not self.was_blocked(self.world.operator.midnight(day))]
        short = first == self.first_day and (last - first).days < self.cycle_days
        if short and self.plan.first == "free":
            return 0
        whole = (last - first).days if short and self.plan.first == "full" else self.cycle_days
        return self.plan.taxed(prorate(self.price, len(free), whole))[0]

    def was_blocked(self, at: datetime) -> bool:
        return any(since <= at and (until is None or at < until) for since, until in self.blocked)

    # -- what happens

    def take(self, offer: Offer, charged: bool) -> None:
        """A decision passed: the period begins or goes on."""
        inside = self.opened and self.runs and self.plan.charge == "daily" and offer.ends_on == self.period[1]
        self.grid, self.cycle, self.price = offer.grid, offer.cycle, offer.price
        self.period = (offer.starts_on, offer.ends_on)
        self.cycle_days = (offer.ends_on - offer.grid.boundary(offer.cycle)).days
        self.paid_until = offer.covers_to
        self.paid = charged or (inside and self.paid)
        self.opened, self.runs, self.closed, self.early = True, True, False, False
        self.fee_due = self.fee_due and self.plan.charge == "arrears"
        self.frozen = None

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
            self.take(offer, charged=False)

    def check_closed(self, day: date) -> None:
        if self.plan.charge == "arrears" and self.opened and self.runs and not self.closed and day >= self.period[1]:
            assert self.arrears(day) == 0, f"the arrears of {self.period} are missing: {self.arrears(day)}"
            self.closed = True
