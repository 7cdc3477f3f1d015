"""The lines of an account's history in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from abono.interfaces.web import formats, words
from abono.interfaces.web.templatetags.abono import REASONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

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
_WORDS = {"transition": words.CAUSES, "notice": words.NOTICES, "trail": words.ACTIONS}
_AMOUNTS = ("amount", "limit", "fee", "missing")


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
        title=words.word(_WORDS[each.source], each.kind),
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
    if each.source == "notice" and "boundary" in after:
        return _("The boundary is on %(day)s.") % {"day": formats.day(date.fromisoformat(after["boundary"]))}
    parts = []
    for name, value in after.items():
        if name in _AMOUNTS and isinstance(value, int):
            parts.append(formats.amount(value, currency))
        elif name in {"plan", "unit", "name", "locale", "until"} and value:
            parts.append(str(value))
        elif name == "quantity" and value:
            parts.append(_("quantity %(number)s") % {"number": value})
    return " · ".join(parts)


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
    if "customer" in row.reasons and row.paused_until is not None:
        until = formats.day(row.paused_until)
        return _("%(what)s is suspended since %(day)s (%(reasons)s). The pause ends on %(until)s.") % {
            **values,
            "until": until,
        }
    return _("%(what)s is suspended since %(day)s (%(reasons)s).") % values


def transition_event(each: TransitionRow, currency: str) -> Event:
    """A change of one subscription as the timeline shows it."""
    text = ""
    if each.missing:
        text = _("%(amount)s were missing.") % {"amount": formats.amount(each.missing, currency)}
    title = words.word(words.CAUSES, each.cause)
    return Event(at=each.at, title=title, text=text, actor="", tone=_TONES.get(each.cause, ""), href="")
