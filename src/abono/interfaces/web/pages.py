"""Pages: every one is declared with its address, whom it is for and the right it needs.

A page that is not declared has no address; the test of rights walks all that are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, register_converter
from django.urls.converters import StringConverter
from django.views.decorators.http import require_http_methods

from abono.features.access.people import NotFound, Person
from abono.features.access.rights import Kind
from abono.kernel.fields import CODE

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class CodeConverter(StringConverter):
    """A code of a plan or a service in an address."""

    regex = CODE


class DayConverter:
    """A civil day in an address."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        """The day; a ValueError is an address that is not there."""
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        """As it stands in the address."""
        return value.isoformat()


register_converter(CodeConverter, "code")
register_converter(DayConverter, "isoday")


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in and let in."""

    person: Person
    now: datetime
    htmx: Any


SEE_OTHER = 303
"""The status with which a form that was carried out leads on."""
STAFF = frozenset({Kind.STAFF})
SUBSCRIBER = frozenset({Kind.SUBSCRIBER})
AGENT = frozenset({Kind.AGENT})
EVERYBODY = frozenset(Kind)


@dataclass(frozen=True)
class Page:
    """An address, the kinds of people who have it, and the right it needs (empty: being let in is enough).

    ``many_fields``: its form grows with the house and may have as many fields as the settings allow.
    """

    path: str
    name: str
    kinds: frozenset[Kind]
    right: str
    methods: tuple[str, ...]
    view: Callable[..., HttpResponseBase]
    many_fields: bool = False


PAGES: list[Page] = []
HOMES: dict[Kind, Callable[[PersonRequest], HttpResponseBase]] = {}
"""The first page of each kind of person; an area puts its own here."""


def home_of(
    kind: Kind,
) -> Callable[[Callable[[PersonRequest], HttpResponseBase]], Callable[[PersonRequest], HttpResponseBase]]:
    """Declare the first page of a kind of person."""

    def declare(view: Callable[[PersonRequest], HttpResponseBase]) -> Callable[[PersonRequest], HttpResponseBase]:
        HOMES[kind] = view
        return view

    return declare


def page(
    address: str,
    *,
    name: str,
    kinds: frozenset[Kind],
    right: str = "",
    methods: tuple[str, ...] = ("GET",),
    many_fields: bool = False,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Declare a page. Who is not signed in is sent to sign in; another kind finds nothing; without the right: 403."""

    def declare(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def guarded(request: HttpRequest, **values: object) -> HttpResponseBase:
            person: Person | None = getattr(request, "person", None)
            if person is None:
                return redirect_to_login(request.get_full_path())
            if person.kind not in kinds:
                message = "There is no such page."
                raise NotFound(message)
            if right:
                person.require(right)
            return view(cast("PersonRequest", request), **values)

        guarded = require_http_methods([*methods, *(["HEAD"] if "GET" in methods else [])])(guarded)
        PAGES.append(Page(address, name, kinds, right, methods, guarded, many_fields))
        return guarded

    return declare


def has_many_fields(name: str | None) -> bool:
    """Whether the form of a page may have as many fields as the settings allow."""
    return any(each.many_fields for each in PAGES if each.name == name)


def patterns() -> list[URLPattern]:
    """The addresses of all pages that were declared."""
    return [path(each.path, each.view, name=each.name) for each in PAGES]
