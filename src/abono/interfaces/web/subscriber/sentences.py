"""How a subscription stands, in whole sentences of the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from abono.interfaces.web.formats import amount as amount_text
from abono.interfaces.web.formats import day as day_text
from abono.kernel.calendars import Period

if TYPE_CHECKING:
    from abono.features.billing.queries import Upcoming
    from abono.features.subscriptions.standing import Standing


def why_stopped(one: Standing, *, seller: str, currency: str, unlock: int) -> list[str]:
    """Why a suspended subscription is stopped and what brings it back: one sentence, or one for every reason.

    ``unlock`` is the payment that a return lacks, in minor units. Of several reasons the first line says since when.
    """
    since = day_text(one.stopped_on or one.starts_on, "long")
    if len(one.reasons) == 1:
        return [_alone(one, since, seller, amount_text(unlock, currency), unlock)]
    lines = [_("Suspended since %(day)s. It goes on when none of this is left:") % {"day": since}]
    return lines + [_among(reason, one, seller, amount_text(unlock, currency), unlock) for reason in one.reasons]


def _alone(one: Standing, since: str, seller: str, missing: str, unlock: int) -> str:
    values = {"day": since, "amount": missing, "seller": seller, "until": _until(one), "boundary": _boundary(one)}
    (reason,) = one.reasons
    if reason == "funds":
        return _short(one, unlock) % values
    if reason == "customer" and one.paused_until:
        return _("Paused since %(day)s. It goes on by itself on %(until)s.") % values
    sentences = {
        "customer": _("Paused since %(day)s. It goes on when you resume it."),
        "staff": _("Stopped since %(day)s by %(seller)s. Ask there what is to be done."),
        "vendor": _("Stopped since %(day)s: the vendor refuses it. %(seller)s has been told."),
        "parent": _("Stopped since %(day)s, because %(seller)s is stopped. It goes on when that is over."),
    }
    return sentences[reason] % values


def _short(one: Standing, unlock: int) -> str:
    if not unlock:
        return _("Suspended since %(day)s for want of money. There is enough now; it returns at midnight.")
    if one.early and one.boundary:
        return _(
            "Suspended since %(day)s, because the period from %(boundary)s cannot be paid: %(amount)s short. "
            "It returns when %(amount)s arrives."
        )
    return _("Suspended since %(day)s: %(amount)s short. It returns when %(amount)s arrives.")


def _among(reason: str, one: Standing, seller: str, missing: str, unlock: int) -> str:
    values = {"amount": missing, "seller": seller, "until": _until(one)}
    if reason == "funds":
        return (_("%(amount)s is missing.") if unlock else _("Money was missing; there is enough now.")) % values
    if reason == "customer" and one.paused_until:
        return _("You paused it until %(until)s.") % values
    sentences = {
        "customer": _("You paused it."),
        "staff": _("%(seller)s stopped it. Ask there what is to be done."),
        "vendor": _("The vendor refuses it. %(seller)s has been told."),
        "parent": _("%(seller)s is stopped at the moment."),
    }
    return sentences[reason] % values


def _boundary(one: Standing) -> str:
    return day_text(one.boundary, "long") if one.boundary else ""


def _until(one: Standing) -> str:
    return day_text(one.paused_until, "long") if one.paused_until else ""


def what_comes(one: Standing, upcoming: Upcoming | None, currency: str) -> list[str]:
    """What comes next for a subscription, and when."""
    if one.state == "ended":
        return [_("Ended on %(day)s.") % {"day": day_text(one.ended_on, "long")}] if one.ended_on else []
    lines = []
    if one.state == "pending":
        lines.append(_("Begins on %(day)s.") % {"day": day_text(one.starts_on, "long")})
    if one.state == "trial" and one.trial_ends_on:
        lines.append(_("Free until %(day)s.") % {"day": day_text(one.trial_ends_on, "long")})
    if one.state == "suspended" and one.frozen_days is not None:
        lines.append(_frozen(one.frozen_days))
    return [*lines, *_at_the_boundary(one, upcoming, currency)]


def _at_the_boundary(one: Standing, upcoming: Upcoming | None, currency: str) -> list[str]:
    lines = []
    boundary = _boundary(one)
    if one.cancels or not one.renews:
        if boundary:
            lines.append(_("Ends on %(day)s. No further period is charged.") % {"day": boundary})
        else:
            lines.append(_("Ends when its paid days are over."))
    elif one.next_plan_code and boundary:
        lines.append(_("Changes to %(plan)s on %(day)s.") % {"plan": one.next_plan_code, "day": boundary})
    if upcoming is not None:
        values = {"amount": amount_text(upcoming.amount, currency), "day": day_text(upcoming.on, "long")}
        lines.append(_("Next charge: %(amount)s on %(day)s.") % values)
    return lines


def _frozen(days: int) -> str:
    return ngettext(
        "%(days)s paid day is kept and runs after the pause.",
        "%(days)s paid days are kept and run after the pause.",
        days,
    ) % {"days": days}


def price_text(price: int, currency: str, period: str) -> str:
    """A price with its period: “10.00 € a month”, “10.00 € every 3 months”."""
    told = amount_text(price, currency)
    parsed = Period.parse(period)
    if parsed.unit == "month":
        return _months(told, parsed.step)
    weeks, rest = divmod(parsed.step, 7)
    if weeks and not rest:
        return ngettext("%(price)s a week", "%(price)s every %(count)s weeks", weeks) % {"price": told, "count": weeks}
    return ngettext("%(price)s a day", "%(price)s every %(count)s days", parsed.step) % {
        "price": told,
        "count": parsed.step,
    }


def _months(price: str, months: int) -> str:
    years, rest = divmod(months, 12)
    if years and not rest:
        return ngettext("%(price)s a year", "%(price)s every %(count)s years", years) % {"price": price, "count": years}
    return ngettext("%(price)s a month", "%(price)s every %(count)s months", months) % {"price": price, "count": months}
