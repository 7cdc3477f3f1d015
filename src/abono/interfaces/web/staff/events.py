"""The lines of an account's history in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from abono.interfaces.web import formats, words
from abono.interfaces.web.templatetags.abono import REASONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from uuid import UUID

    from abono.features.accounts.queries import AccountRow
    from abono.features.subscriptions.history import TransitionRow
    from abono.features.subscriptions.queries import Happening, SubscriptionRow

_TONES = {
    "shortfall": "stopped",
    "arrears": "stopped",
    "early_block": "stopped",
    "blocked_by_staff": "stopped",
    "paused": "waiting",
    "will_be_suspended": "waiting",
    "ended": "ended",
    "started": "good",
    "returned": "good",
    "early_block_lifted": "good",
    "unblocked_by_staff": "good",
    "resumed_by_customer": "good",
}
_WORDS = {"transition": words.CAUSES, "trail": words.ACTIONS}


@dataclass(frozen=True)
class Event:
    """A line of a timeline (see the component)."""

    at: datetime
    title: str
    text: str
    actor: str
    tone: str
    href: str


def events_of(happenings: Iterable[Happening], account: AccountRow) -> list[Event]:
    """The history of an account as the timeline shows it."""
    return [_event(each, account) for each in happenings]


def _event(each: Happening, account: AccountRow) -> Event:
    href = ""
    if each.subscription_id is not None:
        href = reverse("subscription", args=[account.account_id, each.subscription_id])
    return Event(
        at=each.at,
        title=words.notice(each.kind) if each.source == "notice" else words.word(_WORDS[each.source], each.kind),
        text=_text(each, account.currency),
        actor=_actor(each),
        tone=_TONES.get(each.kind, ""),
        href=href,
    )


def _actor(each: Happening) -> str:
    if each.source != "trail" or each.actor in {"", "system"}:
        return ""
    return _("%(who)s, through %(door)s") % {"who": each.actor, "door": each.origin}


def _text(each: Happening, currency: str) -> str:
    """What was, and what is, in amounts and days; nothing where the title says it all."""
    after: dict[str, Any] = each.after or {}
    if each.source == "transition":
        missing = after.get("missing") or 0
        return _("%(amount)s were missing.") % {"amount": formats.amount(missing, currency)} if missing else ""
    if each.source == "notice":
        return _notice(after, currency)
    return _ASKED[each.kind](after, each.before or {}, currency) if each.kind in _ASKED else ""


def _notice(said: dict[str, Any], currency: str) -> str:
    if "boundary" in said:
        return _("The boundary is on %(day)s.") % {"day": _day(said["boundary"])}
    if said.get("missing"):
        return _("%(missing)s of %(amount)s were missing.") % {
            "missing": formats.amount(said["missing"], currency),
            "amount": formats.amount(said.get("amount", 0), currency),
        }
    return formats.amount(said["amount"], currency) if "amount" in said else ""


def _amount(after: dict[str, Any], _before: dict[str, Any], currency: str) -> str:
    return formats.amount(after["amount"], currency)


def _limit(after: dict[str, Any], before: dict[str, Any], currency: str) -> str:
    if not after["limit"] and not before:
        return ""
    now = formats.amount(after["limit"], currency)
    if not before:
        return _("Credit limit %(now)s") % {"now": now}
    return _("From %(then)s to %(now)s") % {"then": formats.amount(before["limit"], currency), "now": now}


def _promise(after: dict[str, Any], _before: dict[str, Any], currency: str) -> str:
    values = {
        "amount": formats.amount(after["amount"], currency),
        "until": _day(after["until"]),
        "fee": formats.amount(after.get("fee") or 0, currency),
    }
    if after.get("fee"):
        return _("%(amount)s until %(until)s, for a fee of %(fee)s") % values
    return _("%(amount)s until %(until)s") % values


def _profile(after: dict[str, Any], before: dict[str, Any], _currency: str) -> str:
    return _("From “%(then)s” to “%(now)s”") % {"then": before.get("name", ""), "now": after.get("name", "")}


def _plan(after: dict[str, Any], _before: dict[str, Any], _currency: str) -> str:
    quantity = formats.number(Decimal(str(after.get("quantity", 1))))
    values = {"plan": after.get("plan", ""), "quantity": quantity, "unit": after.get("unit", "")}
    if values["unit"]:
        return _("%(plan)s, quantity %(quantity)s, for %(unit)s") % values
    return _("%(plan)s, quantity %(quantity)s") % values


def _end(after: dict[str, Any], _before: dict[str, Any], _currency: str) -> str:
    if not after.get("now"):
        return _("At the end of the period")
    return _("At once, unused days given back") if after.get("refund") else _("At once")


def _until(after: dict[str, Any], _before: dict[str, Any], _currency: str) -> str:
    return _("Until %(day)s") % {"day": _day(after["until"])} if after.get("until") else ""


_ASKED: Mapping[str, Callable[[dict[str, Any], dict[str, Any], str], str]] = {
    "account.open": _limit,
    "account.edit": _profile,
    "account.pay": _amount,
    "account.refund": _amount,
    "account.adjust": _amount,
    "account.credit_limit": _limit,
    "account.promise": _promise,
    "subscription.order": _plan,
    "subscription.change": _plan,
    "subscription.cancel": _end,
    "subscription.pause": _until,
}
"""What a line of the audit trail says beside its title."""


def _day(text: str) -> str:
    return formats.day(datetime.fromisoformat(text) if "T" in text or " " in text else date.fromisoformat(text))


def names_of(rows: Iterable[SubscriptionRow]) -> dict[UUID, str]:
    """Subscriptions as people tell them apart: the plan and, if it is for one, the unit."""
    return {row.id: f"{row.plan_code} ({row.unit})" if row.unit else row.plan_code for row in rows}


def stopped_sentence(row: SubscriptionRow, since: date | None, unlock: int | None, currency: str) -> str:
    """Why a subscription is stopped, since when, and what brings it back."""
    what = f"{row.plan_code} ({row.unit})" if row.unit else row.plan_code
    values = {
        "what": what,
        "day": formats.day(since) if since else "",
        "reasons": ", ".join(str(REASONS[reason]) for reason in row.reasons),
        "amount": formats.amount(unlock, currency) if unlock is not None else "",
    }
    if unlock:
        return _("%(what)s is suspended since %(day)s (%(reasons)s). It returns when %(amount)s arrive.") % values
    if "funds" in row.reasons and len(row.reasons) > 1:
        return _(
            "%(what)s is suspended since %(day)s (%(reasons)s). Its money is there: the other reasons hold it."
        ) % (values)
    values["until"] = formats.day(row.paused_until) if row.paused_until else ""
    if tuple(row.reasons) == ("customer",):
        if row.paused_until is None:
            return _("%(what)s is paused since %(day)s. It goes on when it is resumed.") % values
        return _("%(what)s is paused since %(day)s. It goes on by itself on %(until)s.") % values
    if "customer" in row.reasons and row.paused_until is not None:
        return _("%(what)s is suspended since %(day)s (%(reasons)s). The pause ends on %(until)s.") % values
    return _("%(what)s is suspended since %(day)s (%(reasons)s).") % values


def transition_event(each: TransitionRow, currency: str) -> Event:
    """A change of one subscription as the timeline shows it."""
    text = ""
    if each.missing:
        text = _("%(amount)s were missing.") % {"amount": formats.amount(each.missing, currency)}
    title = words.word(words.CAUSES, each.cause)
    return Event(at=each.at, title=title, text=text, actor="", tone=_TONES.get(each.cause, ""), href="")
