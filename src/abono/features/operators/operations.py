"""Writes on operators."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.features.operators.queries import Operator, operator_by_code
from abono.features.operators.zones import parse_zone
from abono.kernel import fields
from abono.kernel.errors import InvalidValue
from abono.kernel.money import minor_digits, parse_decimal
from abono.kernel.texts import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


_sql = statements("abono.features.operators", "operators")
FIELDS = ("currency", "time_zone", "locale", "prices_include_tax", "tax", "tax_reduced")
_MOST_TAX = 100
_TAX_STEP = Decimal("0.0001")
LONGEST_NAME = 200


class DuplicateOperator(Refusal):
    """The code is taken."""

    code = "duplicate_operator"


def add_operator(code: str, name: str, terms: Mapping[str, object]) -> Operator:
    """A new operator at the root; ``terms`` may name FIELDS, as text. Raises InvalidValue, DuplicateOperator."""
    return insert_operator(code, name, terms, parent=None)


def insert_operator(code: str, name: str, terms: Mapping[str, object], *, parent: int | None) -> Operator:
    """The same at the root, or below a parent (see tree.add_below, which locks the tree)."""
    fields.only(terms, FIELDS)
    currency = terms.get("currency", "EUR")
    minor_digits(currency)
    added = _sql.rows(
        "add",
        code=fields.code(code, "code"),
        name=one_line(name, "name", LONGEST_NAME, least=1),
        parent=parent,
        currency=currency,
        time_zone=parse_zone(terms.get("time_zone", "UTC")),
        locale=fields.language(terms.get("locale", "en"), "locale"),
        prices_include_tax=fields.boolean(terms.get("prices_include_tax", True), "prices_include_tax"),
        tax=parse_rate(terms.get("tax", "0"), "tax"),
        tax_reduced=parse_rate(terms.get("tax_reduced", "0"), "tax_reduced"),
    )
    if not added:
        message = f"There is an operator {code!r} already; choose another code."
        raise DuplicateOperator(message, field="operator")
    return operator_by_code(code)


def with_terms(operator: Operator, terms: Mapping[str, object]) -> Operator:
    """The operator with other terms (``terms`` may name FIELDS, as text); nothing is written. Raises InvalidValue."""
    fields.only(terms, FIELDS)
    wanted = {**{name: getattr(operator, name) for name in FIELDS}, **terms}
    minor_digits(wanted["currency"])
    return replace(
        operator,
        currency=str(wanted["currency"]),
        time_zone=parse_zone(wanted["time_zone"]),
        locale=fields.language(wanted["locale"], "locale"),
        prices_include_tax=fields.boolean(wanted["prices_include_tax"], "prices_include_tax"),
        tax=parse_rate(str(wanted["tax"]), "tax"),
        tax_reduced=parse_rate(str(wanted["tax_reduced"]), "tax_reduced"),
    )


def keep_terms(operator: Operator, *, manager: int | None, require_mfa: bool) -> None:
    """Write an operator's terms, and who looks after it.

    Whether they may change at all is for the caller to know (see billing.sellers).
    """
    written = {name: getattr(operator, name) for name in FIELDS}
    _sql.run("change", id=operator.id, manager=manager, require_mfa=require_mfa, **written)


def parse_rate(text: object, field: str) -> Decimal:
    """A tax rate in percent. Raises InvalidValue."""
    rate = parse_decimal(text, field)
    if not 0 <= rate <= _MOST_TAX:
        raise InvalidValue("out_of_range", field, "Write a tax rate from 0 to 100, in percent.")
    if rate != rate.quantize(_TAX_STEP):
        raise InvalidValue("invalid", field, "Write at most 4 decimals.")
    return rate
