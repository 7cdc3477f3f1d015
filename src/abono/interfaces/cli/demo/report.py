"""What happened in the demo world, for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from abono.base.sql import statements
from abono.features.billing.forecast import account_numbers, forecast
from abono.features.billing.queries import unlocks
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from abono.features.operators.queries import Operator
    from abono.interfaces.cli.demo.sign_ins import SignIn

_sql = statements("abono.interfaces.cli.demo", "demo")
_DAYS = 30
_SHOWN = 5


def show(operator: Operator, now: datetime, console: Console) -> None:
    """Plans, money by month, stops and returns, who waits for money, and the next 30 days."""
    console.print(f"\n[bold]{operator.name}[/bold], {operator.currency}, {operator.time_zone}, {operator.day(now)}\n")
    for table in (_plans(operator), _months(operator), _waiting(operator, now), _next(operator, now)):
        console.print(table)
        console.print()


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place == 0 else "right")
    return table


def _plans(operator: Operator) -> Table:
    table = _table("Subscriptions", "plan", "trial", "active", "suspended", "ended")
    for row in _sql.rows("plans", operator=operator.id):
        table.add_row(row["plan"], *(str(row[name]) for name in ("trial", "active", "suspended", "ended")))
    return table


def _months(operator: Operator) -> Table:
    moves = {row["month"]: row for row in _sql.rows("moves", operator=operator.id)}
    table = _table(
        "Month by month", "month", "paid in", "charged", "fees", "given back", "suspended", "returned", "ended"
    )
    for row in _sql.rows("months", operator=operator.id):
        move = moves.get(row["month"], {"suspended": 0, "returned": 0, "ended": 0})
        table.add_row(
            row["month"],
            *(format_amount(row[name], operator.currency) for name in ("paid", "charged", "fees", "given_back")),
            *(str(move[name]) for name in ("suspended", "returned", "ended")),
        )
    return table


def _waiting(operator: Operator, now: datetime) -> Table:
    table = _table("Waiting for money (the longest)", "account", "name", "plan", "since", "returns when this arrives")
    rows = _sql.rows("waiting", operator=operator.id)
    missing = unlocks(operator, [row["account_id"] for row in rows], now) if rows else {}
    for row in rows:
        table.add_row(
            row["number"],
            row["name"],
            row["plan"],
            str(row["suspended_on"]),
            format_amount(missing.get(row["id"], 0), operator.currency),
        )
    return table


def _next(operator: Operator, now: datetime) -> Table:
    found = forecast(operator, now, _DAYS)
    stops = [row for row in found.outcomes if row["cause"] == "shortfall"]
    numbers = account_numbers([row["account_id"] for row in stops[:_SHOWN]])
    table = _table(f"The next {_DAYS} days, if nobody pays", "", "")
    table.add_row(
        "will be charged", f"{format_amount(found.charged, operator.currency)} in {len(found.charges)} charges"
    )
    table.add_row("will stop for want of money", str(len(stops)))
    for row in stops[:_SHOWN]:
        short = format_amount(row["missing"], operator.currency)
        table.add_row(f"  {numbers[row['account_id']]} on {row['day']}", f"short by {short}")
    return table


def show_sign_ins(found: Sequence[SignIn], console: Console) -> None:
    """Who can sign in to the demo world, and how."""
    console.print("[bold]Sign-ins of the demo world[/bold]")
    for each in found:
        console.print(f"{each.email}  {each.password}  {each.who}", soft_wrap=True, highlight=False)
