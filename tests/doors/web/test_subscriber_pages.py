"""The pages of subscribers: who has them, what they say, what they do, and that nobody sees another's."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import import_module
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from tests.doors.web.portal_world import Portal, ago, body, now, picture, roll, send, text

from abono.base.trail import trail_of_account
from abono.features.access.rights import Kind
from abono.features.billing import blocks, money, orders
from abono.features.billing.queries import accounts_now, subscriptions_of
from abono.features.ledger.grants import running_grants
from abono.features.operators.self_service import SelfService, set_self_service
from abono.features.subscriptions.standing import standing
from abono.interfaces.web import formats
from abono.interfaces.web.pages import PAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
TERMS = SelfService("Pay at the desk.\nAsk for Anna.", promise_limit=2_000, promise_days=5, promise_fee=50)


@pytest.fixture
def portal() -> Portal:
    return Portal()


def rub(minor: int) -> str:
    return " ".join(formats.amount(minor, "RUB").split())


def long(day: date) -> str:
    return formats.day(day, "long")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def addresses(account: int, subscription: UUID) -> dict[str, str]:
    """Every address of the subscriber's area, about an account and its subscription."""
    import_module("abono.interfaces.web.urls")
    found = {}
    for page in PAGES:
        if page.kinds == frozenset({Kind.SUBSCRIBER}):
            values: dict[str, object] = {}
            if "<int:account>" in page.path:
                values["account"] = account
            if "<uuid:subscription>" in page.path:
                values["subscription"] = subscription
            if "<code:plan>" in page.path:
                values["plan"] = "line"
            found[page.name] = reverse(page.name, kwargs=values)
    return found


def test_all_pages_are_for_subscribers_only(portal: Portal) -> None:
    set_self_service(portal.seller.id, TERMS, now=now())
    one = portal.account(5_000)
    line = orders.subscribe(one, "line", now=ago(3))
    mine, staff, agent, nobody = portal.subscriber(one), portal.staff(), portal.agent(), Client()
    pages = addresses(one, line)
    assert len(pages) >= 12
    before = picture()
    for name, address in pages.items():
        assert nobody.get(address).status_code == 302, name
        assert staff.get(address).status_code == 404, name
        assert agent.get(address).status_code == 404, name
        assert mine.get(address).status_code == 200, name
        assert staff.post(address, {"step": "confirm"}).status_code in {404, 405}, name
    assert mine.get("/").status_code == 200
    assert picture() == before


def test_a_subscriber_never_sees_anothers_account(portal: Portal) -> None:
    set_self_service(portal.seller.id, TERMS, now=now())
    foreign, own = portal.account(5_000, number="FOREIGN-77"), portal.account(5_000)
    line = orders.subscribe(foreign, "line", unit="SECRET-UNIT", now=ago(3))
    mine = orders.subscribe(own, "line", now=ago(3))
    client = portal.subscriber(own)
    before = picture()
    named = [address for address in addresses(foreign, line).values() if f"/{foreign}/" in address]
    chosen = [address for name, address in addresses(own, mine).items() if f"/{own}/" not in address]
    guesses = [
        *named,
        *(f"{address}?account={guess}" for address in ["/", *chosen] for guess in (foreign, "9" * 30, "-1", "x")),
        reverse("my_service", kwargs={"account": own, "subscription": line}),
        reverse("my_service", kwargs={"account": foreign, "subscription": mine}),
        reverse("my_cancel", kwargs={"account": own, "subscription": line}),
        f"/my/statement/{10**25}/csv/",
    ]
    assert len(named) >= 9
    for address in guesses:
        for answer in (client.get(address), send(client, address, quantity="1", plan="wide", when="now", amount="1")):
            assert answer.status_code in {404, 405}, address
            assert "FOREIGN-77" not in body(answer), address
            assert "SECRET-UNIT" not in body(answer), address
    shown = [client.get(address) for address in ["/", *addresses(own, mine).values()]]
    assert all("FOREIGN-77" not in body(answer) for answer in shown)
    after = picture()
    people = {"access_user", "base_trail"}
    assert {table: rows for table, rows in after.items() if table not in people} == {
        table: rows for table, rows in before.items() if table not in people
    }
    assert [line["action"] for line in trail_of_account(foreign, 9)] == [
        "subscription.order",
        "account.adjust",
        "account.open",
    ]


