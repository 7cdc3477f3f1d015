"""In whose name a page speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abono.features.access.people import Person
    from abono.features.access.queries import Membership


@dataclass(frozen=True)
class Brand:
    """A name, the colour of what can be pressed (``#rrggbb`` by day and by night; empty: ours) and a logo's address."""

    name: str = "Abono"
    colour: str = ""
    colour_dark: str = ""
    logo: str = ""


def brand_of(person: Person | None, memberships: Sequence[Membership]) -> Brand:
    """The brand of the operator a person belongs to; our own at the sign-in."""
    if person is None:
        return Brand()
    names = (each.operator_name for each in memberships if each.operator_id == person.operator)
    return Brand(name=next(names, "Abono"))
