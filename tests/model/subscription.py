"""A subscription of the model: how it stands, and what its next decision would cost."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.model.amounts import half_up, prorated, slice_of
from tests.model.days import Grid, days_between, from_start, later

if TYPE_CHECKING:
    from tests.model.counting import Count
    from tests.model.days import Zone
    from tests.model.terms import Plan

REASONS = ("funds", "customer", "staff", "vendor", "parent", "overdue")


@dataclass
class Charge:
    """A row of what was charged; what of it may be given back runs ``until`` a day, which a freeze moves."""

    starts: date
    ends: date
    amount: int
    refundable: bool
    until: date


@dataclass
class Offer:
    """What a decision costs, and the period that it begins."""

    grid: Grid
    begins: date
    starts: date
    ends: date
    cycle_days: int
    price: Fraction
    covers: date
    amount: int
    fee: int = 0
    packs: list[tuple[str, int]] = field(default_factory=list)
    needs_no_debt: bool = False
    is_slice: bool = False
    is_short_first: bool = False

    @property
    def total(self) -> int:
        """All that has to fit."""
        return self.amount + self.fee + sum(amount for _, amount in self.packs)


@dataclass
class Subscription:
    """Everything that is remembered of one order."""

    number: int
    plan: Plan
    quantity: Fraction
    began: datetime
    first_day: date
    grid: Grid
    reasons: set[str] = field(default_factory=set)
    ended: bool = False
    opened: bool = False
    runs: bool = True
    early: bool = False
    fee_due: bool = True
    starts: date = date.min
    ends: date = date.min
    cycle_days: int = 0
    counts_from: date = date.min  # the first day of the quota period
    runs_from: date = date.min  # the first day to which the present terms belong
    price: Fraction = Fraction(0)
    is_short_first: bool = False
    begins_free: bool = False  # the day on which a period begins counts in arrears, at whatever hour it began
    next_slice: date = date.min
    kept: date = date.min  # the last day whose slice was taken and stayed when the plan was changed
    is_new: bool = False  # its plan was changed while nothing ran
    paid: bool = False
    frozen: int | None = None
    paused_until: date | None = None
    pauses: list[tuple[date, date]] = field(default_factory=list)
    cancels: bool = False
    waiting: tuple[Plan, Fraction] | None = None
    stops: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    look_from: datetime | None = None
    looked: set[date] = field(default_factory=set)
    announced: set[tuple[str, date]] = field(default_factory=set)
    counts: dict[str, Count] = field(default_factory=dict)

    def fork(self) -> Subscription:
        """One to play with."""
        other = copy(self)
        other.reasons, other.looked, other.announced = set(self.reasons), set(self.looked), set(self.announced)
        other.stops, other.pauses = list(self.stops), list(self.pauses)
        other.charges, other.counts = [copy(row) for row in self.charges], deepcopy(self.counts)
        return other

    @property
    def state(self) -> str:
        """As a snapshot tells it."""
        if self.ended:
            return "ended"
        if self.reasons:
            return "suspended"
        return "active" if self.opened else "trial"

    @property
    def boundary(self) -> date | None:
        """The midnight of the next decision about a period, if time runs."""
        if self.ended or not self.runs or self.frozen is not None:
            return None
        return self.ends if self.opened else self.first_day

    @property
    def only_early(self) -> bool:
        """Stopped by an early block and nothing else."""
        return self.early and self.reasons == {"funds"}

    @property
    def waits_for_money(self) -> bool:
        """Whether a return is tried when money comes."""
        return not self.ended and not self.early and self.reasons == {"funds"}

    @property
    def period(self) -> tuple[date, date] | None:
        """What runs."""
        return (self.starts, self.ends) if self.runs and self.opened else None

    def fee(self) -> int:
        """The setup fee, if it was not taken yet."""
        return self.plan.gross(self.plan.setup_fee) if self.fee_due else 0

    def price_on(self, day: date) -> Fraction:
        """The plan's price on a day, times the quantity."""
        return self.plan.price_on(day) * self.quantity

    def _offer(self, grid: Grid, starts: date, day: date, price: Fraction, amount: int) -> Offer:
        first, last = grid.cycle(day)
        covers = later(day, 1) if self.plan.daily else last
        fee = 0 if self.plan.arrears else self.fee()
        gross = 0 if self.plan.arrears else self.plan.gross(amount)
        return Offer(grid, day, starts, last, days_between(first, last), price, covers, gross, fee)

    def at_boundary(self, day: date) -> Offer:
        """The decision of a boundary, or of the first day."""
        first, last = self.grid.cycle(day)
        days, length = days_between(day, last), days_between(first, last)
        price = self.price_on(day)
        if self.plan.daily:
            amount = slice_of(price, days_between(first, day) + 1, length)
        elif days == length or self.opened or self.plan.first_period == "full":
            amount = half_up(price)
        else:
            amount = 0 if self.plan.first_period == "free" else prorated(price, days, length)
        offer = self._offer(self.grid, day, day, price, amount)
        offer.needs_no_debt = self.plan.arrears and self.opened and price > 0
        offer.is_short_first = not self.opened and days < length
        return offer

    def slice_amount(self, day: date) -> int:
        """Today's slice of the running period."""
        k = self.cycle_days - days_between(day, self.ends) + 1
        return self.plan.gross(slice_of(self.price, k, self.cycle_days))

    def at_slice(self, day: date) -> Offer:
        """The slice of a day inside the running period."""
        offer = self._offer(self.grid, self.starts, day, self.price, 0)
        offer.ends, offer.cycle_days, offer.covers, offer.is_slice = self.ends, self.cycle_days, later(day, 1), True
        offer.amount = self.slice_amount(day)
        return offer

    def at_return(self, day: date) -> Offer:
        """What coming back costs on a day. A day whose slice stays is not paid again: what begins, begins tomorrow."""
        day = max(day, later(self.kept, 1)) if self.kept > date.min else day
        if self.plan.daily:
            return self._daily_return(day)
        price = self.price_on(day)
        restart = self.plan.resume == "restart"
        grid = from_start(self.plan.length, day) if restart else self.grid
        first, last = grid.cycle(day)
        amount = half_up(price)
        if self.plan.resume == "remainder":
            amount = prorated(price, days_between(day, last), days_between(first, last))
        offer = self._offer(grid, day, day, price, amount)
        offer.needs_no_debt = self.plan.arrears and price > 0
        return offer

    def _daily_return(self, day: date) -> Offer:
        if self.runs and self.opened and day < self.ends:
            return self.at_slice(day)
        first, last = self.grid.cycle(day)
        # What was begun before keeps the price of its billing period's first day.
        begins = first if self.opened and not self.is_new else day
        price = self.price_on(begins)
        amount = slice_of(price, days_between(first, day) + 1, days_between(first, last))
        return self._offer(self.grid, begins, day, price, amount)

    def was_stopped(self, at: datetime) -> bool:
        """Whether it was suspended at an instant."""
        return any(since <= at and (until is None or at < until) for since, until in self.stops)

    def _first_counts(self, zone: Zone) -> bool:
        """The day on which a period begins counts, but not where it was stopped at that very instant."""
        return self.begins_free and all(since != zone.midnight(self.starts) for since, _ in self.stops)

    def arrears_until(self, zone: Zone, day: date) -> int:
        """What the running period in arrears comes to: days that were not suspended at their start."""
        until = min(day, self.ends)
        free = [
            n
            for n in range(days_between(self.starts, until))
            if not self.was_stopped(zone.midnight(later(self.starts, n))) or (n == 0 and self._first_counts(zone))
        ]
        if self.is_short_first and self.plan.first_period == "free":
            return 0
        whole = self.cycle_days
        if self.is_short_first and self.plan.first_period == "full":
            whole = days_between(self.starts, self.ends)
        return self.plan.gross(prorated(self.price, len(free), whole))
