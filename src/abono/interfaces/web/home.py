"""The first page: each kind of person has an own one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from abono.interfaces.web.pages import EVERYBODY, PersonRequest, page

if TYPE_CHECKING:
    from django.http import HttpResponse


@page("", name="home", kinds=EVERYBODY)
def home(request: PersonRequest) -> HttpResponse:
    """What needs doing, for whoever it is."""
    return render(request, f"web/{request.person.kind}/home.html")
