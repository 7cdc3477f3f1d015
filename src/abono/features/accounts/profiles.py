"""What is written about an account: its name and language, who serves it, notes of the staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction

from abono.base.paging import MOST, Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest
from abono.base.sql import statements
from abono.base.texts import language, paragraphs
from abono.base.trail import record
from abono.features.access.people import Forbidden, NotFound
from abono.features.access.queries import Servant, servants_of
from abono.features.accounts.operations import checked_name
from abono.features.accounts.words import words_of

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.access.people import Person

_sql = statements("abono.features.accounts", "profiles")
_accounts = statements("abono.features.accounts", "accounts")
_LONGEST_NOTE = 2000


@dataclass(frozen=True)
class Note:
    """What somebody of the staff wrote down about an account, and whether it was struck out."""

    id: UUID
    written_at: datetime
    author: str
    text: str
    struck_at: datetime | None


def edit_profile(account: int, *, name: str, locale: str, now: datetime) -> None:
    """Another name and language for an account. Raises NotFound, InvalidRequest."""
    name = checked_name(name)
    language(locale, "locale")
    with transaction.atomic():
        before = _profile(account)
        _sql.run("edit", account=account, name=name, locale=locale)
        _sql.run("forget_words", account=account)
        _accounts.run("add_words", account=account, operator=before["operator_id"], words=words_of(name))
        record(
            "account.edit",
            before["number"],
            operator=before["operator_id"],
            account=account,
            at=now,
            before={"name": before["name"], "locale": before["locale"]},
            after={"name": name, "locale": locale},
        )


def give(person: Person, account: int, *, manager: int | None, agent: int | None, now: datetime) -> None:
    """Give an account to a manager and an agent (memberships), or to nobody (None).

    A manager has only what was given to him or her and gives nothing away. Raises Forbidden, NotFound, InvalidRequest.
    """
    if person.scope["manager"] is not None or person.scope["agent"] is not None:
        message = "Only whoever sees all accounts of an operator gives one to somebody; ask an administrator."
        raise Forbidden(message)
    with transaction.atomic():
        before = _profile(account)
        check_servants(person, before["operator_id"], manager=manager, agent=agent)
        _sql.run("give", account=account, manager=manager, agent=agent)
        record(
            "account.give",
            before["number"],
            operator=before["operator_id"],
            account=account,
            at=now,
            before={"manager": before["manager_id"], "agent": before["agent_id"]},
            after={"manager": manager, "agent": agent},
        )


def check_servants(person: Person, operator: int, *, manager: int | None, agent: int | None) -> None:
    """Refuse a manager or agent who cannot serve accounts of an operator. Raises InvalidRequest."""
    if manager is None and agent is None:
        return
    possible = {servant.membership for servant in servants(person, operator)}
    for field, chosen in (("manager", manager), ("agent", agent)):
        if chosen is not None and chosen not in possible:
            message = "Choose somebody of the list."
            raise InvalidRequest(message, field=field)


def servants(person: Person, operator: int) -> list[Servant]:
    """The managers and agents to whom a person may give accounts of an operator."""
    return servants_of(operator, person.operators)


def write_note(account: int, text: str, *, author: str, now: datetime) -> None:
    """Write something down about an account. Raises NotFound, InvalidRequest."""
    plain = paragraphs(text, "note", _LONGEST_NOTE)
    if not plain:
        message = "Write the note."
        raise InvalidRequest(message, field="note", code="required")
    with transaction.atomic():
        profile = _profile(account)
        _sql.run(
            "write_note", account=account, operator=profile["operator_id"], author=author[:254], text=plain, now=now
        )
        record("account.note", profile["number"], operator=profile["operator_id"], account=account, at=now)


def strike_note(account: int, note: UUID, *, now: datetime) -> None:
    """Strike a note out: it stays, and is no longer shown among what counts. Raises NotFound."""
    with transaction.atomic():
        profile = _profile(account)
        if not _sql.run("strike_note", account=account, note=note, now=now):
            message = "There is no such note that still counts."
            raise NotFound(message, field="note")
        record("account.strike_note", str(note), operator=profile["operator_id"], account=account, at=now)


def notes_of(account: int) -> list[Note]:
    """The notes of an account that count, the newest first; up to 200."""
    return [Note(**row) for row in _sql.rows("notes", account=account, before=None, most=MOST)]


def notes_page(account: int, *, after: str | None = None, limit: int = 50) -> Page[Note]:
    """All of them, page by page. Raises InvalidRequest."""
    place = place_after(after, UUID) or (None,)
    rows = _sql.rows("notes", account=account, before=place[0], most=checked(limit) + 1)
    return page_of([Note(**row) for row in rows], limit, lambda row: (row.id,))


def _profile(account: int) -> dict[str, Any]:
    found = _sql.rows("profile", account=account)
    if not found:
        message = "There is no such account; look it up in the list."
        raise NotFound(message, field="account")
    return found[0]
