"""Usage in the web: quotas with their states, the report, the events behind every number, for staff and subscribers."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone
from tests.browser import wrong_in
from tests.doors.web.staff_world import HOSTILE, signed_in, text

from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.billing import money, orders
from abono.features.billing.using import use_many
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.features.usage.operations import Use

if TYPE_CHECKING:
    from uuid import UUID

    from tests.browser import Visits

pytestmark = pytest.mark.django_db(transaction=True)
CATALOGUE: dict[str, Any] = {
    "services": {
        "prints": {"kind": "usage", "unit": "pages"},
        "letters": {"kind": "usage", "unit": "letters"},
        "calls": {"kind": "usage", "unit": "calls"},
        "sms": {"kind": "usage"},
        "people": {"kind": "seats", "unit": "people"},
        "support": {"kind": "onoff"},
    },
    "plans": {
        "office": {
            "price": "10.00",
            "period": "month",
            "services": {
                "prints": {"included": "1000", "model": "package", "size": "100", "price": "5.00"},
                "letters": {"included": "20", "limit": "hard"},
                "calls": {"included": "50", "quota_period": "day"},
                "sms": {"model": "standard", "unit": "0.10"},
                "people": {"included": "5", "model": "package", "size": "1", "price": "7.00"},
                "support": {},
            },
        },
        "line": {"price": "1.00", "period": "month", "services": {"support": {}}},
    },
}


class Office:
    """An account with an office, one with a plan that counts nothing, and a stranger's."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.seller, self.stranger = (
            add_operator(f"{name}-{uuid4()}", name, {"currency": "EUR", "time_zone": "UTC"})
            for name in ("South", "Strange")
        )
        for each in (self.seller, self.stranger):
            save_catalogue(each, parse_catalogue(CATALOGUE, "EUR"), now=self.now - timedelta(days=60))
        self.account, self.sub = self.opened(self.seller, "1001", "office")
        self.plain, self.plain_sub = self.opened(self.seller, "1002", "line")
        self.foreign, self.foreign_sub = self.opened(self.stranger, "9001", "office")
        self.boss = signed_in(self.seller, role=Role.ADMINISTRATOR)
        self.owner = signed_in(self.seller, Kind.SUBSCRIBER, account=self.account)

    def opened(self, seller: Any, number: str, plan: str) -> tuple[int, UUID]:
        began = self.now - timedelta(days=9)
        account = open_account(seller, number, now=began, name="Ivanov")
        money.pay(account, 10_000, now=began)
        return account, orders.subscribe(account, plan, now=began, unit="first floor")

    def use(self, service: str, quantity: str, *, days: int = 0, key: str | None = None) -> None:
        each = Use(self.account, self.sub, service, Decimal(quantity), self.now - timedelta(days=days), key)
        assert use_many([each], now=self.now) == ["counted"]

    def much(self) -> None:
        """One quota of every state."""
        self.use("prints", "1210.5", days=2, key="printer-7")
        self.use("prints", "20", key=HOSTILE)
        self.use("letters", "20")
        self.use("calls", "42")
        self.use("sms", "7")
        self.use("people", "3")

    @property
    def path(self) -> str:
        return f"/accounts/{self.account}/subscriptions/{self.sub}/"


@pytest.fixture
def office(transactional_db: None) -> Office:  # noqa: ARG001 -- a database that pages read
    return Office()


def plainly(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:300]
    return " ".join(text(answer).split())


def test_quotas_of_a_subscription_say_how_they_stand(office: Office) -> None:
    fresh = plainly(office.boss.get(office.path))
    assert fresh.count('<div class="quota ') == 5
    assert "beyond what is included" not in fresh
    assert "Used up" not in fresh
    office.much()
    shown = plainly(office.boss.get(office.path))
    assert "230.5 pages beyond what is included: 3 extra packs." in shown
    assert "<dt>Extra packs</dt><dd>3</dd>" in shown
    assert '<meter min="0" max="100" value="100" aria-label="prints">' in shown
    assert '<meter min="0" max="100" value="84" aria-label="calls">' in shown
    assert '<meter min="0" max="100" value="60" aria-label="people">' in shown
    assert 'aria-label="sms"' not in shown
    for word in ("Over", "Used up", "Almost used up"):
        assert f"{word}</span>" in shown, word
    assert "Nothing more is taken before" in shown
    assert f'href="{office.path}usage/?service=prints"' in shown


def test_a_quota_tells_when_it_runs_out(office: Office) -> None:
    office.use("prints", "900")
    assert "At this pace it is used up on" in plainly(office.boss.get(office.path))
    office.use("prints", "-880")
    assert "At this pace it lasts to the end of the period." in plainly(office.boss.get(office.path))


def test_quotas_of_an_account_and_where_there_are_none(office: Office) -> None:
    office.much()
    shown = plainly(office.boss.get(f"/accounts/{office.account}/"))
    assert shown.count('<div class="quota ') == 5
    assert "office · first floor" in shown
    none = plainly(office.boss.get(f"/accounts/{office.plain}/"))
    assert "quota" not in none
    assert "quota" not in plainly(office.boss.get(f"/accounts/{office.plain}/subscriptions/{office.plain_sub}/"))
    orders.cancel(office.account, office.sub, now=office.now, at_period_end=False)
    assert '<div class="quota ' not in plainly(office.boss.get(office.path))


