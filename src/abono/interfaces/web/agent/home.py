"""An agent's first page: how the accounts he or she brought stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from abono.features.access.rights import Kind
from abono.features.subscriptions.standing import counts_of_agent, newest_of_agent
from abono.interfaces.web.pages import PersonRequest, home_of

if TYPE_CHECKING:
    from django.http import HttpResponse

_NEWEST = 5


@home_of(Kind.AGENT)
def agent_home(request: PersonRequest) -> HttpResponse:
    """The counts, and the newest accounts."""
    values = {"counts": counts_of_agent(request.person), "newest": newest_of_agent(request.person, most=_NEWEST)}
    return render(request, "web/agent/home.html", values)
