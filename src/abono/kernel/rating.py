"""Price models: what a quantity costs.

A model is parsed once and rated many times. Prices and costs are in whole currency units (not minor ones), exact;
quantities are exact too; `rate_amount` rounds, once, at the end. Source: semantics.md §4 "Price models".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from abono.kernel.errors import InvalidValue
from abono.kernel.fields import choice, mapping, only, required, sequence
from abono.kernel.money import LIMIT, minor_digits, parse_unsigned, round_half_up

MOST_TIERS = 1000
ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Standard:
    """Every unit costs the same."""

    unit: Fraction

    def cost(self, quantity: Fraction) -> Fraction:
        """Promise the exact cost of a quantity."""
        return self.unit * quantity


@dataclass(frozen=True, slots=True)
class Tier:
    """Prices up to and including the quantity `up_to` (null: without end); `flat` is due when any of it is used."""

    up_to: Fraction | None
    unit: Fraction
    flat: Fraction

    def holds(self, quantity: Fraction) -> bool:
        """Say whether the tier reaches as far as `quantity`."""
        return self.up_to is None or quantity <= self.up_to


@dataclass(frozen=True, slots=True)
class Graduated:
    """Each part of the quantity costs what its own tier says."""

    tiers: tuple[Tier, ...]

    def cost(self, quantity: Fraction) -> Fraction:
        """Promise the exact cost of a quantity; 0 uses no tier and costs 0."""
        cost = below = ZERO
        for tier in self.tiers:
            if quantity <= below:
                break
            top = quantity if tier.up_to is None else min(quantity, tier.up_to)
            cost += tier.flat + tier.unit * (top - below)
            below = top
        return cost


@dataclass(frozen=True, slots=True)
class Volume:
    """The whole quantity costs what the tier it ends in says."""

    tiers: tuple[Tier, ...]

    def cost(self, quantity: Fraction) -> Fraction:
        """Promise the exact cost of a quantity; 0 uses no tier and costs 0."""
        if quantity == 0:
            return ZERO
        tier = next(tier for tier in self.tiers if tier.holds(quantity))
        return tier.flat + tier.unit * quantity


@dataclass(frozen=True, slots=True)
class Package:
    """Whole packs of `size`; one that is started is due."""

    size: Fraction
    price: Fraction

    def packs(self, quantity: Fraction) -> int:
        """Promise how many packs a quantity (what is left after the included) starts."""
        return -(-quantity // self.size)

    def cost(self, quantity: Fraction) -> Fraction:
        """Promise the exact cost of a quantity."""
        return self.price * self.packs(quantity)


@dataclass(frozen=True, slots=True)
class Percentage:
    """`rate` percent of the period's total and a `fixed` part, together at least `least` and at most `most`."""

    rate: Fraction
    fixed: Fraction
    least: Fraction | None
    most: Fraction | None

    def cost(self, quantity: Fraction) -> Fraction:
        """Promise the exact cost of a total; 0 costs 0, whatever is fixed or the least."""
        if quantity == 0:
            return ZERO
        return _clamp(self.rate * quantity / 100 + self.fixed, self.least, self.most)


Model = Standard | Graduated | Volume | Package | Percentage


def parse_model(fields: Mapping[str, object], prefix: str = "") -> Model:
    """Promise the price model that `model` and the model's own fields (decimal strings) describe.

    `standard {unit}` · `graduated {tiers}` and `volume {tiers}`, each tier `{up_to, unit, flat}` (`flat` 0 unless
    given, `up_to` ascending and open in the last tier only) · `package {size, price}`, the size above 0 ·
    `percentage {rate, fixed, min, max}`, all but the rate optional. `prefix` (`services.prints.`) leads the path of a
    refused field. A missing field is `required`, another one `unknown_field`, a negative number, a tier that does not
    rise and a `max` below the `min` `out_of_range`.
    """
    name = choice(required(fields, "model", prefix), f"{prefix}model", tuple(_MODELS))
    parse, own_fields = _MODELS[name]
    only(fields, {"model", *own_fields}, prefix)
    return parse(fields, prefix)


def parse_limits(
    fields: Mapping[str, object], prefix: str = "", names: tuple[str, str] = ("minimum", "maximum")
) -> tuple[Fraction | None, Fraction | None]:
    """Promise the two optional limits of a result (null: none); an upper one below the lower is `out_of_range`."""
    least, most = (_optional(fields, name, prefix) for name in names)
    if least is not None and most is not None and most < least:
        raise InvalidValue("out_of_range", prefix + names[1], f"Write a number that is not below `{names[0]}`.")
    return least, most


def remaining(quantity: Fraction, included: Fraction) -> Fraction:
    """Promise what is left of a quantity after the included, never below 0; a negative one is `out_of_range`."""
    if quantity < 0:
        raise InvalidValue("out_of_range", "quantity", "Give a quantity that is 0 or more.")
    return max(ZERO, quantity - included)


