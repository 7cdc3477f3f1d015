"""What holds for every call: keys, problems, sizes, headers, limits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from abono.base.clock import _right, judge_clock, trust_clock, uptime
from abono.features.billing.forecasts import make_waiting
from abono.interfaces.api.limits import Allowance, take

from .conftest import Caller, World, key_of

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_key_says_what_it_is_and_may_do(world: World) -> None:
    answer = Caller(key_of(world.seller, ["run.view", "account.view"]))("GET", "/me")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    told = answer.body
    assert (told["name"], told["operator"], told["operators"]) == ("Shop", world.seller.id, [world.seller.id])
    assert told["rights"] == ["account.view", "run.view"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer nonsense", "Bearer abono_nonsense", "Basic YWJvbm86eA==", "abono_x", "Bearer abono_\u00e9"],
)
def test_without_a_valid_key_nobody_is_let_in(header: str) -> None:
    answer = Caller("")("GET", "/me", **({"Authorization": header} if header else {}))
    assert answer.told == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Abono"'
    assert answer.headers["X-Request-Id"] in answer.body["instance"]


def test_a_session_of_the_web_is_no_key() -> None:
    caller = Caller("")
    caller.client.cookies["sessionid"] = "whatever"
    assert caller("GET", "/me").told == (401, "unauthorized")


def test_nothing_is_booked_by_a_clock_that_leapt(world: World) -> None:
    up = uptime()
    judge_clock(timezone.now() - timedelta(hours=2), up)  # the machine has not been up for two hours since
    _right.clear()
    path = f"/accounts/{world.account}"
    for _ in range(2):
        assert world.call("POST", f"{path}/payments", {"amount": "1"}).told == (503, "clock_leapt")
    assert world.call("GET", f"{path}/balance").body["balance"] == "100.00"
    trust_clock(timezone.now())
    assert world.call("POST", f"{path}/payments", {"amount": "1"}).body["balance"] == "101.00"


def test_a_key_that_expired_or_was_revoked_is_none(world: World) -> None:
    old = key_of(world.seller, now=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1))
    assert Caller(old)("GET", "/me").told == (401, "unauthorized")
    own = world.call("GET", "/me").body["key"]
    assert world.call("DELETE", f"/keys/{own}").status == 204
    assert world.call("GET", "/me").told == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("GET", "/nothing", (404, "not_found")),
        ("GET", "/", (404, "not_found")),
        ("DELETE", "/me", (405, "method_not_allowed")),
        ("GET", "/me?limit=1", (422, "unknown_field")),
        ("GET", "/keys/%00", (405, "method_not_allowed")),
        ("DELETE", "/keys/99999999999999999999", (422, "out_of_range")),
        ("DELETE", "/keys/x", (422, "invalid")),
        ("DELETE", "/keys/4611686018427387904", (404, "not_found")),
    ],
)
def test_what_is_not_there_is_told_as_a_problem(world: World, method: str, path: str, told: tuple[int, str]) -> None:
    assert world.call(method, path).told == told


def test_head_is_get_without_the_body(world: World) -> None:
    answer = world.call("HEAD", f"/accounts/{world.account}")
    assert (answer.status, answer.headers["Content-Type"], answer.content) == (200, "application/json", b"")


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (b"{", "application/json", (400, "malformed")),
        (b'{"quote": 1, "quote": 2}', "application/json", (400, "malformed")),
        (b'{"quote": NaN}', "application/json", (400, "malformed")),
        (b"[" * 100_000, "application/json", (400, "malformed")),
        (b"\xff\xfe", "application/json", (400, "malformed")),
        (b"[1]", "application/json", (422, "invalid")),
        (b"", "application/json", (422, "required")),
        (b"quote=tax", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (b"{}", "text/plain", (415, "unsupported_media_type")),
        (b" " * 1_048_577, "application/json", (413, "too_large")),
    ],
)
def test_bodies_that_cannot_be_read(world: World, body: bytes, kind: str, told: tuple[int, str]) -> None:
    assert world.call("POST", "/quote", body, Content_Type=kind).told == told


def test_a_quote_is_that_of_the_command(world: World) -> None:
    asked = {"quote": "tax", "amount": "119.00", "rate": "19"}
    assert world.call("POST", "/quote", asked).body == {"net": "100.00", "tax": "19.00", "gross": "119.00"}
    refused = world.call("POST", "/quote", {"quote": "tax", "amount": "1,00", "rate": "19"})
    assert (refused.told, refused.body["field"]) == ((422, "invalid"), "amount")


def test_a_key_may_ask_so_often_a_second(world: World, settings: Settings) -> None:
    settings.API_CALLS_A_SECOND = 2
    answers = [world.call("GET", "/me") for _ in range(2)]
    assert [each.status for each in answers] == [200, 200]
    assert answers[0].headers["RateLimit-Policy"] == '"key";q=2;w=1'
    assert answers[0].headers["RateLimit"] == '"key";r=1;t=1'
    for _ in range(20):  # a slow machine gives a call back now and then
        last = world.call("GET", "/me")
        if last.status != 200:
            break
    assert last.told == (429, "too_many_requests")
    assert last.headers["Retry-After"] == "1"
    assert Caller(key_of(world.seller))("GET", "/me").status == 200


def test_a_bucket_fills_as_time_passes(settings: Settings) -> None:
    settings.API_CALLS_A_SECOND = 4
    now = timezone.now()
    assert [take(7, 1, now).left for _ in range(5)] == [3, 2, 1, 0, -1]
    assert take(7, 1, now + timedelta(seconds=0.25)).left == 0
    assert take(7, 1, now + timedelta(seconds=60)) == Allowance(4, 3, 1)


def test_all_keys_of_an_operator_share_what_it_may_ask(settings: Settings) -> None:
    settings.API_CALLS_A_SECOND = 3
    settings.API_OPERATOR_CALLS_A_SECOND = 4
    now = timezone.now()
    assert [take(1, 5, now).left for _ in range(9)] == [2, 1, 0, -1, -1, -1, -1, -1, -1]
    # What the first key was refused cost the operator nothing: of four, three are taken.
    assert [take(2, 5, now).left for _ in range(2)] == [2, -1]
    assert take(3, 6, now).left == 2


def test_a_clock_that_was_wrong_shuts_no_key_out() -> None:
    now = timezone.now()
    assert take(8, 7, now + timedelta(hours=1)).left > 0
    assert take(8, 7, now).left > 0


def test_a_forecast_has_a_cost_and_is_made_one_at_a_time(world: World, settings: Settings) -> None:
    assert world.call("GET", "/forecast?days=30").status == 200
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('abono.billing.forecast'), %s)", [world.seller.id])
        assert world.call("GET", "/forecast?days=30").told == (429, "forecast_running")
    assert world.call("GET", "/forecast?days=30").status == 200
    settings.API_MOST_FORECAST = 0
    assert world.call("POST", f"/accounts/{world.account}/payments", {"amount": "100.00"}).status == 201
    assert world.call("POST", f"/accounts/{world.account}/subscriptions", {"plan": "line"}).status == 201
    assert world.call("GET", "/forecast?days=40").told == (422, "too_many_accounts")


def test_only_a_few_forecasts_wait(world: World) -> None:
    assert [world.call("POST", "/forecasts", {"days": 30}).status for _ in range(4)] == [202, 202, 202, 429]
    make_waiting(timezone.now())
    assert world.call("POST", "/forecasts", {"days": 30}).status == 202


def test_the_web_gives_up_a_statement_that_takes_too_long() -> None:
    told = subprocess.run(
        [sys.executable, "-c", ("import abono.project.wsgi\nfrom django.db import connection as c\n"
         "with c.cursor() as cursor:\n cursor.execute('SHOW statement_timeout')\n print(cursor.fetchone()[0])")],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "abono.project.settings"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == "30s"


def test_the_contract_is_openapi_3_1_and_needs_no_key() -> None:
    answer = Caller("")("GET", "/openapi.json")
    contract = json.loads(answer.content)
    assert (answer.status, contract["openapi"]) == (200, "3.1.0")
    assert contract["paths"]["/api/v1/keys"]["post"]["x-right"] == "key.change"


def test_the_reference_is_a_page_without_scripts() -> None:
    answer = Caller("")("GET", "/docs")
    assert (answer.status, b"<script" in answer.content) == (200, False)
    assert b"POST /api/v1/keys" in answer.content


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_what_everybody_may_read_is_made_once(path: str) -> None:
    first, again = Caller("")("GET", path), Caller("")("GET", path)
    assert (again.content, again.headers["ETag"]) == (first.content, first.headers["ETag"])
    assert first.headers["Cache-Control"] == "no-cache"
    has = Caller("")("GET", path, If_None_Match=first.headers["ETag"])
    assert (has.status, has.content) == (304, b"")
    assert Caller("")("POST", path, {}).status == 405


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"amount": "-1"}, "amount", 'Write the amount as a decimal number in quotes, 0 or more, such as "50.00".'),
        ({"amount": 10.5}, "amount", "Write it as text, in quotes."),
        ({"amount": "1.00", "key": "k"}, "key", "Remove this field; it is not known here."),
        ({}, "amount", "Give a value for `amount`."),
        ({"amount": "1.00", "text": "x" * 201}, "text", "Write at most 200 characters."),
        ({"amount": "1.00", "text": "a\tb"}, "text", "Write one line of text, without control characters."),
        ([], None, "Send an object with named fields."),
    ],
)
def test_what_does_not_fit_is_told_as_what_to_do(world: World, body: object, field: str | None, said: str) -> None:
    answer = world.call("POST", f"/accounts/{world.account}/payments", body)
    assert (answer.status, answer.body.get("field"), answer.body["detail"]) == (422, field, said)


def test_a_body_that_is_no_json_says_what_to_send(world: World) -> None:
    answer = world.call("POST", "/accounts", b"x", Content_Type="text/plain")
    assert answer.told == (415, "unsupported_media_type")
    assert answer.body["detail"] == "Send the body as JSON, with the header `Content-Type: application/json`."


@pytest.mark.parametrize(
    ("method", "path", "field", "body"),
    [
        ("POST", "/keys", "expires_at", {"name": "Till", "rights": ["account.view"]}),
        ("POST", "/webhooks/1/replays", "since", {}),
        ("GET", "/audit", "since", None),
        ("GET", "/audit", "until", None),
    ],
)
def test_instants_have_the_bounds_of_days(
    world: World, method: str, path: str, field: str, body: dict[str, object] | None
) -> None:
    for instant in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z"):
        asked = path if body is not None else f"{path}?{urlencode({field: instant})}"
        answer = world.call(method, asked, None if body is None else {**body, field: instant})
        assert answer.told == (422, "out_of_range")
        assert answer.body["field"] == field
        assert answer.body["detail"].startswith("Write a ")
    assert world.call("GET", "/keys").status == 200


@pytest.mark.parametrize(
    "body",
    [
        *("[" * 100_000, '{"a":' * 100_000, '{"plans": ' + "[" * 40 + "]" * 40 + "}", '{"amount": NaN}', "Infinity"),
        *('{"amount": 1e999999}', '{"amount": %s}' % ("9" * 5_000), '{"amount": true}', '{"amount": "\\ud800"}'),
        *('{"amount": "\uff11"}', '{"amount": "-0"}', '{"amount": "1", "amount": "2"}', '{"amount": "1e2"}'),
    ],
)
def test_a_body_that_no_number_or_text_comes_from_is_refused(world: World, body: str) -> None:
    calls = (("POST", f"/accounts/{world.account}/payments"), ("PUT", f"/operators/{world.seller.id}/catalogue"))
    for method, path in calls:
        answer = world.call(method, path, body.encode("utf-8", "surrogatepass"))
        assert answer.status in {400, 422}, answer.content
        assert answer.headers["Content-Type"] == "application/problem+json"
