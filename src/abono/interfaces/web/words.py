"""The words of the field on the screen: kinds of entries and charges, causes of changes, notices, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrPromise

    from abono.features.billing.payments import EntryDetail
    from abono.features.ledger.queries import EntryRow

ENTRIES: Mapping[str, _StrPromise] = {
    "payment": _("Payment"),
    "charge": _("Charge"),
    "reversal": _("Reversal"),
    "fee": _("Fee"),
    "refund": _("Refund"),
    "adjustment": _("Adjustment"),
}
CHARGES: Mapping[str, _StrPromise] = {
    "period": _("Billing period"),
    "part": _("Part of a period"),
    "fee": _("Fee"),
    "overage": _("Use beyond the included"),
    "credit": _("Credit for unused days"),
    "refund": _("Refund of unused days"),
}
BOOKS: Mapping[str, _StrPromise] = {
    "cash": _("Cash"),
    "sales": _("Sales"),
    "fees": _("Fees"),
    "adjustments": _("Adjustments"),
    "opening": _("Opening balances"),
}
CAUSES: Mapping[str, _StrPromise] = {
    "started": _("Started"),
    "shortfall": _("Stopped: the charge did not fit"),
    "returned": _("Returned: the charge was made"),
    "arrears": _("Stopped: what was used could not be paid"),
    "early_block": _("Stopped before the boundary: the next charge would not fit"),
    "early_block_lifted": _("Goes on: the next charge fits again"),
    "early_block_over": _("The boundary has come: the charge is tried"),
    "paused": _("Paused"),
    "pause_over": _("The pause is over"),
    "resumed_by_customer": _("Resumed"),
    "blocked_by_staff": _("Blocked by staff"),
    "unblocked_by_staff": _("Staff block lifted"),
    "ended": _("Ended"),
}
NOTICES: Mapping[str, _StrPromise] = {
    "charge_due": _("Notice: coming charge"),
    "will_be_suspended": _("Notice: suspension warning"),
    "ends_soon": _("Notice: ending soon"),
    "suspended": _("Notice: suspended"),
    "resumed": _("Notice: active again"),
    "ended": _("Notice: ended"),
    "payment_received": _("Notice: payment received"),
    "quota_100": _("Notice: quota used up"),
}
ACTIONS: Mapping[str, _StrPromise] = {
    "account.open": _("Account opened"),
    "account.edit": _("Profile changed"),
    "account.give": _("Given to a manager or agent"),
    "account.note": _("Note written"),
    "account.strike_note": _("Note struck out"),
    "account.pay": _("Payment entered"),
    "account.refund": _("Refund paid out"),
    "account.adjust": _("Balance adjusted"),
    "account.credit_limit": _("Credit limit changed"),
    "account.promise": _("Promised payment made"),
    "account.block": _("Blocked by staff"),
    "account.unblock": _("Staff block lifted"),
    "subscription.order": _("Ordered"),
    "subscription.change": _("Change asked for"),
    "subscription.cancel": _("Cancellation asked for"),
    "subscription.keep": _("Cancellation taken back"),
    "usage.charge": _("Use beyond the included charged"),
    "usage.seats": _("Seats changed"),
    "usage.import": _("Events of use imported"),
    "usage.reserve": _("Use reserved"),
    "usage.commit": _("Reserved use counted"),
    "usage.cancel": _("Reservation cancelled"),
    "subscription.pause": _("Pause asked for"),
    "subscription.resume": _("Resume asked for"),
    "person.invite": _("Asked in"),
    "person.uninvite": _("Invitation taken back"),
    "person.join": _("Let in"),
    "person.leave": _("Membership ended"),
    "person.change": _("Own profile changed"),
    "person.change_role": _("Role changed"),
    "person.language": _("Language chosen"),
    "person.activate": _("Let in again"),
    "person.deactivate": _("Deactivated"),
    "person.sign_in": _("Signed in"),
    "person.sign_out": _("Signed out by staff"),
    "person.remove_second_factor": _("Second factor removed"),
    "key.add": _("API key made"),
    "key.revoke": _("API key revoked"),
    "webhook.add": _("Webhook added"),
    "webhook.change": _("Webhook changed"),
    "webhook.rotate": _("Secret of a webhook changed"),
    "webhook.switch": _("Webhook switched on or off"),
    "webhook.replay": _("Event told once more"),
    "webhook.test": _("Test event sent"),
    "demo.start": _("The demo began"),
    "demo.day": _("A day of the demo was played"),
    "service.save": _("Service saved"),
    "plan.save": _("Plan saved"),
    "plan.price": _("Price changed"),
    "plan.price_withdraw": _("Coming price withdrawn"),
    "plan.offer": _("Plan offered"),
    "plan.offer_price": _("Price of an offer changed"),
    "plan.offer_price_withdraw": _("Coming price of an offer withdrawn"),
    "plan.offer_withdraw": _("Offer withdrawn"),
    "run.start": _("Run asked for"),
    "forecast.ask": _("Forecast asked for"),
    "operator.add": _("Operator created"),
    "operator.rename": _("Renamed"),
    "operator.brand": _("Brand changed"),
    "operator.domain": _("Domain proved"),
    "operator.logo": _("Logo changed"),
    "operator.change": _("Settings changed"),
    "operator.self_service": _("What subscribers may do changed"),
    "operator.move": _("Move planned"),
    "operator.moved": _("Moved"),
    "operator.move_withdraw": _("Planned move withdrawn"),
    "operator.block": _("Blocked"),
    "operator.unblock": _("Block lifted"),
}
STATES: Mapping[str, _StrPromise] = {
    "active": _("Active"),
    "trial": _("Trial"),
    "pending": _("Pending"),
    "suspended": _("Suspended"),
    "ended": _("Ended"),
}
CHARGED: Mapping[str, _StrPromise] = {
    "advance": _("In advance, when the period begins"),
    "arrears": _("In arrears, when the period has ended"),
    "daily": _("In daily slices"),
}
SHORTFALL: Mapping[str, _StrPromise] = {
    "suspend": _("It is suspended"),
    "end": _("It ends"),
    "owe": _("It is charged all the same"),
}
PAUSE: Mapping[str, _StrPromise] = {
    "freeze": _("Allowed, paid days are kept"),
    "lose": _("Allowed, paid days run out"),
    "none": _("Not allowed"),
}


def entry_text(entry: EntryRow | EntryDetail) -> str:
    """What is said beside the kind of an entry: the engine's own notes in words, and whatever somebody wrote."""
    if entry.counter == "opening":
        return gettext("Opening balance")
    if entry.kind == "fee" and entry.text == "pause":
        return gettext("Fee for a pause")
    return entry.text


def notice(kind: str) -> str:
    """The word of a kind of notice; of a quota it tells the percentage."""
    percent = kind.removeprefix("quota_")
    if kind not in NOTICES and percent.isascii() and percent.isdigit():
        return gettext("Notice: %(percent)s%% of a quota used") % {"percent": percent}
    return word(NOTICES, kind)


def word(words: Mapping[str, _StrPromise], name: str) -> str:
    """The word of a name in the active language; a name without one stands for itself."""
    return str(words.get(name, name))
