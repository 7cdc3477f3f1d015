"""Who asks, behind which wall, in which language; and how a refusal is answered."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.exceptions import TooManyFieldsSent
from django.shortcuts import render
from django.utils import timezone, translation

from abono.base.clock import ClockLeapt, require_right_clock
from abono.base.database import OPERATOR
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.trail import acting
from abono.features.access.people import Forbidden, NotFound, wall_of
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.sessions import seen
from abono.features.access.signins import TooManyAttempts
from abono.interfaces.web.pages import has_many_fields
from abono.interfaces.web.refusing import REFUSED
from abono.interfaces.web.senders import CHOSEN
from abono.interfaces.web.signing.callers import caller_of
from abono.interfaces.web.signing.factors import lacks_second_factor, to_second_factor
from abono.interfaces.web.signing.waiting import wait_page
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest, HttpResponseBase

    from abono.features.access.people import Person

_STATUS = {NotFound.code: 404, Forbidden.code: 403}
SIGNING = "/sign/"
"""Pages of the sign-in, which are there also for somebody whom nobody lets in any more. They are not behind the wall:
they read and change what is secret of one's own user, and an invitation may be another operator's."""
_MOST_FIELDS = 1_000
"""Of a form whose page does not say that it has many."""
_MINUTE = timedelta(minutes=1)
_MOST_SEEN = 10_000
_UNSURE = 503


class PersonMiddleware:
    """Sets ``request.person`` (None if nobody is let in) and ``request.now``; work is done behind the person's wall."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._seen: dict[str, tuple[datetime, str | None]] = {}

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, inside the wall if it is somebody's."""
        request.now = timezone.now()  # type: ignore[attr-defined]
        request.person = None  # type: ignore[attr-defined]
        request.memberships = []  # type: ignore[attr-defined]
        if request.path.startswith(("/static/", "/api/")) or not request.user.is_authenticated:
            return self.get_response(request)
        self._note_session(request)
        user = request.user
        memberships = memberships_of(user.id)
        person = person_of(user.id, user.name, user.email, user.locale, memberships, request.session.get(CHOSEN))
        request.person, request.memberships = person, memberships  # type: ignore[attr-defined]
        signing = request.path.startswith(SIGNING)
        if person is not None:
            request.META[OPERATOR] = person.operator
        if person is None:
            return self.get_response(request) if signing else render(request, "web/nobody.html", status=403)
        answer = self._answer(request, person, signing=signing)
        # What somebody signed in was shown is not kept by the browser for whoever sits there next.
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    def _answer(self, request: HttpRequest, person: Person, *, signing: bool) -> HttpResponseBase:
        """The page, made with the person's language, time zone and rows."""
        with ExitStack() as inside:
            if person.locale:
                inside.enter_context(translation.override(person.locale))
                request.LANGUAGE_CODE = person.locale
            memberships = request.memberships  # type: ignore[attr-defined]
            zone = next(each.time_zone for each in memberships if each.operator_id == person.operator)
            inside.enter_context(timezone.override(ZoneInfo(zone)))
            inside.enter_context(acting(person.email, "web"))
            if signing:
                return self.get_response(request)
            if request.method == "POST":
                try:
                    require_right_clock(request.now)  # type: ignore[attr-defined]
                except ClockLeapt as refusal:
                    return render(request, "web/refused.html", {"refusal": refusal}, status=_UNSURE)
            inside.enter_context(wall_of(person))
            return to_second_factor(request) if lacks_second_factor(person) else self.get_response(request)

    def _note_session(self, request: HttpRequest) -> None:
        """Where and when the session was last used: written once a minute, or when it comes from elsewhere."""
        key, here, now = request.session.session_key or "", caller_of(request), timezone.now()
        last = self._seen.get(key)
        if last is not None and last[1] == here.address and now - last[0] < _MINUTE:
            return
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        self._seen[key] = (now, here.address)
        if here.address is not None:
            seen(key, here.address, here.agent, now=now)

    def process_view(self, request: HttpRequest, *_view: object) -> None:
        """A form of more fields than any of ours has is not even read."""
        known = request.resolver_match
        if request.method != "POST" or request.path.startswith("/api/") or known is None:
            return
        if has_many_fields(known.url_name):
            return
        if sum(len(each) for _, each in request.POST.lists()) > _MOST_FIELDS:
            message = f"A form may have {_MOST_FIELDS} fields."
            raise TooManyFieldsSent(message)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A refusal that a page did not answer itself is a page that says what to do."""
        if isinstance(exception, InvalidValue):
            exception = InvalidRequest(exception.message, field=exception.field, code=exception.code)
        if not isinstance(exception, Refusal):
            return None
        if isinstance(exception, TooManyAttempts):
            return wait_page(request, exception.seconds)
        status = _STATUS.get(exception.code, REFUSED)
        address = request.resolver_match.kwargs if request.resolver_match else {}
        if exception.code.startswith("unknown_") and exception.field in address:
            status = _STATUS[NotFound.code]
        return render(request, "web/refused.html", {"refusal": exception, "status": status}, status=status)
