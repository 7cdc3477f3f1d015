"""Forms of allauth that judge differently here. Their attempts are written down and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as _ChangePasswordForm
from allauth.account.forms import ResetPasswordForm as _ResetPasswordForm
from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django.core.cache import cache

from abono.features.access import signins
from abono.features.access.tasks import mail_password_link
from abono.interfaces.web.signing.callers import caller_of

if TYPE_CHECKING:
    from django.http import HttpRequest


_CODE_HOLDS = 180
"""Seconds for which a code is remembered: longer than any code is accepted."""


class ResetPasswordForm(_ResetPasswordForm):  # type: ignore[misc]  # allauth has no types
    """A new password by mail. Whether somebody has the address is looked up by the worker: no answer can tell."""

    def clean_email(self) -> str:
        """The address as it is looked up."""
        return str(self.cleaned_data["email"]).lower()

    def save(self, request: HttpRequest, **_values: object) -> str:  # noqa: ARG002
        """Ask the worker for the mail."""
        email: str = self.cleaned_data["email"]
        mail_password_link.defer(email=email)
        return email


class ChangePasswordForm(_ChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    """The present password is judged as at the sign-in: who sits at somebody's open session cannot try them all."""

    def clean_oldpassword(self) -> str:
        """Raises TooManyAttempts."""
        password: str = self.cleaned_data.get("oldpassword", "")
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class _Counted:
    """A code of the second step that is written down and counted."""

    def clean_code(self) -> str:
        """Raises TooManyAttempts."""
        request = context.request
        user = self.user  # type: ignore[attr-defined]  # allauth's forms set it
        attempt = signins.begin_code(user.pk, user.email, caller_of(request), now=request.now)
        code: str = super().clean_code()  # type: ignore[misc]
        _use_up(user.pk, code)
        signins.right(attempt)
        return code


def _use_up(user: int, code: str) -> None:
    """A code counts once, however it is written: allauth takes it with spaces and signs as well.

    It holds for a while before and after its time; allauth remembers used ones for less than that.
    """
    if not cache.add(f"abono.code:{user}:{normalize_user_code(code)}", 1, _CODE_HOLDS):
        raise get_adapter().validation_error("incorrect_code")


class FirstCodeForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """The code by which an authenticator app is added; it signs nobody in afterwards."""

    def clean_code(self) -> str:
        """Raises allauth's errors."""
        code: str = super().clean_code()
        _use_up(self.user.pk, code)
        return code


class CodeForm(_Counted, AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """A code at the sign-in."""


class ConfirmCodeForm(_Counted, ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """A code before a change that matters."""
