"""What is written down when allauth has signed somebody in, or has changed how they sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account import signals as account
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa

from abono.features.access import signins
from abono.features.access.queries import memberships_of
from abono.interfaces.web.signing.adapter import ATTEMPT
from abono.interfaces.web.signing.callers import caller_of, remembered

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_METHODS = {"password": "password", "mfa": "passkey", "password_reset": "reset", "invitation": "invitation"}


def listen() -> None:
    """Connect to allauth's signals, once."""
    account.user_logged_in.connect(signed_in, dispatch_uid="abono.signed_in")
    account.password_reset.connect(password_reset, dispatch_uid="abono.password_reset")
    account.password_changed.connect(password_changed, dispatch_uid="abono.password_changed")
    account.password_set.connect(password_changed, dispatch_uid="abono.password_set")
    mfa.authenticator_added.connect(factor_added, dispatch_uid="abono.factor_added")
    mfa.authenticator_removed.connect(factor_removed, dispatch_uid="abono.factor_removed")
    mfa.authenticator_reset.connect(factor_added, dispatch_uid="abono.factor_reset")


def signed_in(request: HttpRequest, response: HttpResponse, user: Any, **_values: object) -> None:
    """All steps are done."""
    attempt = request.session.pop(ATTEMPT, None)
    records = get_authentication_records(request, user)
    method = _METHODS.get(records[0]["method"] if records else "", "password")
    signins.done(user.email, method, remembered(request, response), now=_now(request), attempt=attempt)


def password_reset(request: HttpRequest, user: Any, **_values: object) -> None:
    """A new password by mail: whoever waited because of wrong ones need not wait any longer."""
    signins.note(user.email, "reset", "right", caller_of(request), now=_now(request))
    _tell(request, user, "person.reset_password")


def password_changed(request: HttpRequest, user: Any, **_values: object) -> None:
    """All other sessions are over by now: they carry a digest of the password."""
    _tell(request, user, "person.change_password")


def factor_added(request: HttpRequest, user: Any, authenticator: Any, **_values: object) -> None:
    """A second factor more, or new recovery codes."""
    _tell(request, user, "person.add_factor", str(authenticator.type))


def factor_removed(request: HttpRequest, user: Any, authenticator: Any, **_values: object) -> None:
    """A second factor less."""
    _tell(request, user, "person.remove_factor", str(authenticator.type))


def _tell(request: HttpRequest, user: Any, action: str, method: str | None = None) -> None:
    """In the trail of the operator that the person acts for; of all, where nobody is signed in (no wall then)."""
    person = getattr(request, "person", None)
    if person is None:
        mine = memberships_of(user.id)
    else:  # as they were read before the wall
        mine = [each for each in request.memberships if each.id == person.membership]  # type: ignore[attr-defined]
    signins.tell(action, user.email, mine, caller_of(request), now=_now(request), method=method)


def _now(request: HttpRequest) -> Any:
    return request.now  # type: ignore[attr-defined]
