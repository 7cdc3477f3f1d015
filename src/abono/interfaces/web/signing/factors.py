"""The second factor, where the installation (``ABONO_REQUIRE_MFA``) or the operator asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from abono.features.access.rights import Kind
from abono.features.access.sessions import has_second_factor
from abono.features.operators.tree import node
from abono.interfaces.web.pages import SEE_OTHER

if TYPE_CHECKING:
    from django.http import HttpRequest

    from abono.features.access.people import Person


def lacks_second_factor(person: Person) -> bool:
    """Whether somebody has to add a second factor before anything else."""
    staff = person.kind is Kind.STAFF
    asked = settings.REQUIRE_MFA == "everybody" or (
        staff and (settings.REQUIRE_MFA == "staff" or node(person.operator).require_mfa)
    )
    return asked and person.user is not None and not has_second_factor(person.user)


def to_second_factor(request: HttpRequest) -> HttpResponse:
    """To the page where one is added, saying why."""
    messages.info(request, _("Add a second factor first: an authenticator app or a passkey. It is required here."))
    there = reverse("mfa_index")
    if getattr(request, "htmx", False):
        answer: HttpResponse = HttpResponseClientRedirect(there)
        return answer
    return HttpResponseRedirect(there, status=SEE_OTHER)
