"""Whole journeys in a real browser, by clicking only: for each kind of person in two languages, by day and by night."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from tests.doors.web.journeys import (
    ENGLISH_DAY,
    ENGLISH_NIGHT,
    RUSSIAN_DAY,
    RUSSIAN_NIGHT,
    Clock,
    Eyes,
    Journey,
    eyes_of,
)
from tests.doors.web.signing_world import PASSWORD, Somebody, forget_limits, somebody
from tests.doors.web.staff_world import seller
from tests.features.worlds import START

from abono.features.access.operations import add_membership
from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.billing import money
from abono.features.billing.audit import audit
from abono.features.operators.operations import add_operator
from abono.features.operators.self_service import SelfService, set_self_service

if TYPE_CHECKING:
    from pytest_django import Settings
    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
_MISSING = "%(amount)s are missing: enter a payment of at least that much or give credit, then try again."
_STOPPED = "%(what)s is suspended since %(day)s (%(reasons)s). It returns when %(amount)s arrive."


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    """The server's clock. Nobody is signed out by the days that pass."""
    settings.SESSION_COOKIE_AGE = 100 * 24 * 3600
    forget_limits()
    clock = Clock()
    monkeypatch.setattr("abono.base.clock.AHEAD", timedelta(days=366))  # the database's clock goes on
    monkeypatch.setattr(timezone, "now", clock.now)
    return clock


@pytest.mark.parametrize("eyes", eyes_of(ENGLISH_DAY, RUSSIAN_NIGHT), ids=str)
def test_a_provider_sells_suspends_and_is_paid(visit: Visits, clock: Clock, eyes: Eyes) -> None:
    north = add_operator("north", "Northern Light", {"currency": "EUR", "time_zone": "UTC"})
    ada = somebody(north, locale=eyes.language)
    trip = Journey(visit, eyes, "provider")
    trip.sign_in(ada)
    trip.look("home")
    trip.go("Operators")
    trip.arrive(trip.say("Operators"), "operators")
    trip.follow("New operator")
    trip.arrive(trip.say("New operator"), "operator-new")
    trip.fill(Name="Southern Cross", Code="south")
    trip.press("Create")
    trip.arrive("Southern Cross", "operator")
    trip.follow("New plan")
    trip.arrive(trip.say("New plan"), "plan-new")
    trip.fill(Code="line", Price="10")
    trip.main.get_by_role("complementary").get_by_text(trip.amount(1_000)).first.wait_for()
    trip.look("plan-priced")
    trip.press("Sell this plan")
    trip.arrive("line", "plan")
    trip.go("Accounts")
    trip.arrive(trip.say("Accounts"), "accounts-none")
    trip.follow("New account")
    trip.arrive(trip.say("New account"), "account-new")
    trip.field("Operator").select_option(label="Southern Cross")
    trip.fill(Account_number="1001", Name="Ivanov")
    trip.press("Open the account")
    trip.arrive("1001 · Ivanov", "account-new-open")
    trip.follow("Enter a payment")
    trip.fill(Amount="15")
    trip.look("payment")
    trip.try_and_confirm("Enter the payment", "payment")
    trip.follow("Subscribe")
    trip.field("Plan").select_option(value="line")
    trip.fill(Unit="gate")
    trip.look("subscribe")
    trip.try_and_confirm("Subscribe", "subscribe")
    trip.look("account-active")
    clock.let_pass(days=32)
    trip.go("Runs")
    trip.arrive(trip.say("Runs"), "runs")
    trip.press("Do what is due now")
    trip.sees(trip.say("Done"))
    trip.main.get_by_role("table").get_by_role("link").first.click()
    trip.sees(trip.say("Suspended"))
    trip.look("run")
    trip.go("Accounts")
    trip.follow("1001")
    trip.sees(trip.like(_STOPPED, amount=trip.amount(500)))
    trip.look("account-suspended")
    trip.follow("Enter this payment")
    assert trip.field("Amount").input_value() == ("5.00" if eyes.language == "en" else "5,00")
    trip.try_and_confirm("Enter the payment", "unlock")
    trip.look("account-returned")
    assert trip.main.get_by_role("table", name=trip.say("Subscriptions")).get_by_text(trip.say("Active")).count() == 1
    assert audit() == []


