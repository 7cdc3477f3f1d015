"""The figures of the first page: how many, how much, counted now and then and kept, never while somebody waits.

Counting two million subscriptions takes seconds. The worker counts all operators every few minutes and keeps one row
per operator, currency and civil day; a page reads those rows and says when they were counted. What a manager or agent
has is counted at once: that is few, and if it is not, the database stops after half a second and the page says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, transaction

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from abono.features.access.people import Person

_sql = statements("abono.features.billing", "figures")
_PATIENCE = "500ms"
_LONG_PATIENCE = "15s"
_COUNTED = ("accounts", "active", "trial", "suspended", "short", "paused", "monthly", "collected", "charged")


@dataclass(frozen=True)
class Figures:
    """What some operators have in one currency, and what it was some thirty days before (None: not counted then).

    ``monthly`` is what all active subscriptions pay in a month; ``collected`` what came in this civil month less what
    was paid out; ``charged`` what was charged this month less what was given back. Minor units.
    """

    currency: str
    accounts: int
    active: int
    trial: int
    suspended: int
    short: int
    paused: int
    monthly: int
    collected: int
    charged: int
    counted_at: datetime
    active_before: int | None
    suspended_before: int | None
    monthly_before: int | None


def figures(person: Person, *, now: datetime) -> list[Figures]:
    """The figures of what a person sees, by currency; empty where they are not counted yet and would take long."""
    if person.sees_all_accounts:
        found = _sql.rows("kept", operators=list(person.operators))
        if found:
            return [Figures(**row) for row in found]
    return _counted(person, now, _PATIENCE)


def count_again(person: Person, *, now: datetime) -> list[Figures]:
    """Count at once, for whoever does not want to wait for the worker; empty if it takes longer than 15 seconds."""
    return _counted(person, now, _LONG_PATIENCE)


def refresh(*, now: datetime) -> int:
    """Count all operators and keep it; answers how many rows were written. Repeating it is harmless."""
    with transaction.atomic():
        return _keep(_count({"operators": None, "manager": None, "agent": None}, now), now)


def _count(scope: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """What each operator has, by currency. Subscriptions are sold in the operator's, money moves in the account's."""
    asked = {name: scope[name] for name in ("operators", "manager", "agent")}
    days: dict[int, date] = {}
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for seller in _sql.rows("sellers", operators=asked["operators"], now=now):
        days[seller["operator_id"]] = seller["day"]
        rows[seller["operator_id"], seller["currency"]] = dict.fromkeys(_COUNTED, 0)
    own = dict(rows.keys())
    for row in _sql.rows("sold", **asked):
        operator = row.pop("operator_id")
        rows[operator, own[operator]].update(row)
    for name in ("opened", "moved"):
        for row in _sql.rows(name, **asked, **({"now": now} if name == "moved" else {})):
            operator, currency = row.pop("operator_id"), row.pop("currency")
            rows.setdefault((operator, currency), dict.fromkeys(_COUNTED, 0)).update(row)
    return [{"operator_id": key[0], "currency": key[1], "day": days[key[0]], **row} for key, row in rows.items()]


def _counted(person: Person, now: datetime, patience: str) -> list[Figures]:
    scope = person.scope
    try:
        with transaction.atomic():
            _sql.run("patience", patience=patience)
            rows = _count(scope, now)
            if person.sees_all_accounts:
                _keep(rows, now)
            _sql.run("patience", patience="0")
    except OperationalError:  # it takes too long: the worker will count
        return []
    if person.sees_all_accounts:
        return [Figures(**row) for row in _sql.rows("kept", operators=list(person.operators))]
    return _summed(rows, now)


def _keep(rows: Sequence[dict[str, Any]], now: datetime) -> int:
    return _sql.run("keep_figures", rows=json.dumps(rows, default=str), now=now)


def _summed(rows: Sequence[dict[str, Any]], now: datetime) -> list[Figures]:
    """The rows of several operators, by currency."""
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        into = sums.setdefault(row["currency"], dict.fromkeys(_COUNTED, 0))
        for name in _COUNTED:
            into[name] += row[name]
    return [
        Figures(
            currency=each,
            counted_at=now,
            active_before=None,
            suspended_before=None,
            monthly_before=None,
            **sums[each],
        )
        for each in sorted(sums)
    ]


@dataclass(frozen=True)
class Warned:
    """A subscription whose boundary is tomorrow and who was told that it cannot be paid; no money has come since."""

    account_id: int
    subscription_id: UUID
    number: str
    name: str
    plan_code: str
    unit: str
    boundary_on: date


def suspended_tomorrow(person: Person, *, now: datetime, most: int = 10) -> tuple[list[Warned], bool]:
    """Who will be suspended at the next midnight, as the look-ahead found, and whether there are more."""
    rows = _sql.rows("tomorrow", now=now, most=most + 1, **person.scope)
    return [Warned(**row) for row in rows[:most]], len(rows) > most
