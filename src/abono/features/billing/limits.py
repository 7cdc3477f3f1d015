"""What a deed may take at most, or has to bring at least: judged as it is done, by whoever cannot look at a preview."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import transaction

from abono.base.once import is_kept
from abono.base.refusal import Refusal
from abono.features.ledger import operations as ledger
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Iterator


class AmountChanged(Refusal):
    """The deed would take more than is allowed, or bring less than is asked for; minor units."""

    code = "amount_changed"

    def __init__(self, amount: int, limit: int, currency: str, *, field: str) -> None:
        told, given = format_amount(amount, currency), format_amount(limit, currency)
        verb, than = ("takes", "more than") if field == "at_most" else ("brings", "less than")
        message = f"It {verb} {told} {currency} now, {than} {given}; ask for a preview and decide anew."
        super().__init__(message, field=field)
        self.amount, self.limit, self.currency = amount, limit, currency


@contextmanager
def within(account: int, *, at_most: int | None, at_least: int | None, key: str | None) -> Iterator[None]:
    """What is done inside takes ``at_most`` so much of the balance, and brings ``at_least`` so much; minor units.

    All that follows at once counts, returns among it. The account is held from before; what exceeds is undone. A call
    that repeats what its ``key`` was kept for is not judged. Raises AmountChanged, UnknownAccount.
    """
    with transaction.atomic():
        before = ledger.lock(account)
        repeats = key is not None and is_kept(account, key)
        yield
        brings = ledger.lock(account).balance - before.balance
        if repeats:
            return
        if at_most is not None and -brings > at_most:
            raise AmountChanged(-brings, at_most, before.currency, field="at_most")
        if at_least is not None and brings < at_least:
            raise AmountChanged(brings, at_least, before.currency, field="at_least")
