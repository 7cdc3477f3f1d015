"""What a refusal is called in the reader's language.

Operations refuse with a stable code and an English sentence for programs and logs. People read the sentence of the code
here; where there is none, the operation's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from abono.interfaces.web.formats import amount

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from abono.base.refusal import Refusal

SENTENCES: dict[str, _StrPromise] = {
    "insufficient_funds": _("There is not enough money on the account. Pay first, or choose something smaller."),
    "grant_active": _("A promised payment is running. The next can be made when it is repaid or over."),
    "promise_not_offered": _("Promised payments are not offered here. Pay, or ask the staff."),
    "unknown_plan": _("This plan is not sold. Choose one of the catalogue."),
    "unknown_account": _("There is no such account. Look it up in the list."),
    "unknown_subscription": _("There is no such subscription. Choose one of the list."),
    "subscription_ended": _("The subscription has ended. Order a new one."),
    "not_paused": _("The subscription is not paused. There is nothing to resume."),
    "pause_not_allowed": _("The plan does not allow this pause. Its limits are told on this page."),
    "currency_mismatch": _("The plan is sold in another currency than the account is kept in."),
    "duplicate_number": _("There is an account with this number already. Choose another."),
    "operator_blocked": _("Nothing new is sold here at the moment. What you have stays as it is."),
    "key_conflict": _("This form was sent before with other values. Open it anew and send it again."),
    "not_found": _("There is nothing here. Look it up in the list."),
    "forbidden": _("You may not do this. Ask an administrator for the right to."),
}
"""By the code of the refusal."""


def told(refusal: Refusal, short_by: int = 0, currency: str = "") -> str:
    """The sentence of a refusal in the active language; with what is missing (minor units), if that is known."""
    if refusal.code == "insufficient_funds" and short_by:
        missing = {"amount": amount(short_by, currency)}
        return gettext("%(amount)s short. Pay at least this amount first, or choose something smaller.") % missing
    return str(SENTENCES.get(refusal.code, refusal.message))
