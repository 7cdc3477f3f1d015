"""Somebody who clicks through the web in a language, at a width, by day or by night, and looks at every page."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from django.utils import timezone, translation
from django.utils.html import strip_tags
from tests.browser import DESK, HAND, LOOKS, Scheme, grave, too_wide
from tests.doors.web.signing_world import PASSWORD, Somebody
from tests.doors.web.test_signing_in import code_of, with_totp

from abono.features.billing.runs import advance
from abono.interfaces.web import formats

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page
    from tests.browser import Visits

Language = Literal["en", "ru", "de", "tr", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "ru", "de", "tr", "es")
EVERY_LOOK = bool(os.environ.get("ABONO_EVERY_LOOK"))
"""Whether somebody wants the journeys in every language, at every width, by day and by night (``make journeys``)."""


@dataclass(frozen=True)
class Eyes:
    """How somebody looks at the web."""

    language: Language
    width: int
    scheme: Scheme

    def __str__(self) -> str:
        """Its name, for tests and pictures."""
        return f"{self.language}-{self.width}-{self.scheme}"


ENGLISH_DAY, RUSSIAN_NIGHT = Eyes("en", DESK, "light"), Eyes("ru", HAND, "dark")
RUSSIAN_DAY, ENGLISH_NIGHT = Eyes("ru", DESK, "light"), Eyes("en", HAND, "dark")


def eyes_of(*few: Eyes) -> list[Eyes]:
    """These; all there are where somebody wants to see everything."""
    every = [Eyes(language, width, scheme) for language in LANGUAGES for width, scheme in LOOKS]
    return every if EVERY_LOOK else [*few]


class Clock:
    """The time that the server reads; only a test lets it run ahead."""

    ahead = timedelta()

    def now(self) -> datetime:
        """This moment, as far ahead as it is."""
        return datetime.now(UTC) + self.ahead

    def let_pass(self, days: int) -> None:
        """Some days pass, with all work that is due in them."""
        self.ahead += timedelta(days=days)
        report = advance(timezone.now())
        assert report.failures == []


class Journey:
    """A page of a browser in which everything is found by what it says, in the language of who looks."""

    def __init__(self, visit: Visits, eyes: Eyes, name: str) -> None:
        self.eyes, self.name, self.visit = eyes, name, visit
        self.page: Page = visit("/", width=eyes.width, scheme=eyes.scheme, language=eyes.language)
        self.looked = 0

    # ---- What is said

    def say(self, text: str, **values: object) -> str:
        """A text of the product in the language."""
        with translation.override(self.eyes.language):
            found = translation.gettext(text)
        return strip_tags(found) % values if values else found

    def like(self, text: str, **values: object) -> re.Pattern[str]:
        """A text of the product, whatever stands where no value is given."""
        parts = re.split(r"%\((\w+)\)s", self.say(text))
        known = {name: re.escape(str(value)) for name, value in values.items()}
        return re.compile(
            "".join(known.get(part, ".*") if odd % 2 else re.escape(part) for odd, part in enumerate(parts))
        )

    def amount(self, minor: int, currency: str = "EUR") -> str:
        """An amount as it is written in the language."""
        with translation.override(self.eyes.language):
            return formats.amount(minor, currency)

    # ---- What is looked at

    def look(self, name: str) -> None:
        """The page is as it should be: nothing too wide, nobody kept out, in the language; a picture if wanted."""
        self.looked += 1
        page, where = self.page, f"{self.name}: {name} ({self.page.url})"
        assert page.locator("html").get_attribute("lang") == self.eyes.language, where
        assert page.get_by_role("heading", level=1).count() == 1, where
        assert too_wide(page) == 0, where
        found = grave(page)
        assert found == [], f"{where}: {found}"
        if shots := os.environ.get("ABONO_SHOTS"):
            page.screenshot(path=f"{shots}/journey-{self.name}-{self.looked:02}-{name}-{self.eyes}.png", full_page=True)

    def arrive(self, title: str, name: str) -> None:
        """Wait for a page by its title, and look at it."""
        self.page.get_by_role("heading", level=1, name=title).wait_for()
        self.look(name)

    def sees(self, text: str | re.Pattern[str]) -> None:
        """The page says something, in a line of its own or within one."""
        self.main.get_by_text(text).first.wait_for()

    @property
    def main(self) -> Locator:
        """What is not the frame around it."""
        return self.page.locator("main")

    # ---- What is done

    def go(self, label: str) -> None:
        """By the navigation, which a telephone has behind a button."""
        if self.eyes.width < DESK:
            self.page.get_by_role("button", name=self.say("Menu")).click()
        self.page.get_by_role("navigation").get_by_role("link", name=self.say(label), exact=True).click()

    def follow(self, label: str, **values: object) -> None:
        """A link of the page."""
        self.main.get_by_role("link", name=self.say(label, **values), exact=True).first.click()

    def press(self, label: str) -> None:
        """A button of the page."""
        self.main.get_by_role("button", name=self.say(label), exact=True).click()

    def field(self, label: str) -> Locator:
        """A field of the page by how its label begins."""
        return self.main.get_by_label(re.compile(f"^{re.escape(self.say(label))}")).first

    def fill(self, **fields: str) -> None:
        """Fields by their labels, with ``_`` for a blank."""
        for label, value in fields.items():
            self.field(label.replace("_", " ")).fill(value)

    def choose(self, label: str) -> None:
        """One of a few."""
        self.main.get_by_role("radio", name=self.say(label)).check()

    def try_and_confirm(self, confirm: str, name: str) -> None:
        """See what will happen, then do it."""
        self.press("See what will happen")
        self.page.get_by_role("region", name=self.say("Preview")).wait_for()
        self.look(f"{name}-preview")
        self.press(confirm)
        self.main.get_by_role("status").locator(".toast.success").wait_for()

    def sign_in(self, somebody: Somebody) -> None:
        """With the password and the code of a telephone."""
        secret = with_totp(somebody.user)
        self.arrive(self.say("Sign in"), "sign-in")
        self.main.locator("[name=login]").fill(somebody.email)
        self.main.locator("[name=password]").fill(PASSWORD)
        self.main.get_by_role("button", name=self.say("Sign in"), exact=True).click()
        self.arrive(self.say("Second step"), "second-step")
        self.main.locator("[name=code]").fill(code_of(secret))
        self.press("Sign in")
        self.main.locator("[name=code]").wait_for(state="detached")

    # ---- By keys alone

    def enter(self, key: str = "Enter") -> None:
        """Press a key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def key_to(self, there: Locator) -> None:
        """Press Tab until something has the focus; on the way the focus is always seen, and never covered."""
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            wrong = self.page.evaluate(_FOCUS_IS_SEEN)
            assert wrong == "", f"{self.page.url}: {wrong}"
            if there.evaluate("each => each === document.activeElement"):
                return
        message = f"No way by Tab to {there}"
        raise AssertionError(message)


_MOST_TABS = 60
_FOCUS_IS_SEEN = """() => {
  const it = document.activeElement;
  if (it === document.body) return "";
  const style = getComputedStyle(it), box = it.getBoundingClientRect();
  const ringed = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const free = seen && (it === seen || it.contains(seen) || seen.contains(it));
  return ringed && free ? "" : `${ringed ? "covered" : "not ringed"}: ${it.outerHTML.slice(0, 200)}`;
}"""
