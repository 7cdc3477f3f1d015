"""The world and the client of test_usage_crash: ``make`` prints an account and a subscription, ``send`` reports use.

The client sends each batch until it has an answer, as whoever reports use should.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

PARTS = 240
SIZE = 500


def make() -> None:
    """One subscriber whose letters have a hard limit, whose pages cost, and whose pupils are counted by the day."""
    from django.core.management import call_command

    from abono.features.billing import orders
    from tests.features import worlds

    call_command("migrate", verbosity=0, interactive=False)
    services = {
        "letters": {"included": str(PARTS * SIZE), "limit": "hard"},
        "pages": {"included": "10", "model": "package", "size": "100", "price": "1.00"},
        "visits": {"included": "5", "quota_period": "day", "model": "standard", "unit": "0.01"},
    }
    seller = worlds.operator(
        {
            "services": {code: {"kind": "usage"} for code in services},
            "plans": {"meter": {"price": "0.00", "period": "month", "services": services}},
        }
    )
    account = worlds.account(seller)
    sub = orders.subscribe(account, "meter", now=worlds.START)
    sys.stdout.write(f"{account} {sub}\n")


def send(account: int, sub: UUID) -> None:
    """Report all batches, a line of JSON for each: how often it was sent, and what became of its events."""
    from django.db import DatabaseError, InterfaceError, connection

    from abono.features.usage.events import Use
    from abono.features.usage.operations import count
    from tests.features import worlds

    now = worlds.START + timedelta(days=3)
    services = ("letters", "pages", "visits")
    for part in range(PARTS):
        batch = [
            Use(account, sub, service, Decimal(1), now - timedelta(hours=each % 50), f"{service}-{part}-{each}")
            for service in services
            for each in range(SIZE)
        ]
        tries = 0
        while True:
            tries += 1
            try:
                outcomes = Counter(count(batch, now=now))
            except (DatabaseError, InterfaceError):
                connection.close()
                time.sleep(0.05)
            else:
                break
        sys.stdout.write(json.dumps({"tries": tries, **outcomes}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    from abono.base.boot import boot

    boot()
    make() if sys.argv[1] == "make" else send(int(sys.argv[2]), UUID(sys.argv[3]))
