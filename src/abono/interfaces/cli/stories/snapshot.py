"""What a story sees of its world, and how an expectation is held against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from abono.features.billing import queries as billing
from abono.features.subscriptions.states import names
from abono.features.usage.queries import quotas_of
from abono.kernel.money import format_amount

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal
    from uuid import UUID

    from abono.features.operators.queries import Operator


@dataclass
class View:
    """The world of a story at an instant; every part is worked out when it is asked for."""

    operator: Operator
    accounts: Mapping[str, int]
    subscriptions: Mapping[str, UUID]
    now: datetime

    @cached_property
    def ids(self) -> list[int]:
        """The accounts of the story."""
        return list(self.accounts.values())

    @cached_property
    def _accounts(self) -> dict[int, dict[str, Any]]:
        return billing.accounts_now(self.ids, self.now)

    @cached_property
    def _subscriptions(self) -> dict[UUID, dict[str, Any]]:
        return billing.subscriptions_of(self.ids)

    @cached_property
    def _unlocks(self) -> dict[UUID, int]:
        return billing.unlocks(self.operator, self.ids, self.now)

    @cached_property
    def _next(self) -> dict[UUID, billing.Upcoming]:
        return billing.next_charges(self.operator, self.ids, self.now)

    @cached_property
    def _outlook(self) -> dict[int, billing.Outlook]:
        return billing.outlook(self.operator, self.ids, self.now)

    @cached_property
    def _entries(self) -> dict[int, list[dict[str, Any]]]:
        return billing.entries_of(self.ids)

    @cached_property
    def _charges(self) -> dict[UUID, list[dict[str, Any]]]:
        return billing.charges_of(self.ids)

    @cached_property
    def _notices(self) -> dict[int, list[dict[str, Any]]]:
        return billing.notices_of(self.ids)

    @cached_property
    def _quotas(self) -> dict[UUID, dict[str, dict[str, Any]]]:
        found: dict[UUID, dict[str, dict[str, Any]]] = {}
        for quota in quotas_of(self.ids, self.now):
            found.setdefault(quota.subscription_id, {})[quota.service] = {
                "used": _plain(quota.used),
                "included": _plain(quota.included),
                "over": _plain(quota.over),
                "packs": quota.packs,
                "remaining": _plain(quota.remaining),
            }
        return found

    def whole(self) -> dict[str, Any]:
        """Everything there is to see."""
        return {
            "accounts": {name: self.account(name) for name in self.accounts},
            "subscriptions": {name: self.subscription(name) for name in self.subscriptions},
            "charges": {name: self.charges(name) for name in self.subscriptions},
            "quotas": {name: self.quotas(name) for name in self.subscriptions},
            "notices": {name: self.notices(name) for name in self.accounts},
            "forecast": {name: self.forecast(name) for name in self.accounts},
        }

    def settled(self) -> dict[str, Any]:
        """What a refused step must leave as it was."""
        return {
            "accounts": {name: self.account(name) for name in self.accounts},
            "subscriptions": {
                name: self.subscription(name, only=("state", "reasons", "plan", "quantity", "period"))
                for name in self.subscriptions
            },
            "charges": {name: self.charges(name) for name in self.subscriptions},
            "quotas": {name: self.quotas(name) for name in self.subscriptions},
            "notices": {name: self.notices(name) for name in self.accounts},
        }

    def part(self, kind: str, name: str, only: Sequence[str] | None) -> Any:
        """One piece of the snapshot, or None if nothing is there."""
        known = self.subscriptions if kind in {"subscriptions", "charges", "quotas"} else self.accounts
        if name not in known:
            return None
        if kind == "subscriptions":
            return self.subscription(name, only=only)
        readers = {
            "accounts": self.account,
            "charges": self.charges,
            "quotas": self.quotas,
            "notices": self.notices,
            "forecast": self.forecast,
        }
        return readers[kind](name) if kind in readers else None

    def account(self, name: str) -> dict[str, Any]:
        """Money of an account, and the entries that made it."""
        row = self._accounts[self.accounts[name]]
        money = {key: format_amount(row[key], row["currency"]) for key in ("balance", "available", "credit")}
        return {
            **money,
            "holds": format_amount(row["held"], row["currency"]),
            "entries": [
                {
                    "on": entry["booked_on"].isoformat(),
                    "kind": entry["kind"],
                    "amount": format_amount(entry["amount"], row["currency"]),
                }
                for entry in self._entries.get(row["account_id"], [])
            ],
        }

    def subscription(self, name: str, only: Sequence[str] | None = None) -> dict[str, Any]:
        """How a subscription stands and what comes next."""
        key = self.subscriptions[name]
        row = self._subscriptions[key]
        readers: dict[str, Callable[[], Any]] = {
            "state": lambda: row["state"],
            "reasons": lambda: names(row["reasons"]),
            "plan": lambda: row["plan"],
            "quantity": lambda: _plain(row["quantity"]),
            "period": lambda: self._period(row),
            "next": lambda: self._upcoming(key),
            "unlock": lambda: self._money(self._unlocks.get(key)),
        }
        return {field: read() for field, read in readers.items() if only is None or field in only}

    def charges(self, name: str) -> list[list[str]]:
        """What was charged for a subscription, in order."""
        rows = self._charges.get(self.subscriptions[name], [])
        return [
            [row["starts_on"].isoformat(), row["ends_on"].isoformat(), str(self._money(row["amount"]))] for row in rows
        ]

    def quotas(self, name: str) -> dict[str, dict[str, Any]]:
        """What was used of each service of a subscription that is counted, by service."""
        return self._quotas.get(self.subscriptions[name], {})

    def notices(self, name: str) -> dict[str, list[str]]:
        """The days on which an account was told something, by kind."""
        told: dict[str, list[str]] = {}
        for row in self._notices.get(self.accounts[name], []):
            told.setdefault(row["kind"], []).append(row["sent_on"].isoformat())
        return told

    def forecast(self, name: str) -> dict[str, Any]:
        """What will be due in the next 30 days, and what is missing for it."""
        outlook = self._outlook[self.accounts[name]]
        return {"due": self._money(outlook.due), "short_by": self._money(outlook.short_by)}

    def _period(self, row: Mapping[str, Any]) -> list[str] | None:
        if not row["runs"] or row["period_starts_on"] is None:
            return None
        return [row["period_starts_on"].isoformat(), row["period_ends_on"].isoformat()]

    def _upcoming(self, key: UUID) -> dict[str, Any] | None:
        found = self._next.get(key)
        return None if found is None else {"on": found.on.isoformat(), "amount": self._money(found.amount)}

    def _money(self, amount: int | None) -> str | None:
        return None if amount is None else format_amount(amount, self.operator.currency)


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold."""

    step: int
    path: str
    expected: object
    actual: object


def differences(step: int, expected: Mapping[str, Any], view: View) -> Iterator[Failure]:
    """Where an expectation differs: what is named must be equal, lists whole and in order."""
    for kind, parts in expected.items():
        for name, wanted in (parts or {}).items():
            only = list(wanted) if isinstance(wanted, Mapping) else None
            yield from _compare(step, f"{kind}.{name}", wanted, view.part(kind, str(name), only))


def _compare(step: int, path: str, expected: object, actual: object) -> Iterator[Failure]:
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, wanted in expected.items():
            yield from _compare(step, f"{path}.{name}", wanted, actual.get(str(name)))
    elif not _equal(expected, actual):
        yield Failure(step, path, expected, actual)


def _equal(expected: object, actual: object) -> bool:
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            _equal(a, b) if not isinstance(a, Mapping) else _same_mapping(a, b)
            for a, b in zip(expected, actual, strict=True)
        )
    return expected == actual


def _same_mapping(expected: Mapping[str, Any], actual: object) -> bool:
    return isinstance(actual, Mapping) and all(_equal(value, actual.get(name)) for name, value in expected.items())
