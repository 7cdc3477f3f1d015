"""Usage in the web: quotas with their states, the report, the events behind every number, for staff and subscribers."""

from __future__ import annotations

import csv
import json
import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.utils import timezone
from tests.browser import wrong_in
from tests.doors.confirming import looked_at
from tests.doors.web.staff_world import HOSTILE, everything, signed_in, text

from abono.features.access.rights import Kind, Role
from abono.features.accounts.operations import open_account
from abono.features.billing import money, orders
from abono.features.billing.runs import advance
from abono.features.billing.using import use_many
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.features.usage.events import Use
from abono.features.usage.queries import quotas_of

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
                "letters": {
                    "included": "20",
                    "limit": "hard",
                    "filters": [{"when": {"size": "large"}, "counts": "4", "as": "prints"}],
                },
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
            save_catalogue(each, parse_catalogue(CATALOGUE, "EUR"), now=self.now - timedelta(days=120))
        self.account, self.sub = self.opened(self.seller, "1001", "office")
        self.plain, self.plain_sub = self.opened(self.seller, "1002", "line")
        self.foreign, self.foreign_sub = self.opened(self.stranger, "9001", "office")
        self.boss = signed_in(self.seller, role=Role.ADMINISTRATOR)
        self.owner = signed_in(self.seller, Kind.SUBSCRIBER, account=self.account)

    def opened(self, seller: Any, number: str, plan: str, days: int = 9) -> tuple[int, UUID]:
        began = self.now - timedelta(days=days)
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
    assert lines[0] == "Time,Service,Quantity,Unit,Reported,Key,Sent,Sent as,Properties"
    assert (len(lines), next(csv.reader(lines[2:]))[5:]) == (3, ["printer-7", "1210.5", "prints", ""])


def test_what_a_filter_made_of_an_event_is_shown_with_what_was_sent(office: Office) -> None:
    large = {"size": "large", "box": HOSTILE}
    sent = Use(office.account, office.sub, "letters", Decimal("1.5"), office.now, "letter-1", large)
    assert use_many([sent], now=office.now) == ["counted"]
    shown = plainly(office.boss.get(f"{office.path}usage/"))
    for told in ("6 <span", "Sent: 1.5 letters", "size: large", "box: &lt;script&gt;"):
        assert told in shown
    assert HOSTILE not in shown
    answer: Any = office.boss.get(f"{office.path}usage/csv/")
    (_head, row) = csv.reader(b"".join(answer.streaming_content).decode("utf-8-sig").splitlines())
    assert (row[1:3], row[5:8], json.loads(row[8])) == (["prints", "6"], ["letter-1", "1.5", "letters"], large)


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


def rolled(office: Office) -> None:
    """The office was ordered three periods ago, was used, and its boundaries have come."""
    office.account, office.sub = office.opened(office.seller, "1003", "office", days=100)
    office.owner = signed_in(office.seller, Kind.SUBSCRIBER, account=office.account)
    office.use("prints", "1210", days=90)
    office.use("people", "7", days=65)
    advance(office.now, operator=office.seller.id, workers=1)


def test_quota_periods_that_are_over_stand_on_both_pages(office: Office) -> None:
    assert "Quota periods that are over" not in plainly(office.boss.get(office.path))
    empty = plainly(office.boss.get(f"{office.path}usage/periods/"))
    assert "No quota period is over yet" in empty
    rolled(office)
    mine = f"/my/services/{office.account}/{office.sub}/"
    for client, path in ((office.boss, office.path), (office.owner, mine)):
        shown = plainly(client.get(path))
        assert shown.count('<td data-label="Service">') == 6
        assert f'href="{path}usage/periods/"' in shown
        full = plainly(client.get(f"{path}usage/periods/"))
        assert full.count('<td data-label="Service">') == 9
        row = full[full.index("?service=prints&amp;turn=1") :]
        cells = re.findall(r'<td[^>]*data-label="([^"]*)">(?:<span>)?([^<]*?) ?<', row)[:5]
        assert cells == [
            ("Service", "prints"), ("Used", "1210"), ("Included", "1000"), ("Beyond it", "210"),
            ("Charged", "15.00"),
        ]  # fmt: skip
    assert office.owner.get(f"/my/services/{office.foreign}/{office.foreign_sub}/usage/periods/").status_code == 404


def test_a_subscriber_has_pressing_quotas_in_sight(office: Office) -> None:
    assert "Nearly or wholly used up" not in plainly(office.owner.get("/"))
    office.use("prints", "799")
    assert "Nearly or wholly used up" not in plainly(office.owner.get("/"))
    office.much()
    shown = plainly(office.owner.get("/"))
    assert shown.count('<div class="quota ') == 3
    mine = f"/my/services/{office.account}/{office.sub}/"
    for service in ("prints", "letters", "calls"):
        assert f'href="{mine}usage/?service={service}"' in shown
    orders.cancel(office.account, office.sub, now=office.now, at_period_end=False)
    assert "Nearly or wholly used up" not in plainly(office.owner.get("/"))


def test_seats_come_and_go_with_a_preview(office: Office) -> None:
    path = f"{office.path}seats/"
    assert f'href="{path}"' in plainly(office.boss.get(office.path))
    day = (office.now - timedelta(days=2)).date().isoformat()
    typed = {"service": "people", "direction": "come", "quantity": "6", "time": day, "key": "k1"}
    before = everything()
    assert "Change seats" in plainly(office.boss.post(path, {**typed, "step": "preview"}))
    assert everything() == before
    done = office.boss.post(path, looked_at(office.boss, path, {**typed, "step": "confirm"}))
    assert (done.status_code, done["location"]) == (303, office.path)
    assert office.boss.post(path, looked_at(office.boss, path, {**typed, "step": "confirm"})).status_code == 303
    gone = {**typed, "direction": "go", "quantity": "1", "time": "", "key": "k2", "step": "confirm"}
    assert office.boss.post(path, looked_at(office.boss, path, gone)).status_code == 303
    (quota,) = [each for each in quotas_of([office.account], office.now) if each.service == "people"]
    assert (str(quota.used), quota.packs) == ("5", 1)
    before = everything()
    for wrong, field in (({"quantity": "9", "direction": "go"}, "time"), ({"time": "2999-01-01"}, "time")):
        refused = office.boss.post(path, {**typed, **wrong, "key": "k3", "step": "confirm"})
        assert refused.status_code == 422
        assert f'id="id_{field}_error"' in text(refused)
    assert everything() == before
    plain = f"/accounts/{office.plain}/subscriptions/{office.plain_sub}/"
    assert "Change seats" not in plainly(office.boss.get(plain))
    assert office.boss.get(f"{plain}seats/").status_code == 422
    assert office.owner.get(path).status_code == 404


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
    wrong += _looked_at(visit, {"my-home": ("/", owner), "seats": (f"{office.path}seats/", boss)})
    rolled(office)
    mine, owner = f"/my/services/{office.account}/{office.sub}/", int(office.owner.session["_auth_user_id"])
    over = {
        "over": (office.path, boss),
        "my-over": (mine, owner),
        "my-periods": (f"{mine}usage/periods/", owner),
        "periods": (f"{office.path}usage/periods/", boss),
    }
    wrong += _looked_at(visit, over)
    assert wrong == []


def _looked_at(visit: Visits, pages: dict[str, tuple[str, int]]) -> list[str]:
    wrong, seen_by = [], {user: visit("/", user=user) for _address, user in pages.values()}
    for name, (address, user) in pages.items():
        seen_by[user].goto(address)
        wrong += wrong_in(seen_by[user], f"usage-{name}")
    return wrong