def household(eyes: Eyes, kind: Kind, role: Role | None = None) -> tuple[Somebody, int]:
    """Somebody of a seller's, with an account of 25.00 that is theirs; 1002 is not."""
    south = seller("south", "Southern Cross")
    terms = SelfService("By transfer, quote the account number.", promise_limit=20_000, promise_days=5, promise_fee=100)
    set_self_service(south.id, terms, now=START)
    first = open_account(south, "1002", now=START, name="Petrov")
    mine = first if kind is Kind.SUBSCRIBER else None
    ada = somebody(south, kind=kind, role=role, account=mine, locale=eyes.language)
    manager = ada.membership if kind is Kind.STAFF else None
    account = open_account(south, "1001", now=timezone.now(), name="Ivanov", manager=manager)
    if kind is Kind.SUBSCRIBER:
        add_membership(ada.user, south.id, kind, now=timezone.now(), account=account)
    money.pay(account, 2_500, now=timezone.now(), text="Bank transfer")
    return ada, account


@pytest.mark.parametrize("eyes", eyes_of(RUSSIAN_DAY, ENGLISH_NIGHT), ids=str)
def test_a_manager_serves_an_account(visit: Visits, clock: Clock, eyes: Eyes) -> None:  # noqa: ARG001
    ada, _account = household(eyes, Kind.STAFF, Role.MANAGER)
    trip = Journey(visit, eyes, "manager")
    trip.sign_in(ada)
    trip.look("home")
    trip.page.keyboard.press("/")
    trip.page.keyboard.type("100")
    trip.page.keyboard.press("Enter")
    trip.sees("1001")
    assert trip.main.get_by_text("1002").count() == 0
    trip.look("search")
    trip.follow("1001")
    trip.arrive("1001 · Ivanov", "account")
    assert trip.main.get_by_role("link", name=trip.say("Enter a payment")).count() == 0
    trip.follow("Subscribe")
    trip.field("Plan").select_option(value="line")
    trip.try_and_confirm("Subscribe", "subscribe")
    trip.follow("line")
    trip.sees(trip.say("Active"))
    trip.look("subscription")
    trip.follow("Change")
    trip.field("Plan").select_option(value="big")
    trip.choose("Now: unused days are credited, the rest of the period is charged anew")
    trip.fill(Quantity="5")
    trip.press("See what will happen")
    trip.sees(trip.like(_MISSING))
    trip.visit.expect("422")
    trip.look("change-refused")
    trip.fill(Quantity="2")
    trip.field("Plan").select_option(value="line")
    trip.choose("At the end of the period")
    trip.try_and_confirm("Change", "change")
    trip.follow("Pause")
    trip.try_and_confirm("Pause", "pause")
    trip.look("paused")
    trip.follow("Resume")
    trip.press("Resume")
    trip.follow("Cancel the subscription")
    trip.try_and_confirm("Cancel the subscription", "cancel")
    trip.follow("Take the cancellation back")
    trip.press("Take back")
    trip.look("kept")
    trip.go("Accounts")
    trip.look("accounts")
    trip.follow("1001")
    trip.follow("Promised payment")
    trip.fill(Amount="20", Fee="1")
    trip.try_and_confirm("Give the credit", "promise")
    trip.fill(New_note="Pays at the end of the month.")
    trip.press("Write the note")
    trip.sees("Pays at the end of the month.")
    trip.look("account-served")
    assert audit() == []


