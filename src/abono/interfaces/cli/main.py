"""The command ``abono`` (doors.md §1)."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from abono.base.refusal import Refusal
from abono.interfaces.cli.benching import bench
from abono.interfaces.cli.jobs import jobs
from abono.interfaces.cli.saying import AsJson, booted, say
from abono.kernel.errors import InvalidValue

app = typer.Typer(
    name="abono",
    help="Self-hosted subscription and licence billing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(jobs)
REFUSED = 2


def main() -> None:
    """Run the command; whatever is refused is one line on standard error and exit code 2 (doors.md §1)."""
    try:
        app()
    except InvalidValue as error:
        _refuse(error.field, error.message, error.code)
    except Refusal as error:
        _refuse(error.field, error.message, error.code)
    except Exception as error:
        from abono.interfaces.cli.trouble import trouble_of

        trouble = trouble_of(error)
        if trouble is None:
            raise
        code, message = trouble
        _give_up_what_cannot_be_said()
        _refuse(None, message, code)


def _give_up_what_cannot_be_said() -> None:
    """Where standard output is full, Python would try again at the end, and complain in words of its own."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(field: str | None, message: str, code: str) -> None:
    where = f"{field}: " if field else ""
    sys.stderr.write(f"abono: {where}{' '.join(message.split())} ({code})\n")
    sys.exit(REFUSED)


@app.command()
def quote() -> None:
    """Prices, periods, terms: JSON lines in, JSON lines out (doors.md §2)."""
    from abono.interfaces.cli.quote import run

    with open(sys.stdin.fileno(), encoding="utf-8-sig", errors="surrogateescape", closefd=False) as lines:
        code = run(lines, _write)
    sys.stdout.flush()
    raise typer.Exit(code)


def _write(line: str) -> None:
    sys.stdout.write(line if line.endswith("\n") else line + "\n")


@app.command()
def simulate(
    files: Annotated[list[Path], typer.Argument(help="Stories in YAML (doors.md §3).")],
    as_json: AsJson = False,
) -> None:
    """Play stories on a clock of their own through the real engine and database."""
    booted(lambda: _simulate(files, as_json=as_json), makes=True)


def _simulate(files: list[Path], *, as_json: bool) -> None:
    from abono.interfaces.cli.simulate import simulate as play

    raise typer.Exit(play(files, say, as_json=as_json))


