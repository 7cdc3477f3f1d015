"""The report of use by days: everybody's own, in order, page by page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from abono.features.access.rights import Role
from abono.features.accounts import profiles
from abono.features.billing.orders import subscribe
from abono.features.billing.using import use
from abono.features.usage.events import Use
from abono.features.usage.reports import Wanted, used_days
from tests.features import people, worlds

if TYPE_CHECKING:
    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db

START = worlds.START
CATALOGUE: dict[str, Any] = {
    "services": {"prints": {"kind": "usage", "unit": "page"}, "people": {"kind": "seats"}},
    "plans": {"office": {"price": "1.00", "period": "month", "services": {"prints": {}, "people": {}}}},
}
MONTH = Wanted(START.date(), START.date() + timedelta(days=31))


@pytest.fixture
def seller() -> Operator:
    return worlds.operator(CATALOGUE)


def print_at(seller: Operator, *pages: tuple[int, int]) -> int:
    """An account that printed on some days after the start (day, pages)."""
    account = worlds.account(seller, 100_00)
    sub = subscribe(account, "office", now=START)
    for day, count in pages:
        use(Use(account, sub, "prints", Decimal(count), START + timedelta(days=day)), now=START + timedelta(days=20))
    return account


def told(person: Person, wanted: Wanted = MONTH, limit: int = 50) -> list[tuple[int, int, int]]:
    """Account, day after the start and quantity of every line, page by page."""
    lines, after = [], None
    while True:
        page = used_days(person, wanted, after=after, limit=limit)
        lines += [(each.account_id, (each.day - START.date()).days, int(each.quantity)) for each in page.items]
        after = page.next
        if after is None:
            return lines


def test_days_come_in_order_and_by_pages(seller: Operator) -> None:
    one = print_at(seller, (3, 5), (3, 2), (1, 4))
    other = print_at(seller, (2, 1))
    print_at(seller)
    boss = people.staff(seller)
    lines = [(one, 1, 4), (one, 3, 7), (other, 2, 1)]
    assert told(boss) == lines
    assert told(boss, limit=1) == lines
    assert told(boss, limit=2) == lines
    assert [(each.events, each.service, each.unit, each.plan) for each in used_days(boss, MONTH).items] == [
        (1, "prints", "page", "office"), (2, "prints", "page", "office"), (1, "prints", "page", "office"),
    ]  # fmt: skip


def test_a_report_is_narrowed(seller: Operator) -> None:
    one, other = print_at(seller, (1, 4), (3, 7)), print_at(seller, (2, 1))
    boss, first = people.staff(seller), START.date()
    assert told(boss, replace(MONTH, account=other)) == [(other, 2, 1)]
    assert told(boss, replace(MONTH, account=2**70)) == []
    assert told(boss, replace(MONTH, service="people")) == []
    assert told(boss, replace(MONTH, service="prints", account=one), limit=1) == [(one, 1, 4), (one, 3, 7)]
    assert told(boss, replace(MONTH, operator=seller.id))[-1] == (other, 2, 1)
    assert told(boss, Wanted(first + timedelta(days=2), first + timedelta(days=3))) == [(other, 2, 1)]
    (line,) = used_days(boss, replace(MONTH, account=other)).items
    assert told(boss, replace(MONTH, subscription=line.subscription_id)) == [(other, 2, 1)]


def test_everybody_is_told_of_their_own(seller: Operator) -> None:
    one, other = print_at(seller, (1, 4)), print_at(seller, (2, 1))
    foreign = worlds.operator(CATALOGUE)
    far = print_at(foreign, (1, 9))
    boss, manager, agent = people.staff(seller), people.staff(seller, Role.MANAGER), people.agent(seller)
    assert told(boss) == [(one, 1, 4), (other, 2, 1)]
    assert told(people.staff(foreign)) == [(far, 1, 9)]
    assert told(people.subscriber(seller, other)) == [(other, 2, 1)]
    assert told(manager) == []
    profiles.give(boss, one, manager=manager.membership, agent=None, now=START)
    profiles.give(boss, other, manager=None, agent=agent.membership, now=START)
    assert told(manager) == [(one, 1, 4)]
    assert told(agent) == [(other, 2, 1)]
    assert told(replace(manager, membership=-1)) == []
    assert told(manager, replace(MONTH, account=other)) == []


def test_a_day_is_the_seller_s() -> None:
    far = worlds.operator(CATALOGUE, time_zone="Pacific/Auckland")
    account = worlds.account(far, 100_00)
    sub = subscribe(account, "office", now=START)
    at = datetime(START.year, START.month, START.day + 1, 13, tzinfo=UTC)  # two in the morning of the day after
    use(Use(account, sub, "prints", Decimal(1), at), now=at)
    (line,) = used_days(people.staff(far), MONTH).items
    assert line.day == date(START.year, START.month, START.day + 2)
