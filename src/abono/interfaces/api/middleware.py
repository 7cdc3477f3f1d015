"""Around every call of the API: its instant, its size, and headers; whatever fails is told as a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from abono.base.database import UNJUDGED
from abono.interfaces.api.problems import MEDIA_TYPE, of_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

PREFIX = "/api/"
_BATCHES = "/api/v1/usage/batch"
_BODIES = ("POST", "PUT", "PATCH")
_REFUSED = 400
_AWAY = 503


class ApiMiddleware:
    """Stands before all that refuse, so that what they refuse is told as a problem too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a call; other requests pass."""
        if not request.path.startswith(PREFIX):
            return self.get_response(request)
        request.now = timezone.now()  # type: ignore[attr-defined]
        asked = request.method
        if asked == "HEAD":  # worked out as GET is; the server leaves the body out
            request.method = "GET"
        status = _AWAY if UNJUDGED in request.META else _unfit(request)
        if not status and request.path == _BATCHES:
            request._body = request.read()  # noqa: SLF001 -- judged above; Django's limit stays what it is for all others
        response = of_status(request, status) if status else self.get_response(request)
        request.method = asked
        if response.status_code >= _REFUSED and response.get("Content-Type") != MEDIA_TYPE:
            told = of_status(request, response.status_code)
            for name, value in response.items():
                if name not in {"Content-Type", "Content-Length"}:
                    told[name] = value
            response = told
        if status == _AWAY:
            response["Retry-After"] = "5"
        response.setdefault("Cache-Control", "no-store")
        allowance = getattr(request, "allowance", None)
        for name, value in allowance.headers.items() if allowance else ():
            response[name] = value
        return response


def _unfit(request: HttpRequest) -> int:
    """The status of a body that is not even read, or 0."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.API_MOST_BATCH_BYTES if request.path == _BATCHES else settings.API_MOST_BYTES
    if not length.isdigit() or int(length) > most:
        return 413
    if request.method in _BODIES and int(length) and request.content_type != "application/json":
        return 415
    return 0