def test_home_says_what_is_there_what_is_due_and_how_to_pay(portal: Portal) -> None:
    one = portal.account(1_500, number="100500")
    orders.subscribe(one, "line", unit="door", now=ago(3))
    client = portal.subscriber(one)
    said = text(client.get("/"))
    assert "Account 100500" in said
    assert rub(500) in said
    assert "Pay to Test and quote your account number." in said
    due = standing(one, next(iter(subscriptions_of([one])))).period_ends_on
    assert due is not None
    assert f"Next charge: {rub(1_000)} on {long(due)}." in said
    assert f"{rub(500)} is missing for what is due in the next 30 days." in said
    assert "line (door)" in said
    money.pay(one, 500, now=now())
    set_self_service(portal.seller.id, TERMS, now=now())
    said = text(client.get("/"))
    assert "There is enough money for all of it." in said
    assert "Pay at the desk. Ask for Anna." in said
    assert f"A payment of {rub(500)} arrived." in said
    assert "Promise a payment" in said


def test_an_empty_account_says_what_to_do_first(portal: Portal) -> None:
    client = portal.subscriber(portal.account())
    assert "You have no service yet" in text(client.get("/"))
    assert "You have no service yet" in text(client.get("/my/services/"))
    assert "Nothing was booked in these days" in text(client.get("/my/statement/"))
    assert "Nothing was written to you yet" in text(client.get("/my/messages/"))


def test_suspended_paid_returned(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(40))
    roll()
    client = portal.subscriber(one)
    since = standing(one, line).stopped_on
    assert since is not None
    why = f"Suspended since {long(since)}: {rub(1_000)} short. It returns when {rub(1_000)} arrives."
    address = reverse("my_service", kwargs={"account": one, "subscription": line})
    for page in ("/", "/my/services/", address):
        assert why in text(client.get(page)), page
    assert "line was suspended." in text(client.get("/my/messages/"))
    money.pay(one, 400, now=now())
    why = f"Suspended since {long(since)}: {rub(600)} short. It returns when {rub(600)} arrives."
    assert why in text(client.get(address))
    money.pay(one, 600, now=now())
    said = text(client.get(address))
    assert "Suspended" not in said
    ends = standing(one, line).period_ends_on
    assert ends is not None
    assert f"Next charge: {rub(1_000)} on {long(ends)}." in said
    assert "line is active again." in text(client.get("/my/messages/"))
    assert accounts_now([one], now())[one]["balance"] == 0


def test_several_reasons_are_told_one_by_one(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(40))
    roll()
    blocks.pause(one, line, now=now(), until=(now() + timedelta(days=9)).date())
    blocks.block(one, now=now())
    said = text(portal.subscriber(one).get("/my/services/"))
    assert "It goes on when none of this is left:" in said
    assert f"{rub(1_000)} is missing." in said
    assert f"You paused it until {long((now() + timedelta(days=9)).date())}." in said
    assert "Test stopped it. Ask there what is to be done." in said


