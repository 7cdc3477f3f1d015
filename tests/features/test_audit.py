"""The audit: silent on books that the real operations made, and sure of every promise when the books are broken."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from abono.features.accounts.queries import account_by_number
from abono.features.billing.audit import PROMISES, audit, proved
from abono.features.billing.models import Run, Slice
from abono.features.ledger import operations as ledger
from abono.features.ledger.models import Account, Entry
from abono.features.operators.models import Operator
from abono.interfaces.cli.audit import run_audit
from abono.interfaces.cli.stories.playing import play
from abono.interfaces.cli.stories.reading import read_story

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

pytestmark = pytest.mark.django_db

SCENARIOS = Path(__file__).parents[1] / "scenarios"
STORIES = (
    "billing-arrears",
    "billing-cancel",
    "billing-change-now",
    "billing-daily-slices",
    "billing-downtime",
    "billing-early-block",
    "billing-first-period",
    "billing-pause-freeze-or-lose",
    "billing-price-from-a-date",
    "billing-promise",
    "billing-return-remainder-or-full",
    "billing-shortfall-end-or-owe",
    "billing-tax-on-top",
    "billing-time-zone",
    "billing-trial-and-setup-fee",
    "extra/arrears-blocks-and-pauses",
    "extra/arrears-closed-early",
    "extra/daily-cancel-and-change",
    "extra/daily-pause",
    "extra/downtime-blocks",
    "extra/downtime-steps-inside",
    "extra/pause-freeze-over-a-boundary",
    "extra/reasons-lift-at-one-instant",
    "extra/trial-change-and-cancel",
    "extra/zero-price",
)
WORLD = """
scenario: The world whose books are broken
operator: {currency: EUR, time_zone: Europe/Berlin, prices_include_tax: true, tax: "19"}
start: 2026-01-01
catalogue:
  services:
    tv: {kind: onoff}
    prints: {kind: usage}
    calls: {kind: usage}
    people: {kind: seats}
    visits: {kind: usage, aggregation: unique, property: visitor}
    most: {kind: usage, aggregation: max}
    level: {kind: usage, aggregation: latest}
    hits: {kind: usage, aggregation: count}
  plans:
    month: {price: "31.00", period: month, pause: {mode: freeze, fee: "1.00"}, services: {tv: {}}}
    day: {price: "31.00", period: month, charge: daily, services: {tv: {}}}
    later: {price: "31.00", period: month, charge: arrears, setup_fee: "5.00", services: {tv: {}}}
    printer:
      price: "31.00"
      period: month
      services:
        prints: {included: "10", model: package, size: "10", price: "5.00"}
        calls: {included: "3", quota_period: day, model: standard, unit: "0.10"}
    crew:
      price: "31.00"
      period: month
      services: {people: {model: standard, unit: "1.00", seats_billed: time}}
    site:
      price: "31.00"
      period: month
      services:
        visits: {included: "1", model: standard, unit: "1.00"}
        most: {included: "1", model: standard, unit: "1.00"}
        level: {included: "1", model: standard, unit: "1.00"}
        hits: {included: "1", model: standard, unit: "1.00"}
        prints: {filters: [{when: {colour: "yes"}, counts: "3"}]}
    packs:
      price: "31.00"
      period: month
      services: {prints: {included: "1", model: package, size: "1", price: "1.00", overage: on_use}}
    team:
      price: "31.00"
      period: month
      services: {people: {model: standard, unit: "1.00"}}
accounts:
  printing: {balance: "500.00"}
  crewed: {balance: "500.00"}
  teamed: {balance: "500.00"}
  sited: {balance: "500.00"}
  plain: {balance: "500.00"}
  daily: {balance: "500.00"}
  arrears: {balance: "500.00"}
  blocked: {balance: "500.00"}
  stopped: {balance: "500.00"}
  paused: {balance: "500.00"}
  promised: {}
  changed: {balance: "500.00"}
  packed: {balance: "500.00"}
