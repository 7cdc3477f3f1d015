"""``abono bench``: what this machine can do (doors.md §4)."""

from __future__ import annotations

from typing import Annotated

import typer

from abono.interfaces.cli.saying import AsJson, booted, say, say_figures

bench = typer.Typer(help="Measure this machine (doors.md §4).", no_args_is_help=True)


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

    booted(measure, makes=True)


@bench.command("debit")
def bench_debit(
    clients: Annotated[int, typer.Option(min=1, max=90, help="How many ask at once.")] = 8,
    runs: Annotated[int, typer.Option(min=1, help="How often; the figures are medians.")] = 3,
    seconds: Annotated[int, typer.Option(min=1, help="How long each run lasts.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Single conditional debits of random accounts with keys, beside pgbench's TPC-B."""

    def measure() -> None:
        from abono.interfaces.cli.benches.debit import bench_debit as measured

        figures = measured(clients, runs=runs, seconds=seconds, tell=lambda line: None if as_json else say(line))
        say_figures(figures, as_json=as_json)

    booted(measure, makes=True)


@bench.command("usage")
def bench_usage(
    events: Annotated[int, typer.Option(min=2, help="How many events are counted, in batches of each size.")] = 500_000,
    runs: Annotated[int, typer.Option(min=1, help="How often; the figures are medians.")] = 3,
    http: Annotated[bool, typer.Option("--http", help="By REST, in batches of 1,000 of four clients.")] = False,
    beside: Annotated[int, typer.Option(min=0, help="So many subscriptions of others roll over meanwhile.")] = 0,
    kinds: Annotated[bool, typer.Option("--kinds", help="By what is counted: limits, days, filters, values.")] = False,
    as_json: AsJson = False,
) -> None:
    """Events in batches of 1,000 and 10,000 by two writers, beside plain COPY into the same table."""

    def measure() -> None:
        from abono.interfaces.cli.benches.usage import bench_usage, bench_usage_kinds
        from abono.interfaces.cli.benches.usage_beside import bench_usage_beside
        from abono.interfaces.cli.benches.usage_http import bench_usage_http

        def tell(line: str) -> None:
            if not as_json:
                say(line)

        if http:
            figures = bench_usage_http(events, runs=runs, tell=tell)
        elif kinds:
            figures = bench_usage_kinds(events, runs=runs, tell=tell)
        elif beside:
            figures = bench_usage_beside(events, beside, runs=runs, tell=tell)
        else:
            figures = bench_usage(events, runs=runs, tell=tell)
        say_figures(figures, as_json=as_json)

    booted(measure, makes=True)


@bench.command("web")
def bench_web(
    accounts: Annotated[
        int, typer.Option(min=1_000, help="How many accounts, with two subscriptions each.")
    ] = 1_000_000,
    requests: Annotated[int, typer.Option(min=1, help="How often each kind of page is asked for.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Lists and pages with a million accounts in the database: milliseconds and queries of each kind."""

    def measure() -> None:
        from abono.interfaces.cli.benches.web import bench_web as measured

        figures = measured(accounts, requests=requests, tell=lambda line: None if as_json else say(line))
        if as_json:
            say_figures(figures, as_json=True)

    booted(measure, makes=True)