def test_an_order_is_previewed_and_made_once(portal: Portal) -> None:
    one = portal.account(3_000)
    client = portal.subscriber(one)
    assert f"{rub(3_100)} every 3 months" in text(client.get("/my/catalogue/"))
    address = reverse("my_order", kwargs={"account": one, "plan": "line"})
    said = text(client.get(address))
    assert "Each period is charged when it begins." in said
    before = picture()
    shown = send(client, address, "preview", quantity="2", unit="shop")
    assert shown.status_code == 200
    assert "You order line, quantity 2." in text(shown)
    assert "Nothing has been changed yet." in text(shown)
    assert rub(1_000) in text(shown)
    assert 'value="shop"' in shown.content.decode()
    back = send(client, address, "edit", quantity="2", unit="shop")
    assert 'value="shop"' in back.content.decode()
    assert picture() == before
    key = str(uuid4())
    for _time in range(2):
        done = send(client, address, key=key, quantity="2", unit="shop")
        assert (done.status_code, done["Location"]) == (303, reverse("my_services"))
    assert accounts_now([one], now())[one]["balance"] == 1_000
    (made,) = subscriptions_of([one]).values()
    assert (made["plan"], made["quantity"], made["unit"], made["state"]) == ("line", 2, "shop", "active")
    (line,) = trail_of_account(one, 1)
    assert (line["action"], line["origin"]) == ("subscription.order", "web")
    assert line["actor"].endswith("@example.com")
    assert "line is ordered." in text(client.get("/my/services/"))


def test_an_order_that_does_not_fit_keeps_what_was_typed(portal: Portal) -> None:
    one = portal.account(700)
    client = portal.subscriber(one)
    address = reverse("my_order", kwargs={"account": one, "plan": "line"})
    before = picture()
    for step in ("preview", "confirm"):
        refused = send(client, address, step, quantity="1", unit="<b>shop</b>")
        assert refused.status_code == 422
        assert f"{rub(300)} short. Pay at least this amount first, or choose something smaller." in text(refused)
        assert 'value="&lt;b&gt;shop&lt;/b&gt;"' in refused.content.decode()
    for quantity in ("", "0", "-1", "many", "1" * 60, "0.00001", "0,5", "1.5"):
        refused = send(client, address, "confirm", quantity=quantity)
        assert refused.status_code == 422
    assert send(client, address, key="not a key", quantity="1").status_code == 422
    assert send(client, address, "confirm", quantity="1", starts_on="2001-01-01").status_code == 422
    assert client.get(reverse("my_order", kwargs={"account": one, "plan": "none"})).status_code == 404
    assert picture() == before


def test_a_key_that_was_used_for_another_form_is_refused(portal: Portal) -> None:
    one = portal.account(9_000)
    client = portal.subscriber(one)
    address, key = reverse("my_order", kwargs={"account": one, "plan": "line"}), str(uuid4())
    send(client, address, key=key, quantity="1")
    refused = send(client, address, key=key, quantity="2")
    assert refused.status_code == 422
    assert "This form was sent before with other values." in text(refused)
    assert accounts_now([one], now())[one]["balance"] == 8_000


@pytest.mark.parametrize(("when", "quantity", "balance"), [("later", "1", 9_000), ("now", "2", 8_000)])
def test_a_change_is_made_once(portal: Portal, when: str, quantity: str, balance: int) -> None:
    one = portal.account(10_000)
    line = orders.subscribe(one, "line", now=ago(0))
    client = portal.subscriber(one)
    address = reverse("my_change", kwargs={"account": one, "subscription": line})
    values = {"plan": "line" if when == "now" else "rare", "quantity": quantity, "when": when}
    before = picture()
    assert send(client, address, "preview", **values).status_code == 200
    assert send(client, address, "preview", **{**values, "plan": "unsold"}).status_code == 422
    assert picture() == before
    key = str(uuid4())
    assert [send(client, address, key=key, **values).status_code for _time in range(2)] == [303, 303]
    assert accounts_now([one], now())[one]["balance"] == balance
    said = text(client.get(reverse("my_service", kwargs={"account": one, "subscription": line})))
    if when == "later":
        ends = standing(one, line).period_ends_on
        assert ends is not None
        assert f"Changes to rare on {long(ends)}." in said
    assert [row["action"] for row in trail_of_account(one, 9)].count("subscription.change") == 1


