"""``abono advance``, ``demo``, ``up``, ``migrate``: the engine at work.

A command loads what it needs when it runs: the demo, the server and what draws progress cost others half a second.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from abono.base.clock import judge_clock, trust_clock
from abono.base.environment import home
from abono.base.installation import announced
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.secret import require_kept
from abono.features.billing.runs import Progress as RunProgress
from abono.features.billing.runs import Report, advance
from abono.features.operators.queries import operator_by_code
from abono.kernel.fields import plausible_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress


class NotMigrated(Refusal):
    """The database's tables are not those of this version."""

    code = "not_migrated"


class BeyondTheClock(Refusal):
    """Nobody said that the future is really meant."""

    code = "beyond_the_clock"


def migrate(*, quiet: bool = False) -> None:
    """Bring the database's tables up to this version."""
    call_command("migrate", verbosity=0 if quiet else 1, interactive=False)


def require_migrated() -> None:
    """Raise NotMigrated unless the tables are those of this version."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        message = "The database is not of this version; run `abono migrate` first."
        raise NotMigrated(message)


def require_clock(*, trust: bool, really: bool) -> None:
    """Trust the clock if somebody says so; else judge it, unless an instant is really meant. Raises ClockLeapt."""
    require_migrated()
    if trust:
        trust_clock(datetime.now(UTC))
    elif not really:
        judge_clock(datetime.now(UTC))


def run_advance(
    until: datetime, operator: str | None, *, workers: int, size: int, as_json: bool, write: Callable[[str], None]
) -> int:
    """Do all work that is due by ``until``; answers the exit code: 1 if a part of it failed."""
    require_migrated()
    chosen = operator_by_code(operator).id if operator else None
    with progress_bar(hidden=as_json) as progress:
        task = progress.add_task("accounts", total=None)

        def tell(state: RunProgress) -> None:
            progress.update(task, completed=state.done, total=state.accounts)

        report = advance(until, operator=chosen, workers=workers, size=size, tell=tell)
    _tell_report(until, report, as_json=as_json, write=write)
    return 1 if report.failures else 0


def _tell_report(until: datetime, report: Report, *, as_json: bool, write: Callable[[str], None]) -> None:
    failures = [{"first": row["first"], "last": row["last"], "error": row["error"]} for row in report.failures]
    if as_json:
        told = {"until": until.isoformat(), "runs": report.runs, "totals": dict(report.totals), "failures": failures}
        write(json.dumps(told))
        return
    if not report.runs:
        write(f"Nothing was due by {until.isoformat()}.")
    for name, count in sorted(report.totals.items()):
        write(f"{name:>14}  {count}")
    for failure in failures:
        write(f"failed: accounts {failure['first']}-{failure['last']}: {failure['error']}; they stay due")


def run_demo(accounts: int, *, once: bool, host: str, port: int) -> int:
    """Build the demo world or go on with it, play three months, report, and serve it unless ``once``.

    Exit code 1 if the books do not prove.
    """
    from rich.console import Console

    from abono.interfaces.cli.audit import run_audit
    from abono.interfaces.cli.demo.home import settle
    from abono.interfaces.cli.demo.playing import play_demo
    from abono.interfaces.cli.demo.report import show, show_sign_ins
    from abono.interfaces.cli.demo.sign_ins import sign_ins
    from abono.interfaces.cli.serving import require_free

    if not once:
        require_free(host, port)
    console = Console()
    settle()
    console.print(f"The home of the demo is {home().resolve()}. Preparing the database …", soft_wrap=True)
    migrate(quiet=True)
    now = datetime.now(UTC)
    trust_clock(now)  # nobody's money: whoever comes back to a demo after weeks goes on with it
    with progress_bar(hidden=False) as progress:
        task = progress.add_task("days", total=None)
        operator = play_demo(now, accounts, lambda done, of: progress.update(task, completed=done, total=of))
    show(operator, now, console)
    console.print("\n[bold]The books[/bold]")
    proved = run_audit(console.print, as_json=False)
    show_sign_ins(sign_ins(operator, now), console)
    if once or proved:
        return proved
    return run_up(host, port, workers=1, jobs=1, write=console.print)


def run_up(host: str, port: int, *, workers: int, jobs: int, write: Callable[[str], None]) -> int:
    """Migrate, then serve the web and run the worker, which calls the engine every minute, until told to stop."""
    from abono.interfaces.cli.serving import require_free, serve

    require_free(host, port)
    require_kept(home())
    write(f"The home is {home().resolve()}.")
    migrate(quiet=True)
    connection.close()
    with announced(settings.URL):
        return serve(
            host, port, workers=workers, jobs=jobs, ready=lambda address: write(f"Serving {address}  (Ctrl-C stops it)")
        )


def parse_instant_option(text: str | None, *, really: bool = False) -> datetime:
    """The instant that ``--to`` names (RFC 3339 with an offset), or now; beyond the clock only ``really``.

    Raises InvalidRequest, InvalidValue, BeyondTheClock.
    """
    now = datetime.now(UTC)
    if text is None:
        return now
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        message = 'Write the instant with its offset, such as "2026-02-01T00:00:00+03:00".'
        raise InvalidRequest(message, field="--to")
    instant = plausible_instant(instant, "--to")
    if instant > now and not really:
        message = (
            "This instant is still to come, and what is charged, suspended or ended by it now cannot be undone."
            " Ask `abono forecast` what will come, or add --really if this is meant."
        )
        raise BeyondTheClock(message, field="--to")
    return instant


def progress_bar(*, hidden: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=hidden,
        transient=True,
    )
