"""The pages of subscribers and agents in a real browser: by day and night, in the hand and on the desk, by clicking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.browser import wrong_in
from tests.doors.web.portal_world import Portal, ago, now, roll

from abono.features.access.operations import add_membership
from abono.features.access.rights import Kind
from abono.features.accounts.operations import open_account
from abono.features.accounts.profiles import edit_profile
from abono.features.billing import blocks, money, orders
from abono.features.billing.queries import accounts_now, subscriptions_of
from abono.features.operators.self_service import SelfService, set_self_service

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
TERMS = SelfService(
    "Pay by transfer to DE02 1203 0000 0000 2020 51 and quote your account number.\n\nCash: Example Street 5, 9 to 18.",
    promise_limit=200_000,
    promise_days=5,
    promise_fee=5_000,
)


def shot(page: Page, name: str) -> None:
    """Look at a page, wide and narrow, by day and by night."""
    assert wrong_in(page, name) == []


def household(portal: Portal) -> tuple[int, int, dict[str, str]]:
    """A subscriber with two accounts, one of which has something in every state; addresses of some services."""
    set_self_service(portal.seller.id, TERMS, now=now())
    one = portal.account(number="100500")
    edit_profile(one, name="Konstantin Konstantinopolski", locale="en", now=ago(50))
    other = portal.account(12_345, number="100777")
    user = portal.user("en")
    for account in (one, other):
        add_membership(user, portal.seller.id, Kind.SUBSCRIBER, now=now(), account=account)
    money.pay(one, 6_000, now=ago(41), text="Bank transfer 77-15")
    named = {}
    for name, plan, days in (
        ("front door", "line", 40),
        ("garden", "rare", 40),
        ("", "line", 3),
        ("office", "wide", 1),
    ):
        named[name] = str(orders.subscribe(one, plan, unit=name, now=ago(days)))
    roll()
    pause = next(key for key in subscriptions_of([one]) if str(key) == named[""])
    blocks.pause(one, pause, now=now())
    money.adjust(one, -accounts_now([one], now())[one]["balance"] - 300, now=ago(2), text="Correction of a reading")
    late = orders.subscribe(other, "line", unit="a name of a unit that is rather long for a telephone 0815", now=ago(1))
    named["late"] = str(late)
    orders.cancel(other, late, now=now())
    return user, one, named


def test_all_pages_of_a_subscriber_are_clean(visit: Visits) -> None:
    user, one, named = household(Portal())
    page = visit("/", user=user)
    door, paused = named["front door"], named[""]
    for name, address in {
        "home": "/",
        "services": "/my/services/",
        "service": f"/my/services/{one}/{door}/",
        "service-paused": f"/my/services/{one}/{paused}/",
        "change": f"/my/services/{one}/{door}/change/",
        "pause": f"/my/services/{one}/{named['garden']}/pause/",
        "cancel": f"/my/services/{one}/{door}/cancel/",
        "resume": f"/my/services/{one}/{paused}/resume/",
        "catalogue": "/my/catalogue/",
        "order": f"/my/catalogue/{one}/wide/order/",
        "promise": f"/my/promise/{one}/",
        "statement": "/my/statement/",
        "messages": "/my/messages/",
        "profile": "/my/profile/",
    }.items():
        page.goto(address)
        shot(page, f"my-{name}")
    page.goto(f"/my/catalogue/{one}/line/order/")
    page.get_by_label("Quantity").fill("200")
    page.get_by_role("button", name="See what will happen").click()
    page.get_by_role("alert").wait_for()
    shot(page, "my-order-refused")
    visit.expect("422")


def test_all_pages_of_an_agent_are_clean(visit: Visits) -> None:
    portal = Portal()
    user = portal.user("en")
    membership = add_membership(user, portal.seller.id, Kind.AGENT, now=now())
    page = visit("/", user=user)
    shot(page, "agent-empty")
    for count in range(6):
        name = f"Subscriber {count}, a rather long name"
        account = open_account(portal.seller, f"20{count}", now=ago(40), name=name, agent=membership)
        money.pay(account, 1_000 * (1 + count % 3), now=ago(40))
        orders.subscribe(account, "line", unit="front door", now=ago(40))
    roll()
    for name, address in {
        "home": "/",
        "accounts": "/agent/accounts/",
        "nothing": "/agent/accounts/?search=zzz",
        "account": f"/agent/accounts/{account}/",
        "new": "/agent/accounts/new/",
    }.items():
        page.goto(address)
        shot(page, f"agent-{name}")