def test_a_cancellation_says_what_is_lost_and_can_be_taken_back(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(3))
    client = portal.subscriber(one)
    values = {"account": one, "subscription": line}
    ends = standing(one, line).period_ends_on
    assert ends is not None
    before = picture()
    said = text(client.get(reverse("my_cancel", kwargs=values)))
    assert f"line ends on {long(ends)}. Until then it works as before." in said
    assert "Nothing is paid back." in said
    assert picture() == before
    for _time in range(2):
        assert send(client, reverse("my_cancel", kwargs=values)).status_code == 303
    service = reverse("my_service", kwargs=values)
    assert f"Ends on {long(ends)}. No further period is charged." in text(client.get(service))
    assert send(client, reverse("my_keep", kwargs=values)).status_code == 303
    assert f"Next charge: {rub(1_000)} on {long(ends)}." in text(client.get(service))
    assert [row["action"] for row in trail_of_account(one, 3)] == [
        "subscription.keep",
        "subscription.cancel",
        "subscription.cancel",
    ]


def test_what_is_suspended_ends_at_once(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(40))
    roll()
    client = portal.subscriber(one)
    values = {"account": one, "subscription": line}
    assert "line ends at once, because nothing of it is paid." in text(client.get(reverse("my_cancel", kwargs=values)))
    assert send(client, reverse("my_cancel", kwargs=values)).status_code == 303
    assert f"Ended on {long(now().date())}." in text(client.get(reverse("my_service", kwargs=values)))
    refused = send(client, reverse("my_cancel", kwargs=values))
    assert refused.status_code == 422
    assert "The subscription has ended. Order a new one." in text(refused)


def test_a_pause_keeps_to_the_plans_limits(portal: Portal) -> None:
    one = portal.account(1_000)
    rare = orders.subscribe(one, "rare", now=ago(3))
    client = portal.subscriber(one)
    values = {"account": one, "subscription": rare}
    pause, resume = reverse("my_pause", kwargs=values), reverse("my_resume", kwargs=values)
    said = text(client.get(pause))
    for sentence in (
        "No new period is charged during a pause.",
        "The paid days run on.",
        "A pause lasts at least 3 days.",
        "20 days of pause are left this year.",
        f"A pause costs {rub(100)}.",
    ):
        assert sentence in said
    today = now().date()
    before = picture()
    for until in (today, today + timedelta(days=1), today + timedelta(days=21)):
        assert send(client, pause, until=until.isoformat()).status_code == 422
    assert send(client, pause, until="soon").status_code == 422
    assert send(client, resume).status_code == 422
    assert picture() == before
    key, until = str(uuid4()), today + timedelta(days=10)
    assert [send(client, pause, key=key, until=until.isoformat()).status_code for _time in range(2)] == [303, 303]
    assert accounts_now([one], now())[one]["balance"] == 200
    said = text(client.get(reverse("my_service", kwargs=values)))
    assert f"Paused since {long(today)}. It goes on by itself on {long(until)}." in said
    early = send(client, resume)
    assert early.status_code == 422
    least = today + timedelta(days=3)
    assert f"A pause of this plan lasts at least 3 days; resume it on {least} or later." in text(early)


def test_a_pause_without_a_limit_is_resumed(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(3))
    client = portal.subscriber(one)
    values = {"account": one, "subscription": line}
    assert send(client, reverse("my_pause", kwargs=values)).status_code == 303
    said = text(client.get(reverse("my_service", kwargs=values)))
    assert f"Paused since {long(now().date())}. It goes on when you resume it." in said
    assert "paid days are kept and run after the pause." in said
    assert send(client, reverse("my_resume", kwargs=values)).status_code == 303
    assert subscriptions_of([one])[line]["state"] == "active"


