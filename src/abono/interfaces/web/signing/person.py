"""Somebody by themselves: why they are let in, where they are signed in, and how they can be kept out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abono.features.access.directory import Found, find_person, history_of
from abono.features.access.people import NotFound
from abono.features.access.queries import keys_made_by
from abono.features.access.rights import OF_ROLE, Role, rights_of
from abono.features.access.sessions import sessions_of
from abono.features.access.staffing import (
    LastAdministrator,
    change_role,
    end_membership,
    remove_second_factor,
    set_active,
    sign_out,
)
from abono.interfaces.web.endings import endings_of
from abono.interfaces.web.pages import SEE_OTHER, STAFF, PersonRequest, page
from abono.interfaces.web.refusing import REFUSED, blame
from abono.interfaces.web.signing.fresh import fresh
from abono.interfaces.web.templatetags.abono import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from abono.features.access.directory import Held
    from abono.features.access.people import Person

_BIGINT = 2**63


class RoleForm(forms.Form):
    """What a member of the staff does."""

    role = forms.ChoiceField(label=gettext_lazy("Role"))

    def __init__(self, person: Person, *args: object, **values: object) -> None:
        super().__init__(*args, **values)  # type: ignore[arg-type]
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (each.value, KINDS[each]) for each in Role if OF_ROLE[each] <= person.rights
        ]


@page("people/<int:user>/", name="person", kinds=STAFF, right="person.view")
def person(request: PersonRequest, user: int) -> HttpResponse:
    """Everything of somebody that may be seen."""
    found = _found(request, user)
    mine = request.person
    changes = mine.may("person.change")
    other = found.id != mine.user
    values = {
        "found": found,
        "held": [(each, changes and _is_changeable(request, each)) for each in found.memberships],
        "sessions": sessions_of(found.id, now=request.now) if found.whole else [],
        "history": history_of(found.id) if found.whole else [],
        "changes": changes,
        "judges": changes and other and found.whole,
    }
    return render(request, "web/signing/person.html", values)


@page(
    "people/<int:user>/memberships/<int:membership>/end/",
    name="membership_end",
    kinds=STAFF,
    right="person.change",
    methods=("GET", "POST"),
)
def membership_end(request: PersonRequest, user: int, membership: int) -> HttpResponse:
    """End a membership, after saying what that means."""
    found = _found(request, user, right="person.change")
    held = _held(found, membership)
    if request.method == "POST":
        end_membership(request.person, held.id, now=request.now)
        messages.success(request, _("The membership has ended."))
        return _back(user)
    what = {"name": found.name or found.email, "role": KINDS[held.role or held.kind], "operator": held.operator_name}
    loses = [
        _("%(name)s is no longer let in as %(role)s of %(operator)s, from now on.") % what,
        _("Invitations that %(name)s sent and that wait are taken back.") % what,
        *_keys_of(request, found),
        *endings_of(lambda: end_membership(request.person, held.id, now=request.now), now=request.now),
    ]
    return _confirm(request, found, _("End the membership"), loses)


@page(
    "people/<int:user>/memberships/<int:membership>/role/",
    name="membership_role",
    kinds=STAFF,
    right="person.change",
    methods=("GET", "POST"),
)
@fresh
def membership_role(request: PersonRequest, user: int, membership: int) -> HttpResponse:
    """Give a member of the staff another role."""
    found = _found(request, user, right="person.change")
    held = _held(found, membership)
    if held.role is None:
        raise NotFound("Only staff have a role.", field="role")
    form = RoleForm(request.person, request.POST if request.method == "POST" else None, initial={"role": held.role})
    if request.method == "POST" and form.is_valid():
        try:
            change_role(request.person, held.id, Role(form.cleaned_data["role"]), now=request.now)
        except LastAdministrator as refusal:
            blame(form, refusal)
        else:
            messages.success(request, _("The role is changed."))
            return _back(user)
    ends = endings_of(lambda: change_role(request.person, held.id, Role.AUDITOR, now=request.now), now=request.now)
    loses = [*_keys_of(request, found), *([_("With a role that may do less:"), *ends] if ends else [])]
    return _confirm(request, found, _("Change the role"), loses, form=form)


@page(
    "people/<int:user>/active/",
    name="person_active",
    kinds=STAFF,
    right="person.change",
    methods=("GET", "POST"),
)
@fresh
def person_active(request: PersonRequest, user: int) -> HttpResponse:
    """Keep somebody out altogether, or let them sign in again."""
    found = _found(request, user, right="person.change")
    if request.method == "POST":
        active = request.POST.get("active") == "yes"
        set_active(request.person, found.id, active=active, now=request.now)
        messages.success(request, _("They can sign in again.") if active else _("Signing in is no longer possible."))
        return _back(user)
    name = found.name or found.email
    if found.active:
        loses = [
            _("%(name)s cannot sign in any more and is signed out everywhere at once.") % {"name": name},
            _("Memberships and history stay. You can let them in again at any time."),
            *_keys_of(request, found),
            *endings_of(lambda: set_active(request.person, found.id, active=False, now=request.now), now=request.now),
        ]
        return _confirm(request, found, _("Deactivate"), loses, [("active", "no")])
    return _confirm(request, found, _("Activate"), [], [("active", "yes")])


@page(
    "people/<int:user>/sessions/end/",
    name="person_sign_out",
    kinds=STAFF,
    right="person.change",
    methods=("POST",),
)
def person_sign_out(request: PersonRequest, user: int) -> HttpResponse:
    """Sign somebody out: of one session, or everywhere."""
    found = _found(request, user, right="person.change")
    one = request.POST.get("session", "")
    known = {str(each["id"]): each["id"] for each in sessions_of(found.id, now=request.now)}
    if one and one not in known:
        raise NotFound("There is no such session; choose one of the list.", field="session")
    sign_out(request.person, found.id, session=known[one] if one else None, now=request.now)
    messages.success(request, _("Signed out there."))
    return _back(user)


@page(
    "people/<int:user>/second-factor/remove/",
    name="person_second_factor",
    kinds=STAFF,
    right="person.change",
    methods=("GET", "POST"),
)
@fresh
def person_second_factor(request: PersonRequest, user: int) -> HttpResponse:
    """For somebody who has lost the second factor."""
    found = _found(request, user, right="person.change")
    if request.method == "POST":
        remove_second_factor(request.person, found.id, now=request.now)
        messages.success(request, _("The second factor is removed."))
        return _back(user)
    loses = [
        _("The password alone lets %(name)s in, until they add a second factor.") % {"name": found.name or found.email},
        _("Make sure that it is really them who asks: call them back."),
    ]
    return _confirm(request, found, _("Remove the second factor"), loses)


def _keys_of(request: PersonRequest, found: Found) -> list[str]:
    """What else somebody loses who may do less: keys may do no more than who made them."""
    names = keys_made_by(request.person, found.id, now=request.now)
    told = _("API keys that %(name)s made may do no more than %(name)s may then: %(keys)s.")
    return [told % {"name": found.name or found.email, "keys": ", ".join(names)}] if names else []


def _found(request: PersonRequest, user: int, right: str = "person.view") -> Found:
    return find_person(request.person, user if user < _BIGINT else 0, right=right)


def _held(found: Found, membership: int) -> Held:
    """A membership of this very person that runs. Raises NotFound."""
    for each in found.memberships:
        if each.id == membership and each.ended_at is None:
            return each
    raise NotFound("There is no such membership; look it up on the page of the person.", field="membership")


def _is_changeable(request: PersonRequest, held: Held) -> bool:
    """Nobody changes what may do more than they may."""
    mightier = not rights_of(held.kind, held.role) <= request.person.rights
    return held.ended_at is None and not mightier


def _confirm(
    request: PersonRequest,
    found: Found,
    title: str,
    loses: list[str],
    hidden: Sequence[tuple[str, str]] = (),
    form: forms.Form | None = None,
) -> HttpResponse:
    values = {
        "title": title,
        "confirm": title,
        "lead": found.email,
        "loses": loses,
        "hidden": hidden,
        "form": form,
        "back": reverse("person", args=[found.id]),
        "back_label": found.name or found.email,
    }
    return render(request, "web/confirm.html", values, status=REFUSED if form is not None and form.errors else 200)


def _back(user: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("person", args=[user]), status=SEE_OTHER)