steps:
  - {at: 2026-01-01T09:00, subscribe: {account: packed, plan: packs, as: packs}}
  - {at: 2026-01-01T10:00, subscribe: {account: plain, plan: month}}
  - {subscribe: {account: printing, plan: printer, as: printer}}
  - {subscribe: {account: crewed, plan: crew, as: crew}}
  - {subscribe: {account: teamed, plan: team, as: team}}
  - {subscribe: {account: sited, plan: site, as: site}}
  - {use: {subscription: site, service: visits, quantity: "1", properties: {visitor: a}}}
  - {use: {subscription: site, service: visits, quantity: "1", properties: {visitor: b}}}
  - {use: {subscription: site, service: visits, quantity: "1", properties: {visitor: a}}}
  - {use: {subscription: site, service: most, quantity: "7"}}
  - {use: {subscription: site, service: most, quantity: "5"}}
  - {use: {subscription: site, service: level, quantity: "7"}}
  - {use: {subscription: site, service: hits, quantity: "7"}}
  - {use: {subscription: site, service: prints, quantity: "7", properties: {colour: "yes"}}}
  - {seats: {subscription: crew, service: people, change: "9"}}
  - {seats: {subscription: team, service: people, change: "9"}}
  - {subscribe: {account: daily, plan: day}}
  - {subscribe: {account: arrears, plan: later}}
  - {subscribe: {account: blocked, plan: month, as: blocked}}
  - {subscribe: {account: stopped, plan: month, as: stopped}}
  - {subscribe: {account: paused, plan: month, as: paused}}
  - {subscribe: {account: changed, plan: month, as: changed}}
  - {promise: {account: promised, amount: "40.00", days: 5, fee: "2.00"}}
  - {subscribe: {account: promised, plan: month, as: promised}}
  - {at: 2026-01-02T10:00, use: {subscription: printer, service: prints, quantity: "12", key: a}}
  - {use: {subscription: printer, service: calls, quantity: "5"}}
  - {use: {subscription: site, service: level, quantity: "5"}}
  - {at: 2026-01-05T10:00, block: {subscription: blocked}}
  - {pause: {subscription: paused}}
  - {at: 2026-01-08T10:00, unblock: {subscription: blocked}}
  - {resume: {subscription: paused}}
  - {at: 2026-01-16T10:00, seats: {subscription: crew, service: people, change: "-4"}}
  - {seats: {subscription: team, service: people, change: "-4"}}
  - {change: {subscription: changed, quantity: "2", when: now}}
  - {block: {subscription: stopped}}
  - {at: 2026-03-10, use: {subscription: packs, service: prints, quantity: "3"}}
"""

UNCHARGED = """
    WITH gone AS (
        DELETE FROM billing_charge WHERE account_id = %(account)s AND starts_on = '{day}'
        RETURNING account_id, id, amount
    ),
    unbooked AS (
        DELETE FROM ledger_entry AS e USING gone AS g WHERE e.account_id = g.account_id AND e.id = g.id
    )
    UPDATE ledger_account AS a SET balance = a.balance + g.amount FROM gone AS g WHERE a.account_id = g.account_id
