"""The pages of staff in a real browser: nothing scrolls sideways, nobody is kept out, no script complains."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from tests.browser import wrong_in
from tests.doors.web.staff_world import World, world

from abono.features.accounts.operations import open_account
from abono.features.accounts.profiles import write_note
from abono.features.billing import blocks, money, orders
from abono.features.billing.runs import advance
from abono.features.ledger.queries import statement

if TYPE_CHECKING:
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "Torres Security, video surveillance of the northern parking"


def busy() -> World:
    """An account that has a bit of everything."""
    one = world()
    now = timezone.now()
    past = now - timedelta(days=40)
    one.account = open_account(one.operator, "3001", now=past, name=LONG)
    money.pay(one.account, 2_500, now=past, text="Bank transfer of October, invoice 4711")
    one.line = orders.subscribe(one.account, "line", now=past, unit="gate north")
    orders.subscribe(one.account, "line", now=past, unit="gate south of the second building")
    advance(now, operator=one.operator.id, workers=1)
    blocks.block(one.account, now=now, subscription=one.line)
    money.promise(one.account, 5_000, 5, now=now, fee=100)
    orders.cancel(one.account, orders.subscribe(one.account, "line", now=now), now=now)
    write_note(one.account, "Pays at the end of the month.", author="Anna", now=now)
    return one


def test_the_pages_of_staff_are_clean(visit: Visits) -> None:
    one = busy()
    user = int(one.boss.session["_auth_user_id"])
    mine, line = f"/accounts/{one.account}/", f"/accounts/{one.account}/subscriptions/{one.line}/"
    charge = next(row for row in statement(one.account).items if row.kind == "charge")
    pages = {
        "home": "/",
        "accounts": "/accounts/",
        "nothing": "/accounts/?search=zzz",
        "new-account": "/accounts/new/",
        "account": mine,
        "statement": f"{mine}statement/",
        "history": f"{mine}history/",
        "subscribe": f"{mine}subscribe/",
        "adjust": f"{mine}adjust/",
        "give": f"{mine}give/",
        "subscription": line,
        "cancel": f"{line}cancel/",
        "unblock": f"{line}unblock/",
        "entry": f"{mine}entries/{charge.id}/",
        "subscriptions": "/subscriptions/",
        "payments": "/payments/",
        "search": "/search/?q=gate",
    }
    wrong = []
    page = visit("/", user=user)
    for name, address in pages.items():
        page.goto(address)
        wrong += wrong_in(page, f"staff-{name}")
    assert wrong == []


def test_a_payment_is_entered_by_clicking_and_what_is_refused_gets_the_focus(visit: Visits) -> None:
    one = busy()
    user = int(one.boss.session["_auth_user_id"])
    page = visit(f"/accounts/{one.account}/", user=user)
    page.get_by_role("link", name="Enter a payment", exact=True).click()
    page.get_by_label("Amount").fill("1,234")
    page.get_by_role("button", name="See what will happen").click()
    assert "can be read in two ways" in page.locator(".error").inner_text()
    visit.expect("422")
    assert page.get_by_label("Amount").input_value() == "1,234"
    assert page.evaluate("document.activeElement.getAttribute('role')") == "alert"
    page.get_by_label("Amount").fill("12,50")
    page.get_by_role("button", name="See what will happen").click()
    assert "€12.50" in page.get_by_role("region", name="Preview").inner_text()
    page.get_by_role("button", name="Enter the payment").click()
    assert "The payment is entered." in page.locator(".toasts").inner_text()
    assert "+12.50" in page.get_by_role("table", name="Statement").inner_text()


def test_a_slash_goes_to_the_search_and_finds_a_unit(visit: Visits) -> None:
    one = busy()
    user = int(one.boss.session["_auth_user_id"])
    page = visit("/payments/", user=user)
    page.keyboard.press("/")
    page.keyboard.type("gate n")
    page.keyboard.press("Enter")
    page.get_by_role("table", name="Subscriptions").get_by_role("link", name="line").first.click()
    assert "gate north" in page.get_by_role("heading", level=1).inner_text()
