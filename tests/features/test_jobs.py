"""What a worker had in hand when it died is done again; what mails as files leave on the disk."""

from __future__ import annotations

import io
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from abono.base.mail import deliver
from abono.base.tasks import restart_stalled, send_mail
from abono.features.access.people import NotFound, wall_of
from abono.features.billing import forecasts, orders
from abono.features.billing.forecast import OutOfTime, forecast
from abono.features.billing.runs import request_run
from abono.features.billing.tasks import advance_all, advance_asked, count_figures
from abono.features.operators import tree
from abono.features.webhooks.tasks import deliver_due
from abono.interfaces.cli.jobs import _list
from tests.features.people import staff
from tests.features.test_webhooks import START, boss
from tests.features.worlds import account
from tests.features.worlds import operator as make_operator

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_waits(transactional_db: None) -> None:  # noqa: ARG001 -- the tables
    """Jobs of other tests are none of ours."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def taken_by_a_worker(job: int, *, silent: str, attempts: int = 0) -> None:
    """A worker took the job, and was last heard of so long ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH w AS (INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval) RETURNING id)"
            " UPDATE procrastinate_jobs SET status = 'doing', attempts = %s, worker_id = (SELECT id FROM w)"
            " WHERE id = %s",
            [silent, attempts, job],
        )


def sweep() -> None:
    context: Any = JobContext(app=app, start_timestamp=0, job=None, abort_reason=lambda: None)  # type: ignore[arg-type]

    def work() -> None:
        try:
            async_to_sync(restart_stalled.func)(context, 0)
        finally:
            connection.close()

    # A thread of its own: where a browser was driven, this one has a loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def states(*jobs: int) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, status::text FROM procrastinate_jobs WHERE id = any(%s)", [list(jobs)])
        return dict(cursor.fetchall())


def test_a_mail_in_the_hands_of_a_dead_worker_waits_again() -> None:
    dead = send_mail.defer(to="a@example.com", subject="s", text="t")
    alive = send_mail.defer(to="b@example.com", subject="s", text="t")
    taken_by_a_worker(dead, silent="5 minutes")
    taken_by_a_worker(alive, silent="5 seconds")
    sweep()
    assert states(dead, alive) == {dead: "todo", alive: "doing"}


def test_a_job_of_which_the_next_waits_already_is_not_done_twice() -> None:
    for task in (deliver_due, advance_all):
        dead = task.defer()
        taken_by_a_worker(dead, silent="5 minutes")
        following = task.defer()
        sweep()
        assert list(states(dead, following).values()) == ["todo"]


def test_what_ends_its_worker_every_time_is_given_up() -> None:
    dead = send_mail.defer(to="a@example.com", subject="s", text="t")
    taken_by_a_worker(dead, silent="5 minutes", attempts=8)
    sweep()
    assert states(dead) == {dead: "failed"}
    with redirect_stdout(io.StringIO()) as told:
        _list(as_json=True)
    (listed,) = json.loads(told.getvalue())["given_up"]
    assert (listed["id"], listed["task_name"], listed["attempts"]) == (dead, "base.send_mail", 9)


