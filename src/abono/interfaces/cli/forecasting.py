"""``abono forecast``: what will be charged, and who will not be able to pay."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from abono.features.billing.forecast import Forecast, account_numbers, forecast
from abono.features.operators.queries import Operator, operator_by_code, operators
from abono.interfaces.cli.running import progress_bar, require_migrated
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTED = 20


def run_forecast(days: int, operator: str | None, *, as_json: bool, write: Callable[[str], None]) -> int:
    """Tell what will be charged within so many days, by operator; answers the exit code."""
    require_migrated()
    now = datetime.now(UTC)
    for each in [operator_by_code(operator)] if operator else operators():
        told = _told(each, _forecast(each, now, days, hidden=as_json), days)
        if as_json:
            write(json.dumps(told))
        else:
            _write_for_people(told, each.currency, write)
    return 0


def _forecast(operator: Operator, now: datetime, days: int, *, hidden: bool) -> Forecast:
    with progress_bar(hidden=hidden) as progress:
        task = progress.add_task("accounts", total=None)

        def tell(done: int, accounts: int) -> None:
            progress.update(task, completed=done, total=accounts)

        return forecast(operator, now, days, tell=tell)


def _told(operator: Operator, found: Forecast, days: int) -> dict[str, Any]:
    stops = [row for row in found.outcomes if row["cause"] == "shortfall"]
    numbers = account_numbers([row["account_id"] for row in stops])
    return {
        "operator": operator.code,
        "days": days,
        "charges": len(found.charges),
        "charged": format_amount(found.charged, operator.currency),
        "stops": [
            {
                "account": numbers[row["account_id"]],
                "on": row["day"].isoformat(),
                "short_by": format_amount(row["missing"], operator.currency),
                "becomes": row["state_to"],
            }
            for row in stops
        ],
    }


def _write_for_people(told: dict[str, Any], currency: str, write: Callable[[str], None]) -> None:
    write(f"{told['operator']}: {told['charges']} charges, {told['charged']} {currency} within {told['days']} days")
    write(f"{len(told['stops'])} subscriptions will stop for want of money")
    for line in told["stops"][:_LISTED]:
        write(f"  {line['on']}  account {line['account']}  short by {line['short_by']}  becomes {line['becomes']}")
    if len(told["stops"]) > _LISTED:
        write(f"  … and {len(told['stops']) - _LISTED} more (--json tells all)")
