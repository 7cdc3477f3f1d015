"""What staff write: exactly what the forms say, once, after a preview that writes nothing; or nothing at all."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone
from tests.doors.confirming import looked_at
from tests.doors.web.staff_world import World, everything, text, world

from abono.base.clock import _right, judge_clock, trust_clock, uptime
from abono.features.access.rights import Role
from abono.features.accounts.operations import open_account
from abono.features.accounts.profiles import notes_of
from abono.features.billing import money, orders
from abono.features.billing.queries import accounts_now
from abono.features.billing.runs import advance
from abono.features.ledger.queries import statement
from abono.features.subscriptions.queries import SubscriptionRow, subscriptions_of_account

pytestmark = pytest.mark.django_db(transaction=True)

SUBSCRIBE = {"plan": "line", "quantity": "2", "unit": "camera 8", "starts_on": ""}
LINE = "subscriptions/LINE/"
DEEDS: list[tuple[str, dict[str, str]]] = [
    ("pay/", {"amount": "12,50", "text": "cash"}),
    ("refund/", {"amount": "20", "text": ""}),
    ("adjust/", {"direction": "take", "amount": "1.25", "text": "mistake"}),
    ("promise/", {"amount": "100", "days": "5", "fee": "1"}),
    ("limit/", {"amount": "250"}),
    ("subscribe/", SUBSCRIBE),
    (LINE + "change/", {"plan": "big", "quantity": "1", "when": "now"}),
    (LINE + "change/", {"plan": "line", "quantity": "3", "when": "period_end"}),
    (LINE + "pause/", {"until": ""}),
    (LINE + "cancel/", {"when": "refund"}),
    (LINE + "cancel/", {"when": "period_end"}),
    (LINE + "block/", {}),
    ("block/", {}),
]
"""Every deed that can be done to the world as it is, with a form that is right."""


@pytest.fixture
def one() -> World:
    return world()


def where(one: World, rest: str) -> str:
    return f"/accounts/{one.account}/" + rest.replace("LINE", str(one.line))


def send(client: Client, address: str, form: dict[str, str], step: str, key: str) -> Any:
    return client.post(address, looked_at(client, address, {**form, "step": step, "key": key}))


def done(one: World, rest: str, form: dict[str, str]) -> None:
    """Fill in, look, confirm."""
    key = str(uuid4())
    shown = send(one.boss, where(one, rest), form, "preview", key)
    assert shown.status_code == 200, text(shown)[-1500:]
    answer = send(one.boss, where(one, rest), form, "confirm", key)
    assert answer.status_code == 303, text(answer)[-1500:]


def line(one: World) -> SubscriptionRow:
    return next(row for row in subscriptions_of_account(one.account) if row.id == one.line)


def balance(one: World) -> int:
    return int(accounts_now([one.account], timezone.now())[one.account]["balance"])


# ---- The frame of every deed


@pytest.mark.parametrize(("rest", "form"), DEEDS)
def test_a_preview_writes_nothing_and_a_deed_that_is_sent_twice_is_done_once(
    one: World, rest: str, form: dict[str, str]
) -> None:
    boss, address, key = one.boss, where(one, rest), str(uuid4())
    before = everything()
    assert boss.get(address).status_code == 200
    shown = send(boss, address, form, "preview", key)
    assert shown.status_code == 200, text(shown)[-1500:]
    assert 'value="confirm"' in text(shown)
    for name, value in form.items():
        assert f'name="{name}" value="{value}"' in text(shown)
    again = send(boss, address, form, "edit", key)
    assert again.status_code == 200
    assert everything() == before
    first = send(boss, address, form, "confirm", key)
    assert first.status_code == 303, text(first)[-1500:]
    after = everything()
    assert after["base_trail"] != before["base_trail"]
    second = send(boss, address, form, "confirm", key)
    assert second.status_code in {303, 422}
    still = everything()
    untouched = ("ledger_account", "ledger_entry", "ledger_grant", "billing_charge", "subscriptions_transition")
    assert {name: still[name] for name in untouched} == {name: after[name] for name in untouched}


def test_nothing_is_booked_by_a_clock_that_leapt(one: World) -> None:
    judge_clock(timezone.now() - timedelta(hours=2), uptime())  # the machine has not been up for two hours since
    _right.clear()
    boss, before = one.boss, everything()
    for rest, form in DEEDS:
        answer = send(boss, where(one, rest), form, "confirm", str(uuid4()))
        assert answer.status_code == 503
        assert "cannot be trusted" in text(answer)
    assert everything() == before
    assert boss.get(where(one, "")).status_code == 200
    trust_clock(timezone.now())
    done(one, "pay/", {"amount": "12.50", "text": "cash"})


def test_without_the_right_nothing_is_done(one: World) -> None:
    auditor = one[Role.AUDITOR]
    before = everything()
    for rest, form in DEEDS:
        for step in ("preview", "confirm"):
            assert send(auditor, where(one, rest), form, step, str(uuid4())).status_code == 403, rest
    assert everything() == before


def test_nothing_is_done_to_a_stranger(one: World) -> None:
    boss = one.boss
    before = everything()
    for rest, form in DEEDS:
        address = f"/accounts/{one.foreign}/" + rest.replace("LINE", str(one.foreign_line))
        mixed = f"/accounts/{one.account}/" + rest.replace("LINE", str(one.foreign_line))
        for step in ("preview", "confirm"):
            assert send(boss, address, form, step, str(uuid4())).status_code == 404, rest
            if "LINE" in rest:
                assert send(boss, mixed, form, step, str(uuid4())).status_code == 404, rest
    assert everything() == before


def test_a_form_without_a_key_or_a_token_is_not_carried_out(one: World) -> None:
    boss = one.boss
    before = everything()
    assert boss.post(where(one, "pay/"), {"amount": "1", "text": "", "step": "confirm"}).status_code == 422
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = boss.cookies
    assert send(strict, where(one, "pay/"), {"amount": "1"}, "confirm", "k").status_code == 403
    assert everything() == before


def test_a_key_stands_for_one_form(one: World) -> None:
    key = str(uuid4())
    assert send(one.boss, where(one, "pay/"), {"amount": "1"}, "confirm", key).status_code == 303
    before = everything()
    other = send(one.boss, where(one, "pay/"), {"amount": "2"}, "confirm", key)
    assert other.status_code == 422
    assert "This form was sent before with other values" in text(other)
    assert everything() == before
    done(one, LINE + "pause/", {"until": ""})
    paused = everything()
    nothing_to_fill_in = send(one.boss, where(one, LINE + "resume/"), {}, "confirm", key)
    assert nothing_to_fill_in.status_code == 422
    assert "This form was sent before with other values" in text(nothing_to_fill_in)
    assert 'value="confirm"' not in text(nothing_to_fill_in)
    assert everything() == paused


# ---- Refused forms


REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("pay/", {"amount": "1,234", "text": "keep me"}, "can be read in two ways"),
    ("pay/", {"amount": "", "text": "keep me"}, "This field is required."),
    ("pay/", {"amount": "0", "text": "keep me"}, "Write at least 0.01."),
    ("pay/", {"amount": "-5", "text": "keep me"}, "Write at least 0.01."),
    ("pay/", {"amount": "1.234,5", "text": "x" * 201}, "at most 200"),
    ("pay/", {"amount": "9" * 20, "text": "keep me"}, "Write a smaller amount"),
    ("refund/", {"amount": "50.01", "text": "keep me"}, "€0.01 are missing"),
    ("adjust/", {"direction": "sideways", "amount": "1", "text": "keep me"}, "Select a valid choice"),
    ("adjust/", {"direction": "add", "amount": "1", "text": ""}, "This field is required."),
    ("promise/", {"amount": "10", "days": "367", "fee": "0"}, "366"),
    ("promise/", {"amount": "10", "days": "5", "fee": "500"}, "are missing"),
    ("limit/", {"amount": "-1"}, "Write at least 0.00."),
    ("subscribe/", {**SUBSCRIBE, "quantity": "6"}, "€10.00 are missing"),
    ("subscribe/", {**SUBSCRIBE, "quantity": "0"}, "Write a quantity above 0."),
    ("subscribe/", {**SUBSCRIBE, "plan": "nonsense"}, "Select a valid choice"),
    ("subscribe/", {**SUBSCRIBE, "starts_on": "2020-01-01"}, "has passed"),
    ("subscribe/", {**SUBSCRIBE, "starts_on": "yesterday"}, "Enter a valid date."),
    (LINE + "change/", {"plan": "year", "quantity": "1", "when": "now"}, "are missing"),
    (LINE + "pause/", {"until": "2020-01-01"}, "Let the pause end after today"),
]


def test_a_refused_form_keeps_what_was_typed_and_writes_nothing(one: World) -> None:
    boss = one.boss
    before = everything()
    for rest, form, says in REFUSED:
        for step in ("preview", "confirm"):
            answer = send(boss, where(one, rest), form, step, "a-key")
            said = text(answer)
            assert answer.status_code == 422, (rest, form)
            assert says in said, (rest, re.findall(r'<div class="error".*?</div>', said, re.DOTALL))
            assert 'name="key" value="a-key"' in said
            for value in form.values():
                assert value in said, (rest, value)
    assert everything() == before


# ---- Exact amounts


def test_money_by_hand(one: World) -> None:
    done(one, "pay/", {"amount": "1.234,50", "text": "bank"})
    assert balance(one) == 5_000 + 123_450
    done(one, "refund/", {"amount": "1284.00", "text": ""})
    assert balance(one) == 50
    done(one, "adjust/", {"direction": "take", "amount": "1", "text": "why"})
    done(one, "adjust/", {"direction": "add", "amount": "0,5", "text": "why not"})
    assert balance(one) == 0
    rows = [(row.kind, row.amount, row.text) for row in statement(one.account, limit=4).items]
    assert rows == [
        ("adjustment", 50, "why not"),
        ("adjustment", -100, "why"),
        ("refund", -128_400, ""),
        ("payment", 123_450, "bank"),
    ]
    done(one, "limit/", {"amount": "75"})
    done(one, "promise/", {"amount": "20", "days": "3", "fee": "0,30"})
    now = accounts_now([one.account], timezone.now())[one.account]
    assert (now["balance"], now["available"]) == (-30, 7_500 + 2_000 - 30)


def test_subscribe_change_and_take_back(one: World) -> None:
    done(one, "subscribe/", SUBSCRIBE)
    assert balance(one) == 3_000
    new = next(row for row in subscriptions_of_account(one.account) if row.unit == "camera 8")
    assert (new.plan_code, str(new.quantity), new.state) == ("line", "2.000000", "active")
    done(one, LINE + "change/", {"plan": "big", "quantity": "1", "when": "now"})
    assert (line(one).plan_code, balance(one)) == ("big", 1_000)
    done(one, LINE + "change/", {"plan": "line", "quantity": "1", "when": "period_end"})
    assert (line(one).plan_code, line(one).next_plan_code, balance(one)) == ("big", "line", 1_000)
    said = text(one.boss.get(where(one, LINE)))
    assert "it becomes line, quantity 1" in said
    done(one, LINE + "keep-plan/", {})
    assert line(one).next_plan_code is None


def test_a_later_start_is_pending_and_charges_nothing_yet(one: World) -> None:
    later = (timezone.now() + timedelta(days=10)).date()
    done(one, "subscribe/", {**SUBSCRIBE, "starts_on": later.isoformat()})
    new = next(row for row in subscriptions_of_account(one.account) if row.unit == "camera 8")
    assert (new.state, new.starts_on, balance(one)) == ("pending", later, 5_000)


def test_pause_and_resume(one: World) -> None:
    until = (timezone.now() + timedelta(days=5)).date()
    done(one, LINE + "pause/", {"until": until.isoformat()})
    assert (line(one).state, line(one).reasons, line(one).paused_until) == ("suspended", ("customer",), until)
    done(one, LINE + "resume/", {})
    assert (line(one).state, balance(one)) == ("active", 5_000)


def test_cancel_and_take_it_back(one: World) -> None:
    done(one, LINE + "cancel/", {"when": "period_end"})
    assert (line(one).state, line(one).cancels) == ("active", True)
    assert "It ends on" in text(one.boss.get(where(one, LINE)))
    done(one, LINE + "keep/", {})
    assert not line(one).cancels
    done(one, LINE + "cancel/", {"when": "refund"})
    assert (line(one).state, balance(one)) == ("ended", 6_000)
    answer = one.boss.get(where(one, LINE + "change/"))
    assert answer.status_code == 422
    assert "Order a new one" in text(answer)


def test_cancel_now_without_refund(one: World) -> None:
    done(one, LINE + "cancel/", {"when": "now"})
    assert (line(one).state, balance(one)) == ("ended", 5_000)


def test_block_and_lift(one: World) -> None:
    done(one, "block/", {})
    assert line(one).reasons == ("staff",)
    done(one, "unblock/", {})
    assert line(one).state == "active"
    done(one, LINE + "block/", {})
    assert line(one).reasons == ("staff",)
    done(one, LINE + "unblock/", {})
    assert (line(one).state, balance(one)) == ("active", 5_000)


def test_the_payment_that_a_suspension_lacks_is_a_click_away_and_brings_it_back(one: World) -> None:
    now = timezone.now()
    past = now - timedelta(days=40)
    account = open_account(one.operator, "40", now=past)
    money.pay(account, 1_500, now=past)
    one.account, one.line = account, orders.subscribe(account, "line", now=past)
    advance(now, operator=one.operator.id, workers=1)
    assert line(one).reasons == ("funds",)
    said = text(one.boss.get(f"/accounts/{one.account}/"))
    assert "It returns when €5.00 arrive." in said
    link = re.search(r'href="(/accounts/\d+/pay/\?amount=500)"', said)
    assert link is not None
    assert 'value="5.00"' in text(one.boss.get(link[1]))
    shown = send(one.boss, where(one, "pay/"), {"amount": "5.00", "text": ""}, "preview", "k")
    assert "Suspended" in text(shown)
    assert "Active" in text(shown)
    done(one, "pay/", {"amount": "5.00", "text": ""})
    assert (line(one).state, balance(one)) == ("active", 0)


# ---- Accounts


def test_an_account_is_opened_with_the_next_number(one: World) -> None:
    form = {"operator": str(one.operator.id), "number": "", "name": "Petrov", "locale": "ru", "credit_limit": "10"}
    answer = one.boss.post("/accounts/new/", form)
    assert answer.status_code == 303
    account = int(answer["Location"].split("/")[2])
    said = text(one.boss.get(answer["Location"]))
    assert "1002 · Petrov" in said
    assert accounts_now([account], timezone.now())[account]["available"] == 1_000


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"number": "1001"}, "There is an account with this number already"),
        ({"credit_limit": "1,234"}, "can be read in two ways"),
        ({"locale": "xx"}, "Select a valid choice"),
        ({"manager": "999999"}, "Select a valid choice"),
    ],
)
def test_an_account_that_is_refused_keeps_what_was_typed(one: World, changed: dict[str, str], says: str) -> None:
    boss = one.boss
    form = {"operator": str(one.operator.id), "number": "7", "name": "Keep Me", "locale": "en", "credit_limit": "0"}
    form |= changed
    before = everything()
    answer = boss.post("/accounts/new/", form)
    assert answer.status_code == 422
    assert says in text(answer)
    assert "Keep Me" in text(answer)
    assert everything() == before


def test_no_account_is_opened_for_a_stranger(one: World) -> None:
    boss = one.boss
    before = everything()
    form = {"operator": str(one.stranger.id), "number": "7", "name": "x", "locale": "en", "credit_limit": "0"}
    assert boss.post("/accounts/new/", form).status_code == 404
    assert everything() == before


def test_an_account_of_a_manager_is_the_manager_s(one: World) -> None:
    manager = one[Role.MANAGER]
    form = {"operator": str(one.operator.id), "number": "", "name": "Mine", "locale": "en", "credit_limit": "500"}
    answer = manager.post("/accounts/new/", form)
    assert answer.status_code == 303, text(answer)
    assert manager.get(answer["Location"]).status_code == 200
    account = int(answer["Location"].split("/")[2])
    assert accounts_now([account], timezone.now())[account]["available"] == 0, "a manager gives no credit"
    assert manager.get(f"/accounts/{account}/limit/").status_code == 403
    assert manager.post(f"/accounts/{account}/give/", {"manager": "", "agent": ""}).status_code in {403, 422}
    assert manager.get(f"/accounts/{account}/").status_code == 200


def test_profile_servants_and_notes(one: World) -> None:
    boss = one.boss
    _ = one[Role.MANAGER]
    assert boss.post(where(one, "edit/"), {"name": "Sidorov", "locale": "de"}).status_code == 303
    assert "1001 · Sidorov" in text(boss.get(where(one, "")))
    assert boss.post(where(one, "edit/"), {"name": "x" * 201, "locale": "de"}).status_code == 422
    offered = re.findall(r'<option value="(\d+)">Anna Example', text(boss.get(where(one, "give/"))))
    assert len(offered) == 1
    assert boss.post(where(one, "give/"), {"manager": offered[0], "agent": ""}).status_code == 303
    assert one[Role.MANAGER].get(where(one, "")).status_code == 200
    assert boss.post(where(one, "notes/"), {"note": "called"}).status_code == 303
    assert boss.post(where(one, "notes/"), {"note": " "}).status_code == 422
    (note,) = notes_of(one.account)
    assert (note.text, note.author) == ("called", "Anna Example")
    assert boss.post(where(one, f"notes/{note.id}/strike/")).status_code == 303
    assert boss.post(where(one, f"notes/{UUID(int=1)}/strike/")).status_code == 404
    assert notes_of(one.account) == []