"""
BREAKS = [
    ("balance", "plain", "UPDATE ledger_account SET balance = balance + 1 WHERE account_id = %(account)s"),
    (
        "balance",
        "plain",
        """
        INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
        SELECT account_id, uuidv7(), operator_id, '2026-03-01', now(), 'payment', 100, 'cash'
        FROM ledger_account WHERE account_id = %(account)s
        """,
    ),
    ("held", "plain", "UPDATE ledger_account SET held = held + 1 WHERE account_id = %(account)s"),
    (
        "captures",
        "plain",
        """
        UPDATE ledger_hold SET amount = amount + 1 WHERE account_id = %(account)s AND entry_id IS NOT NULL
        """,
    ),
    ("grants", "promised", "UPDATE ledger_grant SET remaining = amount + 1 WHERE account_id = %(account)s"),
    (
        "one_grant",
        "promised",
        """
        INSERT INTO ledger_grant (account_id, id, operator_id, amount, remaining, starts_at, ends_at, reason)
        SELECT account_id, uuidv7(), operator_id, 1, 1, ends_at - interval '1 second', ends_at, reason
        FROM ledger_grant WHERE account_id = %(account)s
        """,
    ),
    (
        "charges",
        "plain",
        """
        UPDATE billing_charge SET amount = amount + 1
        WHERE account_id = %(account)s AND starts_on = '2026-02-01'
        """,
    ),
    (
        "charges",
        "arrears",
        """
        UPDATE ledger_entry SET booked_on = booked_on + 1 WHERE account_id = %(account)s AND kind = 'fee'
        """,
    ),
    (
        "charges",
        "changed",
        """
        UPDATE ledger_entry SET kind = 'adjustment' WHERE account_id = %(account)s AND kind = 'reversal'
        """,
    ),
    (
        "entries",
        "daily",
        """
        WITH gone AS (DELETE FROM billing_charge WHERE account_id = %(account)s AND starts_on = '2026-03-10'),
        back AS (
            UPDATE subscriptions_subscription SET paid_until = '2026-03-10' WHERE account_id = %(account)s
        )
        UPDATE ledger_account SET due_at = due_at - interval '1 day' WHERE account_id = %(account)s
        """,
    ),
    ("entries", "promised", "UPDATE ledger_grant SET fee = fee + 1 WHERE account_id = %(account)s"),
    ("entries", "paused", "UPDATE ledger_entry SET text = '' WHERE account_id = %(account)s AND kind = 'fee'"),
    (
        "reversals",
        "plain",
        """
        UPDATE ledger_entry SET counter = 'cash' WHERE account_id = %(account)s AND reverses IS NOT NULL
        """,
    ),
    (
        "overlaps",
        "plain",
        """
        UPDATE billing_charge SET ends_on = ends_on + 1
        WHERE account_id = %(account)s AND starts_on = '2026-01-01'
        """,
    ),
    (
        "overlaps",
        "changed",
        """
        WITH shortened AS (
            UPDATE billing_charge SET ends_on = ends_on - 1, amount = amount + 100
            WHERE account_id = %(account)s AND kind = 'credit'
            RETURNING account_id, id
        ),
        booked AS (
            UPDATE ledger_entry AS e SET amount = amount - 100 FROM shortened AS s
            WHERE e.account_id = s.account_id AND e.id = s.id
        )
        UPDATE ledger_account SET balance = balance - 100 WHERE account_id = %(account)s
        """,
    ),
    (
        "given_back",
        "changed",
        """
        WITH raised AS (
            UPDATE billing_charge SET amount = amount - 2 WHERE account_id = %(account)s AND kind = 'credit'
            RETURNING account_id, id
        ),
        booked AS (
            UPDATE ledger_entry AS e SET amount = amount + 2 FROM raised AS r
            WHERE e.account_id = r.account_id AND e.id = r.id
        )
        UPDATE ledger_account SET balance = balance + 2 WHERE account_id = %(account)s
        """,
    ),
    (
        "given_back",
        "changed",
        """
        WITH given AS (
            SELECT account_id, uuidv7() AS id, operator_id, subscription_id, starts_on, ends_on, rate_id
            FROM billing_charge WHERE account_id = %(account)s AND kind = 'part'
        ),
        booked AS (
            INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
            SELECT account_id, id, operator_id, starts_on, now(), 'refund', 6200, 'sales' FROM given
        ),
        charged AS (
            INSERT INTO billing_charge
                (account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id)
            SELECT account_id, id, operator_id, subscription_id, 'refund', starts_on, ends_on, -6200, -990, rate_id
            FROM given
        )
        UPDATE ledger_account SET balance = balance + 6200 WHERE account_id = %(account)s
        """,
    ),
    ("gaps", "plain", UNCHARGED.format(day="2026-02-01")),
    ("gaps", "daily", UNCHARGED.format(day="2026-02-14")),
    (
        "gaps",
        "paused",
        """
        UPDATE billing_charge SET ends_on = ends_on - 3
        WHERE account_id = %(account)s AND starts_on = '2026-01-01'
        """,
    ),
    (
        "starts",
        "blocked",
        """
        UPDATE subscriptions_transition SET at = at + interval '30 days', day = day + 30
        WHERE account_id = %(account)s AND cause = 'unblocked_by_staff'
        """,
    ),
    (
        "starts",
        "stopped",
        """
        WITH taken AS (
            UPDATE ledger_account SET balance = balance - 100 WHERE account_id = %(account)s
            RETURNING account_id, operator_id, uuidv7() AS id
        ),
        booked AS (
            INSERT INTO ledger_entry (account_id, id, operator_id, booked_on, booked_at, kind, amount, counter)
            SELECT account_id, id, operator_id, '2026-02-01', now(), 'charge', -100, 'sales' FROM taken
        )
        INSERT INTO billing_charge
            (account_id, id, operator_id, subscription_id, kind, starts_on, ends_on, amount, tax, rate_id)
        SELECT t.account_id, t.id, t.operator_id, s.id, 'period', '2026-02-01', '2026-03-01', 100, 0, s.rate_id
        FROM taken AS t INNER JOIN subscriptions_subscription AS s ON t.account_id = s.account_id
        """,
    ),
    (
        "moves",
        "plain",
        """
        INSERT INTO subscriptions_transition
            (account_id, id, operator_id, subscription_id, at, day, cause,
            state_from, state_to, reasons_from, reasons_to)
        SELECT account_id, uuidv7(), operator_id, id, '2026-03-09T23:00Z', '2026-03-10', 'started', state, state, 0, 0
        FROM subscriptions_subscription WHERE account_id = %(account)s
        """,
    ),
    (
        "history",
        "blocked",
        """
        UPDATE subscriptions_transition SET reasons_from = 6
        WHERE account_id = %(account)s AND cause = 'unblocked_by_staff'
        """,
    ),
    ("state", "stopped", "UPDATE subscriptions_subscription SET reasons = 12 WHERE account_id = %(account)s"),
    (
        "reasons",
        "blocked",
        """
        UPDATE subscriptions_transition SET reasons_from = 0, reasons_to = 0 WHERE account_id = %(account)s
        """,
    ),
    (
        "periods",
        "plain",
        """
        UPDATE subscriptions_subscription SET paid_until = paid_until - 1 WHERE account_id = %(account)s
        """,
    ),
    ("due", "plain", "UPDATE ledger_account SET due_at = due_at + interval '1 day' WHERE account_id = %(account)s"),
    ("due", "daily", "UPDATE ledger_account SET due_at = NULL WHERE account_id = %(account)s"),
    ("used", "printing", "UPDATE usage_counter SET ahead = ahead + 1 WHERE account_id = %(account)s AND NOT by_day"),
    ("used", "printing", "UPDATE usage_period SET used = used + 1 WHERE account_id = %(account)s AND used = 12"),
    ("used", "printing", "UPDATE usage_day SET used = used - 1 WHERE account_id = %(account)s"),
    ("used", "printing", "DELETE FROM usage_event WHERE account_id = %(account)s AND key = 'a'"),
    (
        "aggregated",
        "sited",
        "UPDATE usage_event SET reported = 6 WHERE account_id = %(account)s AND weight IS NOT NULL",
    ),
    ("aggregated", "sited", "UPDATE usage_event SET weight = 2 WHERE account_id = %(account)s AND weight IS NOT NULL"),
    ("aggregated", "sited", "UPDATE usage_event SET reported = -7 WHERE account_id = %(account)s AND quantity = 1"),
    (
        "aggregated",
        "sited",
        'UPDATE usage_event SET properties = \'{"visitor": "c"}\' WHERE account_id = %(account)s AND quantity = 0',
    ),
    ("aggregated", "sited", "UPDATE usage_event SET properties = NULL WHERE account_id = %(account)s"),
    (
        "aggregated",
        "sited",
        "UPDATE usage_event SET reported = 9 WHERE account_id = %(account)s AND reported = 5 AND quantity = 0",
    ),
    (
        "aggregated",
        "sited",
        "UPDATE usage_event SET at = at - interval '1 day' WHERE account_id = %(account)s AND quantity < 0",
    ),
    (
        "measured",
        "crewed",
        "UPDATE usage_period SET billed = billed + 0.000000000001 WHERE account_id = %(account)s AND turn = 1",
    ),
    (
        "measured",
        "crewed",
        "UPDATE usage_period SET billed = billed - 0.000000000001 WHERE account_id = %(account)s AND turn = 2",
    ),
    ("measured", "crewed", "UPDATE usage_event SET at = at + interval '1 second' WHERE account_id = %(account)s"),
    ("measured", "teamed", "UPDATE usage_period SET billed = 5 WHERE account_id = %(account)s AND turn = 1"),
    ("measured", "teamed", "UPDATE usage_period SET measured_by = 'end' WHERE account_id = %(account)s AND turn = 1"),
    ("reserved", "printing", "UPDATE usage_counter SET held = 1 WHERE account_id = %(account)s AND NOT by_day"),
    (
        "reserved",
        "printing",
        """
        WITH made AS (
            INSERT INTO usage_reservation (
                account_id, id, operator_id, subscription_id, service_id, quantity, made_at, expires_at, plan_id, times
            )
            SELECT
                account_id, uuidv7(), operator_id, subscription_id, service_id, 1, '2026-03-10', '2026-03-11', 0, 1
            FROM usage_counter WHERE account_id = %(account)s AND NOT by_day
            RETURNING account_id, service_id
        )
        UPDATE usage_counter AS c SET held = 1 FROM made AS m
        WHERE c.account_id = m.account_id AND c.service_id = m.service_id
        """,
    ),
    ("keyed", "printing", "DELETE FROM usage_key WHERE account_id = %(account)s"),
    ("overages", "printing", "UPDATE usage_period SET net = net + 1 WHERE account_id = %(account)s AND used = 12"),
    (
        "packs",
        "packed",
        """
        UPDATE catalogue_planservice SET terms = terms || '{"price": "1.01"}'
        WHERE terms ->> 'overage' = 'on_use' AND plan_id IN (
            SELECT plan_id FROM subscriptions_subscription WHERE account_id = %(account)s
        )
        """,
    ),
    ("numbers", "plain", "UPDATE accounts_number SET number = 'other' WHERE account_id = %(account)s"),
    ("numbers", "plain", "DELETE FROM accounts_profile WHERE account_id = %(account)s"),
    ("counters", None, "UPDATE billing_run SET totals = '{\"charged\": 8}'"),
    ("counters", None, "UPDATE billing_slice SET state = 'open' WHERE first = 3"),
]


@pytest.fixture(scope="module")
def world(
    django_db_setup: None,  # noqa: ARG001 -- the database is made by it
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, int]]:
    """The stories, the world to be broken and work of every other kind; the accounts of that world by their numbers.

    Made once: every test's own transaction is inside this one.
    """
    file = tmp_path_factory.mktemp("world") / "world.yaml"
    file.write_text(WORLD, encoding="utf-8")
    with django_db_blocker.unblock(), transaction.atomic():
        for story in STORIES:
            play(read_story(SCENARIOS / f"{story}.yaml"))
        outcome = play(read_story(file))
        assert outcome.failures == []
        accounts = numbers_of(outcome.scenario)
        work_by_hand(accounts)
        yield accounts
        transaction.set_rollback(True)


def numbers_of(scenario: str) -> dict[str, int]:
    operator = Operator.objects.get(name=scenario).pk
    names = (
        "plain", "daily", "arrears", "blocked", "stopped", "paused", "promised", "changed", "printing", "crewed",
        "teamed", "sited", "packed",
    )  # fmt: skip
    return {name: account_by_number(operator, name) for name in names}


def work_by_hand(accounts: dict[str, int]) -> None:
    """What belongs to no subscription: a debit of an integrator, holds, a reversal; and a run that is finished."""
    plain = accounts["plain"]
    first = Entry.objects.filter(account_id=plain).earliest("id")
    now, day = first.booked_at + timedelta(days=60), first.booked_on + timedelta(days=60)
    debit = ledger.debit(plain, 700, key="a", counter="rentsoft", day=day, now=now)
    ledger.reverse(plain, debit, day=day, now=now)
    ledger.capture_hold(plain, ledger.place_hold(plain, 300, text="", now=now), counter="rentsoft", day=day, now=now)
    ledger.place_hold(plain, 400, text="", now=now)
    run = Run.objects.create(until=now, started_at=now, finished_at=now, totals={"charged": 7, "amount": 900})
    for place, charged in ((1, 3), (3, 4)):
        totals = {"charged": charged, **({"amount": 900} if place == 1 else {})}
        Slice.objects.create(
            run=run, operator_id=1, first=place, last=place + 1, accounts=2, state="done", totals=totals
        )


def execute(text: str, values: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@pytest.fixture
def broken(world: dict[str, int]) -> dict[str, int]:
    """The world, for one test to break; the check that forbids it in the first place is off."""
    execute("ALTER TABLE ledger_grant DROP CONSTRAINT ledger_grant_remaining")
    return world


def test_books_made_by_the_operations_hold(broken: dict[str, int]) -> None:
    assert broken
    assert audit() == []
    assert proved().accounts == Account.objects.count()
    assert proved().entries == Entry.objects.count()


@pytest.mark.parametrize(("promise", "name", "text"), BREAKS, ids=lambda value: str(value)[:20])
def test_exactly_the_broken_promise_is_found(broken: dict[str, int], promise: str, name: str | None, text: str) -> None:
    account = None if name is None else broken[name]
    execute(text, None if account is None else {"account": account})
    (finding,) = audit()
    assert finding.promise == promise
    assert finding.sentence == PROMISES[promise]
    assert finding.count == len(finding.examples)
    assert {example.account for example in finding.examples} == {account}
    assert all(example.subject and example.found for example in finding.examples)


def test_every_promise_is_broken_once() -> None:
    assert {promise for promise, _name, _text in BREAKS} == set(PROMISES)


def test_the_count_is_exact_and_the_examples_are_few(broken: dict[str, int]) -> None:
    execute("UPDATE ledger_account SET balance = balance + 1")
    (finding,) = audit(limit=2)
    assert finding.count == proved().accounts > len(broken)
    assert len(finding.examples) == 2


def test_the_report_of_sound_books(broken: dict[str, int]) -> None:
    assert broken
    lines: list[str] = []
    assert run_audit(lines.append, as_json=False) == 0
    assert [line.split()[:2] for line in lines[:-1]] == [["holds", promise] for promise in PROMISES]
    assert lines[-1].endswith("events: the books are proved.")


def test_the_report_names_what_is_broken(broken: dict[str, int]) -> None:
    execute("UPDATE ledger_account SET held = held + 1 WHERE account_id = %(account)s", {"account": broken["plain"]})
    lines: list[str] = []
    assert run_audit(lines.append, as_json=False) == 1
    place = next(number for number, line in enumerate(lines) if line.startswith("BROKEN 1 "))
    assert lines[place].split()[2] == "held"
    assert lines[place + 1].strip() == f"account {broken['plain']}: account: held 401, sum of open holds 400"
    assert lines[-1].endswith(f"1 of {len(PROMISES)} promises are broken.")


def test_the_report_for_programs(broken: dict[str, int]) -> None:
    execute("UPDATE ledger_account SET held = held + 1 WHERE account_id = %(account)s", {"account": broken["plain"]})
    lines: list[str] = []
    assert run_audit(lines.append, as_json=True) == 1
    (line,) = lines
    told = json.loads(line)
    assert not told["holds"]
    assert told["promises"] == dict(PROMISES)
    assert told["proved"]["accounts"] == proved().accounts
    (finding,) = told["findings"]
    assert (finding["promise"], finding["count"], finding["examples"][0]["account"]) == ("held", 1, broken["plain"])
