"""Every page in a real browser, in both widths, by day and by night: nothing grave, nothing too wide, no complaint.

Pages are read from the registry and seen by one of each kind of people who have them (``make looks``; minutes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_django.live_server_helper import LiveServer

from abono.interfaces.web.pages import PAGES, Page
from tests.browser import Visits, wrong_in
from tests.doors.everybody.test_pages import expected
from tests.doors.everybody.walk import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

    from abono.features.access.rights import Kind
    from tests.doors.everybody.conftest import Here

pytestmark = pytest.mark.looks
PARTS = {"operator_find"}
"""What a page asks for and shows within itself; it has no head of its own."""
SHOWN = [pytest.param(each, id=each.name) for each in PAGES if "GET" in each.methods and each.name not in PARTS]


class Window:
    """A tab for one of each kind of people, signed in."""

    def __init__(self, here: Here, visits: Visits) -> None:
        self.here, self.visits = here, visits
        self.tabs: dict[str, Tab] = {}

    def of(self, who: str) -> Tab:
        """The tab of somebody."""
        if who not in self.tabs:
            tab = self.visits("/sign/login/")
            session = self.here.clients[who].cookies["sessionid"].value
            tab.context.add_cookies([{"name": "sessionid", "value": session, "url": self.visits.site}])
            self.tabs[who] = tab
        return self.tabs[who]


@pytest.fixture(scope="module")
def window(here: Here, browser: Browser) -> Iterator[Window]:
    """The town, served."""
    server = LiveServer("localhost")
    visits = Visits(browser, server.url)
    yield Window(here, visits)
    visits.close()
    server.stop()


def lookers(here: Here, page: Page) -> dict[Kind, str]:
    """One of each kind of people who are let in, by kind."""
    found: dict[Kind, str] = {}
    for who, person in here.town.people.items():
        if who != "provider" and expected(page, "GET", person, own=True) is None:
            found.setdefault(person.kind, who)
    return found


@pytest.mark.parametrize("page", SHOWN)
def test_a_page_is_clean(window: Window, page: Page) -> None:
    here, wrong = window.here, []
    for kind, who in lookers(here, page).items():
        address = "/" + filled(page.path, here.town.south.named(page.name))
        answer = here.clients[who].get(address)
        if answer.streaming or not answer["Content-Type"].startswith("text/html"):
            continue  # a table to be downloaded
        tab = window.of(who)
        tab.goto(address)
        wrong += wrong_in(tab, f"{page.name}-{kind}")
    wrong += [*window.visits.complaints]
    window.visits.complaints.clear()
    assert wrong == []


@pytest.mark.django_db(transaction=True)
def test_no_page_is_left_out() -> None:
    assert {each.id for each in SHOWN} | PARTS == {each.name for each in PAGES if "GET" in each.methods}
    assert len(SHOWN) > 100
