"""Use by REST: events one by one and in batches, quotas, entitlements and reports with what is behind every number."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from abono.features.billing.audit import audit
from tests.features.worlds import account, operator

from .conftest import Caller, key_of
from .houses import fingerprint

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)
OFFICE: dict[str, Any] = {
    "services": {
        "support": {"kind": "onoff"},
        "prints": {"kind": "usage", "unit": "page"},
        "letters": {"kind": "usage", "unit": "letter"},
        "sms": {"kind": "usage"},
        "people": {"kind": "seats", "unit": "person"},
    },
    "plans": {
        "office": {
            "price": "10.00",
            "period": "month",
            "services": {
                "support": {"quantity": "2"},
                "prints": {"included": "10", "model": "package", "size": "10", "price": "5.00"},
                "letters": {"included": "3", "limit": "hard"},
                "sms": {"included": "1", "model": "package", "size": "5", "price": "3.00", "overage": "on_use"},
                "people": {"included": "2", "model": "package", "size": "1", "price": "7.00"},
            },
        }
    },
}


class Office:
    """An account with 100.00 and an office that was ordered just now, its sister's, and a program that reports."""

    def __init__(self) -> None:
        self.seller, self.sister = operator(OFFICE), operator(OFFICE)
        self.call = Caller(key_of(self.seller))
        self.meter = Caller(key_of(self.seller, ["usage.record"]))
        self.account, self.sub = self.opened(self.seller, self.call)
        self.foreign, self.foreign_sub = self.opened(self.sister, Caller(key_of(self.sister)))

    @staticmethod
    def opened(seller: Any, call: Caller) -> tuple[int, str]:
        made = account(seller, 10_000)
        answer = call("POST", f"/accounts/{made}/subscriptions", {"plan": "office"})
        assert answer.status == 201, answer.content
        return made, answer.body["id"]

    @property
    def path(self) -> str:
        return f"/accounts/{self.account}/subscriptions/{self.sub}"

    def event(self, service: str = "prints", quantity: str = "1", **more: Any) -> dict[str, Any]:
        return {
            "account": self.account, "subscription": self.sub, "service": service, "quantity": quantity, **more,
        }  # fmt: skip

    def used(self) -> dict[str, str]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT v.code, trim_scale(c.used)::text FROM usage_counter AS c"
                " INNER JOIN catalogue_service AS v ON c.service_id = v.id WHERE c.account_id = %s",
                [self.account],
            )
            return dict(cursor.fetchall())


@pytest.fixture
def office(transactional_db: None) -> Office:  # noqa: ARG001 -- a database that calls commit to
    return Office()


# ---- one event


def test_an_event_is_counted_once_under_its_key(office: Office) -> None:
    first = office.event(quantity="7", key="job")
    assert office.meter("POST", "/usage", first).body == {"result": "counted"}
    assert office.meter("POST", "/usage", first).body == {"result": "repeated"}
    before = fingerprint()
    other = office.meter("POST", "/usage", {**first, "quantity": "8"})
    assert (other.told, other.body["field"]) == ((409, "key_conflict"), "key")
    assert fingerprint() == before
    assert office.used() == {"prints": "7"}
    assert office.meter("POST", "/usage", office.event(quantity="-2.5")).body == {"result": "counted"}
    assert office.used() == {"prints": "4.5"}
    assert audit() == []


@pytest.mark.parametrize(
    ("change", "told", "field"),
    [
        ({"service": "nothing"}, (422, "unknown_service"), "service"),
        ({"service": "support"}, (422, "not_quantifiable"), "service"),
        ({"service": "letters", "quantity": "4"}, (409, "quota_exceeded"), "quantity"),
        ({"subscription": str(uuid4())}, (422, "unknown_subscription"), "subscription"),
        ({"account": 10**12}, (422, "unknown_subscription"), "subscription"),
        ({"time": "2020-01-01T00:00:00Z"}, (422, "out_of_range"), "time"),
        ({"time": "2999-01-01T00:00:00Z"}, (422, "out_of_range"), "time"),
        ({"service": "people", "quantity": "-1"}, (422, "out_of_range"), "time"),
        ({"service": "sms", "quantity": "1000"}, (402, "insufficient_funds"), "amount"),
        ({"quantity": "1,5"}, (422, "invalid"), "quantity"),
        ({"quantity": 1}, (422, "invalid"), "quantity"),
        ({"time": "2026-01-01T00:00:00"}, (422, "invalid"), "time"),
        ({"key": ""}, (422, "out_of_range"), "key"),
        ({"kye": "x"}, (422, "unknown_field"), "kye"),
    ],
)
def test_refusals_change_nothing(office: Office, change: dict[str, Any], told: tuple[int, str], field: str) -> None:
    before = fingerprint()
    answer = office.call("POST", "/usage", office.event(key="k", quantity="1") | change)
    assert (answer.told, answer.body["field"]) == (told, field)
    assert fingerprint() == before


