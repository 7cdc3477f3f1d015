"""What a refusal is called in the reader's language.

Operations refuse with a stable code and an English sentence for programs and logs. People read the sentence of the code
here. Where the operation's own says more, readers of English have that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from abono.base.refusal import Refusal
from abono.features.access.people import Forbidden, NotFound
from abono.interfaces.web.formats import amount
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import BaseForm
    from django.utils.functional import _StrPromise


REFUSED = 422
"""The status of a form that comes back."""
CHANGED = 409
"""The status of a preview that is shown again, because something else would be done than was shown."""
SENTENCES: dict[str, _StrPromise] = {
    "insufficient_funds": _("There is not enough money on the account. Pay first, or choose something smaller."),
    "grant_active": _("A promised payment is running. The next can be made when it is repaid or over."),
    "promise_not_offered": _("Promised payments are not offered here. Pay, or ask the staff."),
    "unknown_plan": _("This plan is not sold. Choose one of the catalogue."),
    "unknown_account": _("There is no such account. Look it up in the list."),
    "unknown_subscription": _("There is no such subscription. Choose one of the list."),
    "subscription_ended": _("The subscription has ended. Order a new one."),
    "subscription_ending": _("The subscription is cancelled. Take the cancellation back to change it."),
    "subscription_suspended": _("The subscription is suspended. Let it return first."),
    "unknown_service": _("The plan has no such service. Choose one of its services."),
    "not_quantifiable": _("There is nothing of this service to count in this way."),
    "quota_exceeded": _("This is more than is left of what is included. Use less, or change the plan."),
    "reservation_closed": _("This reservation is not open any more. Make a new one."),
    "not_paused": _("The subscription is not paused. There is nothing to resume."),
    "pause_not_allowed": _("The plan does not allow this pause. Its limits are told on this page."),
    "currency_mismatch": _("The plan is sold in another currency than the account is kept in."),
    "duplicate_number": _("There is an account with this number already. Choose another."),
    "operator_blocked": _("Nothing new is sold here at the moment. What you have stays as it is."),
    "amount_changed": _("Another amount would be charged now than was allowed. Look at it again and decide anew."),
    "unknown_price": _("No price of the plan begins on this day. Look at the list of its prices."),
    "key_conflict": _("This form was sent before with other values. Open it anew and send it again."),
    "not_found": _("There is nothing here. Look it up in the list."),
    "forbidden": _("You may not do this. Ask an administrator for the right to."),
    "refused": _("This is not possible."),
    "required": _("Fill this in."),
    "invalid": _("This cannot be read. Write it as the help beside it says."),
    "out_of_range": _("This is too small or too large."),
    "unknown_field": _("This is not known here."),
    "balance_limit": _("The balance would be more than the books can hold, 15 digits. Book less."),
    "already_reversed": _("The entry was reversed already."),
    "hold_closed": _("The money set aside was taken or freed already."),
    "unknown_entry": _("There is no such entry. Look it up in the statement."),
    "period_closed": _("This day has passed, and what was decided for it stays. Choose today or a later day."),
    "duplicate_plan": _("There is a plan with this code already. Choose another code."),
    "offered_plan": _("The plan belongs to the operator above, which sets its terms and prices."),
    "unknown_offer": _("There is no such offer that runs."),
    "not_parent": _("Only the operator directly above may let another sell a plan."),
    "duplicate_operator": _("There is an operator with this code already. Choose another code."),
    "unknown_operator": _("There is no such operator. Look it up in the list."),
    "operator_in_use": _("This cannot change while the operator has accounts."),
    "tree_busy": _("Another move is being carried out. Try again in a moment."),
    "tree_cycle": _("An operator cannot lie below itself. Choose another place."),
    "not_above": _("Only somebody of an operator above may do this."),
    "blocked_from_above": _("An operator above yours set the block, and alone lifts it. Ask there."),
    "incompatible_database": _("The database was made by another build. Tell whoever runs the installation."),
    "too_many_operators": _("There are as many operators as may be. Ask whoever runs the installation for more."),
    "too_many_plans": _("There are as many plans as may be. Ask whoever runs the installation for more."),
    "too_many_moves": _("As many moves of this operator wait as may. Withdraw one of them first."),
    "move_waits": _("A move is planned already. Take it back first."),
    "unknown_move": _("There is no such move that is still to come."),
    "several_providers": _("There are several providers. Name the operator."),
    "domain_taken": _("Another operator uses this domain already."),
    "no_domain": _("No domain waits to be proved. Name one first."),
    "poor_contrast": _("Text on this colour could not be read well. Choose a darker or a lighter one."),
    "unknown_picture": _("The picture is not a PNG, JPEG or WebP, or is too large."),
    "private_address": _("This is not an address of the public Internet."),
    "too_many_invitations": _(
        "There were as many invitations as may be sent for now, to this address or in all. Send this one later."
    ),
    "too_many_endpoints": _("The operator has as many endpoints as one may have. Change one of them."),
    "test_waits": _("A test is on its way already. Below you see what came of it."),
    "endpoint_disabled": _("The endpoint is switched off and is told nothing. Switch it on first."),
    "duplicate_membership": _("This person is let in for that already. Look them up in the list."),
    "last_administrator": _("The provider needs an administrator. Make somebody else one first."),
    "not_whole": _("Another operator lets this person in too. End the memberships of yours instead."),
    "unknown_person": _("There is no such person. Look them up in the list."),
    "sign_in_first": _("Sign in first, with the address that was invited."),
    "busy": _("Somebody else is at it right now. Try again in a moment."),
    "forecast_running": _("Another forecast is being made for the same operator. Try again when it is finished."),
    "too_many_forecasts": _("Enough forecasts wait to be made already. Look at them first, then ask again."),
    "clock_leapt": _("Nothing is charged at this moment: the clock of the machine cannot be trusted."),
    "too_many_answers": _("Enough large answers are kept for this key. Send less in a call."),
    "too_many_requests": _("There were too many requests. Wait a little, then try again."),
    "too_many_accounts": _(
        "Too many accounts are due at once. Ask for fewer days, or have the forecast made in the background."
    ),
    "run_not_failed": _("Nothing of this run failed. Start a new one."),
    "too_many_attempts": _("There were too many attempts. Wait a little, then try again."),
}
"""By the code of the refusal."""
_OF_FIELDS: dict[tuple[str, str], _StrPromise] = {
    ("quota_exceeded", "plan"): _(
        "More is taken or used than this plan allows. Give some back, or choose a larger one."
    ),
}
"""By code and field, where a code means another thing there."""
DETAILED = frozenset(
    {"required", "invalid", "out_of_range", "unknown_field", "pause_not_allowed", "poor_contrast", "private_address"}
)
"""Where the operation's own sentence says more than the code."""


def blame(form: BaseForm, refusal: Refusal | InvalidValue, sentence: str = "") -> None:
    """Put a refusal, in its own sentence or a given one, on the field that is to blame if the form has it."""
    form.add_error(refusal.field if refusal.field in form.fields else None, sentence or told(refusal))


def told(refusal: Refusal | InvalidValue, short_by: int = 0, currency: str = "") -> str:
    """The sentence of a refusal in the active language; with what is missing (minor units), if that is known."""
    if refusal.code == "insufficient_funds" and short_by:
        missing = {"amount": amount(short_by, currency)}
        return gettext("%(amount)s short. Pay at least this amount first, or choose something smaller.") % missing
    sentence = _OF_FIELDS.get((refusal.code, refusal.field or "")) or SENTENCES.get(refusal.code)
    english = (get_language() or "en").startswith("en")
    return refusal.message if sentence is None or (english and refusal.code in DETAILED) else str(sentence)


def tried(form: BaseForm, act: Callable[[], object]) -> bool:
    """Do something with a form's values; a refusal is put on the form, and the answer is False."""
    try:
        act()
    except (NotFound, Forbidden):
        raise
    except (Refusal, InvalidValue) as refusal:
        blame(form, refusal)
        return False
    return True
