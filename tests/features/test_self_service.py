"""What operators let subscribers do by themselves: promises on the operator's terms, how to pay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from abono.base.refusal import InvalidRequest, KeyConflict
from abono.base.trail import trail_of_account
from abono.features.access.operations import add_membership, add_user
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind
from abono.features.accounts.openings import open_once
from abono.features.accounts.operations import DuplicateNumber
from abono.features.accounts.queries import labels_of
from abono.features.billing import money, orders
from abono.features.billing.money import GrantActive
from abono.features.billing.months import charges_by_month
from abono.features.billing.promises import PromiseNotOffered, make_own_promise, promise_offer
from abono.features.billing.queries import accounts_now
from abono.features.ledger.grants import running_grants
from abono.features.ledger.operations import InsufficientFunds
from abono.features.operators.self_service import SelfService, self_service_of, set_self_service
from abono.features.subscriptions.standing import counts_of_agent, standings

from .worlds import START, account, operator

if TYPE_CHECKING:
    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
TERMS = SelfService("IBAN DE00", promise_limit=2_000, promise_days=5, promise_fee=50)


def agent_of(seller: Operator) -> Person:
    user = add_user(f"{uuid4()}@example.com", now=START, name="Agent")
    add_membership(user, seller.id, Kind.AGENT, now=START)
    person = person_of(user, "Agent", "agent@example.com", "", memberships_of(user))
    assert person is not None
    return person


def test_nothing_is_offered_until_it_is_set() -> None:
    seller = operator()
    one = account(seller, 100)
    assert self_service_of(seller.id) == SelfService()
    assert promise_offer(seller, one, "EUR", START) is None
    with pytest.raises(PromiseNotOffered):
        make_own_promise(seller, one, "EUR", 100, now=START)
    assert running_grants(one, START) == []


def test_terms_are_kept_and_told_in_the_trail() -> None:
    seller = operator()
    set_self_service(seller.id, TERMS, now=START)
    set_self_service(seller.id, SelfService("Cash desk"), now=START)
    assert self_service_of(seller.id) == SelfService("Cash desk")
    changes = [line for line in trail_of_account(0, 5) if line["action"] == "operator.self_service"]
    assert len(changes) == 2


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (SelfService(promise_limit=-1), "promise_limit"),
        (SelfService(promise_limit=1), "promise_days"),
        (SelfService(promise_limit=1, promise_days=367), "promise_days"),
        (SelfService(promise_limit=1, promise_days=1, promise_fee=-1), "promise_fee"),
        (SelfService("x" * 2_001), "payment_text"),
        (SelfService(promise_days=-1), "promise_days"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(terms: SelfService, field: str) -> None:
    seller = operator()
    set_self_service(seller.id, TERMS, now=START)
    with pytest.raises(InvalidRequest) as refused:
        set_self_service(seller.id, terms, now=START)
    assert refused.value.field == field
    assert self_service_of(seller.id) == TERMS


def test_a_subscriber_promises_once_and_on_the_operators_terms() -> None:
    seller = operator(time_zone="Europe/Berlin")
    set_self_service(seller.id, TERMS, now=START)
    one = account(seller, 100)
    offer = promise_offer(seller, one, "EUR", START)
    assert offer is not None
    assert (offer.limit, offer.days, offer.fee, offer.running) == (2_000, 5, 50, None)
    assert offer.ends_at == datetime(2026, 1, 5, 23, tzinfo=UTC)
    for amount in (0, -5, 2_001):
        with pytest.raises(InvalidRequest):
            make_own_promise(seller, one, "EUR", amount, now=START)
    make_own_promise(seller, one, "EUR", 1_500, now=START)
    with pytest.raises(GrantActive):
        make_own_promise(seller, one, "EUR", 1, now=START)
    now = accounts_now([one], START)[one]
    assert (now["balance"], now["available"]) == (50, 1_550)
    money.pay(one, 400, now=START)
    (running,) = running_grants(one, START)
    assert (running.amount, running.remaining, running.ends_at) == (1_500, 1_100, offer.ends_at)
    assert running_grants(one, offer.ends_at) == []


def test_a_promise_late_in_the_evening_runs_a_whole_day() -> None:
    seller = operator()
    one = account(seller, 100)
    set_self_service(seller.id, replace(TERMS, promise_days=1), now=START)
    late = START + timedelta(hours=23, minutes=46)
    offer = promise_offer(seller, one, "EUR", late)
    assert offer is not None
    assert offer.ends_at == START + timedelta(days=2)
    make_own_promise(seller, one, "EUR", 1_500, now=late)
    (running,) = running_grants(one, late)
    assert (running.starts_at, running.ends_at) == (late, offer.ends_at)


def test_a_promise_whose_fee_does_not_fit_changes_nothing() -> None:
    seller = operator()
    set_self_service(seller.id, TERMS, now=START)
    one = account(seller, -30)
    with pytest.raises(InsufficientFunds):
        make_own_promise(seller, one, "EUR", 10, now=START)
    assert running_grants(one, START) == []
    assert accounts_now([one], START)[one]["balance"] == -30


def test_promises_are_offered_in_the_operators_currency_only() -> None:
    seller = operator()
    set_self_service(seller.id, TERMS, now=START)
    assert promise_offer(seller, account(seller), "USD", START) is None


def test_an_agent_opens_an_account_once() -> None:
    seller = operator()
    agent, other = agent_of(seller), agent_of(seller)
    taken = account(seller, number="900")
    opened = open_once(agent, seller, "901", name="Anna", locale="de", now=START, key="a")
    assert open_once(agent, seller, "901", name="Anna", locale="de", now=START, key="a") == opened
    for person, number, key in ((agent, "900", "b"), (agent, "901", "b"), (other, "901", None), (other, "901", "c")):
        with pytest.raises(DuplicateNumber):
            open_once(person, seller, number, name="Anna", locale="de", now=START, key=key)
    with pytest.raises(KeyConflict):
        open_once(agent, seller, "901", name="Otto", locale="de", now=START, key="a")
    assert opened != taken
    eva, again, more = (open_once(agent, seller, None, name="Eva", locale="", now=START, key=key) for key in "dde")
    assert (eva == again, labels_of([eva])[eva].number, labels_of([more])[more].number) == (True, "902", "903")
    assert (counts_of_agent(agent).accounts, counts_of_agent(other).accounts) == (3, 0)
    assert [line["action"] for line in trail_of_account(opened, 5)] == ["account.open"]


def test_what_agents_and_subscribers_are_told_of_subscriptions() -> None:
    seller = operator()
    agent = agent_of(seller)
    first, second, third = (open_once(agent, seller, f"7{n}", name="", locale="", now=START) for n in range(3))
    for one in (first, second):
        money.pay(one, 2_000, now=START)
        orders.subscribe(one, "line", unit="a", now=START)
    orders.cancel(second, orders.subscribe(second, "line", now=START), at_period_end=False, now=START)
    told = counts_of_agent(agent)
    assert (told.accounts, told.active, told.suspended) == (3, 2, 0)
    live, ended = standings(second)
    assert (live.state, live.unit, live.price, live.reasons, live.boundary) == (
        "active",
        "a",
        1_000,
        (),
        date(2026, 2, 1),
    )
    assert (ended.state, ended.boundary, ended.ended_on) == ("ended", None, date(2026, 1, 1))
    assert [(month.month, month.amount, month.charges) for month in charges_by_month(second)] == [
        (date(2026, 1, 1), 2_000, 2)
    ]
    assert charges_by_month(third) == []