def test_a_pack_that_opens_is_paid_at_once(office: Office) -> None:
    short = office.meter("POST", "/usage", office.event("sms", "160"))
    assert (short.told, short.body["short_by"]) == ((402, "insufficient_funds"), "6.00")
    assert office.meter("POST", "/usage", office.event("sms", "3")).body == {"result": "counted"}
    assert office.call("GET", f"/accounts/{office.account}").body["balance"] == "87.00"


def test_nobody_reports_for_others(office: Office) -> None:
    reader = Caller(key_of(office.seller, ["usage.view"]))
    before = fingerprint()
    assert reader("POST", "/usage", office.event()).told == (403, "forbidden")
    assert reader("POST", "/usage/batch", {"events": [office.event()]}).told == (403, "forbidden")
    theirs = office.event() | {"account": office.foreign, "subscription": office.foreign_sub}
    assert office.meter("POST", "/usage", theirs).told == (422, "unknown_subscription")
    assert office.meter("POST", "/usage/batch", {"events": [theirs]}).body["results"] == ["unknown_subscription"]
    mixed = office.event() | {"account": office.foreign}
    assert office.meter("POST", "/usage", mixed).told == (422, "unknown_subscription")
    assert fingerprint() == before


# ---- batches


def test_a_batch_answers_for_every_event(office: Office) -> None:
    events = [
        office.event(quantity="7", key="a"),
        office.event(quantity="7", key="a"),
        office.event(quantity="8", key="a"),
        office.event("letters", "2", key="b"),
        office.event("letters", "2", key="c"),
        office.event("sms", "1000", key="d"),
        office.event("sms", "1", key="e"),
        office.event("support", "1"),
        office.event() | {"account": office.foreign, "subscription": office.foreign_sub},
    ]
    results = [
        "counted", "repeated", "key_conflict", "counted", "quota_exceeded", "insufficient_funds", "counted",
        "not_quantifiable", "unknown_subscription",
    ]  # fmt: skip
    answer = office.meter("POST", "/usage/batch", {"events": events})
    assert (answer.status, answer.body["results"]) == (200, results)
    assert (answer.body["counted"], answer.body["repeated"]) == (3, 1)
    assert [(each["event"], each["code"], each["field"]) for each in answer.body["refused"]] == [
        (2, "key_conflict", "events.2.key"),
        (4, "quota_exceeded", "events.4.quantity"),
        (5, "insufficient_funds", "events.5.account"),
        (7, "not_quantifiable", "events.7.service"),
        (8, "unknown_subscription", "events.8.subscription"),
    ]
    assert all(each["detail"] for each in answer.body["refused"])
    assert office.used() == {"prints": "7", "letters": "2", "sms": "1"}
    assert audit() == []


def test_a_batch_that_is_sent_again_adds_nothing(office: Office) -> None:
    at = datetime.now(UTC).isoformat()
    events = [office.event(quantity="1", key=f"k{number}", time=at) for number in range(300)]
    assert office.meter("POST", "/usage/batch", {"events": events}).body["counted"] == 300
    before = fingerprint()
    again = office.meter("POST", "/usage/batch", {"events": events[::-1]}).body
    assert (again["counted"], again["repeated"], again["refused"]) == (0, 300, [])
    assert fingerprint() == before
    assert office.used() == {"prints": "300"}


def test_a_batch_without_keys_is_repeated_under_a_key_of_its_own(office: Office) -> None:
    body = {"events": [office.event(), office.event()]}
    first = office.meter("POST", "/usage/batch", body, Idempotency_Key="batch-1")
    again = office.meter("POST", "/usage/batch", body, Idempotency_Key="batch-1")
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert office.used() == {"prints": "2"}


