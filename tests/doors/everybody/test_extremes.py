"""Whatever may be stored is read by every page and endpoint: the extremes of every field, and all of them opened.

Fields, their limits, pages and endpoints are read from the models and registries, so that a new one is covered by
itself. What the database refuses (a closed set, days in their order) cannot be stored, and stays as it was.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, connection, models, transaction
from psycopg import sql

from abono.features.operators.zones import zones
from abono.interfaces.api.calls import ENDPOINTS
from abono.interfaces.web.pages import PAGES
from abono.kernel.fields import FIRST_DAY, LAST_DAY
from abono.kernel.money import LIMIT
from tests.doors.everybody.test_pages import expected
from tests.doors.everybody.walk import filled, undone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.doors.everybody.conftest import Here

ENDS = ("least", "most")
ODD = "Ж\"><b>'&;=1+1{}%s\\ß\N{GRINNING FACE}漢\u0627 W"
SIGNED = ("balance", "amount", "tax", "net", "paid", "monthly", "collected", "charged", "missing")
"""Amounts that may be below 0; all others are refused there by whatever writes them."""
WORKING = ("due_at", "reached_at", "claimed_until", "valid_from", "valid_to")
"""What the engine goes on from and by: days that belong together and are no thing to be read."""
CLOSED = {
    "access_user.password": "is compared with what the session remembers: nobody would be signed in",
    **dict.fromkeys(
        ("catalogue_plan.period", "catalogue_plan.anchor", "access_invitation.role"),
        "one of a few words; whatever writes it judges it",
    ),
    **dict.fromkeys(
        (
            f"subscriptions_subscription.{name}"
            for name in ("anchor_on", "starts_on", "period_starts_on", "period_ends_on", "paid_until", "look_at",
                         "paused_on", "paused_until", "suspended_on", "trial_ends_on")
        ),
        "days of one subscription belong together; the engine plays its next boundary from them",
    ),
}  # fmt: skip
"""What stays as it is, and why."""
ELSE = {("my_promise", "least"): "no promise is offered by an operator whose limit is 0"}
"""Pages that are another page at an end, and why."""
MARKUP = b'"><b>'
WORDS = {
    "locale": ("zz", "zzz-ABCDEFGH-1234567"),
    "currency": ("JPY", "CLF"),
    "time_zone": ("Etc/GMT+12", max(zones(), key=len)),
}
"""What a text may be where its column says less than the operation that writes it."""


def ends_of(field: models.Field[Any, Any]) -> tuple[Any, Any] | None:
    """The least and the most that a column may hold; None where it names something or is made of others."""
    if field.primary_key or field.is_relation or field.generated or field.name.endswith("_id") or field.name in WORKING:
        return None
    found: tuple[Any, Any] | None = WORDS.get(field.name)
    match field:
        case _ if found is not None:
            pass
        case models.DateTimeField():
            found = datetime.combine(FIRST_DAY, time(), UTC), datetime.combine(LAST_DAY, time.max, UTC)
        case models.DateField():
            found = FIRST_DAY, LAST_DAY
        case models.BigIntegerField():
            found = (1 - LIMIT) if field.name in SIGNED else 0, LIMIT - 1
        case models.DecimalField():
            least = Decimal(1).scaleb(-(field.decimal_places or 0))
            found = least, Decimal(10) ** min(15, (field.max_digits or 0) - (field.decimal_places or 0)) - least
        case models.CharField() if field.max_length:
            found = "", "".join(islice(cycle(ODD), field.max_length))
    return found


def _fields() -> Iterator[models.Field[Any, Any]]:
    for model in apps.get_models():
        if model.__module__.startswith("abono."):
            yield from model._meta.concrete_fields  # noqa: SLF001 -- Django's own way to ask


def _name(field: models.Field[Any, Any]) -> str:
    return f"{field.model._meta.db_table}.{field.column}"  # noqa: SLF001 -- likewise


def stretch(end: str) -> Iterator[str]:
    """Put every column to its end, where there is something in it; answers those that the database let be."""
    for field in _fields():
        found, name = ends_of(field), _name(field)
        if found is None or name in CLOSED:
            continue
        table, column = name.split(".")
        names = [sql.Identifier(table), *[sql.Identifier(column)] * 2]
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    sql.SQL("UPDATE {} SET {} = %s WHERE {} IS NOT NULL").format(*names), [found[ENDS.index(end)]]
                )
        except (IntegrityError, DataError):
            continue
        yield name


@pytest.mark.parametrize("end", ENDS)
def test_everything_can_be_read_whatever_is_stored(here: Here, end: str) -> None:
    with undone():
        stretched = set(stretch(end))
        wrong = [*_pages(here, end), *_endpoints(here)]
    assert wrong == []
    assert len(stretched) > 150


def _pages(here: Here, end: str) -> Iterator[str]:
    """What is wrong with a page, seen by one of each kind of people who have it."""
    for page in PAGES:
        if "GET" not in page.methods or (page.name, end) in ELSE:
            continue
        address, seen = "/" + filled(page.path, here.town.south.named(page.name)), set()
        for who, person in here.town.people.items():
            if person.kind in seen or expected(page, "GET", person, own=True) is not None:
                continue
            seen.add(person.kind)
            answer: Any = here.clients[who].get(address)
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if answer.status_code != 200:
                yield f"{page.name}, {who}: {answer.status_code}"
            elif answer["Content-Type"].startswith("text/html") and MARKUP in body:
                yield f"{page.name}, {who}: a text became markup"


def _endpoints(here: Here) -> Iterator[str]:
    """What is wrong with the answer of an endpoint that reads, as JSON and as a table."""
    for endpoint in ENDPOINTS:
        for kind in ("application/json", *(["text/csv"] if endpoint.csv else [])) if endpoint.method == "GET" else ():
            address = filled(endpoint.path, here.town.south.named(endpoint.name))
            told = here.callers["provider"]("GET", address, None, Accept=kind)
            if told.status != 200:
                yield f"{endpoint.name}, {kind}: {told.status} {told.content[:300]!r}"


@pytest.mark.django_db(transaction=True)
def test_what_stays_as_it_is_is_there() -> None:
    assert set(CLOSED) <= set(map(_name, _fields()))
