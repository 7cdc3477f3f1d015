"""How allauth signs people in here."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme

from abono.base.tasks import send_mail
from abono.features.access import signins
from abono.interfaces.web.senders import address_of
from abono.interfaces.web.signing.callers import caller_of

if TYPE_CHECKING:
    from django.http import HttpRequest

ATTEMPT = "signing_attempt"
"""Where the session keeps the attempt whose password was right, until the second step is done."""


def display_name(user: Any) -> str:
    """What a user is called."""
    return str(user.name or user.email)


class SignInAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up by themselves; attempts are counted and written down; mail goes through the queue."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Never: people are invited."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only addresses of the site that one is on: no other host is safe, not even one that is served here too."""
        return bool(url) and url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_client_ip(self, request: HttpRequest) -> str:
        """Where a request comes from, for limits and the list of sessions. Raises PermissionDenied without any."""
        found = address_of(request.META)
        if not found:
            raise PermissionDenied
        return found

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: ``authenticate`` judges attempts."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """The user whose password this is, if they may sign in at all. Raises TooManyAttempts.

        Whoever cannot sign in any more gets the answer of a wrong password.
        """
        signed_in = request.user.is_authenticated
        method = "confirmation" if signed_in else "password"
        email = str(credentials.get("email", ""))
        attempt = signins.begin(email, method, caller_of(request), now=request.now)  # type: ignore[attr-defined]
        user = authenticate(request, **credentials)
        AuthenticationBackend.unstash_authenticated_user()
        if user is not None:
            signins.right(attempt)
            if not signed_in:
                request.session[ATTEMPT] = attempt
        return user

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Whether it is this user's password. Raises TooManyAttempts."""
        found = self.authenticate(current.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Back to what belongs together."""
        return reverse("profile")

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell somebody what changed at their sign-in, in their language."""
        with translation.override(user.locale or translation.get_language() or "en"):
            super().send_notification_mail(template_prefix, user, context, email or user.email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put a mail into the queue: nobody waits for a mail server, and nothing can be told from the waiting."""
        request = current.request
        values = {"request": request, "email": email, "current_site": _Site(request.get_host()), **context}
        mail = self.render_mail(template_prefix, email, values)
        send_mail.defer(to=email, subject=mail.subject, text=mail.body)


class _Site:
    """What allauth's texts name."""

    def __init__(self, domain: str) -> None:
        self.name = "Abono"
        self.domain = domain


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Secrets of second factors are kept encrypted: who reads the database cannot make codes."""

    def encrypt(self, text: str) -> str:
        """With a key that comes from this installation's secret."""
        return _vault().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Also what an earlier secret encrypted, while it is named as a fallback."""
        return _vault().decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return "Abono"


def _vault() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [hashlib.sha256(f"abono.second-factor:{each!s}".encode()).digest() for each in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(each)) for each in keys])