def test_a_batch_that_does_not_fit_is_refused_whole(office: Office, settings: Settings) -> None:
    before = fingerprint()
    wrong = office.meter("POST", "/usage/batch", {"events": [office.event(), office.event(quantity="x")]})
    assert (wrong.told, wrong.body["field"]) == ((422, "invalid"), "events.1.quantity")
    assert office.meter("POST", "/usage/batch", {"events": []}).told == (422, "out_of_range")
    assert office.meter("POST", "/usage/batch", {"events": [{**office.event(), "account": True}]}).status == 422
    many = office.meter("POST", "/usage/batch", {"events": [office.event()] * 10_001})
    assert (many.told, many.body["field"]) == ((422, "out_of_range"), "events")
    settings.API_MOST_BATCH_BYTES = 100
    assert office.meter("POST", "/usage/batch", {"events": [office.event()]}).told == (413, "too_large")
    assert fingerprint() == before


def test_ten_thousand_events_in_one_batch(office: Office) -> None:
    now = timezone.now()
    events = [
        office.event(key=f"meter-{number:0100}", time=(now + timedelta(milliseconds=number)).isoformat())
        for number in range(10_000)
    ]
    assert len(json.dumps(events)) > 2_621_440  # more than any other body may have
    answer = office.meter("POST", "/usage/batch", {"events": events})
    assert (answer.status, answer.body["counted"], answer.body["refused"]) == (200, 10_000, [])
    assert office.used() == {"prints": "10000"}


# ---- what is left, what was used


def quotas(office: Office, caller: Caller | None = None) -> dict[str, Any]:
    answer = (caller or office.call)("GET", f"{office.path}/quotas")
    assert answer.status == 200, answer.content
    return {each["service"]: each for each in answer.body["items"]}


def test_a_quota_is_never_behind_an_accepted_event(office: Office) -> None:
    assert {name: (each["used"], each["remaining"]) for name, each in quotas(office).items()} == {
        "prints": ("0", "10"), "letters": ("0", "3"), "sms": ("0", "1"), "people": ("0", "2"),
    }  # fmt: skip
    office.meter("POST", "/usage/batch", {"events": [office.event(quantity="12.5"), office.event("people", "3")]})
    found = quotas(office, Caller(key_of(office.seller, ["usage.view"])))
    shown = {
        name: found["prints"][name]
        for name in ("kind", "unit", "used", "included", "remaining", "over", "packs", "hard", "on_use", "by_day")
    }
    assert shown == {
        "kind": "usage", "unit": "page", "used": "12.5", "included": "10", "remaining": "0", "over": "2.5", "packs": 1,
        "hard": False, "on_use": False, "by_day": False,
    }  # fmt: skip
    today = datetime.now(UTC).date()
    assert (found["prints"]["starts_on"], found["prints"]["pace"]) == (today.isoformat(), "12.5")
    assert found["prints"]["runs_out_on"] == today.isoformat()
    assert (found["people"]["used"], found["people"]["packs"], found["people"]["pace"]) == ("3", 1, None)
    assert (found["letters"]["hard"], found["sms"]["on_use"]) == (True, True)
    assert [(each["billed"], each["measured_by"]) for each in (found["prints"], found["people"])] == [
        ("12.5", None), ("3", "peak"),
    ]  # fmt: skip


def test_entitlements_of_an_account_in_one_answer(office: Office) -> None:
    path = f"/accounts/{office.account}/entitlements"
    shown = office.call("GET", path).body["items"]
    assert [(each["service"], each["kind"], each["quantity"], each["granted"]) for each in shown] == [
        ("support", "onoff", "2", True),
        ("prints", "usage", "1", True),
        ("letters", "usage", "1", True),
        ("sms", "usage", "1", True),
        ("people", "seats", "1", True),
    ]
    assert {each["subscription"] for each in shown} == {office.sub}
    office.call("POST", f"{office.path}/block", {})
    assert [each["granted"] for each in office.call("GET", path).body["items"]] == [False] * 5
    office.call("POST", f"{office.path}/cancel", {"when": "now"})
    assert office.call("GET", path).body["items"] == []


def test_a_batch_of_which_nothing_was_counted_is_not_kept(office: Office) -> None:
    """Nothing is kept under the key of who fills answers with refusals; the same call is judged anew."""
    nothing = {"events": [office.event(key="k") | {"subscription": str(uuid4())}]}
    some = {"events": [office.event(key="k")]}
    for _ in range(2):
        answer = office.meter("POST", "/usage/batch", nothing, Idempotency_Key="one")
        assert (answer.status, answer.body["results"]) == (200, ["unknown_subscription"])
    assert office.meter("POST", "/usage/batch", some, Idempotency_Key="two").body["counted"] == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM api_reply")
        assert cursor.fetchall() == [("two",)]
    assert office.meter("POST", "/usage/batch", some, Idempotency_Key="two").body["counted"] == 1
    assert office.meter("POST", "/usage/batch", some).body["repeated"] == 1


