"""Keys of programs: made with a name, rights and an end, shown once, revoked at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from abono.base.refusal import Refusal
from abono.features.access.operations import add_key, revoke_key
from abono.features.access.people import NotFound
from abono.features.access.queries import keys_of
from abono.features.access.rights import RIGHTS
from abono.interfaces.web.endings import endings_of
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import SEE_OTHER, STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame
from abono.interfaces.web.signing.fresh import fresh
from abono.interfaces.web.templatetags.signing import RIGHTS as WORDS

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpResponse

    from abono.features.access.people import Person


class KeyForm(forms.Form):
    """A key's name, operator, rights and end."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("What the key is for, such as a shop.")
    )
    operator = forms.TypedChoiceField(
        label=gettext_lazy("Operator"),
        coerce=int,
        help_text=gettext_lazy("The key reaches this operator and everything below it."),
    )
    rights = forms.MultipleChoiceField(label=gettext_lazy("Rights"), widget=forms.CheckboxSelectMultiple)
    lasts = forms.TypedChoiceField(
        label=gettext_lazy("Works for"),
        coerce=int,
        choices=[
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("One year")),
            (0, gettext_lazy("Until it is revoked")),
        ],
        initial=365,
    )

    def __init__(self, person: Person, *args: object, **values: object) -> None:
        super().__init__(*args, **values)  # type: ignore[arg-type]
        mine = [(each, WORDS.get(each, each)) for each in RIGHTS if each in person.rights]
        self.fields["rights"].choices = mine  # type: ignore[attr-defined]
        offer_operators(self, "operator", person)


@page("keys/", name="keys", kinds=STAFF, right="key.view")
def keys(request: PersonRequest) -> HttpResponse:
    """The keys of the subtree."""
    found = [{**each, "state": _state(each, request)} for each in keys_of(request.person)]
    return render(request, "web/signing/keys.html", {"keys": found, "changes": request.person.may("key.change")})


@page("keys/new/", name="key_new", kinds=STAFF, right="key.change", methods=("GET", "POST"))
@never_cache
@fresh
def key_new(request: PersonRequest) -> HttpResponse:
    """Make a key. Its secret is on the answer, once, and nowhere else."""
    start = {"operator": request.person.operator}
    form = KeyForm(request.person, request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        ends = request.now + timedelta(days=given["lasts"]) if given["lasts"] else None
        try:
            secret = add_key(
                request.person, given["operator"], given["name"], given["rights"], now=request.now, expires_at=ends
            )
        except Refusal as refusal:
            blame(form, refusal)
        else:
            return render(request, "web/signing/key_made.html", {"name": given["name"], "secret": secret})
    return render(request, "web/signing/key_new.html", {"form": form}, status=REFUSED if form.errors else 200)


@page("keys/<int:key>/revoke/", name="key_revoke", kinds=STAFF, right="key.change", methods=("GET", "POST"))
def key_revoke(request: PersonRequest, key: int) -> HttpResponse:
    """Revoke a key, after saying what that means."""
    found = next((each for each in keys_of(request.person) if each["id"] == key and not each["revoked_at"]), None)
    if found is None:
        raise NotFound("There is no such key that still works.", field="key")
    if request.method == "POST":
        revoke_key(request.person, key, now=request.now)
        messages.success(request, _("The key %(name)s is revoked.") % {"name": found["name"]})
        return HttpResponseRedirect(reverse("keys"), status=SEE_OTHER)
    values = {
        "title": _("Revoke the key"),
        "confirm": _("Revoke"),
        "lead": found["name"],
        "loses": [
            _("Programs that use this key are refused at once. A revoked key cannot be used again."),
            *endings_of(lambda: revoke_key(request.person, key, now=request.now), now=request.now),
        ],
        "danger": True,
        "back": reverse("keys"),
        "back_label": _("API keys"),
    }
    return render(request, "web/confirm.html", values)


def _state(key: dict[str, Any], request: PersonRequest) -> str:
    if key["revoked_at"]:
        return "revoked"
    if key["lapsed"]:
        return "lapsed"
    return "expired" if key["expires_at"] and key["expires_at"] <= request.now else "works"
