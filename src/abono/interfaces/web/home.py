"""The first page: each kind of person has an own one, which its area declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.interfaces.web.pages import EVERYBODY, HOMES, PersonRequest, page

if TYPE_CHECKING:
    from django.http import HttpResponseBase


@page("", name="home", kinds=EVERYBODY)
def home(request: PersonRequest) -> HttpResponseBase:
    """What needs doing, for whoever it is."""
    return HOMES[request.person.kind](request)
