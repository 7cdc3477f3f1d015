"""What belongs to oneself: name, language, and how one signs in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.refusal import InvalidRequest
from abono.features.access.directory import history_of
from abono.features.access.people import NotFound
from abono.features.access.sessions import end_sessions, has_second_factor, sessions_of
from abono.features.access.staffing import change_own
from abono.interfaces.web.pages import EVERYBODY, SEE_OTHER, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame

if TYPE_CHECKING:
    from django.http import HttpResponse

_ID = re.compile(r"[0-9]{1,18}")


class ProfileForm(forms.Form):
    """What one is called and reads."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    locale = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)


@page("me/", name="profile", kinds=EVERYBODY, methods=("GET", "POST"))
def profile(request: PersonRequest) -> HttpResponse:
    """Look at, and change, what belongs to oneself."""
    person = request.person
    start = {"name": person.name if person.name != person.email else "", "locale": request.LANGUAGE_CODE}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            change_own(person, form.cleaned_data["name"], form.cleaned_data["locale"], now=request.now)
        except InvalidRequest as refusal:
            blame(form, refusal)
        else:
            with translation.override(form.cleaned_data["locale"]):
                messages.success(request, _("Your profile is changed."))
            return HttpResponseRedirect(reverse("profile"), status=SEE_OTHER)
    user = _user(request)
    values = {
        "form": form,
        "second_factor": has_second_factor(user),
        "sessions": sessions_of(user, now=request.now, own=request.session.session_key or ""),
        "history": history_of(user, 10),
    }
    return render(request, "web/signing/profile.html", values, status=REFUSED if form.errors else 200)


@page("me/sessions/end/", name="end_session", kinds=EVERYBODY, methods=("POST",))
def end_session(request: PersonRequest) -> HttpResponse:
    """Sign out elsewhere: one session, or all but this one."""
    one = request.POST.get("session", "")
    if one and not _ID.fullmatch(one):
        raise NotFound("There is no such session; choose one of the list.")
    end_sessions(_user(request), but=request.session.session_key or "", session=int(one) if one else None)
    messages.success(request, _("Signed out there."))
    return HttpResponseRedirect(reverse("profile"), status=SEE_OTHER)


def _user(request: PersonRequest) -> int:
    """The id of who is signed in: a page is never asked for by a program."""
    user = request.person.user
    assert user is not None  # noqa: S101
    return user