def test_the_events_behind_a_number(office: Office) -> None:
    assert "Nothing was counted yet" in plainly(office.boss.get(f"{office.path}usage/"))
    office.much()
    shown = plainly(office.boss.get(f"{office.path}usage/"))
    assert shown.count('<td data-label="Time">') == 6
    assert HOSTILE not in shown
    assert "&lt;script&gt;alert(1)" in shown
    prints = plainly(office.boss.get(f"{office.path}usage/?service=prints"))
    assert (prints.count('<td data-label="Time">'), prints.count('<div class="quota ')) == (2, 1)
    day = (office.now - timedelta(days=2)).date().isoformat()
    assert plainly(office.boss.get(f"{office.path}usage/?day={day}")).count('<td data-label="Time">') == 1
    for query in ("?service=support", "?turn=9", "?day=2020-01-01"):
        assert "Nothing matches" in plainly(office.boss.get(f"{office.path}usage/{query}"))
    for query in ("?turn=x", "?day=x", "?turn=99999999999999999999"):
        assert plainly(office.boss.get(f"{office.path}usage/{query}")).count('<td data-label="Time">') == 6


def test_events_as_a_file(office: Office) -> None:
    office.much()
    answer: Any = office.boss.get(f"{office.path}usage/csv/?service=prints")
    assert answer["Content-Disposition"] == f'attachment; filename="usage-{office.account}.csv"'
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Time,Service,Quantity,Unit,Reported,Key"
    assert (len(lines), lines[2].split(",")[-1]) == (3, "printer-7")


def test_the_report_leads_from_numbers_to_events(office: Office) -> None:
    assert "Nothing was counted in these days" in plainly(office.boss.get("/usage/"))
    office.much()
    shown = plainly(office.boss.get("/usage/"))
    assert shown.count('<td data-label="Day">') == 6
    day = (office.now - timedelta(days=2)).date().isoformat()
    assert f'href="{office.path}usage/?service=prints&amp;day={day}">1210.5</a>' in shown
    for query, lines in {
        f"?until={day}": 1,
        f"?since={office.now.date().isoformat()}": 5,
        "?service=prints": 2,
        "?account=1001": 6,
        "?account=1002": 0,
        "?account=9001": 0,
        "?account=nothing": 0,
    }.items():
        assert plainly(office.boss.get(f"/usage/{query}")).count('<td data-label="Day">') == lines, query
    refused = office.boss.get("/usage/?since=2020-01-01")
    assert (refused.status_code, "notice stopped" in text(refused)) == (422, True)
    answer: Any = office.boss.get("/usage/csv/?service=prints")
    lines_ = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.split(",")[6] for line in lines_] == ["Quantity", "1210.5", "20"]


def test_a_subscriber_sees_the_own_quotas_and_what_was_counted(office: Office) -> None:
    mine = f"/my/services/{office.account}/{office.sub}/"
    assert "Nothing was counted yet" in plainly(office.owner.get(f"{mine}usage/"))
    office.much()
    shown = plainly(office.owner.get(mine))
    assert shown.count('<div class="quota ') == 5
    assert f'href="{mine}usage/?service=letters"' in shown
    assert plainly(office.owner.get(f"{mine}usage/")).count('<td data-label="Time">') == 6
    answer: Any = office.owner.get(f"{mine}usage/csv/?service=letters")
    assert len(b"".join(answer.streaming_content).decode().splitlines()) == 2
    theirs = f"/my/services/{office.foreign}/{office.foreign_sub}/usage/"
    for address in (theirs, f"{theirs}csv/", f"/my/services/{office.account}/{office.foreign_sub}/usage/"):
        assert office.owner.get(address).status_code == 404
    for address in ("/usage/", f"{office.path}usage/"):
        assert office.owner.get(address).status_code == 404


def test_the_pages_are_clean(visit: Visits, office: Office) -> None:
    mine = f"/my/services/{office.account}/{office.sub}/"
    boss, owner = (int(each.session["_auth_user_id"]) for each in (office.boss, office.owner))
    pages = {
        "report-empty": ("/usage/", boss),
        "events-empty": (f"{office.path}usage/", boss),
        "fresh": (office.path, boss),
        "my-fresh": (mine, owner),
    }
    full = {
        "report": ("/usage/", boss),
        "events": (f"{office.path}usage/?service=prints", boss),
        "subscription": (office.path, boss),
        "account": (f"/accounts/{office.account}/", boss),
        "my-service": (mine, owner),
        "my-usage": (f"{mine}usage/", owner),
    }
    wrong = _looked_at(visit, pages)
    office.much()
    wrong += _looked_at(visit, full)
    assert wrong == []


def _looked_at(visit: Visits, pages: dict[str, tuple[str, int]]) -> list[str]:
    wrong = []
    for name, (address, user) in pages.items():
        page = visit(address, user=user)
        wrong += wrong_in(page, f"usage-{name}")
        page.context.close()
    return wrong
