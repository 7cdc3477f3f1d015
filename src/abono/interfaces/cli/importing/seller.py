"""Whose catalogue or accounts a file brings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from abono.base.sql import statements
from abono.features.operators.queries import UnknownOperator, operator_by_code, operators

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

_sql = statements("abono.interfaces.cli.importing", "catalogue")


def chosen(code: str | None) -> Operator:
    """The operator with a code; without one, the only operator there is. Raises UnknownOperator."""
    if code is not None:
        return operator_by_code(code)
    known = operators()
    if len(known) == 1:
        return known[0]
    if known:
        message = f"Say whose it is with --operator; there are {', '.join(each.code for each in known)}."
    else:
        message = "There is no operator yet; import a catalogue with an `operator:` section first."
    raise UnknownOperator(message, field="operator")


def reserve(operator: Operator) -> None:
    """One import for an operator at a time: another waits here and then finds what this one wrote."""
    _sql.row("reserve", operator=operator.id)
