"""What an operator sells: services and plans, as a story writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.model.amounts import gross_of, minor, minor_units
from tests.model.days import Ahead, Length, Zone


@dataclass
class Operator:
    """Whose clock, currency and taxes they are."""

    zone: Zone
    currency: str
    inclusive: bool
    rates: dict[str, Fraction]

    @classmethod
    def read(cls, record: dict[str, Any]) -> Operator:
        """The section ``operator``."""
        rates = {
            "standard": Fraction(str(record.get("tax", "0"))),
            "reduced": Fraction(str(record.get("tax_reduced", "0"))),
            "exempt": Fraction(0),
        }
        inclusive = record.get("prices_include_tax", True)
        return cls(Zone(record.get("time_zone", "UTC")), record.get("currency", "EUR"), bool(inclusive), rates)

    def __deepcopy__(self, _memo: object) -> Operator:
        """One for all."""
        return self

    def minor(self, text: object) -> int:
        """An amount in minor units."""
        return minor(str(text), self.currency)


@dataclass
class Item:
    """A service in a plan: how much of it, and how its use is counted."""

    code: str
    kind: str
    tax: str
    own_price: Fraction
    record: dict[str, Any]

    @property
    def weight(self) -> Fraction:
        """Its own price, times the plan's quantity of it."""
        return self.own_price * Fraction(str(self.record.get("quantity", 1)))

    @property
    def included(self) -> Fraction:
        """What costs nothing; absent is 0."""
        return Fraction(str(self.record.get("included", "0")))

    @property
    def is_hard(self) -> bool:
        """Whether nothing goes beyond."""
        return self.record.get("limit") == "hard"

    @property
    def is_paid_on_use(self) -> bool:
        """Whether packs are paid as they open."""
        return self.record.get("overage") == "on_use"

    @property
    def by_day(self) -> bool:
        """Whether each day counts for itself."""
        return self.record.get("quota_period") == "day"

    @property
    def counts(self) -> bool:
        """Whether there is something to count."""
        return self.kind != "onoff"


@dataclass
class Plan:
    """The terms of a plan, and its prices by the day from which they count."""

    code: str
    operator: Operator
    record: dict[str, Any]
    items: dict[str, Item]
    prices: dict[date, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the terms, with their defaults."""
        get = self.record.get
        self.length = Length.parse(str(get("period")))
        self.anchor = str(get("anchor", "start"))
        self.first_period, self.charge = get("first_period", "full"), get("charge", "advance")
        self.trial_days = int(str(get("trial", "0 days")).split()[0])
        self.setup_fee = self.operator.minor(get("setup_fee", "0"))
        self.priority = int(get("priority", 100))
        self.on_shortfall, self.resume = get("on_shortfall", "suspend"), get("resume", "restart")
        pause = get("pause", "freeze")
        self.pause: dict[str, Any] = {"mode": pause} if isinstance(pause, str) else {"mode": "freeze", **pause}
        self.look_ahead = Ahead.parse(str(get("look_ahead"))) if get("look_ahead") else None
        self.early_block = bool(get("early_block", False))
        self.renews = bool(get("renew", True))
        own = sum((item.weight for item in self.items.values()), Fraction(0))
        self.prices[date.min] = Fraction(str(get("price"))) if get("price") is not None else own

    def __deepcopy__(self, _memo: object) -> Plan:
        """One for all."""
        return self

    @property
    def daily(self) -> bool:
        """One slice each civil day."""
        return bool(self.charge == "daily")

    @property
    def arrears(self) -> bool:
        """Charged at the period's end."""
        return bool(self.charge == "arrears")

    @property
    def advance(self) -> bool:
        """Charged at the period's start."""
        return bool(self.charge == "advance")

    @property
    def owes(self) -> bool:
        """Whether it is charged whatever is there."""
        return bool(self.on_shortfall == "owe")

    def price_on(self, day: date) -> Fraction:
        """The price that is valid on a day, in minor units."""
        valid = max(begins for begins in self.prices if begins <= day)
        return self.prices[valid] * minor_units(self.operator.currency)

    def gross(self, amount: int) -> int:
        """What the account is charged for an amount of this plan's price."""
        if self.operator.inclusive or amount == 0:
            return amount
        weights: dict[str, Fraction] = {}
        for item in self.items.values():
            weights[item.tax] = weights.get(item.tax, Fraction(0)) + item.weight
        if not weights:
            weights = {"standard": Fraction(1)}
        rates = [self.operator.rates[category] for category in weights]
        return gross_of(amount, rates, list(weights.values()))

    def gross_of_item(self, item: Item, amount: int) -> int:
        """What the account is charged for the use of one service."""
        if self.operator.inclusive:
            return amount
        return gross_of(amount, [self.operator.rates[item.tax]], [Fraction(1)])


def read_plans(operator: Operator, catalogue: dict[str, Any]) -> dict[str, Plan]:
    """The section ``catalogue``."""
    services = catalogue.get("services") or {}
    plans = {}
    for code, record in (catalogue.get("plans") or {}).items():
        items = {}
        for name, terms in (record.get("services") or {}).items():
            service = services[name]
            price = Fraction(str(service.get("price", "0")))
            items[name] = Item(name, service["kind"], service.get("tax", "standard"), price, terms or {})
        plans[code] = Plan(code, operator, record, items)
    return plans
