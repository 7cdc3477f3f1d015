"""Reading a story (doors.md §3) and judging all of it before anything is played."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from abono.features.accounts.operations import LONGEST_NUMBER
from abono.features.catalogue.terms import CatalogueTerms, parse_catalogue
from abono.features.operators.operations import FIELDS as OPERATOR_FIELDS
from abono.interfaces.cli.yaml import read_yaml
from abono.kernel import fields, texts
from abono.kernel.errors import InvalidValue
from abono.kernel.money import minor_digits, parse_amount, parse_decimal, parse_unsigned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from pathlib import Path

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")
_CODE = re.compile(r"[a-z_]+")
_MOST_STEPS = 100_000
_LONGEST_WORD = 200
_MOST_DAYS = 366

LATER = ("issue", "activate", "move", "withdraw", "charge", "uncharge", "outage", "restore")
"""Steps of features that this version does not have; a story that needs them does not pass."""

_PARTS = (
    "accounts",
    "subscriptions",
    "charges",
    "quotas",
    "licences",
    "tickets",
    "vendor",
    "stock",
    "notices",
    "forecast",
)


@dataclass(frozen=True)
class Step:
    """One line of a story: at a local time, something is done, expected, or both."""

    number: int
    at: datetime
    action: str | None
    values: Mapping[str, Any]
    refused: str | None
    expect: Mapping[str, Any] | None


@dataclass(frozen=True)
class AccountTerms:
    """An account of the world; amounts in minor units."""

    balance: int
    credit_limit: int
    currency: str


@dataclass(frozen=True)
class Story:
    """A world and what happens in it, in time order."""

    file: str
    scenario: str
    operator: Mapping[str, object]
    start: datetime
    catalogue: CatalogueTerms
    accounts: Mapping[str, AccountTerms]
    steps: tuple[Step, ...]


def read_story(path: Path) -> Story:
    """The story in a file. Raises InvalidValue naming the field, ``steps.3.pay.amount``; steps count from 1."""
    record = fields.mapping(read_yaml(path), "")
    fields.only(record, ("scenario", "operator", "start", "catalogue", "integrators", "accounts", "steps"))
    operator = fields.mapping(_section(record, "operator"), "operator")
    fields.only(operator, OPERATOR_FIELDS, "operator.")
    currency = str(operator.get("currency", "EUR"))
    minor_digits(currency, "operator.currency")
    start = _time(fields.required(record, "start"), "start")
    return Story(
        file=str(path),
        scenario=texts.one_line(record.get("scenario", path.stem), "scenario", _LONGEST_WORD, least=1),
        operator=operator,
        start=start,
        catalogue=parse_catalogue(_section(record, "catalogue"), currency),
        accounts=_accounts(_section(record, "accounts"), currency),
        steps=_steps(record.get("steps") or [], start, currency),
    )


def _section(record: Mapping[str, object], name: str) -> object:
    found = record.get(name)
    return {} if found is None else found


def _accounts(value: object, currency: str) -> dict[str, AccountTerms]:
    found: dict[str, AccountTerms] = {}
    for written, terms in fields.mapping(value, "accounts").items():
        name = texts.label(written, f"accounts.{written}", LONGEST_NUMBER)
        if name in found:
            raise InvalidValue("invalid", f"accounts.{written}", "Write each account once; its number is the same.")
        found[name] = _account(terms, currency, f"accounts.{name}.")
    return found


def _account(value: object, default: str, prefix: str) -> AccountTerms:
    record = fields.mapping({} if value is None else value, prefix.rstrip("."))
    fields.only(record, ("credit_limit", "balance", "currency"), prefix)
    currency = record.get("currency", default)
    minor_digits(currency, f"{prefix}currency")
    limit = parse_amount(record.get("credit_limit", "0"), str(currency), f"{prefix}credit_limit")
    if limit < 0:
        raise InvalidValue("out_of_range", f"{prefix}credit_limit", "Write a credit limit that is 0 or more.")
    balance = parse_amount(record.get("balance", "0"), str(currency), f"{prefix}balance")
    return AccountTerms(balance, limit, str(currency))


def _steps(value: object, start: datetime, currency: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    at = start
    for number, item in enumerate(fields.sequence(value, "steps", _MOST_STEPS), 1):
        prefix = f"steps.{number}."
        record = fields.mapping(item, prefix.rstrip("."))
        fields.only(record, ("at", "refused", "expect", *ACTIONS, *LATER), prefix)
        if "at" in record:
            moved = _time(record["at"], f"{prefix}at")
            if moved < at:
                raise InvalidValue("out_of_range", f"{prefix}at", f"Steps go forward in time; it is {at} already.")
            at = moved
        steps.append(_step(number, at, record, currency, prefix))
    return tuple(steps)


def _step(number: int, at: datetime, record: Mapping[str, object], currency: str, prefix: str) -> Step:
    actions = [name for name in record if name in ACTIONS or name in LATER]
    if len(actions) > 1:
        raise InvalidValue("invalid", f"{prefix}{actions[1]}", "One step does one thing; make it two steps.")
    if not actions and "expect" not in record and "at" not in record:
        raise InvalidValue("required", prefix.rstrip("."), "Say what the step does or expects.")
    refused = record.get("refused")
    if refused is not None and (not isinstance(refused, str) or not _CODE.fullmatch(refused) or not actions):
        raise InvalidValue("invalid", f"{prefix}refused", "Name the code with which the step's action is refused.")
    expect = record.get("expect")
    action = actions[0] if actions else None
    return Step(
        number=number,
        at=at,
        action=action,
        values={} if action is None else _values(action, record[action], currency, f"{prefix}{action}."),
        refused=refused,
        expect=None if expect is None else _expectation(expect, f"{prefix}expect."),
    )


def _expectation(value: object, prefix: str) -> Mapping[str, Any]:
    record = fields.mapping(value, prefix.rstrip("."))
    fields.only(record, _PARTS, prefix)
    return record


def _values(action: str, value: object, currency: str, prefix: str) -> Mapping[str, Any]:
    record = fields.mapping({} if value is None else value, prefix.rstrip("."))
    if action in LATER:
        return record
    needed, readers = ACTIONS[action]
    fields.only(record, readers, prefix)
    for name in needed:
        fields.required(record, name, prefix)
    if action in {"block", "unblock"} and not {"account", "subscription"} & set(record):
        raise InvalidValue("required", f"{prefix}subscription", "Name the subscription or the account.")
    return {
        name: readers[name](found, f"{prefix}{name}", currency) for name, found in record.items() if found is not None
    }


def _time(value: object, field: str) -> datetime:
    text = value if isinstance(value, str) else ""
    if not _TIME.fullmatch(text):
        raise InvalidValue("invalid", field, "Write a local time as 2026-02-01 or 2026-02-01T12:30.")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue("invalid", field, "Write a time that is in the calendar.") from None
    fields.plausible(time.date(), field)
    return time


def _word(value: object, field: str, _currency: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise InvalidValue("invalid", field, "Write a name.")
    return texts.one_line(str(value), field, _LONGEST_WORD)


def _amount(value: object, field: str, currency: str) -> int:
    return parse_amount(value, currency, field)


def _price(value: object, field: str, _currency: str) -> Decimal:
    parse_unsigned(value, field)
    return parse_decimal(value, field)


def _decimal(value: object, field: str, _currency: str) -> Decimal:
    return parse_decimal(str(value) if isinstance(value, int) and not isinstance(value, bool) else value, field)


def _days(value: object, field: str, _currency: str) -> int:
    return fields.integer(value, field, 1, _MOST_DAYS)


def _day(value: object, field: str, _currency: str) -> object:
    return fields.working_day(value, field)


def _local_time(value: object, field: str, _currency: str) -> datetime:
    return _time(value, field)


def _properties(value: object, field: str, _currency: str) -> dict[str, str]:
    record = fields.mapping(value, field)
    for name, each in record.items():
        if not isinstance(each, str):
            raise InvalidValue("invalid", f"{field}.{name}", "Write a text, in quotes.")
    return {name: str(each) for name, each in record.items()}


def _one_of(*options: str) -> Callable[[object, str, str], str]:
    return lambda value, field, _currency: fields.choice(value, field, options)


_MONEY = {"account": _word, "amount": _amount, "key": _word, "text": _word}

ACTIONS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Callable[[object, str, str], Any]]]] = {
    "pay": (("account", "amount"), _MONEY),
    "refund": (("account", "amount"), _MONEY),
    "adjust": (("account", "amount"), _MONEY),
    "credit_limit": (("account", "amount"), {"account": _word, "amount": _amount}),
    "promise": (("account", "amount", "days"), {"account": _word, "amount": _amount, "days": _days, "fee": _amount}),
    "subscribe": (
        ("account", "plan"),
        {"account": _word, "plan": _word, "as": _word, "quantity": _decimal, "unit": _word, "key": _word},
    ),
    "change": (
        ("subscription",),
        {"subscription": _word, "plan": _word, "quantity": _decimal, "when": _one_of("now", "period_end")},
    ),
    "cancel": (
        ("subscription",),
        {"subscription": _word, "when": _one_of("now", "period_end"), "refund": _one_of("none", "prorated")},
    ),
    "pause": (("subscription",), {"subscription": _word, "until": _day}),
    "resume": (("subscription",), {"subscription": _word}),
    "block": ((), {"subscription": _word, "account": _word, "reason": _one_of("staff")}),
    "unblock": ((), {"subscription": _word, "account": _word, "reason": _one_of("staff")}),
    "use": (
        ("subscription", "service", "quantity"),
        {
            "subscription": _word,
            "service": _word,
            "quantity": _decimal,
            "time": _local_time,
            "key": _word,
            "properties": _properties,
        },
    ),
    "seats": (
        ("subscription", "service", "change"),
        {"subscription": _word, "service": _word, "change": _decimal, "time": _local_time, "key": _word},
    ),
    "price": (("plan", "price", "from"), {"plan": _word, "price": _price, "from": _day}),
    "advance": ((), {}),
    "downtime": (("until",), {"until": _local_time}),
}
"""The steps that can be played: the fields that must be there, and how each field is read."""
