"""A world at noon before a month ends, the same at every making: ``python -m tests.crash.world SUBSCRIPTIONS``.

A few dozen accounts live through January by the real operations; the others are copies of them.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from abono.features.operators.queries import Operator

START = datetime(2026, 1, 1, 8, tzinfo=UTC)
NOON = datetime(2026, 1, 31, 11, tzinfo=UTC)
UNTIL = datetime(2026, 2, 3, 5, tzinfo=UTC)
"""Until then a run has a boundary of every month, three midnights of daily slices, trials, pauses and look-aheads."""

_LINE: dict[str, object] = {"services": {"line": {}}}
_CATALOGUE = {
    "services": {"line": {"kind": "onoff"}, "paper": {"kind": "onoff", "tax": "reduced"}},
    "plans": {
        "calendar": {"price": "9.90", "period": "month", "anchor": "calendar", **_LINE},
        "first": {"price": "25.00", "period": "month", "priority": 10, "on_shortfall": "end", **_LINE},
        "second": {"price": "4.00", "period": "month", "anchor": 2, "first_period": "prorate", **_LINE},
        "slices": {"price": "31.00", "period": "month", "charge": "daily", "priority": 50, **_LINE},
        "used": {"price": "12.00", "period": "month", "charge": "arrears", "setup_fee": "2.00", **_LINE},
        "owed": {"price": "7.00", "period": "month", "on_shortfall": "owe", "priority": 200, **_LINE},
        "seen": {"price": "15.00", "period": "month", "look_ahead": "3 days", "early_block": True, **_LINE},
        "warned": {"price": "14.00", "period": "month", "anchor": 5, "look_ahead": "3 days", "resume": "remainder",
                   "services": {"line": {}, "paper": {"quantity": "2"}}},
        "tried": {"price": "20.00", "period": "month", "trial": "31 days", "setup_fee": "5.00", **_LINE},
        "short-trial": {"price": "6.00", "period": "10 days", "trial": "2 days", "resume": "full", **_LINE},
        "weekly": {"price": "3.00", "period": "week", "renew": False, **_LINE},
    },
}  # fmt: skip
_PAIRS = (
    ("calendar", "first"), ("second", "slices"), ("used", "owed"), ("seen", "first"), ("warned", "calendar"),
    ("tried", "used"), ("short-trial", "slices"), ("weekly", "seen"),
)  # fmt: skip
_LEFT = (0, 800, 1_700, 3_500, 40_000)
_SELLERS: dict[str, dict[str, object]] = {
    "north": {"currency": "EUR", "time_zone": "Europe/Berlin", "tax": "19", "tax_reduced": "7"},
    "east": {"currency": "TRY", "time_zone": "Europe/Istanbul", "tax": "20", "prices_include_tax": False},
}


def build(subscriptions: int) -> None:
    """Fill an empty, migrated database; about as many subscriptions as asked for."""
    from django.db import connection, transaction

    from abono.features.billing.prices import change_price
    from abono.features.catalogue.operations import save_catalogue
    from abono.features.catalogue.terms import parse_catalogue
    from abono.features.operators.operations import add_operator
    from tests.crash.copying import copies

    for code, terms in _SELLERS.items():
        with transaction.atomic():
            seller = add_operator(code, code, terms)
            save_catalogue(seller, parse_catalogue(_CATALOGUE, seller.currency), now=START)
        originals = _originals(seller)
        change_price(seller, "seen", Decimal(1), date(2026, 2, 2), now=NOON)
        wanted = subscriptions // len(_SELLERS) // 2 // len(originals) - 1
        with transaction.atomic():
            copies(originals, wanted)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _originals(seller: Operator) -> list[int]:
    """An account for each pair of plans and each amount of money; in the evening of January each has its own wish."""
    from django.db import transaction

    from abono.features.accounts.operations import open_account
    from abono.features.billing import money, orders
    from abono.features.billing.engine import Scope, turn_clock
    from abono.features.billing.look_ahead import look

    accounts: list[int] = []
    owned: dict[int, list[UUID]] = {}
    with transaction.atomic():
        for pair in _PAIRS:
            for left in _LEFT:
                account = open_account(
                    seller, f"{left}-{pair[0]}", now=START, credit_limit=500 if left == _LEFT[1] else 0
                )
                accounts.append(account)
                money.pay(account, 90_000, now=START, key="opening")
                begins = START + timedelta(days=28 if "short-trial" in pair else len(accounts) % 3)
                quantity = Decimal(2 if left == _LEFT[2] else 1)
                owned[account] = [
                    orders.subscribe(account, plan, now=begins, unit=plan, quantity=quantity) for plan in pair
                ]
        scope = Scope(seller, min(accounts), max(accounts))
        turn_clock(scope, NOON - timedelta(days=5), look=look)
        for place, account in enumerate(accounts):
            _leave(account, _LEFT[place % len(_LEFT)], NOON - timedelta(days=5))
        turn_clock(scope, NOON, look=look)
        for place, account in enumerate(accounts):
            _wish(place, account, owned[account])
    return accounts


def _leave(account: int, left: int, now: datetime) -> None:
    from abono.features.billing import money
    from abono.features.ledger import operations as ledger

    change = left - ledger.lock(account).balance
    if change:
        money.adjust(account, change, now=now)


def _wish(place: int, account: int, owned: list[UUID]) -> None:
    """What waits for the boundary, or stands in its way; what is refused or has ended is no wish."""
    from abono.base.refusal import Refusal
    from abono.features.billing import blocks, money, orders

    wishes = {
        1: lambda: orders.cancel(account, owned[0], now=NOON),
        3: lambda: orders.change(account, owned[0], now=NOON, plan_code="calendar"),
        5: lambda: orders.change(account, owned[1], now=NOON, quantity=Decimal(3)),
        7: lambda: blocks.pause(account, owned[0], now=NOON, until=date(2026, 2, 2)),
        9: lambda: blocks.block(account, now=NOON, subscription=owned[1]),
        11: lambda: money.promise(account, 2_000, 2, now=NOON, fee=50),
        12: lambda: blocks.pause(account, owned[1], now=NOON),
    }
    try:
        wishes.get(place % 13, lambda: None)()
    except Refusal:
        return


if __name__ == "__main__":
    from django.core.management import call_command

    from abono.base.boot import boot

    boot()
    call_command("migrate", verbosity=0, interactive=False)
    build(int(sys.argv[1]))
