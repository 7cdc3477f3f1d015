"""The command line: exit codes, one clear line on standard error, nothing written (doors.md §1)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from abono.features.billing.orders import subscribe
from tests.features.worlds import START, account, operator

ABONO = Path(sys.executable).with_name("abono")
SCENARIOS = Path(__file__).parents[1] / "scenarios"


def here(name: str | None = None) -> str:
    """The address of the test's own database, or of another on the same server."""
    settings = connection.settings_dict
    parts = {"dbname": name or settings["NAME"], "user": settings["USER"], "password": settings["PASSWORD"],
             "host": settings["HOST"], "port": settings["PORT"]}  # fmt: skip
    return make_conninfo(**{key: value for key, value in parts.items() if value})


def abono(*words: str, given: str = "", address: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the real command on the test's own database."""
    return subprocess.run(
        [str(ABONO), *words],
        input=given,
        env={**os.environ, "ABONO_DATABASE_URL": address or here()},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command refused."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("abono: ")
    return line


def test_quote_answers_line_by_line() -> None:
    done = abono("quote", given='{"quote": "share", "total": "10.00", "weights": ["1", "1", "1"]}\n{"quote": "?"}\n')
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"parts": ["3.34", "3.33", "3.33"]}
    assert second["error"]["field"] == "quote"
    assert done.returncode == 2


@pytest.mark.django_db(transaction=True)
def test_simulate_tells_what_fails(tmp_path: Path) -> None:
    story = SCENARIOS / "billing-payment-key-conflict.yaml"
    good = abono("simulate", str(story), "--json")
    assert good.returncode == 0, good.stderr
    (told,) = json.loads(good.stdout)
    assert told["passed"] is True
    assert told["final"]["accounts"]["a"]["balance"] == "10.00"
    bad = tmp_path / "bad.yaml"
    bad.write_text(story.read_text(encoding="utf-8").replace('balance: "10.00"', 'balance: "11.00"'), encoding="utf-8")
    done = abono("simulate", str(bad), "--json")
    assert done.returncode == 1
    (told,) = json.loads(done.stdout)
    assert told["failures"] == [{"step": 3, "path": "accounts.a.balance", "expected": "11.00", "actual": "10.00"}]


@pytest.mark.django_db(transaction=True)
def test_simulate_leaves_nothing_behind() -> None:
    words = [str(ABONO), "simulate", str(SCENARIOS / "billing-payment-key-conflict.yaml")]
    with subprocess.Popen(
        words, env={**os.environ, "ABONO_DATABASE_URL": here()}, stdout=subprocess.DEVNULL
    ) as process:
        process.wait(timeout=120)
    assert process.returncode == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"abono_scratch_{process.pid}_"]
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db(transaction=True)
def test_a_malformed_story_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "story.yaml"
    path.write_text("start: 2026-01-01\nsteps: [{pay: {account: a}}]", encoding="utf-8")
    assert "steps.1.pay.amount" in refused(abono("simulate", str(path)))
    assert str(path) in refused(abono("simulate", str(path)))
    assert "missing.yaml" in refused(abono("simulate", "missing.yaml"))


@pytest.mark.django_db(transaction=True)
def test_advance_of_an_empty_world_does_nothing_and_says_so() -> None:
    done = abono("advance", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"] == []
    assert "unknown_operator" in refused(abono("advance", "--operator", "nobody"))
    assert "--to" in refused(abono("advance", "--to", "tomorrow"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("until", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "3000-01-01T00:00:00Z"])
def test_advance_to_no_time_of_plans_opens_no_run(until: str) -> None:
    subscribe(account(operator(), 5_000), "line", now=START)
    told = "abono: --to: Write a day from 1970-01-01 to 2999-12-31. (out_of_range)"
    assert refused(abono("advance", "--to", until)) == told
    with connection.cursor() as at:
        at.execute("SELECT count(*) FROM billing_run")
        assert at.fetchone() == (0,)


def test_an_unreachable_database_is_one_line_without_the_password() -> None:
    line = refused(abono("advance", address="postgresql://u:secret@127.0.0.1:1/none"))
    assert "database_unreachable" in line
    assert "secret" not in line


@pytest.mark.django_db(transaction=True)
def test_a_database_without_tables_is_one_line() -> None:
    assert "not_migrated" in refused(abono("advance", address=here("postgres")))


def test_unknown_words_are_refused() -> None:
    done = abono("fly")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_version() -> None:
    assert abono("version").stdout.strip().count(".") == 2