def test_large_answers_are_kept_up_to_so_many(office: Office) -> None:
    """Of a batch with one event that counts, thousands of refusals are no way to fill the disk."""

    def batch(key: str) -> dict[str, object]:
        refused = [office.event(key=f"{key}-{n}") | {"subscription": str(uuid4())} for n in range(3_000)]
        return {"events": [office.event(key=key), *refused]}

    first = office.meter("POST", "/usage/batch", batch("first"), Idempotency_Key="first")
    assert (first.status, first.body["counted"]) == (200, 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO api_reply (owner, key, request, kept_at, large)"
            " SELECT owner, 'x' || n, request, kept_at, large FROM api_reply, generate_series(1, 999) AS n"
        )
    again = office.meter("POST", "/usage/batch", batch("again"), Idempotency_Key="again")
    assert again.told == (429, "too_many_answers")
    # Nothing of it was counted; what is small is answered as ever, and so is what asks for nothing to be kept.
    small = office.meter("POST", "/usage/batch", {"events": [office.event(key="again")]}, Idempotency_Key="small")
    assert small.body["counted"] == 1
    assert office.meter("POST", "/usage/batch", batch("none")).body["counted"] == 1


def test_a_report_by_day_and_the_events_behind_it(office: Office) -> None:
    second, sub = Office.opened(office.seller, office.call)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE subscriptions_subscription SET ordered_at = ordered_at - interval '9 days',"
            " starts_on = starts_on - 9"
        )
    now = datetime.now(UTC)
    before = (now - timedelta(days=1)).isoformat()
    other = {"account": second, "subscription": sub}
    events = [
        office.event(quantity="2", time=before, key="old"),
        office.event(quantity="3", time=now.isoformat()),
        office.event(quantity="4.25", time=now.isoformat()),
        office.event("letters", "1", time=now.isoformat()),
        office.event(quantity="5", time=now.isoformat()) | other,
    ]
    assert office.meter("POST", "/usage/batch", {"events": events}).body["counted"] == 5
    lines = office.call("GET", "/usage").body["items"]
    day, earlier = now.date().isoformat(), (now - timedelta(days=1)).date().isoformat()
    listed = [(each["account"], each["service"], each["day"], each["quantity"], each["events"]) for each in lines]
    assert sorted(listed) == [
        (office.account, "letters", day, "1", 1),
        (office.account, "prints", earlier, "2", 1),
        (office.account, "prints", day, "7.25", 2),
        (second, "prints", day, "5", 1),
    ]
    narrowed: dict[str, int | tuple[int, str]] = {
        f"?account={second}": 1,
        f"?subscription={office.sub}&service=prints": 2,
        f"?since={day}": 3,
        f"?until={day}": 1,
        "?service=sms": 0,
        f"?operator={office.seller.id}": 4,
        f"?since={day}&until={day}": (422, "out_of_range"),
        f"?operator={office.sister.id}": (404, "not_found"),
        f"?account={office.foreign}": 0,
    }
    for query, told in narrowed.items():
        answer = office.call("GET", f"/usage{query}")
        assert (len(answer.body["items"]) if answer.status == 200 else answer.told) == told, query
    walked: list[Any] = []
    after: str | None = ""
    while after is not None:
        page = office.call("GET", f"/usage?limit=1{f'&after={after}' if after else ''}").body
        walked += page["items"]
        after = page["next"]
    assert walked == lines
    path = f"{office.path}/usage"
    behind = office.call("GET", f"{path}?service=prints&day={day}").body["items"]
    assert [each["quantity"] for each in behind] == ["4.25", "3"]
    (old,) = office.call("GET", f"{path}?day={earlier}").body["items"]
    assert (old["key"], old["quantity"], old["service"], old["turn"]) == ("old", "2", "prints", 1)
    first = office.call("GET", f"{path}?limit=3").body
    assert len(office.call("GET", f"{path}?limit=3&after={first['next']}").body["items"]) == 1
    assert office.call("GET", f"{path}?turn=2").body["items"] == []