@app.command()
def advance(
    to: Annotated[str | None, typer.Option("--to", help="RFC 3339 instant; now if absent.")] = None,
    operator: Annotated[str | None, typer.Option(help="Only this operator's accounts.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many connections work.")] = 2,
    slice_size: Annotated[int, typer.Option(min=1, help="Accounts in a slice.")] = 2_000,
    really: Annotated[bool, typer.Option("--really", help="Also beyond the clock.")] = False,
    trust: Annotated[bool, typer.Option("--trust-clock", help="The clock is right, though it leapt.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do all work that is due: look-ahead, arrears, roll-over, returns, notices. Repeat it as often as you like."""

    def work() -> None:
        from abono.interfaces.cli.running import parse_instant_option, require_clock, run_advance

        until = parse_instant_option(to, really=really)
        require_clock(trust=trust, really=really)
        raise typer.Exit(run_advance(until, operator, workers=workers, size=slice_size, as_json=as_json, write=say))

    booted(work)


@app.command()
def forecast(
    days: Annotated[int, typer.Option(min=1, max=3660, help="How far ahead.")] = 30,
    operator: Annotated[str | None, typer.Option(help="Only this operator's accounts.")] = None,
    as_json: AsJson = False,
) -> None:
    """What will be charged, and who will not be able to pay, without writing anything."""

    def work() -> None:
        from abono.interfaces.cli.forecasting import run_forecast

        raise typer.Exit(run_forecast(days, operator, as_json=as_json, write=say))

    booted(work)


@app.command()
def audit(as_json: AsJson = False) -> None:
    """Prove the books: exit code 1 and a list where they do not prove."""

    def work() -> None:
        from abono.interfaces.cli.audit import run_audit
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        raise typer.Exit(run_audit(say, as_json=as_json))

    booted(work)


Host = Annotated[str, typer.Option(help="The address to listen at.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen at.")]


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="All but serving.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the demo with all that was played.")] = False,
    accounts: Annotated[int, typer.Option(min=1, max=100_000, help="How many accounts the world has.")] = 2_000,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Bring everything up, play three months of a demo world through the real engine, report, and serve it.

    Its home is .abono/demo, or $ABONO_HOME where that is set.
    """

    def work() -> None:
        from abono.interfaces.cli.running import run_demo

        raise typer.Exit(run_demo(accounts, once=once, host=host, port=port))

    def remove() -> None:
        from abono.interfaces.cli.demo.home import forget as forgotten

        forgotten(say)

    if not os.environ.get("ABONO_HOME"):
        os.environ["ABONO_HOME"] = str(Path(".abono", "demo"))
    _reached_at(host, port)
    if forget:
        from abono.base.installation import require_demo

        require_demo()
        booted(remove, any_build=True)
    else:
        booted(work, makes=True)


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve the web.")] = 2,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Jobs at a time.")] = 2,
) -> None:
    """Migrate, then serve the web and run the worker, which does what is due every minute."""

    def work() -> None:
        from abono.interfaces.cli.running import run_up

        raise typer.Exit(run_up(host, port, workers=workers, jobs=jobs, write=say))

    _reached_at(host, port)
    booted(work, makes=True)


def _reached_at(host: str, port: int) -> None:
    """Without an address for the public, people reach it where it listens."""
    host = "127.0.0.1" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host  # noqa: S104
    os.environ.setdefault("ABONO_URL", f"http://{host}:{port}")


def _reached_where_it_is_served() -> None:
    """Links lead to the `abono up` that runs, whatever its port."""
    from abono.base.installation import served_at

    address = served_at()
    if address:
        os.environ.setdefault("ABONO_URL", address)


@app.command()
def migrate() -> None:
    """Bring the database's tables up to this version."""

    def work() -> None:
        from abono.interfaces.cli.running import migrate as bring_up

        bring_up()

    booted(work, makes=True)


@app.command()
def where(as_json: AsJson = False) -> None:
    """Say which installation commands work on here: its home, its database, and where it is served."""
    from abono.interfaces.cli.where import show_where

    show_where(as_json=as_json)


BackupFolder = Annotated[Path, typer.Argument(help="The folder of the backup.")]


@app.command()
def backup(folder: BackupFolder) -> None:
    """Write the database and the secret into a new folder, while others go on working."""

    def work() -> None:
        from abono.interfaces.cli.keeping import backup as kept
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        kept(folder, say)

    booted(work)


@app.command()
def restore(folder: BackupFolder) -> None:
    """Bring a backup into an empty installation."""

    def work() -> None:
        from abono.interfaces.cli.keeping import restore as restored

        restored(folder, say)

    booted(work, makes=True)


@app.command()
def version() -> None:
    """The version of Abono."""
    from importlib.metadata import version as installed

    say(installed("abono"))


imports = typer.Typer(
    help="Read a catalogue, accounts or events of use; a dry run unless --commit.", no_args_is_help=True
)
app.add_typer(imports, name="import")
OperatorCode = Annotated[str, typer.Option(help="The operator's code.")]
Commit = Annotated[bool, typer.Option("--commit", help="Write it; without this it is a dry run.")]


@imports.command("catalogue")
def import_catalogue(file: Path, operator: OperatorCode, commit: Commit = False, as_json: AsJson = False) -> None:
    """Services and plans from YAML, as in a story's catalogue."""

    def work() -> None:
        from abono.interfaces.cli.importing.catalogue import import_catalogue as imported
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        raise typer.Exit(imported(file, operator, commit=commit, write=say, as_json=as_json))

    booted(work)


@imports.command("accounts")
def import_accounts(file: Path, operator: OperatorCode, commit: Commit = False, as_json: AsJson = False) -> None:
    """Accounts from CSV: number, name, currency, credit_limit, balance, locale, opened, plan, quantity, unit."""

    def work() -> None:
        from abono.interfaces.cli.importing.accounts import import_accounts as imported
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        raise typer.Exit(imported(file, operator, commit=commit, write=say, as_json=as_json))

    booted(work)


@imports.command("usage")
def import_usage(
    file: Path,
    operator: OperatorCode,
    commit: Commit = False,
    without_keys: Annotated[
        bool,
        typer.Option(
            "--without-keys",
            help="Count rows that have no key: nothing then tells a repeated event from another, and what comes again"
            " in another file counts twice. Only the very same file is known again.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Events of use from CSV or JSON lines: account, subscription or unit, service, quantity, time, key."""

    def work() -> None:
        from abono.interfaces.cli.importing.usage import import_usage as imported
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        raise typer.Exit(imported(file, operator, commit=commit, without_keys=without_keys, write=say, as_json=as_json))

    booted(work)


exports = typer.Typer(help="Take data out into files of other programs' formats.", no_args_is_help=True)
app.add_typer(exports, name="export")


@exports.command("usage")
def export_usage(
    file: Path,
    month: Annotated[str, typer.Option(help="The calendar month (UTC) of the events, as 2026-01.")],
    as_json: AsJson = False,
) -> None:
    """All events of use of a month, as a Parquet file."""

    def work() -> None:
        from abono.interfaces.cli.exporting import export_usage as exported
        from abono.interfaces.cli.running import require_migrated

        require_migrated()
        exported(month, file, as_json=as_json, write=say)

    booted(work)


app.add_typer(bench, name="bench")
admin = typer.Typer(help="Administrators, whom nobody can invite.", no_args_is_help=True)
app.add_typer(admin, name="admin")
Email = Annotated[str, typer.Option(help="The e-mail address to sign in with.")]


@admin.command("create")
def admin_create(
    email: Email,
    name: Annotated[str, typer.Option(help="What the person is called.")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    operator: Annotated[str | None, typer.Option(help="An operator's code; the provider if absent.")] = None,
) -> None:
    """Make an administrator of the provider; prints a one-time link to set the password, unless one is given."""

    def work() -> None:
        from abono.interfaces.cli.administrators import create_administrator

        password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
        create_administrator(email, name, password, operator, say)

    _reached_where_it_is_served()
    booted(work)


@admin.command("link")
def admin_link(email: Email) -> None:
    """Print a one-time link with which somebody who is locked out sets a new password."""

    def work() -> None:
        from abono.interfaces.cli.administrators import print_link

        print_link(email, say)

    _reached_where_it_is_served()
    booted(work)
