"""The counter: one account, one request, one transaction, by the same statements that roll over a million."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.once import asked, first_answer, keep_answer
from abono.base.texts import one_line
from abono.features.billing.announcing import announce
from abono.features.billing.engine import Scope, catch_up, claim, release, schedule
from abono.features.billing.look_ahead import bring_back, look, review_early_blocks
from abono.features.ledger import operations as ledger
from abono.features.operators.queries import operator_by_id
from abono.features.webhooks.queries import ears_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime
    from uuid import UUID

    from abono.features.operators.queries import Operator

_LONGEST_TEXT = 200


@dataclass
class Desk:
    """An account that is locked for one request.

    ``money_arrived`` is set by whatever raises what is available: when the request is done, returns and early blocks
    are tried at once. ``less_comes_due`` is set where a reason for an early block may have gone without money.
    """

    account: ledger.LockedAccount
    operator: Operator
    scope: Scope
    now: datetime
    money_arrived: bool = False
    less_comes_due: bool = False

    @property
    def today(self) -> date:
        """The civil day of the request."""
        return self.operator.day(self.now)

    @property
    def available(self) -> int:
        """What the account can pay at this moment, in minor units."""
        return ledger.available(self.account.account_id, self.now)

    def catch_up(self) -> None:
        """Do what is due on the account, before the request."""
        if catch_up(self.scope, self.now, look=look):
            self.account = ledger.lock(self.account.account_id)

    def post(self, amount: int, *, kind: str, counter: str, text: str = "") -> UUID:
        """Move money; a credit brings returns when the request is done. Answers the entry's id.

        Raises InvalidRequest for a text that does not fit.
        """
        self.money_arrived = self.money_arrived or amount > 0
        return ledger.post(
            self.account.account_id,
            amount,
            kind=kind,
            counter=counter,
            day=self.today,
            now=self.now,
            text=one_line(text, "text", _LONGEST_TEXT),
        )

    def repeats(self, key: str | None, action: str, **request: object) -> bool:
        """Whether this request was carried out under the key before; if not, it is remembered with what follows.

        A refusal rolls the memory back with everything else. Raises KeyConflict.
        """
        wanted = asked(action, **request)
        if first_answer(self.account.account_id, key, wanted) is not None:
            return True
        keep_answer(self.account.account_id, self.operator.id, key, wanted, {}, self.now)
        return False


@contextmanager
def counter(account: int, now: datetime, *, up_to_date: bool = False) -> Iterator[Desk]:
    """Lock an account for a request; afterwards try the returns that its money allows and plan its next work.

    A request that had to wait while the account was rolled over is made at the instant that was reached. One that
    needs it ``up_to_date`` first does what is due on the account; every other leaves that to the engine. Everything
    commits together or, on a refusal, not at all. Raises UnknownAccount.
    """
    with transaction.atomic():
        locked = ledger.lock(account)
        operator = operator_by_id(locked.operator_id)
        reached = max(now, locked.reached_at or now)
        scope = Scope.of_account(operator, account)
        claim(scope, reached)
        ears = ears_of(operator.id)
        desk = Desk(locked, operator, scope, reached)
        if up_to_date:
            desk.catch_up()
        freed = release(scope, reached, reached)
        yield desk
        # Whatever ended or changed a subscription has ended what was reserved of it.
        freed |= release(scope, reached, reached)
        if desk.money_arrived or freed:
            bring_back(desk.scope, desk.now)
        elif desk.less_comes_due:
            review_early_blocks(desk.scope, desk.now)
        schedule(desk.scope, desk.now)
        announce(desk.scope, ears, desk.now)
