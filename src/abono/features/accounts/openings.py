"""Accounts that people open by a form, which may be sent twice: one account is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.base.refusal import KeyConflict
from abono.base.sql import statements
from abono.features.accounts.operations import DuplicateNumber, open_account

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator

_sql = statements("abono.features.accounts", "accounts")


def open_once(  # noqa: PLR0913 -- what an account begins with
    person: Person,
    operator: Operator,
    number: str | None,
    *,
    name: str,
    locale: str,
    now: datetime,
    key: str | None = None,
    credit_limit: int = 0,
    manager: int | None = None,
    agent: int | None = None,
) -> int:
    """An account (see ``open_account``); answers its id. An agent's is given to the agent, a manager's to the manager.

    The same request under a key answers the account it opened first. Raises Forbidden, NotFound, DuplicateNumber,
    InvalidRequest, KeyConflict.
    """
    person.require("account.create")
    person.require_operator(operator.id)
    own = person.scope
    if own["manager"] is not None or own["agent"] is not None:
        manager, agent = own["manager"], own["agent"]
    wanted = asked(
        "open", number=number, name=name, locale=locale, credit_limit=credit_limit, manager=manager, agent=agent
    )
    first = _opened(operator, key, wanted)
    if first is not None:
        return first
    try:
        with transaction.atomic():
            account = open_account(
                operator,
                number,
                now=now,
                name=name,
                locale=locale,
                credit_limit=credit_limit,
                manager=manager,
                agent=agent,
            )
            keep_answer(account, operator.id, key, wanted, {"account": account}, now)
            if key is not None:
                _sql.run("keep_key", operator=operator.id, account=account, key=key)
            return account
    except (DuplicateNumber, IntegrityError) as error:  # it may have been this very request, at the same moment
        first = _opened(operator, key, wanted)
        if first is not None:
            return first
        if isinstance(error, IntegrityError):  # somebody else's, behind the second wall
            message = "This form was used before for another account; open it anew and send it again."
            raise KeyConflict(message, field="key") from None
        raise


def _opened(operator: Operator, key: str | None, wanted: dict[str, object]) -> int | None:
    """What this very request has opened already; of others' accounts no key is known here. Raises KeyConflict."""
    found = _sql.rows("by_key", operator=operator.id, key=key) if key is not None else []
    if not found:
        return None
    account = int(found[0]["account_id"])
    return account if first_answer(account, key, wanted) is not None else None