@pytest.mark.parametrize("eyes", eyes_of(ENGLISH_NIGHT, RUSSIAN_DAY), ids=str)
def test_a_subscriber_looks_after_the_own_services(visit: Visits, clock: Clock, eyes: Eyes) -> None:  # noqa: ARG001
    ada, _account = household(eyes, Kind.SUBSCRIBER)
    trip = Journey(visit, eyes, "subscriber")
    trip.sign_in(ada)
    trip.follow("%(number)s, %(name)s", number="1001", name="Ivanov")
    trip.sees(trip.amount(2_500))
    trip.look("home")
    trip.follow("See the catalogue")
    trip.arrive(trip.say("Catalogue"), "catalogue")
    trip.follow("Order %(plan)s", plan="line")
    trip.fill(What_it_is_for="shop")
    trip.look("order")
    trip.try_and_confirm("Order", "order")
    trip.look("services")
    trip.follow("Look at %(service)s", service="line (shop)")
    trip.arrive("line (shop)", "service")
    trip.follow("Pause")
    trip.try_and_confirm("Pause", "pause")
    trip.look("paused")
    trip.follow("Resume")
    trip.press("Resume")
    trip.follow("Cancel this service")
    trip.look("cancel")
    trip.press("Cancel this service")
    trip.sees(trip.say("Keep it after all"))
    trip.look("cancelled")
    trip.go("Home")
    trip.follow("Promise a payment")
    trip.fill(Amount_you_promise_to_pay="30")
    trip.try_and_confirm("Promise", "promise")
    trip.go("Statement")
    trip.sees(trip.amount(1_400))
    trip.look("statement")
    trip.go("Messages")
    trip.look("messages")
    trip.go("Profile")
    trip.look("profile")
    trip.page.get_by_role("button", name=trip.say("Ada")).click()
    trip.page.get_by_label(trip.say("Language")).select_option("de")
    trip.eyes = Eyes("de", eyes.width, eyes.scheme)
    trip.arrive(trip.say("Profile"), "profile-german")
    assert audit() == []


@pytest.mark.parametrize("eyes", eyes_of(RUSSIAN_NIGHT, ENGLISH_DAY), ids=str)
def test_an_agent_opens_an_account(visit: Visits, clock: Clock, eyes: Eyes) -> None:  # noqa: ARG001
    ada, _account = household(eyes, Kind.AGENT)
    trip = Journey(visit, eyes, "agent")
    trip.sign_in(ada)
    trip.look("home-empty")
    trip.follow("New account")
    trip.arrive(trip.say("New account"), "new")
    trip.fill(Account_number="1003", Name="Sidorov")
    trip.press("Open the account")
    trip.sees(trip.say("Account %(number)s is open.", number="1003"))
    trip.look("opened")
    trip.go("My accounts")
    trip.sees("Sidorov")
    assert trip.main.get_by_text("1001").count() == 0
    trip.look("accounts")
    trip.go("Home")
    trip.sees("1003")
    trip.look("home")


def test_everything_is_done_by_keys_and_the_focus_is_seen(visit: Visits, clock: Clock) -> None:  # noqa: ARG001
    ada, account = household(ENGLISH_DAY, Kind.SUBSCRIBER)
    trip = Journey(visit, ENGLISH_DAY, "keys")
    page, keys = trip.page, trip.page.keyboard
    trip.key_to(page.get_by_label("Email"))
    keys.type(ada.email)
    trip.key_to(page.get_by_label("Password"))
    keys.type(PASSWORD)
    trip.enter()
    trip.page.get_by_role("button", name="Ada").wait_for()
    keys.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("each => each === document.activeElement && each.getBoundingClientRect().top >= 0")
    keys.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    trip.key_to(trip.main.get_by_role("link", name="1001, Ivanov"))
    trip.enter()
    trip.sees("€25.00")
    trip.key_to(trip.main.get_by_role("link", name="See the catalogue"))
    trip.enter()
    trip.key_to(trip.main.get_by_role("link", name="Order line"))
    trip.enter()
    trip.key_to(trip.field("What it is for"))
    keys.type("shop")
    trip.key_to(trip.main.get_by_role("button", name="See what will happen"))
    trip.enter()
    trip.key_to(trip.main.get_by_role("button", name="Order", exact=True))
    trip.enter("Space")
    trip.sees("line is ordered.")
    trip.key_to(page.get_by_role("button", name="Ada"))
    keys.press("Enter")
    trip.key_to(page.get_by_role("link", name="Profile").last)
    keys.press("Escape")
    assert page.get_by_role("link", name="Second factor").count() == 0
    assert trip.main.get_by_role("link", name="Look at line (shop)").count() == 1
    assert account
