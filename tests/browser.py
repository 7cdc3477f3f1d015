"""A real browser in front of the real web: fixtures for every test that clicks.

``site`` serves the suite's database from a thread; ``visit`` opens a page as somebody, at a width and by day or night.
Whatever the browser complains of (an error of a script, a thing that the CSP forbids, a file that is missing) fails
the test. Tests that use it need ``pytest.mark.django_db(transaction=True)``.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page
    from pytest_django import Settings

Scheme = Literal["light", "dark"]
DESK, HAND = 1440, 390
"""The two widths that everything is looked at in."""
LOOKS: list[tuple[int, Scheme]] = [(DESK, "light"), (DESK, "dark"), (HAND, "light"), (HAND, "dark")]
"""How every page is looked at."""


LEFT = ("htmx:sendAbort,", "htmx:afterRequest,")
"""htmx calls it an error, under both names, that a page was left before a fragment came. It has others for the rest."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the system's if there is one, else Playwright's own."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    # Playwright runs a loop of its own in this thread, and Django takes that for an asynchronous caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        opened = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield opened
        opened.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


@pytest.fixture
def site(transactional_db: None, settings: Settings) -> Iterator[str]:  # noqa: ARG001 -- rows must be seen by other connections
    """The address at which the web is served, with the suite's database behind it."""
    server = LiveServer("localhost")
    settings.CSRF_TRUSTED_ORIGINS = [server.url]
    yield server.url
    server.stop()


@dataclass
class Visits:
    """Opens pages for a test; ``complaints`` is what the browser said that it should not have to say."""

    browser: Browser
    site: str
    complaints: list[str] = field(default_factory=list)
    _closing: list[Callable[[], None]] = field(default_factory=list)

    def __call__(
        self,
        address: str = "/",
        *,
        user: int | None = None,
        width: int = DESK,
        scheme: Scheme = "light",
        language: str = "en",
    ) -> Page:
        """A page that shows ``address``, signed in as a user (an id) if one is given, in a context of its own."""
        context = self.browser.new_context(
            base_url=self.site,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=language,
            reduced_motion="reduce",
        )
        self._closing.append(context.close)
        if user is not None:
            context.add_cookies([{"name": "sessionid", "value": session_of(user), "url": self.site}])
        page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.goto(address)
        return page

    def expect(self, text: str) -> None:
        """Take back complaints with this text in them, for a test that provokes them (such as a refused form's 422)."""
        self.complaints[:] = [each for each in self.complaints if text not in each]

    def close(self) -> None:
        """Leave all pages."""
        for close in self._closing:
            close()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(LEFT):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visits]:
    """Opens pages; the browser must not complain of any."""
    visits = Visits(browser, site)
    yield visits
    visits.close()
    assert visits.complaints == []


def session_of(user: int) -> str:
    """The session key of a user who just signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user), "allauth.account.auth_backends.AuthenticationBackend")
    return client.session.session_key or ""


def grave(page: Page) -> list[str]:
    """What keeps people from using a page (axe, WCAG 2.2 AA): the rule and where it is broken; empty is right."""
    run = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    if page.evaluate("typeof axe") == "undefined":  # a page that is looked at again has it
        page.evaluate(Axe().axe_script)
    options = {"runOnly": run, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options).then(results => results.violations)", options)
    return [
        f"{each['id']}: {node['target'][0]} ({node['failureSummary'].splitlines()[-1].strip()})"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


def wrong_in(page: Page, name: str) -> list[str]:
    """What is wrong with a page in either width, by day or by night; empty is right.

    Pictures of all four are kept under this name where ``ABONO_SHOTS`` names a folder for them.
    """
    found = [] if page.get_by_role("heading", level=1).count() == 1 else ["not one heading of level 1"]
    before = page.viewport_size
    page.evaluate("scrollTo(0, 0)")
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        if shots := os.environ.get("ABONO_SHOTS"):
            page.screenshot(path=f"{shots}/{name}-{width}-{scheme}.png", full_page=True)
        wide = too_wide(page)
        told = [*([f"{wide} px too wide"] if wide else []), *grave(page)]
        found += [f"{name} at {width}, {scheme}: {each}" for each in told]
    if before:
        page.set_viewport_size(before)
    return found


def too_wide(page: Page) -> int:
    """By how many pixels a page has to be scrolled sideways; 0 is right."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