def rate(
    model: Model,
    quantity: Fraction,
    included: Fraction = ZERO,
    minimum: Fraction | None = None,
    maximum: Fraction | None = None,
) -> Fraction:
    """Promise the exact cost of a quantity in whole currency units.

    The model is applied to what is left after `included`; then `minimum` and `maximum` bound the result, so that
    also a quantity of 0 costs the minimum. A negative quantity is `out_of_range`.
    """
    return _clamp(model.cost(remaining(quantity, included)), minimum, maximum)


def rate_amount(
    model: Model,
    quantity: Fraction,
    currency: str,
    *,
    included: Fraction = ZERO,
    minimum: Fraction | None = None,
    maximum: Fraction | None = None,
) -> int:
    """Promise the cost as `rate` does, in minor units of the currency, rounded once.

    A cost that is beyond what an amount can be (`money.LIMIT`) makes `quantity` `out_of_range`.
    """
    minor = round_half_up(rate(model, quantity, included, minimum, maximum) * 10 ** minor_digits(currency))
    if minor >= LIMIT:
        raise InvalidValue("out_of_range", "quantity", "Give a smaller quantity; it costs more than books can hold.")
    return minor


def packs(model: Package, quantity: Fraction, included: Fraction = ZERO) -> int:
    """Promise how many packs are due: `ceil(max(0, quantity - included) / size)`.

    A negative quantity and a number of packs that no counter holds (`money.LIMIT`) make `quantity` `out_of_range`.
    """
    due = model.packs(remaining(quantity, included))
    if due >= LIMIT:
        raise InvalidValue(
            "out_of_range", "quantity", "Give a smaller quantity; it opens more packs than can be counted."
        )
    return due


def _clamp(cost: Fraction, least: Fraction | None, most: Fraction | None) -> Fraction:
    if least is not None:
        cost = max(cost, least)
    return cost if most is None else min(cost, most)


def _number(fields: Mapping[str, object], name: str, prefix: str) -> Fraction:
    return parse_unsigned(required(fields, name, prefix), prefix + name)


def _optional(fields: Mapping[str, object], name: str, prefix: str) -> Fraction | None:
    return None if fields.get(name) is None else _number(fields, name, prefix)


def _standard(fields: Mapping[str, object], prefix: str) -> Standard:
    return Standard(_number(fields, "unit", prefix))


def _graduated(fields: Mapping[str, object], prefix: str) -> Graduated:
    return Graduated(_tiers(fields, prefix))


def _volume(fields: Mapping[str, object], prefix: str) -> Volume:
    return Volume(_tiers(fields, prefix))


def _package(fields: Mapping[str, object], prefix: str) -> Package:
    size = _number(fields, "size", prefix)
    if size == 0:
        raise InvalidValue("out_of_range", f"{prefix}size", "Write a pack size above 0.")
    return Package(size, _number(fields, "price", prefix))


def _percentage(fields: Mapping[str, object], prefix: str) -> Percentage:
    percent = _number(fields, "rate", prefix)
    least, most = parse_limits(fields, prefix, ("min", "max"))
    return Percentage(percent, _optional(fields, "fixed", prefix) or ZERO, least, most)


def _tiers(fields: Mapping[str, object], prefix: str) -> tuple[Tier, ...]:
    rows = sequence(required(fields, "tiers", prefix), f"{prefix}tiers", MOST_TIERS)
    if not rows:
        raise InvalidValue("required", f"{prefix}tiers", "Give at least one tier, the last with `up_to` null.")
    tiers = tuple(_tier(row, f"{prefix}tiers.{place}") for place, row in enumerate(rows))
    below = ZERO
    for place, tier in enumerate(tiers):
        field, is_last = f"{prefix}tiers.{place}.up_to", place == len(tiers) - 1
        if (tier.up_to is None) != is_last:
            raise InvalidValue("invalid", field, "Leave `up_to` null in the last tier, and only there.")
        if tier.up_to is not None:
            if tier.up_to <= below:
                raise InvalidValue("out_of_range", field, "Let every tier end above the one before it, and above 0.")
            below = tier.up_to
    return tiers


def _tier(row: object, field: str) -> Tier:
    fields, prefix = mapping(row, field), f"{field}."
    only(fields, ("up_to", "unit", "flat"), prefix)
    return Tier(
        _optional(fields, "up_to", prefix), _number(fields, "unit", prefix), _optional(fields, "flat", prefix) or ZERO
    )


_MODELS: dict[str, tuple[Callable[[Mapping[str, object], str], Model], tuple[str, ...]]] = {
    "standard": (_standard, ("unit",)),
    "graduated": (_graduated, ("tiers",)),
    "volume": (_volume, ("tiers",)),
    "package": (_package, ("size", "price")),
    "percentage": (_percentage, ("rate", "fixed", "min", "max")),
}

MODEL_FIELDS = frozenset({"model"}.union(*(own_fields for _, own_fields in _MODELS.values())))
"""Every field that some model has, for a record in which a model stands beside other fields."""
