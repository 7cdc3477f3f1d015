"""Every request has a number: in the answer's header, on the page of a failure, in every line of the log about it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import uuid4

from django.shortcuts import render
from structlog.contextvars import bind_contextvars, clear_contextvars

from abono.base.database import UNJUDGED, is_away
from abono.interfaces.web.health import HEALTH, health

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

_MOST_PATH = 200
_FAILED, _AWAY = 500, 503


class RequestMiddleware:
    """Stands before all others. Sets ``request.id``; answers whether this process serves, by whatever name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Number a request and answer it."""
        number = uuid4()
        request.id = number  # type: ignore[attr-defined]
        # Django tells of the answer when this has returned: what is bound stays until the next request.
        clear_contextvars()
        bind_contextvars(request_id=str(number), method=request.method, path=request.path[:_MOST_PATH])
        response = health(request) if request.path == HEALTH else self.get_response(request)
        response["X-Request-Id"] = str(number)
        return response


def failed(request: HttpRequest) -> HttpResponse:
    """The page of a failure, with the number by which it is found in the log. It asks nothing of what may be broken.

    While the database is away it is 503, and says to come again.
    """
    return _page_of_failure(request, away=is_away(sys.exc_info()[1]))


class UnjudgedMiddleware:
    """A request whose sender nobody could judge is answered as one during which the database went away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer without the body, which was not read."""
        return _page_of_failure(request, away=True) if UNJUDGED in request.META else self.get_response(request)


def _page_of_failure(request: HttpRequest, *, away: bool) -> HttpResponse:
    shown = {"number": getattr(request, "id", ""), "away": away}
    response = render(None, "500.html", shown, status=_AWAY if away else _FAILED)
    if away:
        response["Retry-After"] = "5"
    return response