def test_reports_as_csv(office: Office) -> None:
    office.meter("POST", "/usage", office.event(quantity="3", key="=1+1"))
    report = office.call("GET", "/usage", Accept="text/csv").content.decode().splitlines()
    head = "day,operator,account,number,subscription,subscription_unit,plan,service,unit,quantity,events"
    assert (report[0], report[1].split(",")[7:]) == (head, ["prints", "page", "3", "1"])
    events = office.call("GET", f"{office.path}/usage", Accept="text/csv").content.decode().splitlines()
    assert (len(events), events[1].split(",")[8:]) == (2, ["'=1+1", "3", "prints", ""])


def test_properties_come_with_an_event_and_are_part_of_its_content(office: Office) -> None:
    said = {**office.event(quantity="3", key="p"), "properties": {"colour": "yes", "size": "A3"}}
    assert office.meter("POST", "/usage", said).body == {"result": "counted"}
    turned = {**said, "properties": {"size": "A3", "colour": "yes"}}
    other = {**said, "properties": {"colour": "no"}}
    answer = office.meter("POST", "/usage/batch", {"events": [turned, other]})
    assert answer.body["results"] == ["repeated", "key_conflict"]
    (shown,) = office.call("GET", f"{office.path}/usage").body["items"]
    assert {name: shown[name] for name in ("quantity", "reported", "reported_as", "properties")} == {
        "quantity": "3", "reported": "3", "reported_as": "prints", "properties": {"colour": "yes", "size": "A3"},
    }  # fmt: skip
    for properties in (
        {"x": ""},
        {"": "x"},
        {"x": "y" * 201},
        {"x": "a\nb"},
        {f"p{n}": "1" for n in range(21)},
        {"x": 3},
    ):
        refused = office.meter("POST", "/usage", {**said, "key": "q", "properties": properties})
        assert refused.status == 422
    assert quotas(office)["prints"]["used"] == "3"


def test_what_was_used_is_nobody_elses_business(office: Office) -> None:
    stranger = Caller(key_of(office.sister))
    without = Caller(key_of(office.seller, ["subscription.view", "usage.record"]))
    for path in (f"{office.path}/quotas", f"{office.path}/usage", f"{office.path}/quota-periods"):
        assert stranger("GET", path).told == (404, "not_found")
        assert without("GET", path).told == (403, "forbidden")
    assert stranger("GET", f"/accounts/{office.account}/entitlements").told == (404, "not_found")
    assert without("GET", "/usage").told == (403, "forbidden")
    office.meter("POST", "/usage", office.event())
    assert stranger("GET", "/usage").body["items"] == []


def test_a_period_that_is_over_tells_what_it_cost(office: Office) -> None:
    office.meter("POST", "/usage", office.event(quantity="25"))
    office.call("POST", f"{office.path}/cancel", {"when": "now"})
    periods = office.call("GET", f"{office.path}/quota-periods").body["items"]
    prints = {each["service"]: each for each in periods}["prints"]
    shown = {name: prints[name] for name in ("turn", "used", "included", "over", "amount", "paid", "currency")}
    assert shown == {
        "turn": 1, "used": "25", "included": "10", "over": "15", "amount": "10.00", "paid": "0.00", "currency": "EUR",
    }  # fmt: skip
    assert len(office.call("GET", f"{office.path}/usage?service=prints&turn=1").body["items"]) == 1
    assert audit() == []


# ---- reservations


def test_what_is_reserved_counts_against_the_limit_until_it_is_closed(office: Office) -> None:
    path = f"{office.path}/reservations"
    asked = {"service": "letters", "quantity": "2", "seconds": 60}
    made = office.meter("POST", path, asked, Idempotency_Key="r-1")
    one = made.body["id"]
    at = f"/accounts/{office.account}/reservations/{one}"
    assert (made.status, made.headers["Location"]) == (201, f"/api/v1{at}")
    assert office.meter("POST", path, asked, Idempotency_Key="r-1").body == made.body
    assert (quotas(office)["letters"]["held"], quotas(office)["letters"]["used"]) == ("2", "0")
    before = fingerprint()
    assert office.meter("POST", path, asked).told == (409, "quota_exceeded")
    assert office.meter("POST", "/usage", office.event("letters", "2")).told == (409, "quota_exceeded")
    assert office.meter("POST", path, {**asked, "quantity": "0"}).told == (422, "out_of_range")
    assert office.meter("POST", path, {**asked, "seconds": 86_401}).told == (422, "out_of_range")
    assert fingerprint() == before
    assert office.meter("POST", f"{at}/commit", {"quantity": "1"}).status == 204
    assert office.meter("POST", f"{at}/commit", {"quantity": "1"}).status == 204
    assert (quotas(office)["letters"]["held"], quotas(office)["letters"]["used"]) == ("0", "1")
    assert office.meter("POST", f"{at}/cancel", {}).told == (409, "reservation_closed")
    two = office.meter("POST", path, asked).body["id"]
    assert office.meter("POST", f"/accounts/{office.account}/reservations/{two}/cancel", {}).status == 204
    assert (quotas(office)["letters"]["held"], quotas(office)["letters"]["used"]) == ("0", "1")
    assert audit() == []


