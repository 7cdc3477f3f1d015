"""Quotas as people read them: how much of what is included is used, what is beyond it, and when it runs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from abono.interfaces.web import formats
from abono.interfaces.web.reading import write_quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abono.features.usage.queries import Quota

NEWEST_PERIODS = 6
"""So many of the quota periods that are over stand on the page of a subscription."""
_MUCH = 80


@dataclass(frozen=True)
class ShownQuota:
    """A quota with its bar: ``percent`` of what is included (0 to 100), ``tone`` and ``word`` of its state."""

    quota: Quota
    href: str
    percent: int
    tone: str
    word: str
    lines: list[str]


def shown_quota(quota: Quota, href: str = "") -> ShownQuota:
    """A quota as it is shown; ``href`` leads to the events behind it."""
    percent = int(quota.used * 100 / quota.included) if quota.included else 0
    percent = min(max(percent, 0), 100)
    tone, word = _state(quota, percent)
    return ShownQuota(quota, href, percent, tone, word, _lines(quota))


def shown_quotas(quotas: Sequence[Quota], href: str = "") -> list[ShownQuota]:
    """Quotas of one subscription; ``href`` leads to its events, those of a service by ``?service=``."""
    return [shown_quota(each, f"{href}?service={each.service}" if href else "") for each in quotas]


def pressing(quotas: Sequence[Quota]) -> list[Quota]:
    """Those that are nearly or wholly used up, or beyond what is included."""
    return [each for each in quotas if each.included and (each.over or each.used * 100 >= each.included * _MUCH)]


def _state(quota: Quota, percent: int) -> tuple[str, str]:
    if not quota.included:
        return "info", ""
    if quota.over:
        return "info", _("Over")
    if not quota.remaining:
        return ("stopped", _("Used up")) if quota.hard else ("waiting", _("Used up"))
    return ("waiting", _("Almost used up")) if percent >= _MUCH else ("good", "")


def _lines(quota: Quota) -> list[str]:
    """The sentences below the bar."""
    lines = []
    if (quota.over and quota.included) or quota.packs:
        lines.append(_beyond(quota))
    if quota.measured_by == "time":
        lines.append(_("On average so far: %(quantity)s. The average is billed.") % {"quantity": _average(quota)})
    if quota.held:
        lines.append(_("%(quantity)s reserved.") % {"quantity": _measure(quota, "held")})
    if quota.hard and quota.included and not quota.remaining and quota.ends_on:
        told = {"day": formats.day(quota.ends_on)}
        lines.append(_("Nothing more is taken before %(day)s.") % told)
    if quota.remaining and quota.used > 0 and quota.kind != "seats" and not quota.by_day:
        day = quota.runs_out_on
        lines.append(
            _("At this pace it is used up on %(day)s.") % {"day": formats.day(day)}
            if day
            else _("At this pace it lasts to the end of the period.")
        )
    return lines


def _beyond(quota: Quota) -> str:
    over = _measure(quota, "over")
    if not quota.packs:
        return _("%(quantity)s beyond what is included.") % {"quantity": over}
    packs = ngettext("%(count)s extra pack", "%(count)s extra packs", quota.packs)
    told = {"quantity": over, "packs": packs % {"count": formats.number(quota.packs)}}
    return _("%(quantity)s beyond what is included: %(packs)s.") % told


def _average(quota: Quota) -> str:
    return measure(write_quantity(round(quota.billed, 2)), quota.unit)


def _measure(quota: Quota, name: str) -> str:
    return measure(write_quantity(getattr(quota, name)), quota.unit)


def measure(number: str, unit: str) -> str:
    """A quantity that was written, with its unit if it has one."""
    return _("%(number)s %(unit)s") % {"number": number, "unit": unit} if unit else number
