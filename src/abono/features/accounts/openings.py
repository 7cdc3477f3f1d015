"""Accounts that agents open for the subscribers they bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.features.accounts.operations import DuplicateNumber, open_account
from abono.features.accounts.queries import account_by_number
from abono.features.ledger.operations import UnknownAccount

if TYPE_CHECKING:
    from datetime import datetime

    from abono.features.access.people import Person
    from abono.features.operators.queries import Operator


def open_as_agent(
    person: Person, operator: Operator, number: str, *, name: str, locale: str, now: datetime, key: str | None = None
) -> int:
    """An account of the agent's operator that is given to the agent; answers its id.

    The same request under a key answers the account it opened first. Raises Forbidden, NotFound, DuplicateNumber,
    InvalidRequest, KeyConflict.
    """
    person.require("account.create")
    person.require_operator(operator.id)
    wanted = asked("open", number=number, name=name, locale=locale)
    try:
        with transaction.atomic():
            account = open_account(operator, number, now=now, name=name, locale=locale, agent=person.scope["agent"])
            keep_answer(account, operator.id, key, wanted, {"account": account}, now)
            return account
    except DuplicateNumber as refusal:
        # The number may have been given by this very request before; of others' accounts no key is known here.
        try:
            taken = account_by_number(operator.id, number)
        except UnknownAccount:  # somebody else's, behind the second wall
            raise refusal from None
        if first_answer(taken, key, wanted) is None:
            raise
        return taken
