"""People: who is let in, as what, and by whom they are asked in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.base.refusal import Refusal
from abono.features.access.directory import list_people
from abono.features.access.invitations import invite, revoke_invitation, waiting_invitations
from abono.features.access.rights import OF_AGENT, OF_ROLE, OF_SUBSCRIBER, RIGHTS, Kind, Role
from abono.features.accounts.access import find_number
from abono.interfaces.web.operator_choice import offer_operators
from abono.interfaces.web.pages import SEE_OTHER, STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame
from abono.interfaces.web.signing.fresh import fresh
from abono.interfaces.web.templatetags.abono import KINDS

if TYPE_CHECKING:
    from django.http import HttpResponse

    from abono.features.access.people import Person


@page("people/", name="people", kinds=STAFF, right="person.view")
def people(request: PersonRequest) -> HttpResponse:
    """The people of the subtree, and the invitations that wait."""
    asked = request.GET
    found = list_people(
        request.person,
        search=asked.get("q", ""),
        kind=asked.get("kind", ""),
        role=asked.get("role", ""),
        after=asked.get("after"),
    )
    values = {
        "people": found,
        "kinds": [(each.value, KINDS.get(each, _("Staff"))) for each in Kind],
        "roles": [(each.value, KINDS[each]) for each in Role],
        "waiting": [] if asked.get("after") else waiting_invitations(request.person).items,
        "now": request.now,
    }
    return render(request, "web/signing/people.html", values)


@page("people/roles/", name="roles", kinds=STAFF, right="person.view")
def roles(request: PersonRequest) -> HttpResponse:
    """What each role may do."""
    heads = [*(KINDS[each] for each in Role), KINDS["subscriber"], KINDS["agent"]]
    held = [*(OF_ROLE[each] for each in Role), OF_SUBSCRIBER, OF_AGENT]
    rows = [(right, list(zip(heads, (right in each for each in held), strict=True))) for right in RIGHTS]
    return render(request, "web/signing/roles.html", {"heads": heads, "rows": rows})


class InviteForm(forms.Form):
    """Whom, where, and as what."""

    email = forms.EmailField(
        label=gettext_lazy("Email"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    as_what = forms.ChoiceField(label=gettext_lazy("As"))
    operator = forms.TypedChoiceField(
        label=gettext_lazy("Operator"),
        coerce=int,
        help_text=gettext_lazy("Staff see this operator and everything below it."),
    )
    account = forms.CharField(
        label=gettext_lazy("Account number"),
        max_length=40,
        required=False,
        help_text=gettext_lazy("Of a subscriber only: the account to look after."),
    )
    locale = forms.ChoiceField(label=gettext_lazy("Language of the mail"), choices=settings.LANGUAGES)

    def __init__(self, person: Person, *args: object, **values: object) -> None:
        super().__init__(*args, **values)  # type: ignore[arg-type]
        offered = [*(each for each in Role if OF_ROLE[each] <= person.rights), Kind.AGENT, Kind.SUBSCRIBER]
        self.fields["as_what"].choices = [(each.value, KINDS[each]) for each in offered]  # type: ignore[attr-defined]
        offer_operators(self, "operator", person)


@page("people/invite/", name="person_invite", kinds=STAFF, right="person.change", methods=("GET", "POST"))
@fresh
def person_invite(request: PersonRequest) -> HttpResponse:
    """Ask somebody in by mail."""
    start: dict[str, object] = {
        "email": request.GET.get("email", ""),
        "as_what": Role.MANAGER,
        "locale": request.LANGUAGE_CODE,
    }
    start["operator"] = request.person.operator
    form = InviteForm(request.person, request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            _invite(request, form)
        except Refusal as refusal:
            blame(form, refusal)
        else:
            messages.success(
                request, _("The invitation goes to %(email)s by mail.") % {"email": form.cleaned_data["email"]}
            )
            return HttpResponseRedirect(reverse("people"), status=SEE_OTHER)
    return render(request, "web/signing/invite.html", {"form": form}, status=REFUSED if form.errors else 200)


def _invite(request: PersonRequest, form: InviteForm) -> None:
    """Raises what refuses it: at the account if there is none, else whatever the invitation itself refuses."""
    given = form.cleaned_data
    role = Role(given["as_what"]) if given["as_what"] in set(Role) else None
    kind = Kind.STAFF if role else Kind(given["as_what"])
    operator, account = given["operator"], None
    if kind is Kind.SUBSCRIBER and given["account"]:
        found = find_number(request.person, given["account"], now=request.now)
        operator, account = found.operator_id, found.account_id
    invite(
        request.person,
        given["email"],
        operator=operator,
        kind=kind,
        role=role,
        account=account,
        locale=given["locale"],
        now=request.now,
    )


@page(
    "people/invitations/<int:invitation>/revoke/",
    name="invitation_revoke",
    kinds=STAFF,
    right="person.change",
    methods=("POST",),
)
def invitation_revoke(request: PersonRequest, invitation: int) -> HttpResponse:
    """Take an invitation back."""
    revoke_invitation(request.person, invitation, now=request.now)
    messages.success(request, _("The invitation is taken back: its link no longer works."))
    return HttpResponseRedirect(reverse("people"), status=SEE_OTHER)
