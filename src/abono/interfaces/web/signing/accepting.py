"""Accepting an invitation. Reading the page uses nothing up: mail programs look at links before people do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from abono.base.refusal import InvalidRequest
from abono.features.access.invitations import Invited, accept, invited_by
from abono.features.access.people import NotFound
from abono.interfaces.web.pages import SEE_OTHER
from abono.interfaces.web.refusing import REFUSED, blame
from abono.interfaces.web.senders import CHOSEN

if TYPE_CHECKING:
    from django.http import HttpRequest

_NOT_FOUND = 404
_MOST_PASSWORD = 200
"""Longer ones would only keep the server busy."""


@sensitive_post_parameters("password", "again")  # they are in no report of an error
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What one is invited to; a POST accepts it, once.

    The address is a secret, which by SECURE_REFERRER_POLICY is told to no other site. A stricter policy would make a
    browser send its form without an origin, and nobody could accept.
    """
    now = request.now  # type: ignore[attr-defined]
    try:
        invited = invited_by(secret, now=now)
        return _accepted(request, secret, invited) if request.method == "POST" else _page(request, invited)
    except NotFound:
        return render(request, "web/signing/invitation_gone.html", status=_NOT_FOUND)


class FirstForm(forms.Form):
    """What somebody writes who has no password yet."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        max_length=_MOST_PASSWORD,
        help_text=gettext_lazy("At least 12 characters; a few words are easy to keep in mind."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=gettext_lazy("Password again"),
        strip=False,
        max_length=_MOST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_again(self) -> str:
        """The same as the first."""
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(_("Type the same password twice."))
        return again


def _page(request: HttpRequest, invited: Invited, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    signed_in = request.user.is_authenticated
    values = {
        "invited": invited,
        "form": form if form is not None or invited.knows_password else FirstForm(),
        "is_theirs": signed_in and request.user.pk == invited.user,
        "is_somebody_else": signed_in and request.user.pk != invited.user,
        "sign_in": f"{reverse('account_login')}?next={request.path}",
    }
    return render(request, "web/signing/invitation.html", values, status=status)


def _accepted(request: HttpRequest, secret: str, invited: Invited) -> HttpResponse:
    """Let somebody in who is signed in as the invited one, or who writes a first password."""
    now = request.now  # type: ignore[attr-defined]
    if invited.knows_password or request.user.is_authenticated:
        if request.user.pk != invited.user:
            return _page(request, invited, status=REFUSED)
        accept(secret, now=now, user=invited.user)
        request.session.pop(CHOSEN, None)
        messages.success(request, _("Welcome to %(operator)s.") % {"operator": invited.operator_name})
        return HttpResponseRedirect(reverse("home"), status=SEE_OTHER)
    form = FirstForm(request.POST)
    if form.is_valid():
        name, password = form.cleaned_data["name"], form.cleaned_data["password"]
        try:
            user = accept(secret, now=now, name=name, password=password, locale=get_language() or "")
        except InvalidRequest as refusal:
            blame(form, refusal)
        else:
            return _sign_in(request, user)
    return _page(request, invited, form, REFUSED)


def _sign_in(request: HttpRequest, user: int) -> HttpResponse:
    """Whoever has just set the first password need not type it again."""
    found = get_user_model().objects.get(pk=user)
    record_authentication(request, found, method="invitation")
    answer: HttpResponse = perform_login(request, Login(user=found))
    return answer
