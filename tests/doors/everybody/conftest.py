"""The town, and everybody in it with a browser and with a key: built once for all pages and endpoints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from abono.features.access.operations import add_key
from abono.features.access.rights import OF_ROLE, RIGHTS, Role
from tests.doors.api.conftest import Caller, key_of
from tests.doors.everybody.houses import Town, town
from tests.doors.everybody.walk import OTHERS, picture
from tests.doors.web.signing_world import Somebody, browser, forget_limits, signed_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django.plugin import DjangoDbBlocker


@dataclass(frozen=True)
class Here:
    """The town; browsers and keys by whose they are."""

    town: Town
    clients: dict[str, Client]
    callers: dict[str, Caller]
    picture: dict[str, str]


@pytest.fixture(scope="package")
def here(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Here]:  # noqa: ARG001
    """One town for all: what is done in it is undone (see walk.py)."""
    with django_db_blocker.unblock(), override_settings(API_CALLS_A_SECOND=1_000_000):
        forget_limits()
        built = town()
        clients = _clients(built)
        callers = _callers(built, clients)
        yield Here(built, clients, callers, picture())
        call_command("flush", verbosity=0, interactive=False)


def _clients(built: Town) -> dict[str, Client]:
    """A browser for everybody, who signed in with the password; and one of nobody's."""
    clients = {"nobody": browser(raise_request_exception=False)}
    for who, person in built.people.items():
        assert person.user is not None
        clients[who] = signed_in(Somebody(person.email, person.user, built.south.seller, person.membership or 0))
        clients[who].raise_request_exception = False
        assert clients[who].get("/").status_code == 200
    return clients


def _callers(built: Town, clients: dict[str, Client]) -> dict[str, Caller]:
    """Keys with the rights of every role, and callers whom nobody knows."""
    now, seller = datetime.now(UTC), built.south.seller
    bare, revoked, others = key_of(seller, ["account.view"]), key_of(seller), key_of(seller)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_apikey SET rights = '{}' WHERE prefix = %s", [bare[:12]])
        cursor.execute("UPDATE access_apikey SET name = %s WHERE prefix = %s", [OTHERS, others[:12]])
        cursor.execute("UPDATE access_apikey SET revoked_at = now() WHERE prefix = %s", [revoked[:12]])
    return {
        "no key": Caller(""),
        "a wrong key": Caller("abono_" + "x" * 43),
        "revoked": Caller(revoked),
        "expired": Caller(key_of(seller, now=now - timedelta(days=2), expires_at=now - timedelta(days=1))),
        "a session": Caller("", clients[Role.ADMINISTRATOR]),
        "without rights": Caller(bare),
        OTHERS: Caller(others),
        "provider": Caller(add_key(built.people["provider"], built.north.seller.id, "All", RIGHTS, now=now)),
        **{role: Caller(key_of(seller, sorted(OF_ROLE[role]))) for role in Role},
    }
