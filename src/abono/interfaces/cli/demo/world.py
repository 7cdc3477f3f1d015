"""The people of the demo world and what they do, drawn from a fixed seed: the same world on every machine."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEED = 2026
_PLANS = ("home-secure", "antivirus-month", "camera", "licence-month", "care")
_WEIGHTS = (40, 30, 15, 10, 5)
_MONTH = 30
_NAMES = ("Ada", "Boris", "Cem", "Dina", "Emil", "Fatma", "Greta", "Hugo", "Irina", "Jorge", "Kaya", "Lena", "Mika",
          "Nadia", "Olga", "Pablo", "Rosa", "Selim", "Tanja", "Umut", "Vera", "Wanda", "Yusuf", "Zoe")  # fmt: skip


@dataclass(frozen=True)
class Person:
    """An account of the world: what it orders on which day, and how it pays (amounts in cents)."""

    number: str
    name: str
    plan: str
    quantity: int
    joins_on: date
    credit_limit: int
    monthly_cost: int
    reliable: float


@dataclass(frozen=True)
class Event:
    """Something a person does on a day; ``amount`` in cents where it is money."""

    day: date
    number: str
    act: str
    amount: int = 0
    plan: str = ""


_MONTHLY = {"home-secure": 3490, "antivirus-month": 490, "camera": 1000, "licence-month": 590, "care": 4000}


def people(count: int, first_day: date) -> list[Person]:
    """So many accounts; most join in the first days, the others over the first month."""
    chance = random.Random(_SEED)  # noqa: S311 -- a world to look at, not a secret
    found = []
    for place in range(count):
        plan = chance.choices(_PLANS, _WEIGHTS)[0]
        quantity = chance.choice((1, 1, 1, 2, 4)) if plan == "camera" else 1
        late = chance.random() < 0.3  # noqa: PLR2004 -- three in ten
        found.append(
            Person(
                number=f"{100_000 + place}",
                name=f"{chance.choice(_NAMES)} {chr(65 + place % 26)}.",
                plan=plan,
                quantity=quantity,
                joins_on=first_day + timedelta(days=chance.randrange(1, _MONTH) if late else 0),
                credit_limit=chance.choice((0, 0, 0, 0, 1000)),
                monthly_cost=_MONTHLY[plan] * quantity,
                reliable=chance.choice((0.98, 0.95, 0.9, 0.5)),
            )
        )
    return found


def events(everybody: list[Person], until: date) -> Iterator[Event]:
    """What happens after they joined: payments, and now and then a promise, a pause, a change, a cancellation."""
    chance = random.Random(_SEED + 1)  # noqa: S311
    for person in everybody:
        month = person.joins_on + timedelta(days=chance.randrange(18, 28))
        while month < until:
            if chance.random() < person.reliable:
                extra = chance.choice((0, 0, 100, 500))
                yield Event(month, person.number, "pay", person.monthly_cost + extra)
                if person.plan == "licence-month":  # a one-off month is bought again
                    yield Event(month + timedelta(days=_MONTH - 18), person.number, "order", plan=person.plan)
            elif chance.random() < 0.3:  # noqa: PLR2004
                yield Event(
                    month + timedelta(days=chance.randrange(4, 12)), person.number, "promise", person.monthly_cost
                )
            month += timedelta(days=_MONTH)
        rare = chance.random()
        day = person.joins_on + timedelta(days=chance.randrange(5, 80))
        for limit, act in ((0.02, "cancel"), (0.05, "pause"), (0.07, "block"), (0.09, "change")):
            if rare < limit:
                yield Event(day, person.number, act)
                break
