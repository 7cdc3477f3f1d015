"""The terms of use of a service in a plan, in words."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from abono.interfaces.web import formats
from abono.interfaces.web.quotas import measure
from abono.interfaces.web.templatetags.catalogue import price
from abono.kernel.rating import MODEL_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SAID = MODEL_FIELDS | {
    "included", "quota_period", "limit", "overage", "minimum", "maximum", "seats_billed", "warn", "filters",
}  # fmt: skip


def told_terms(kind: str, unit: str, terms: Mapping[str, Any], currency: str) -> list[str]:
    """What holds for a service of a ``kind``, counted in a ``unit``, as sentences; none for what is on or off."""
    if kind == "onoff":
        return []
    given = {name: value for name, value in terms.items() if value is not None}
    charged = "model" in given
    return [
        _included(kind, unit, given),
        *_beyond(given, charged=charged),
        *(_model(unit, given, currency) if charged else ()),
        *_limits(given, currency),
        *(_seats(given) if kind == "seats" and charged else ()),
        *(_filter(each) for each in given.get("filters", ())),
        *(_warned(given["warn"]) if "warn" in given else ()),
        *_others(given),
    ]


def _included(kind: str, unit: str, terms: Mapping[str, Any]) -> str:
    amount = Decimal(terms.get("included", "0"))
    if not amount:
        return _("Nothing is included.")
    told = {"quantity": measure(formats.number(amount), unit)}
    if kind == "seats":
        return _("%(quantity)s included.") % told
    if terms.get("quota_period") == "day":
        return _("%(quantity)s included each day.") % told
    return _("%(quantity)s included each billing period.") % told


def _beyond(terms: Mapping[str, Any], *, charged: bool) -> list[str]:
    if terms.get("limit") == "hard":
        return [_("More than that is refused.")]
    if not charged:
        return [_("What is beyond is counted and costs nothing.")]
    if terms.get("overage") == "on_use":
        return [_("What is beyond is charged at once, as it is used.")]
    return [_("What is beyond is charged at the end of the period.")]


def _model(unit: str, terms: Mapping[str, Any], currency: str) -> list[str]:
    model = terms["model"]
    if model == "standard":
        return [_("Each costs %(price)s.") % {"price": _price(terms["unit"], currency)}]
    if model == "package":
        size = measure(formats.number(Decimal(terms["size"])), unit)
        told = {"quantity": size, "price": _price(terms["price"], currency)}
        return [_("A pack of %(quantity)s costs %(price)s; a started one is charged whole.") % told]
    if model == "percentage":
        return _percentage(terms, currency)
    head = _("All of it costs what its tier says:") if model == "volume" else _("Each part costs what its tier says:")
    return [head, *(_tier(tier, unit, currency) for tier in terms["tiers"])]


def _percentage(terms: Mapping[str, Any], currency: str) -> list[str]:
    rate = {"rate": formats.number(Decimal(terms["rate"]))}
    if terms.get("fixed") is None:
        found = [_("It costs %(rate)s %% of the total.") % rate]
    else:
        found = [
            _("It costs %(rate)s %% of the total and %(price)s.") % {**rate, "price": _price(terms["fixed"], currency)}
        ]
    if terms.get("min") is not None:
        found.append(_("Together at least %(price)s.") % {"price": _price(terms["min"], currency)})
    if terms.get("max") is not None:
        found.append(_("Together at most %(price)s.") % {"price": _price(terms["max"], currency)})
    return found


def _tier(tier: Mapping[str, Any], unit: str, currency: str) -> str:
    cost = _("%(price)s each") % {"price": _price(tier["unit"], currency)}
    if tier.get("flat") is not None and Decimal(tier["flat"]):
        cost = _("%(price)s each and %(flat)s once") % {
            "price": _price(tier["unit"], currency),
            "flat": _price(tier["flat"], currency),
        }
    if tier.get("up_to") is None:
        return _("above: %(cost)s") % {"cost": cost}
    up_to = measure(formats.number(Decimal(tier["up_to"])), unit)
    return _("up to %(quantity)s: %(cost)s") % {"quantity": up_to, "cost": cost}


def _limits(terms: Mapping[str, Any], currency: str) -> list[str]:
    found = []
    if terms.get("minimum") is not None:
        found.append(_("A period costs at least %(price)s.") % {"price": _price(terms["minimum"], currency)})
    if terms.get("maximum") is not None:
        found.append(_("A period costs at most %(price)s.") % {"price": _price(terms["maximum"], currency)})
    return found


def _seats(terms: Mapping[str, Any]) -> list[str]:
    if terms.get("seats_billed") == "time":
        return [_("Billed by the average over the time of the period.")]
    if terms.get("seats_billed") == "end":
        return [_("Billed by the number at the end of the period.")]
    return [_("Billed by the highest number in the period.")]


def _filter(terms: Mapping[str, Any]) -> str:
    conditions = "; ".join(
        f"{name} = {allowed if isinstance(allowed, str) else ' / '.join(allowed)}"
        for name, allowed in terms["when"].items()
    )
    told = {"conditions": conditions, "service": terms.get("as")}
    if terms.get("counts") is None:
        return _("Where %(conditions)s: counts as %(service)s.") % told
    told["factor"] = formats.number(Decimal(terms["counts"]))
    if terms.get("as") is None:
        return _("Where %(conditions)s: counts %(factor)s times.") % told
    return _("Where %(conditions)s: counts %(factor)s times as %(service)s.") % told


def _warned(thresholds: Sequence[int]) -> list[str]:
    if not thresholds:
        return [_("Nobody is told how much is used.")]
    percents = ", ".join(f"{each} %" for each in thresholds)
    return [_("The subscriber is told when so much of the included is used: %(percents)s.") % {"percents": percents}]


def _others(terms: Mapping[str, Any]) -> list[str]:
    """Terms that have no words here yet are told as they were written."""
    rest = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in terms.items() if name not in _SAID]
    return [_("Also: %(terms)s.") % {"terms": "; ".join(rest)}] if rest else []


def _price(text: str, currency: str) -> str:
    return price(Decimal(text), currency)
