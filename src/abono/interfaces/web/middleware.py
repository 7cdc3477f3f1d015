"""Who asks, behind which wall, in which language; and how a refusal is answered."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.shortcuts import render
from django.utils import timezone, translation

from abono.base.refusal import Refusal
from abono.base.trail import acting
from abono.features.access.people import Forbidden, NotFound, wall_of
from abono.features.access.queries import memberships_of, person_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

CHOSEN = "membership"
"""Where the session keeps which of several memberships somebody acts by."""
_STATUS = {NotFound.code: 404, Forbidden.code: 403}
_REFUSED = 422


class PersonMiddleware:
    """Sets ``request.person`` (None if nobody is let in) and ``request.now``; work is done behind the person's wall."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, inside the wall if it is somebody's."""
        request.now = timezone.now()  # type: ignore[attr-defined]
        request.person = None  # type: ignore[attr-defined]
        request.memberships = []  # type: ignore[attr-defined]
        if request.path.startswith(("/sign/", "/static/", "/api/", "/healthz")) or not request.user.is_authenticated:
            return self.get_response(request)
        user = request.user
        memberships = memberships_of(user.id)
        person = person_of(user.id, user.name, user.email, user.locale, memberships, request.session.get(CHOSEN))
        request.person, request.memberships = person, memberships  # type: ignore[attr-defined]
        if person is None:
            return render(request, "web/nobody.html", status=403)
        with ExitStack() as inside:
            if person.locale:
                inside.enter_context(translation.override(person.locale))
                request.LANGUAGE_CODE = person.locale
            zone = next(each.time_zone for each in memberships if each.operator_id == person.operator)
            inside.enter_context(timezone.override(ZoneInfo(zone)))
            inside.enter_context(acting(person.email, "web"))
            inside.enter_context(wall_of(person))
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A refusal that a page did not answer itself is a page that says what to do."""
        if not isinstance(exception, Refusal):
            return None
        status = _STATUS.get(exception.code, _REFUSED)
        return render(request, "web/refused.html", {"refusal": exception, "status": status}, status=status)
