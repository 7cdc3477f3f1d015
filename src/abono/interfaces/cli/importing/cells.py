"""Reading the cells of an account's row. Every refusal is an InvalidValue that names the column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from abono.kernel.errors import InvalidValue
from abono.kernel.fields import language, working_day
from abono.kernel.money import minor_digits, parse_amount, parse_decimal
from abono.kernel.texts import label, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from abono.interfaces.cli.importing.table import Row

T = TypeVar("T")

COLUMNS = (
    "number", "name", "currency", "credit_limit", "balance", "locale", "opened", "plan", "quantity", "unit",
)  # fmt: skip
_LONGEST = {"number": 40, "name": 200, "plan": 60, "unit": 100}
_DECIMAL_COMMA = re.compile(r"(-?[0-9]+),([0-9]+)")
_GROUPED = re.compile(r"-?[0-9]{1,3}([\s.,'\u2019][0-9]{3})+([.,][0-9]*)?|-?[0-9]+[.,][0-9]+[.,].*")
_QUANTITY_DECIMALS = 6
_MOST_QUANTITY = 10**9
_minor_units = lru_cache(maxsize=10_000)(parse_amount)  # the same limits and balances come again and again


@dataclass(frozen=True)
class AccountRow:
    """An account as a row describes it; amounts in minor units, ``opened`` empty for today."""

    line: int
    number: str
    name: str
    currency: str
    credit_limit: int
    balance: int
    locale: str
    opened: date | None
    plan: str
    quantity: Decimal
    unit: str

    def request(self) -> dict[str, object]:
        """What the row asks for, to tell the same row from another when it comes again."""
        asked = {name: value for name, value in vars(self).items() if name not in {"line", "number"}}
        opened = None if self.opened is None else self.opened.isoformat()
        return {"action": "import", **asked, "opened": opened, "quantity": f"{self.quantity.normalize():f}"}


@dataclass
class Cells:
    """The cells of one row while they are read; every problem is kept, so that all are told at once."""

    row: Row
    separator: str
    problems: list[InvalidValue] = field(default_factory=list)

    def account(self, currency: str, today: date) -> AccountRow | None:
        """The account that the row describes, or nothing if there are problems. ``currency`` where it names none."""
        own = self._read("currency", _currency, currency)
        account = AccountRow(
            line=self.row.line,
            number=self._read("number", _label, ""),
            name=self._read("name", _text, ""),
            currency=own,
            credit_limit=self._read("credit_limit", lambda text, name: self._limit(text, own, name), 0),
            balance=self._read("balance", lambda text, name: self._amount(text, own, name), 0),
            locale=self._read("locale", language, ""),
            opened=self._read("opened", lambda text, name: _past_day(text, name, today), None),
            plan=self._read("plan", _label, ""),
            quantity=self._read("quantity", self._quantity, Decimal(1)),
            unit=self._read("unit", _text, ""),
        )
        self._judge_together()
        return None if self.problems else account

    def _read(self, name: str, read: Callable[[str, str], T], otherwise: T) -> T:
        text = self.row.cells.get(name, "")
        if not text:
            return otherwise
        try:
            return read(text, name)
        except InvalidValue as problem:
            self.problems.append(problem)
            return otherwise

    def _judge_together(self) -> None:
        if not self.row.cells.get("number"):
            self.problems.append(InvalidValue("required", "number", "Give the account a number."))
        for name in ("quantity", "unit"):
            if self.row.cells.get(name) and not self.row.cells.get("plan"):
                message = f"Name the plan that the {name} belongs to, or leave the {name} empty."
                self.problems.append(InvalidValue("required", "plan", message))
                break

    def _limit(self, text: str, currency: str, name: str) -> int:
        amount = self._amount(text, currency, name)
        if amount < 0:
            raise InvalidValue("out_of_range", name, "Write a credit limit that is 0 or more.")
        return amount

    def _amount(self, text: str, currency: str, name: str) -> int:
        return _minor_units(self._point(text, name), currency, name)

    def _quantity(self, text: str, name: str) -> Decimal:
        quantity = parse_decimal(self._point(text, name), name)
        if not 0 < quantity <= _MOST_QUANTITY:
            raise InvalidValue("out_of_range", name, f"Write a quantity above 0 and up to {_MOST_QUANTITY}.")
        if quantity != quantity.quantize(Decimal(1).scaleb(-_QUANTITY_DECIMALS)):
            raise InvalidValue("invalid", name, f"Write at most {_QUANTITY_DECIMALS} decimals.")
        return quantity

    def _point(self, text: str, name: str) -> str:
        """A number with a decimal point; a decimal comma is read where commas do not separate cells."""
        plain = parse_plain(text, comma=self.separator != ",")
        if plain is None:
            message = f"{text[:40]!r} can be read in two ways or groups its thousands; write 1234.50."
            if _GROUPED.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text):
                raise InvalidValue("invalid", name, message)
            raise InvalidValue("invalid", name, "Write a plain decimal number, such as 1234.50.")
        return plain


def parse_plain(text: str, *, comma: bool) -> str | None:
    """The number with a point, or nothing if it is not plainly one."""
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        return text
    match = _DECIMAL_COMMA.fullmatch(text) if comma else None
    return f"{match[1]}.{match[2]}" if match else None


def _text(text: str, name: str) -> str:
    """A text in one line, as a cell may hold it in several."""
    return one_line(" ".join(text.splitlines()), name, _LONGEST[name])


def _label(text: str, name: str) -> str:
    return label(text, name, _LONGEST[name])


def _currency(text: str, name: str) -> str:
    minor_digits(text, name)
    return text


def _past_day(text: str, name: str, today: date) -> date:
    day = working_day(text, name)
    if day > today:
        raise InvalidValue("out_of_range", name, f"Write {today} or a day before it.")
    return day
