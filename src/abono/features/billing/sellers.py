"""The terms of an operator, as far as accounts and prices hang on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.billing.prices import patiently, wake
from abono.features.catalogue.offers import has_offers, plans_of
from abono.features.catalogue.operations import reserve
from abono.features.catalogue.settling import settle_all
from abono.features.operators.operations import FIELDS, keep_terms, with_terms
from abono.features.operators.queries import operator_by_id
from abono.features.operators.tree import node
from abono.kernel.money import minor_digits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.billing", "sellers")
_PRICED_BY = ("currency", "prices_include_tax", "tax", "tax_reduced")
_SENTENCES = {
    "currency": "Accounts are kept in {now} already; an operator that has accounts keeps its currency.",
    "time_zone": "Days of accounts begin in {now} already; an operator that has accounts keeps its time zone.",
}


class OperatorInUse(Refusal):
    """There are accounts, plans or offers that the change would make wrong."""

    code = "operator_in_use"


@dataclass(frozen=True)
class Member:
    """Somebody of an operator's staff, by membership."""

    id: int
    name: str
    role: str


def staff_of(operator: int) -> list[Member]:
    """The staff of an operator, by name."""
    return [Member(**row) for row in _sql.rows("staff", operator=operator)]


def change_settings(
    operator: int, terms: Mapping[str, object], *, manager: int | None, require_mfa: bool, now: datetime
) -> None:
    """Other terms of an operator: ``terms`` may name operators.operations.FIELDS, as text.

    Currency and zone stay where there are accounts. Taxes count for every period that begins from now on; periods that
    run keep theirs. ``manager`` is a membership of the parent's staff. Raises InvalidValue, InvalidRequest,
    OperatorInUse.
    """
    patiently(lambda: _change(operator, terms, manager, now, require_mfa=require_mfa))


def _change(
    operator: int, terms: Mapping[str, object], manager: int | None, now: datetime, *, require_mfa: bool
) -> None:
    if terms:
        reserve(operator_by_id(operator))  # prices are worked out by the terms; and only one changes them at a time
    before, stood = operator_by_id(operator), node(operator)
    changing = _require_unused(before, terms)
    if manager is not None and manager != stood.manager_id:
        known = [] if stood.parent_id is None else staff_of(stood.parent_id)
        if manager not in {each.id for each in known}:
            message = "Choose somebody of the staff of the operator above."
            raise InvalidRequest(message, field="manager")
    after = with_terms(before, terms)
    old = {name: getattr(before, name) for name in FIELDS}
    old |= {"manager": stood.manager_id, "require_mfa": stood.require_mfa}
    new = {name: getattr(after, name) for name in FIELDS} | {"manager": manager, "require_mfa": require_mfa}
    changed = [name for name, value in new.items() if old[name] != value]
    if not changed:
        return
    if any(name in _PRICED_BY for name in changed):
        _settle_anew(after, now)
    # The row is held last, and not for long: who blocks or moves the operator must not wait for its prices.
    if changing:
        _sql.row("lock_operator", operator=operator)
        _require_unused(before, terms)
    keep_terms(after, manager=manager, require_mfa=require_mfa)
    record(
        "operator.change",
        before.code,
        operator=operator,
        at=now,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )


def _require_unused(before: Operator, terms: Mapping[str, object]) -> bool:
    """Refuse to change what accounts, plans or offers hang on; answers whether such a thing changes."""
    changing = [name for name in _SENTENCES if name in terms and terms[name] != getattr(before, name)]
    if not changing:
        return False
    if _sql.row("has_accounts", operator=before.id)["found"]:
        raise OperatorInUse(_SENTENCES[changing[0]].format(now=getattr(before, changing[0])), field=changing[0])
    if "currency" not in changing:
        return True
    if has_offers(before.id):
        message = f"Plans are offered in {before.currency}; withdraw the offers first."
        raise OperatorInUse(message, field="currency")
    if minor_digits(terms["currency"]) != minor_digits(before.currency) and plans_of(before.id):
        message = f"Fees of plans are kept in the smallest amounts of {before.currency}; make another operator instead."
        raise OperatorInUse(message, field="currency")
    return True


def _settle_anew(operator: Operator, now: datetime) -> None:
    """Every price is worked out with the new taxes; who waits for money is looked at again, now that it may differ."""
    plans = plans_of(operator.id)
    today = operator.day(now)
    wake({operator.id: plans}, today, now)
    for plan in plans:
        settle_all(operator, plan)
    wake({operator.id: plans}, today, now)
