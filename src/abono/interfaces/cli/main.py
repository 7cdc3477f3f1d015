"""The command ``abono`` (doors.md §1)."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from abono.base.postgres import PostgresError
from abono.base.refusal import Refusal
from abono.kernel.errors import InvalidValue

app = typer.Typer(
    name="abono",
    help="Self-hosted subscription and licence billing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

REFUSED = 2
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")]


def main() -> None:
    """Run the command; whatever is refused is one line on standard error and exit code 2 (doors.md §1)."""
    try:
        app()
    except InvalidValue as error:
        _refuse(f"{error.field}: {error.message} ({error.code})" if error.field else f"{error.message} ({error.code})")
    except (Refusal, PostgresError) as error:
        _refuse(f"{error.message} ({error.code})")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _refuse(sentence: str) -> None:
    sys.stderr.write(f"abono: {' '.join(sentence.split())}\n")
    sys.exit(REFUSED)


def say(line: str) -> None:
    """A line on standard output."""
    sys.stdout.write(line + "\n")


@app.command()
def quote() -> None:
    """Prices, periods, terms: JSON lines in, JSON lines out (doors.md §2)."""
    from abono.interfaces.cli.quote import run

    with open(sys.stdin.fileno(), encoding="utf-8-sig", errors="surrogateescape", closefd=False) as lines:
        code = run(lines, lambda line: _write(line))
    raise typer.Exit(code)


def _write(line: str) -> None:
    sys.stdout.write(line if line.endswith("\n") else line + "\n")


@app.command()
def simulate(
    files: Annotated[list[Path], typer.Argument(help="Stories in YAML (doors.md §3).")],
    as_json: AsJson = False,
) -> None:
    """Play stories on a clock of their own through the real engine and database."""
    _booted(lambda: _simulate(files, as_json))


def _simulate(files: list[Path], as_json: bool) -> None:
    from abono.interfaces.cli.simulate import simulate as play

    raise typer.Exit(play(files, say, as_json=as_json))


def _booted(work: Callable[[], None]) -> None:
    from abono.base.boot import boot

    boot()
    work()


bench = typer.Typer(help="Measure this machine (doors.md §4).", no_args_is_help=True)
app.add_typer(bench, name="bench")


@bench.command("rollover")
def bench_rollover(
    subscriptions: Annotated[int, typer.Option(min=2, help="How many subscriptions reach the boundary.")] = 100_000,
    runs: Annotated[int, typer.Option(min=1, help="How often; the figures are medians.")] = 3,
    workers: Annotated[int, typer.Option(min=1, help="How many connections work.")] = 2,
    slice_size: Annotated[int, typer.Option(min=1, help="Accounts in a slice.")] = 2_000,
    as_json: AsJson = False,
) -> None:
    """One boundary of N monthly subscriptions, beside the floor of the same rows written plainly."""

    def measure() -> None:
        from abono.interfaces.cli.benches.rollover import bench_rollover as measured

        figures = measured(
            subscriptions, runs=runs, workers=workers, size=slice_size, tell=lambda line: None if as_json else say(line)
        )
        say_figures(figures, as_json=as_json)

    _booted(measure)


def say_figures(figures: dict[str, object], *, as_json: bool) -> None:
    """Figures as one line of JSON, or a line each."""
    if as_json:
        say(json.dumps(figures))
        return
    for name, value in figures.items():
        say(f"{name:>18}  {value}")