def test_nothing_of_a_reservation_may_have_been_used(office: Office) -> None:
    path = f"/accounts/{office.account}/subscriptions/{office.sub}/reservations"
    made = office.meter("POST", path, {"service": "letters", "quantity": "1"})
    at = f"/accounts/{office.account}/reservations/{made.body['id']}"
    for _ in range(2):
        assert office.meter("POST", f"{at}/commit", {"quantity": "0"}).status == 204
    assert (quotas(office)["letters"]["held"], quotas(office)["letters"]["used"]) == ("0", "0")


def test_nobody_reserves_or_commits_for_others(office: Office) -> None:
    path = f"{office.path}/reservations"
    one = office.meter("POST", path, {"service": "letters", "quantity": "1"}).body["id"]
    stranger, reader = Caller(key_of(office.sister)), Caller(key_of(office.seller, ["usage.view"]))
    at = f"/accounts/{office.account}/reservations/{one}"
    for address, body in ((path, {"service": "letters", "quantity": "1"}), (f"{at}/commit", {}), (f"{at}/cancel", {})):
        assert stranger("POST", address, body).told == (404, "not_found")
        assert reader("POST", address, body).told == (403, "forbidden")
    foreign = f"/accounts/{office.foreign}/reservations/{one}"
    assert stranger("POST", f"{foreign}/commit", {}).told == (404, "not_found")
    assert quotas(office)["letters"]["held"] == "1"


# ---- seats


def test_seats_come_and_go_once_under_their_key(office: Office) -> None:
    path = f"{office.path}/seats"
    came = office.meter("POST", path, {"service": "people", "change": "3", "key": "hired"})
    stands = {"service": "people", "taken": "3", "included": "2", "over": "1"}
    assert (came.status, came.body) == (200, {"result": "counted", **stands})
    again = office.meter("POST", path, {"service": "people", "change": "3", "key": "hired"})
    assert again.body == {"result": "repeated", **stands}
    left = office.meter("POST", path, {"service": "people", "change": "-2"})
    assert left.body == {"result": "counted", "service": "people", "taken": "1", "included": "2", "over": "0"}
    refused = office.meter("POST", path, {"service": "people", "change": "1", "time": "2020-01-01T00:00:00Z"})
    assert (refused.told, refused.body["field"]) == ((422, "out_of_range"), "time")
    assert office.used() == {"people": "1"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, after ->> 'change' FROM base_trail WHERE action = 'usage.seats' ORDER BY id")
        assert cursor.fetchall() == [(office.account, "3"), (office.account, "-2")]
    assert audit() == []


@pytest.mark.parametrize(
    ("change", "told", "field"),
    [
        ({"service": "prints"}, (422, "not_quantifiable"), "service"),
        ({"service": "nothing"}, (422, "unknown_service"), "service"),
        ({"change": "-1"}, (422, "out_of_range"), "time"),
        ({"change": "many"}, (422, "invalid"), "change"),
        ({"key": "taken"}, (409, "key_conflict"), "key"),
    ],
)
def test_seats_that_are_refused_change_nothing(
    office: Office, change: dict[str, str], told: tuple[int, str], field: str
) -> None:
    office.meter("POST", "/usage", office.event(key="taken"))
    before = fingerprint()
    refused = office.meter("POST", f"{office.path}/seats", {"service": "people", "change": "1", **change})
    assert (refused.told, refused.body["field"]) == (told, field)
    assert fingerprint() == before


def test_seats_of_others_are_not_found(office: Office) -> None:
    before = fingerprint()
    path = f"/accounts/{office.foreign}/subscriptions/{office.foreign_sub}/seats"
    assert office.meter("POST", path, {"service": "people", "change": "1"}).told == (404, "not_found")
    assert fingerprint() == before
