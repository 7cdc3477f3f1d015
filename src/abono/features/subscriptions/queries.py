"""Questions about subscriptions and what happened to them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from abono.base.paging import LAST, Page, checked, page_of, plain
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.features.accounts.words import words_of
from abono.features.subscriptions.states import MOVES, names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from abono.features.access.people import Person

_sql = statements("abono.features.subscriptions", "lists")
STATES = tuple(MOVES)
"""Every state, by which lists can be narrowed."""
_LAST_ID = UUID(int=2**128 - 1)
_NO_ID = UUID(int=0)
_LATEST = datetime.max.replace(tzinfo=UTC)
_MOST_NUMBER = 2**63 - 1
_NOWHERE = (0, None, None)


@dataclass(frozen=True)
class SubscriptionRow:
    """A subscription as lists and pages show it; ``number`` and ``name`` are its account's.

    ``reasons`` are names (see states) in the order they are told. ``next_plan_code`` and ``next_quantity`` wait for
    the boundary, ``cancels`` ends it there. Days are half-open.
    """

    account_id: int
    id: UUID
    operator_id: int
    number: str
    name: str
    currency: str
    plan_id: int
    plan_code: str
    quantity: Decimal
    unit: str
    state: str
    reasons: tuple[str, ...]
    early: bool
    starts_on: date
    trial_ends_on: date | None
    period_starts_on: date | None
    period_ends_on: date | None
    paid_until: date | None
    paused_on: date | None
    paused_until: date | None
    frozen_days: int | None
    cancels: bool
    next_plan_code: str | None
    next_quantity: Decimal | None
    ordered_at: datetime
    ended_on: date | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> SubscriptionRow:
        """The subscription of a row that may have more columns."""
        known = {name: row[name] for name in cls.__dataclass_fields__}
        return cls(**{**known, "reasons": tuple(names(row["reasons"]))})


@dataclass(frozen=True)
class Happening:
    """A line of an account's timeline.

    ``source`` is "transition" (``kind``: its cause; ``before`` and ``after`` have state and reasons), "notice"
    (``kind`` and what it says in ``after``) or "trail" (``kind``: the action, of whom, through which door).
    """

    at: datetime
    id: UUID
    source: str
    kind: str
    subscription_id: UUID | None
    actor: str
    origin: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def list_subscriptions(
    person: Person,
    *,
    state: str = "",
    plan: str = "",
    search: str = "",
    operator: int | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[SubscriptionRow]:
    """The subscriptions that a person may see, a page of them, the newest of an operator first.

    Narrowed to a ``state``, a ``plan`` by its code (then by version and state), an ``operator`` of the subtree;
    ``search`` as in accounts, its matches in the order of how well they match. Raises Forbidden, NotFound (the
    operator), InvalidRequest (state, limit, cursor).
    """
    person.require("subscription.view")
    if operator is not None:
        person.require_operator(operator)
    if state and state not in STATES:
        message = f"Choose a state among: {', '.join(STATES)}."
        raise InvalidRequest(message, field="state")
    sought = plain(search)
    states = [state] if state else list(STATES)
    asked = {**person.scope, "plan": plain(plan), "states": states, "most": checked(limit) + 1}
    if operator is not None:
        asked["operators"] = [operator]
    if sought and person.sees_all_accounts:
        return _found(asked, sought, after, limit)
    place = place_after(after, int, int, str, UUID) or (_MOST_NUMBER, _MOST_NUMBER, LAST, _LAST_ID)
    asked |= {"after_operator": place[0], "after_id": place[3]}
    if person.sees_all_accounts:
        asked |= {"after_plan": place[1], "after_state": place[2], "state": state}
        rows = _sql.rows("browse", **_without(asked, "accounts", "manager", "agent"))
    else:
        rows = _sql.rows("own", sought=sought, words=words_of(sought), last=LAST, **asked)
    page = page_of(rows, limit, lambda row: (row["operator_id"], row["place_plan"], row["place_state"], row["id"]))
    return Page([SubscriptionRow.of(row) for row in page.items], page.next)


def _found(asked: Mapping[str, Any], sought: str, cursor: str | None, limit: int) -> Page[SubscriptionRow]:
    """Each source of matches begins where the page before left off, or is over."""
    first = (0, 0, "", 0, _NO_ID)
    place = place_after(cursor, int, int, str, int, UUID) or first
    words = sorted(words_of(sought), key=len, reverse=True)
    bounds: dict[str, Any] = {}
    for source, name in enumerate(("number", "word", "unit")):
        _source, operator, text, account, key = place if place[0] == source else first
        bounds |= {
            f"{name}_operator": operator,
            f"{name}_text": text,
            f"{name}_account": account,
            f"{name}_id": key,
        }
    rows = _sql.rows(
        "search",
        sought=sought,
        word=words[0] if words else "",
        words=words,
        last=LAST,
        numbers=place[0] <= 0,
        names=place[0] <= 1 and bool(words),
        **bounds,
        **_without(asked, "accounts", "manager", "agent"),
    )
    page = page_of(
        rows, limit, lambda row: (row["source"], row["operator_id"], row["text"], row["account_id"], row["id"])
    )
    return Page([SubscriptionRow.of(row) for row in page.items], page.next)


def subscriptions_of_account(account_id: int) -> list[SubscriptionRow]:
    """All subscriptions of an account that an access door found: what runs or waits by age, then what has ended."""
    return _of_account(account_id, _NOWHERE, None)


def page_of_account(account_id: int, *, after: str | None = None, limit: int = 50) -> Page[SubscriptionRow]:
    """The same, page by page. Raises InvalidRequest."""
    rows = _of_account(account_id, place_after(after, int, datetime, UUID) or _NOWHERE, checked(limit) + 1)
    return page_of(rows, limit, lambda row: (int(row.state == "ended"), row.ordered_at, row.id))


def _of_account(account: int, place: tuple[Any, ...], most: int | None) -> list[SubscriptionRow]:
    ended, after, after_id = place
    rows = _sql.rows("rows_of_account", account=account, ended=ended, after=after, after_id=after_id, most=most)
    return [SubscriptionRow.of(row) for row in rows]


def timeline(account_id: int, after: str | None = None, limit: int = 50) -> Page[Happening]:
    """What happened to an account (which an access door found), the newest first. Raises InvalidRequest."""
    place = place_after(after, datetime, UUID) or (_LATEST, _LAST_ID)
    rows = _sql.rows("timeline", account=account_id, after_at=place[0], after_id=place[1], most=checked(limit) + 1)
    happenings = [Happening(**{**row, "before": _read(row["before"]), "after": _read(row["after"])}) for row in rows]
    return page_of(happenings, limit, lambda row: (row.at, row.id))


def _read(document: Any) -> dict[str, Any] | None:
    """Django hands JSON columns of its own cursors over as text."""
    read: dict[str, Any] | None = json.loads(document) if isinstance(document, str) else document
    return read


def _without(asked: Mapping[str, Any], *names_: str) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if name not in names_}