def waits(job: int) -> tuple[int, bool]:
    """How often a job that waits was tried, and whether it is held back for an hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attempts, coalesce(scheduled_at > now() + interval '59 minutes', FALSE) FROM procrastinate_jobs"
            " WHERE id = %s AND status = 'todo'",
            [job],
        )
        (found,) = cursor.fetchall()
    return int(found[0]), bool(found[1])


def test_what_comes_each_minute_and_ends_its_worker_each_time_is_held_back() -> None:
    """Deaths are counted on where the next of its kind waits; what is held back keeps the others from coming."""
    dead, deaths, held = count_figures.configure().defer(timestamp=0), 0, False
    while not held and deaths < 30:
        taken_by_a_worker(dead, silent="5 minutes", attempts=deaths)
        following = count_figures.configure().defer(timestamp=0)
        sweep()
        deaths += 1
        assert states(dead, following) == {dead: "todo"}
        tried, held = waits(dead)
        assert tried == deaths
    assert deaths == 15
    with pytest.raises(AlreadyEnqueued):
        count_figures.configure().defer(timestamp=1)
    with redirect_stdout(io.StringIO()) as told:
        _list(as_json=True)
    (listed,) = json.loads(told.getvalue())["held"]
    assert (listed["id"], listed["task_name"], listed["attempts"]) == (dead, "billing.figures", 15)
    taken_by_a_worker(dead, silent="5 minutes", attempts=15)
    sweep()  # none waits: an hour later it is tried once more
    assert waits(dead) == (16, True)
    late = count_figures.configure(queueing_lock="other").defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET queueing_lock = 'billing.figures', status = 'doing' WHERE id = %s", [late]
        )
    taken_by_a_worker(late, silent="5 minutes", attempts=1)
    sweep()  # another that died beside it takes its place no more
    assert (states(late), waits(dead)) == ({}, (16, True))


def test_money_is_never_given_up() -> None:
    dead = [advance_all.defer(), advance_asked.defer(operator=1)]
    for each in dead:
        taken_by_a_worker(each, silent="5 minutes", attempts=20)
    sweep()
    assert states(*dead) == dict.fromkeys(dead, "todo")
    with connection.cursor() as cursor:
        cursor.execute("SELECT bool_and(scheduled_at > now() + interval '59 minutes') FROM procrastinate_jobs")
        assert cursor.fetchone() == (True,)  # it would end a worker each time


def test_a_forecast_that_ends_its_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seller = make_operator()
    asked = forecasts.ask(boss(seller), seller.id, 30, now=START)
    following = forecasts.ask(boss(seller), seller.id, 1, now=START)

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr("abono.features.billing.forecasts.forecast", killed)  # in the middle of what takes memory
    for _ in range(3):
        with pytest.raises(Killed):
            forecasts.make_waiting(START)
        connection.close()
    monkeypatch.undo()
    assert forecasts.make_waiting(START) == 2
    given_up, made = (forecasts.find_forecast(boss(seller), each) for each in (asked, following))
    assert (given_up.finished_at, given_up.error) == (
        START, "worker_ended",
    )  # fmt: skip
    assert (made.error, made.summary is not None) == ("", True)


def test_tenants_take_turns_at_forecasts() -> None:
    provider = make_operator()
    one, other = (tree.add_below(provider.id, f"{provider.code}-{name}", name, {}, now=START) for name in ("a", "b"))
    part = tree.add_below(one.id, f"{one.code}-1", "a1", {}, now=START)
    asked = [forecasts.ask(staff(each), each.id, 1, now=START) for each in (one, part, part, other)]
    order = []
    while (left := _unfinished(asked)) and forecasts._make_one(START):  # noqa: SLF001 -- one at a time, to see the order
        order += [asked.index(each) for each in left - _unfinished(asked)]
    assert order[:2] == [0, 3]
    assert sorted(order) == [0, 1, 2, 3]


def _unfinished(asked: list[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_forecast WHERE finished_at IS NULL AND id = any(%s)", [asked])
        return {row[0] for row in cursor.fetchall()}


def test_a_forecast_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seller = make_operator()
    orders.subscribe(account(seller, 5_000), "line", now=START)
    with pytest.raises(OutOfTime):
        forecast(seller, START, 60, seconds=0)
    asked = forecasts.ask(boss(seller), seller.id, 60, now=START)
    monkeypatch.setattr(forecasts, "_MOST_SECONDS", 0)
    assert forecasts.make_waiting(START) == 1
    found = forecasts.find_forecast(boss(seller), asked)
    assert (found.error, found.summary) == ("too_long", None)


def test_an_operator_keeps_its_newest_forecasts() -> None:
    one, other = make_operator(), make_operator()
    others, asked = forecasts.ask(staff(other), other.id, 1, now=START), []
    by = staff(one)
    for _ in range(25):
        with wall_of(by):
            asked.append(forecasts.ask(by, one.id, 1, now=START))
        forecasts.make_waiting(START)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM billing_forecast ORDER BY id")
        assert [row[0] for row in cursor.fetchall()] == [others, *asked[-20:]]
    with pytest.raises(NotFound):
        forecasts.find_forecast(by, asked[4])


def test_asked_runs_are_in_the_way_of_nobody() -> None:
    provider = make_operator()
    tenant = tree.add_below(provider.id, f"{provider.code}-a", "a", {}, now=START)
    for each in (tenant, tree.add_below(tenant.id, f"{tenant.code}-1", "a1", {}, now=START), provider):
        request_run(staff(each), now=START)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (args ->> 'operator')::bigint, lock, priority FROM procrastinate_jobs"
            " WHERE task_name = 'billing.advance_asked' ORDER BY id"
        )
        asked = cursor.fetchall()
        advance_all.defer()
        cursor.execute("SELECT priority FROM procrastinate_jobs WHERE task_name = 'billing.advance'")
        ((minute,),) = cursor.fetchall()
    assert [(operator, lock) for operator, lock, _ in asked] == [
        (tenant.id, "billing.advance_asked"), (provider.id, "billing.advance_asked"),
    ]  # fmt: skip
    assert minute > max(priority for *_, priority in asked)


class Killed(BaseException):
    """The process ended."""


def test_mails_as_files_are_for_their_owner_alone(tmp_path: Path, settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "abono.base.mail.PrivateFiles", str(tmp_path / "mail")
    deliver("a@example.com", "Subject", "Text")
    (file,) = (tmp_path / "mail").iterdir()
    assert b"To: a@example.com" in file.read_bytes()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (file.parent, file)] == [0o700, 0o600]
