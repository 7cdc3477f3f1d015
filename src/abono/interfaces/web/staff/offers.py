"""The plans that can be chosen, in words."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.catalogue.queries import PlanRow, list_plans, sold_codes
from abono.interfaces.web import formats
from abono.kernel.money import minor_digits, round_half_up

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

_PERIODS = {
    "day": gettext_lazy("%(price)s a day"),
    "week": gettext_lazy("%(price)s a week"),
    "month": gettext_lazy("%(price)s a month"),
    "quarter": gettext_lazy("%(price)s a quarter"),
    "year": gettext_lazy("%(price)s a year"),
}


def offers(operator: Operator, now: datetime, *, present: str = "") -> list[tuple[str, str]]:
    """The plans that an operator sells now, with their prices today; ``present`` is among them whatever it is."""
    found = [(each.code, _label(each)) for each in list_plans([operator.id], now)]
    if present and present not in dict(found):
        found.insert(0, (present, present))
    return found


def plan_names(person: Person, *, most: int, beginning: str = "") -> list[tuple[str, str]]:
    """The codes of the first plans that are sold in a person's subtree and begin so."""
    return [(code, code) for code in sold_codes(person.operators, most=most, beginning=beginning)]


def _label(plan: PlanRow) -> str:
    return f"{plan.code}: {price_of(plan)}"


def price_of(plan: PlanRow) -> str:
    """What a plan's period costs, as people say it."""
    price = formats.amount(round_half_up(Fraction(plan.price) * 10 ** minor_digits(plan.currency)), plan.currency)
    if plan.period in _PERIODS:
        return str(_PERIODS[plan.period]) % {"price": price, "count": 1}
    return _("%(price)s for %(period)s") % {"price": price, "period": plan.period}
