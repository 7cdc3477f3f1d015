"""Every endpoint x every key that may not: 401, 403 or 404, and nothing in the database is any different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from abono.features.access.rights import RIGHTS
from abono.interfaces.api import urls  # noqa: F401 -- declares the endpoints
from abono.interfaces.api.calls import ENDPOINTS, Endpoint

from .conftest import Caller, key_of
from .houses import MARKS, House, body_of, build, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

ALL = [pytest.param(each, id=each.name) for each in ENDPOINTS]
GUARDED = [pytest.param(each, id=each.name) for each in ENDPOINTS if each.right]
ADDRESSED = [pytest.param(each, id=each.name) for each in ENDPOINTS if "{" in each.path]
LISTS = [pytest.param(each, id=each.name) for each in ENDPOINTS if "{" not in each.path and each.method == "GET"]


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[House]:  # noqa: ARG001
    """One house for all: whoever may not, changes nothing in it."""
    with django_db_blocker.unblock():
        yield build()
        call_command("flush", verbosity=0, interactive=False)


def refused(house: House, caller: Caller, endpoint: Endpoint) -> tuple[int, str]:
    """What a caller is told, who must not have changed anything."""
    before = fingerprint()
    answer = caller(endpoint.method, house.path(endpoint), body_of(endpoint))
    assert fingerprint() == before
    return answer.told


@pytest.mark.parametrize("endpoint", ALL)
def test_no_key_a_revoked_one_and_an_expired_one(house: House, endpoint: Endpoint) -> None:
    for caller in (Caller(""), house.revoked, house.expired):
        assert refused(house, caller, endpoint) == (401, "unauthorized")


@pytest.mark.parametrize("endpoint", GUARDED)
def test_a_key_with_every_other_right(house: House, endpoint: Endpoint) -> None:
    others = Caller(key_of(house.seller, [each for each in RIGHTS if each != endpoint.right]))
    assert refused(house, others, endpoint) == (403, "forbidden")


@pytest.mark.parametrize("endpoint", ADDRESSED)
def test_a_key_of_a_sister_with_guessed_ids(house: House, endpoint: Endpoint) -> None:
    status, code = refused(house, house.sister, endpoint)
    assert (status, code.startswith(("not_found", "unknown_"))) == (404, True)


@pytest.mark.parametrize("endpoint", LISTS)
def test_lists_of_a_sister_tell_nothing_of_the_house(house: House, endpoint: Endpoint) -> None:
    answer = house.sister("GET", endpoint.path)
    assert answer.status == 200
    text = answer.content.decode()
    assert [mark for mark in MARKS if mark in text] == []
    ours = house.full("GET", endpoint.path)
    assert ours.status == 200
    assert ours.content != answer.content or not ours.body.get("items", [1])


@pytest.mark.django_db(transaction=True)
def test_every_endpoint_says_what_it_is() -> None:
    assert len({each.name for each in ENDPOINTS}) == len(ENDPOINTS)
    for each in ENDPOINTS:
        assert each.summary and each.description, each.name
        assert each.right == "" or each.right in RIGHTS, each.name
