"""What somebody hostile writes and asks: script in every text field, SQL in every filter, headers in what is echoed.

The rest is proved elsewhere, under tests/doors:

- foreign rows by guessed ids: test_pages.py and test_endpoints.py beside this file
- CSRF, oversized bodies, cookies, CSP, odd bytes: web/test_signing_hardening.py
- session fixation, open redirect, brute force, what can be guessed of addresses: web/test_signing_in.py
- formulas in files for spreadsheets, how many statements a page costs: web/test_staff_pages.py
- limits, sizes and odd calls of the API: api/test_frame.py and api/test_contract.py
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import pytest

from abono.features.access.rights import Kind
from abono.interfaces.api import urls as api_urls
from abono.interfaces.api.calls import ENDPOINTS, Endpoint, query_names
from abono.interfaces.web import urls as web_urls
from abono.interfaces.web.pages import PAGES, Page
from tests.doors.confirming import looked_at
from tests.doors.everybody.forms import form_of
from tests.doors.everybody.walk import filled, picture, strange, undone

if TYPE_CHECKING:
    from tests.doors.everybody.conftest import Here

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"
SHORT = "<b>'\"&"
"""For fields that take few letters."""
TEXTS = {
    "account_edit": {"name": HOSTILE},
    "account_new": {"name": HOSTILE, "number": "7'\"<b>"},
    "account_note": {"note": HOSTILE},
    "adjustment_new": {"text": HOSTILE},
    "key_new": {"name": HOSTILE},
    "operator_brand": {"brand_name": SHORT},
    "operator_new": {"name": HOSTILE},
    "operator_self_service": {"payment_text": HOSTILE},
    "operator_settings": {"name": HOSTILE},
    "payment_new": {"text": HOSTILE},
    "profile": {"name": HOSTILE},
    "refund_new": {"text": HOSTILE},
    "service_new": {"unit": SHORT},
    "settings": {"name": HOSTILE},
    "subscribe": {"unit": HOSTILE},
}
"""Every text that staff can write and others read, by page."""
EVIL = (
    "' OR 1=1 --",
    "x'); DROP TABLE access_user; --",
    "%' UNION SELECT 1 --",
    "\x00",
    "9" * 40,
    "\N{SNOWMAN}\r\nX-Evil: 1",
)
WHO = {Kind.STAFF: "administrator", Kind.SUBSCRIBER: "subscriber", Kind.AGENT: "agent"}
FILTERS = ("search", "q", "state", "kind", "plan", "operator", "account", "role", "actor", "action", "subject", "since",
           "until", "after")  # fmt: skip
"""Every name that a page of lists reads from its address, and some that it does not."""


def test_script_in_every_text_field_is_text_on_every_page(here: Here) -> None:
    built, boss = here.town, here.clients["administrator"]
    ids, refused, wrong = built.south.ids, [], []
    with undone():
        for page in PAGES:
            if page.name in TEXTS:
                form = {**form_of(page.name, built.south), **TEXTS[page.name]}
                address = "/" + filled(page.path, ids)
                status = boss.post(address, looked_at(boss, address, form)).status_code
                refused += [] if status in {200, 302, 303} else [(page.name, status)]
        for who in ("administrator", "subscriber", "agent"):
            person = built.people[who]
            for page in PAGES:
                if person.kind in page.kinds and "GET" in page.methods and "csv" not in page.name:
                    body = here.clients[who].get("/" + filled(page.path, built.south.named(page.name))).content.decode()
                    wrong += [(who, page.name, sign) for sign in ("<script>alert(1)", SHORT, "'&49") if sign in body]
    assert (refused, wrong) == ([], [])


LISTS = [
    each
    for each in PAGES
    if "GET" in each.methods
    and "<" not in each.path
    and "request.GET" in inspect.getsource(sys.modules[inspect.unwrap(each.view).__module__])
]
"""Pages of modules that read what stands in the address behind the question mark."""


@pytest.mark.parametrize("page", [pytest.param(each, id=each.name) for each in LISTS])
def test_sql_in_every_filter_of_a_page_is_a_text_like_others(here: Here, page: Page) -> None:
    client = here.clients[WHO[min(page.kinds)]]
    wrong: list[tuple[str, str, object]] = []
    with undone():
        before = picture()
        for name in FILTERS:
            for evil in EVIL[1:5]:
                answer: Any = client.get("/" + page.path, {name: evil})
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                if answer.status_code not in {200, 400, 404, 422} or strange(body) or "X-Evil" in answer:
                    wrong.append((name, evil, answer.status_code))
        assert (wrong, picture()) == ([], before)


DAYS = ("since", "until", "day")
DATED = [
    each
    for each in PAGES
    if "GET" in each.methods
    and {"DaysForm", "TrailForm", "day_of", "asked_of"} & set(inspect.unwrap(each.view).__globals__)
]
"""Pages of modules that read days from the address."""


@pytest.mark.parametrize("page", [pytest.param(each, id=each.name) for each in DATED])
def test_days_at_the_ends_of_the_calendar_do_not_narrow(here: Here, page: Page) -> None:
    client = here.clients[WHO[min(page.kinds)]]
    path = "/" + filled(page.path, here.town.south.named(page.name))
    with undone():
        plain = client.get(path).status_code
        far = [client.get(path, dict.fromkeys(DAYS, day)).status_code for day in ("0001-01-01", "9999-12-31")]
    assert far == [plain, plain]


def test_there_is_something_to_ask() -> None:
    assert (len(LISTS) > 10, len(DATED) > 10, len(FILTERED) > 10) == (True, True, True)
    assert api_urls.urlpatterns
    assert web_urls.urlpatterns


FILTERED = [each for each in ENDPOINTS if each.method == "GET" and query_names(each)]


@pytest.mark.parametrize("endpoint", [pytest.param(each, id=each.name) for each in FILTERED])
def test_sql_in_every_parameter_of_an_endpoint_is_a_text_like_others(here: Here, endpoint: Endpoint) -> None:
    caller = here.callers["administrator"]
    path = filled(endpoint.path, here.town.south.named(endpoint.name))
    wrong: list[tuple[str, str, Any]] = []
    with undone():
        before = picture()
        for name in sorted(query_names(endpoint)):
            for evil in EVIL:
                answer = caller.client.get(
                    f"/api/v1{path}", {name: evil}, headers={"Authorization": f"Bearer {caller.secret}"}
                )
                if answer.status_code not in {200, 400, 404, 422} or strange(answer.content) or "X-Evil" in answer:
                    wrong.append((name, evil, answer.status_code))
        assert (wrong, picture()) == ([], before)


@pytest.mark.parametrize("there", ["/\r\nX-Evil: 1", "/%0d%0aX-Evil: 1", "\nhttps://evil.example", "//evil.example"])
def test_no_header_is_made_of_what_somebody_sends(here: Here, there: str) -> None:
    client = here.clients["administrator"]
    with undone():
        for address, form in (("/me/language/", {"language": "de"}), ("/me/theme/", {"theme": "dark"})):
            answer = client.post(address, {**form, "next": there})
            assert answer.status_code == 303
            assert "X-Evil" not in answer
            assert "evil.example" not in answer["Location"]
            assert answer["Location"].startswith("/")
            assert not answer["Location"].startswith("//")
