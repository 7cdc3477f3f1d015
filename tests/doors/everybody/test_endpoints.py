"""Every endpoint x every key x own and foreign rows: 401, 403, 404 or done, and nothing differs but for who may.

What is expected follows from the endpoint's declared right; a key has rights and no kind. Endpoints are read from the
registry: one that is new with an id that no house has, or a body whose example does nothing, fails.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from abono.features.access.rights import OF_ROLE, RIGHTS
from abono.interfaces.api import urls
from abono.interfaces.api.calls import ENDPOINTS, Endpoint
from abono.interfaces.api.examples import example_of
from tests.doors.everybody.walk import OTHERS, filled, foreign, picture, strange, undone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doors.everybody.conftest import Here
    from tests.doors.everybody.houses import House

NONE = ("no key", "a wrong key", "revoked", "expired", "a session")
"""Callers whom nobody knows."""
READS = frozenset({"preview_operation", "quote"})
"""What is sent and only worked out."""

ALSO = {"preview_operation": "subscription.create"}
"""Who wants to know what a deed would do needs its right as well: in the example, of an order."""


RIGHTS_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(NONE, frozenset()),
    "without rights": frozenset(),
    "provider": frozenset(RIGHTS),
    **{str(role): rights for role, rights in OF_ROLE.items()},
}


def body_of(endpoint: Endpoint, house: House) -> Any:
    """What is sent to an endpoint: its example, with the names of a house."""
    kind = endpoint.view.__annotations__.get("body")
    if kind is None:
        return None
    plan = f"extra-{house.seller.code}" if endpoint.name == "offer_plan" else f"line-{house.seller.code}"
    later = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    real: Mapping[str, Any] = {
        **({} if endpoint.name == "invite_somebody" else {"account": house.ids["account"]}),  # staff have no account
        "subscription": str(house.ids["subscription"]),
        "service": f"{'people' if endpoint.name == 'change_seats' else 'calls'}-{house.seller.code}",
        "time": None,
        "plan": plan,
        **dict.fromkeys(("operator", "parent"), house.seller.id),
        **dict.fromkeys(("valid_from", "price_from", "starts_on", "until"), later),
        **dict.fromkeys(("manager", "agent")),
        "url": "https://93.184.215.15/",
        **({"credit_limit": "0.00"} if endpoint.name == "create_account" else {}),
    }
    body: dict[str, Any] = example_of(kind)
    if endpoint.name == "record_usage_batch":
        return {"events": [{**each, **{name: real[name] for name in each if name in real}} for each in body["events"]]}
    return {name: real.get(name, value) for name, value in body.items()}


def expected(endpoint: Endpoint, who: str, *, own: bool) -> int | None:
    """The status of who is not let in; None for who is."""
    if who in NONE:
        return 401
    if who == OTHERS:
        return 403 if endpoint.right else None
    if not {endpoint.right, ALSO.get(endpoint.name, "")} - {""} <= RIGHTS_OF[who]:
        return 403
    return None if own else 404


def _leave_but(right: str) -> None:
    """One key has all rights but this one."""
    with connection.cursor() as cursor:
        rights = [each for each in RIGHTS if each != right]
        cursor.execute("UPDATE access_apikey SET rights = %s WHERE name = %s", [rights, OTHERS])


@pytest.mark.parametrize("endpoint", [pytest.param(each, id=each.name) for each in ENDPOINTS])
def test_every_key_at_an_endpoint(here: Here, endpoint: Endpoint) -> None:
    built, callers = here.town, here.callers
    own = built.south.named(endpoint.name)
    body = body_of(endpoint, built.south)
    wrong = []
    with undone():
        _leave_but(endpoint.right)
        before = picture()
        for who, caller in callers.items():
            rows = foreign(endpoint.path, endpoint.name, built, above=who != "provider")
            if expected(endpoint, who, own=True) is not None:
                rows = {"own": own, **{whose: rows[whose] for whose in list(rows)[:1]}}
            for whose, ids in rows.items():
                told = expected(endpoint, who, own=whose == "own")
                answer = caller(endpoint.method, filled(endpoint.path, ids), body)
                if answer.status != told or answer.headers["Content-Type"] != "application/problem+json":
                    wrong.append(f"{who} {whose}: {answer.status}, not {told}: {answer.content[:300]!r}")
        after = picture()
        wrong += [f"{table} is different" for table in before if before[table] != after[table]]
    for who, caller in callers.items():
        if expected(endpoint, who, own=True) is None:
            with undone():
                answer = caller(endpoint.method, filled(endpoint.path, own), body)
                changed = endpoint.method != "GET" and picture() != here.picture
            wrong += [f"{who} is told of {each}" for each in strange(answer.content, above=who != "provider")]
            if answer.status != endpoint.status or changed is (endpoint.method == "GET" or endpoint.name in READS):
                wrong.append(f"{who} own: {answer.status}, changed={changed}: {answer.content[:300]!r}")
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_every_endpoint_says_what_it_is() -> None:
    assert urls.urlpatterns
    assert len({each.name for each in ENDPOINTS}) == len(ENDPOINTS)
    for each in ENDPOINTS:
        assert each.summary and each.description, each.name
        assert each.right == "" or each.right in RIGHTS, each.name