def test_a_promise_is_made_on_the_operators_terms(portal: Portal) -> None:
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(40))
    roll()
    client = portal.subscriber(one)
    address = reverse("my_promise", kwargs={"account": one})
    assert client.get(address).status_code == 422
    set_self_service(portal.seller.id, TERMS, now=now())
    said = text(client.get(address))
    assert f"It costs {rub(50)}." in said
    assert f"Up to {rub(2_000)}." in said
    before = picture()
    assert send(client, address, amount="20.01").status_code == 422
    assert send(client, address, "preview", amount="10.50").status_code == 200
    assert picture() == before
    key = str(uuid4())
    assert [send(client, address, key=key, amount="10.50").status_code for _time in range(2)] == [303, 303]
    assert accounts_now([one], now())[one]["balance"] == -1_050
    assert subscriptions_of([one])[line]["state"] == "active"
    (grant,) = running_grants(one, now())
    assert (grant.amount, grant.remaining) == (1_050, 1_050)
    assert f"You promised a payment: {rub(1_050)} of it is still to come" in text(client.get("/"))
    refused = send(client, address, amount="1.00")
    assert refused.status_code == 422
    assert "A promised payment is running." in text(refused)


def test_a_statement_tells_every_movement_with_the_balance_after_it(portal: Portal) -> None:
    one = portal.account()
    money.pay(one, 2_500, now=ago(9), text="=cmd()")
    line = orders.subscribe(one, "line", unit="door", now=ago(8))
    orders.cancel(one, line, at_period_end=False, prorate_refund=True, now=ago(8))
    client = portal.subscriber(one)
    said = text(client.get("/my/statement/"))
    for part in ("Payment", "line (door)", "Given back: line (door)", "+25.00", "−10.00", "15.00"):
        assert part in said
    narrowed = text(client.get(f"/my/statement/?since={ago(9).date()}&until={ago(9).date()}"))
    assert "line (door)" not in narrowed
    assert "+25.00" in narrowed
    answer = client.get(reverse("my_statement_csv", kwargs={"account": one}))
    lines = body(answer).splitlines()
    assert len(lines) == 4
    assert lines[-1].endswith(",Payment,'=cmd(),25.00,25.00,RUB")


def test_a_long_statement_has_pages(portal: Portal) -> None:
    one = portal.account()
    for count in range(1, 55):
        money.adjust(one, count, now=ago(60 - count))
    client = portal.subscriber(one)
    first = client.get("/my/statement/")
    assert text(first).count("Correction") == 50
    link = first.content.decode().partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    assert text(client.get("/my/statement/" + link.replace("&amp;", "&"))).count("Correction") == 4
    assert client.get("/my/statement/?after=damaged").status_code == 422


def test_whoever_has_several_accounts_chooses(portal: Portal) -> None:
    first, second = portal.account(111, number="A-1"), portal.account(222, number="B-2")
    client = portal.subscriber(first, second)
    assert "Account A-1" in text(client.get("/"))
    assert "Account B-2" in text(client.get(f"/?account={second}"))
    assert "Account B-2" in text(client.get("/my/statement/"))
    assert "Account A-1" in text(client.get(f"/my/statement/?account={first}"))


def test_the_profile_names_the_own_accounts_and_the_ways_in(portal: Portal) -> None:
    client = portal.subscriber(portal.account(111, number="A-1"), portal.account(222, number="B-2"), locale="de")
    page = client.get("/my/profile/").content.decode()
    for part in ("A-1", "B-2", "Anna Example", "Deutsch", 'href="/me/"', 'href="/sign/password/change/"', "/sign/2fa/"):
        assert part in page


@pytest.mark.parametrize("locale", ["en", "ru", "de", "tr", "es"])
def test_all_pages_are_shown_in_every_language(portal: Portal, locale: str) -> None:
    set_self_service(portal.seller.id, TERMS, now=now())
    one = portal.account(1_000)
    line = orders.subscribe(one, "line", now=ago(40))
    orders.subscribe(one, "wide", now=ago(1))
    roll()
    client = portal.subscriber(one, locale=locale)
    for name, address in {"home": "/", **addresses(one, line)}.items():
        answer = client.get(address)
        assert answer.status_code == 200, name
        if not answer.streaming:
            assert f'lang="{locale}"' in answer.content.decode()
    with translation.override(locale):
        assert " ".join(formats.amount(1_000, "RUB").split()) in text(client.get("/"))
