"""Events of use, and a batch of them as the database reads it: columns of text, an entry on each line.

Columns are made and looked through as wholes, because a batch has ten thousand of each; one by one only where something
in a column is not as it should be.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

from abono.features.catalogue.use_terms import MOST_NAME, MOST_VALUE, matching

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from uuid import UUID

    Name = tuple[int, int, str]
    Filters = Mapping[str, tuple[int, list[dict[str, Any]]]]

MOST_PROPERTIES = 20
"""The most properties of one event."""

_MOST_KEY = 200
_MOST_SERVICE = 60
_WHOLE_DIGITS = 15
_DECIMALS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1) // _MICROSECOND
_INVALID = "invalid"
_OUT_OF_RANGE = "out_of_range"
_REFUSED = frozenset({_INVALID, _OUT_OF_RANGE})


class Use(NamedTuple):
    """An event: so much of a service was used by a subscription (seats: came or, negative, went).

    ``at`` (aware) is now if empty. ``key`` is unique per account; without one the event is counted as often as it is
    sent. ``properties`` are what filters look at and different values are counted of (see sound_properties).
    """

    account: int
    subscription: UUID
    service: str
    quantity: Decimal
    at: datetime | None = None
    key: str | None = None
    properties: Mapping[str, str] | None = None


class Batch:
    """The events of a batch by their places, and the *spots* that they name: services of subscriptions, numbered.

    ``refused`` has the codes of those that cannot be read, ``sound`` the places of all others, by account: rows of an
    account are written side by side.
    """

    def __init__(self, uses: Sequence[Use]) -> None:
        self.uses = uses
        columns = [*zip(*uses, strict=True)] if uses else [()] * len(Use._fields)
        accounts, subscriptions, services, quantities, times, keys, properties = columns
        self._names = [*zip(accounts, [each.int for each in subscriptions], services, strict=True)]
        self._numbers = _numbered(dict.fromkeys(self._names), set(services))
        self._spots = [*map(self._numbers.__getitem__, self._names)]
        self._quantities = _quantities(quantities)
        self._instants = [None if at is None else (at - _EPOCH) // _MICROSECOND for at in times]
        self._accounts = accounts
        self._keys = ["" if key is None else key for key in keys] if None in keys else keys
        self._properties = [*map(_document, properties)] if any(properties) else None
        self.refused = self._refused()
        sound = [place for place in range(len(uses)) if place not in self.refused] if self.refused else range(len(uses))
        self.sound = sorted(sound, key=accounts.__getitem__)

    def _refused(self) -> dict[int, str]:
        refused: dict[int, str] = {}
        for column in (self._spots, self._quantities, self._properties or ()):
            if not _REFUSED.isdisjoint(column):
                for place, text in enumerate(column):
                    if text in _REFUSED:
                        refused.setdefault(place, text)
        for place in _unsound_keys(self._keys, self.uses):
            refused.setdefault(place, _INVALID)
        return refused

    def months(self, first: datetime, last: datetime) -> set[date]:
        """The first days of the months (in UTC) that its events lie in, as far as they have a time between two."""
        days = {instant // _DAY for instant in self._instants if instant is not None}
        between = range((first - _EPOCH) // timedelta(days=1), (last - _EPOCH) // timedelta(days=1) + 1)
        return {(_EPOCH + timedelta(days=day)).date().replace(day=1) for day in days if day in between}

    def first_of_keys(self, places: Sequence[int]) -> tuple[Sequence[int], list[tuple[int, int]]]:
        """Of some places those to try first, one for each key; and behind which of them each of the others waits."""
        if len(set(map(self._keys.__getitem__, places))) == len(places):
            return places, []
        first: dict[tuple[int, str], int] = {}
        chosen, behind = [], []
        for place in sorted(places):
            key = self._keys[place]
            earlier = first.setdefault((self._accounts[place], key), place) if key else place
            if earlier == place:
                chosen.append(place)
            else:
                behind.append((place, earlier))
        return sorted(chosen, key=self._accounts.__getitem__), behind

    def columns(self, places: Sequence[int]) -> dict[str, str | None]:
        """Some events as parameters of the statements."""
        return {
            **_spots([name for name, number in self._numbers.items() if number not in _REFUSED]),
            **self._columns(places),
            "spots": _lines(map(self._spots.__getitem__, places)),
            "sent": None,
            "sent_ids": None,
            "weights": None,
        }

    def routed(self, places: Sequence[int], filters: Filters) -> dict[str, str | None]:
        """Some events likewise, each as what the filters of its spot make of it."""
        names: dict[Name, str] = {}
        spots, sent, sent_ids, weights = [], [], [], []
        for place in places:
            use, name = self.uses[place], self._names[place]
            service_id, known = filters.get(self._spots[place], (0, []))
            chosen = (matching(known, use.properties) if known and use.properties else None) or {}
            routed = chosen.get("as") is not None
            if routed:
                name = (*name[:2], chosen["as"])
            spots.append(names.setdefault(name, str(len(names))))
            sent.append(use.service if routed else "")
            sent_ids.append(str(service_id) if routed else "")
            weights.append(chosen.get("counts") or "")
        return {
            **_spots(names),
            **self._columns(places),
            "spots": _lines(spots),
            "sent": _lines(sent),
            "sent_ids": _lines(sent_ids),
            "weights": _lines(weights),
        }

    def _columns(self, places: Sequence[int]) -> dict[str, str | None]:
        return {
            "quantities": _lines(map(self._quantities.__getitem__, places)),
            "instants": _lines("" if at is None else str(at) for at in map(self._instants.__getitem__, places)),
            "keys": _lines(map(self._keys.__getitem__, places)),
            "properties": _lines(map(self._properties.__getitem__, places)) if self._properties else None,
        }

    def content(self, place: int) -> tuple[object, ...]:
        """What makes an event the same as another with its key."""
        use = self.uses[place]
        return (*use[:-1], use.properties or None)


def sound_properties(properties: Mapping[str, object]) -> bool:
    """Whether these can be the properties of an event: up to MOST_PROPERTIES texts by name, of printable characters."""
    return len(properties) <= MOST_PROPERTIES and all(
        _sound(name, MOST_NAME) and _sound(value, MOST_VALUE) for name, value in properties.items()
    )


def _sound(text: object, most: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= most and text.isprintable()


def _lines(entries: Iterable[str]) -> str:
    return "\n".join(entries)


def _numbered(names: Collection[Name], services: Iterable[str]) -> dict[Name, str]:
    """A number for each spot, or the code of its refusal."""
    unsound = {service for service in services if not _sound(service, _MOST_SERVICE)}
    sound = [name for name in names if name[2] not in unsound] if unsound else names
    return dict.fromkeys(names, _INVALID) | {name: str(number) for number, name in enumerate(sound)}


def _spots(names: Collection[Name]) -> dict[str, str | None]:
    """Spots in the order of their numbers, as parameters."""
    accounts, subscriptions, services = zip(*names, strict=True)
    return {
        "accounts": _lines(map(str, accounts)),
        "subscriptions": _lines(map(format, subscriptions, repeat("032x"))),
        "services": _lines(services),
    }


def _quantities(quantities: Sequence[Decimal]) -> list[str]:
    if all(map(Decimal.is_finite, quantities)):
        numbers = {quantity: _number(quantity) for quantity in set(quantities)}
        return [*map(numbers.__getitem__, quantities)]
    return [_number(quantity) if quantity.is_finite() else _INVALID for quantity in quantities]


def _number(quantity: Decimal) -> str:
    """A finite quantity as it is written for the database, or the code of its refusal."""
    number = str(quantity)
    if "." in number or "E" in number:
        number = f"{quantity.normalize():f}"
    whole, _, decimals = number.partition(".")
    if len(decimals) > _DECIMALS or len(whole) > _WHOLE_DIGITS + (whole[0] == "-"):
        return _OUT_OF_RANGE
    return number


def _unsound_keys(keys: Sequence[str], uses: Sequence[Use]) -> list[int]:
    if keys and "".join(keys).isprintable() and len(max(keys, key=len)) <= _MOST_KEY and "" not in keys:
        return []
    return [place for place, use in enumerate(uses) if use.key is not None and not _sound(use.key, _MOST_KEY)]


def _document(properties: Mapping[str, str] | None) -> str:
    if not properties:
        return ""
    return json.dumps(properties, ensure_ascii=False) if sound_properties(properties) else _INVALID
