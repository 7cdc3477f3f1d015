"""Every page x everybody x own and foreign rows: let in, or told exactly so much, and nothing in the database differs.

What is expected follows from the page's declaration and the roles' rights (rights.py); the exceptions are below, each
with its reason. Pages are read from the registry: one that is new without a form or an id fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.urls import get_resolver

from abono.interfaces.web import urls
from abono.interfaces.web.pages import PAGES, Page
from tests.doors.confirming import looked_at
from tests.doors.everybody.forms import form_of
from tests.doors.everybody.walk import filled, foreign, picture, strange, undone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from abono.features.access.people import Person
    from tests.doors.everybody.conftest import Here

SAVING = {"settings": "operator.change", "operator_settings": "operator.change", "webhook": "webhook.change"}
"""Pages that more may look at than may send."""
REFUSED = {("account_give", "manager"): "has what was given to him or her, and gives nothing away"}
"""Who is refused in spite of the right."""
UNSEEN = {
    "styleguide": "shows forms and keeps nothing",
    "choose_membership": "is kept in the session, which every call may touch",
    "end_session": "ends sessions, which every call may touch",
}
"""Pages that are sent, and no table is different."""
COUNTED = ("figures_again", "manager")
"""Figures of a manager's own accounts are counted when they are looked at, and kept for nobody."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def right_of(page: Page, method: str) -> str:
    """The right that a request needs."""
    return SAVING.get(page.name, page.right) if method == "POST" else page.right


def expected(page: Page, method: str, person: Person | None, *, own: bool) -> int | None:
    """The status of who is not let in; None for who is."""
    if person is None:
        return 302
    if person.kind not in page.kinds:
        return 404
    right = right_of(page, method)
    if (right and not person.may(right)) or (page.name, person.role) in REFUSED:
        return 403
    return None if own else 404


def ask(client: Client, page: Page, method: str, ids: Any, form: dict[str, Any]) -> Any:
    address = "/" + filled(page.path, ids)
    return client.get(address) if method == "GET" else client.post(address, form)


@pytest.mark.parametrize("page", [pytest.param(each, id=each.name) for each in PAGES])
def test_everybody_at_a_page(here: Here, page: Page) -> None:
    built, clients = here.town, here.clients
    own = built.south.named(page.name)
    wrong = [
        method
        for method in METHODS
        if method not in page.methods
        and clients["provider"].generic(method, "/" + filled(page.path, own)).status_code != 405
    ]
    for method in page.methods:
        form: dict[str, Any] = form_of(page.name, built.south) if method == "POST" else {}
        with undone():
            before = picture()
            wrong += [f"{method}: {table} was not undone" for table in before if before[table] != here.picture[table]]
            for who, client in clients.items():
                person = built.people.get(who)
                rows = {}
                if person is not None:
                    above, beside = who != "provider", not person.sees_all_accounts
                    rows = foreign(page.path, page.name, built, above=above, beside=beside)
                if (told := expected(page, method, person, own=True)) is not None:
                    rows = {"own": own, **{whose: rows[whose] for whose in list(rows)[:1]}}
                for whose, ids in rows.items():
                    told = expected(page, method, person, own=whose == "own")
                    answer = ask(client, page, method, ids, form)
                    if answer.status_code != told or (
                        told == 302 and not answer["Location"].startswith("/sign/login/")
                    ):
                        wrong.append(f"{method} {who} {whose}: {answer.status_code}, not {told}")
            after = picture()
            wrong += [f"{method}: {table} is different" for table in before if before[table] != after[table]]
        for who, person in built.people.items():
            if expected(page, method, person, own=True) is None:
                form["membership"] = person.membership
                wrong += [f"{method} {who} own: {each}" for each in _let_in(here, page, method, who, form, before)]
    assert wrong == []


def _let_in(here: Here, page: Page, method: str, who: str, form: dict[str, Any], before: dict[str, str]) -> list[str]:
    """What is wrong where somebody is let in: nothing was done, or too much is told. All before it was undone."""
    ids = here.town.south.named(page.name)
    client = here.clients[who]
    with undone():
        sent = looked_at(client, "/" + filled(page.path, ids), form) if method == "POST" else {}
        answer = ask(client, page, method, ids, sent)
        changed = method == "POST" and picture() != before
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    beside = not here.town.people[who].sees_all_accounts
    told = strange(body, above=who != "provider", beside=beside)
    sees = method == "GET" or page.name in UNSEEN or (page.name, who) == COUNTED
    right = answer.status_code == 200 if method == "GET" else answer.status_code in {200, 302, 303}
    return [
        *([] if right else [f"answered {answer.status_code}"]),
        *([] if changed is not sees else [f"{changed=}"]),
        *told,
    ]


OPEN = {
    "api-docs": "the reference is for whoever writes a program",
    "openapi-json": "so is the contract",
    "api-root": "ninja's name for the API itself",
    "brand_logo": "is shown on the page of the sign-in",
    "choose_language": "keeps a choice of the device",
    "choose_theme": "keeps a choice of the device",
    "invitation": "is for whoever has its secret",
}
"""Addresses for everybody, with the reason. Those below sign/ are allauth's, see test_signing_*.py."""


def _addresses(patterns: Any, before: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        if hasattr(each, "url_patterns"):
            yield from _addresses(each.url_patterns, before + str(each.pattern))
        else:
            yield before + str(each.pattern), each.name or ""


@pytest.mark.django_db(transaction=True)
def test_every_address_is_walked_or_open_for_a_reason() -> None:
    assert urls.urlpatterns
    walked = {each.name for each in PAGES}
    left = {
        name
        for address, name in _addresses(get_resolver().url_patterns)
        if name not in walked and not address.startswith(("sign/", "api/v1/"))
    }
    assert left <= set(OPEN)
