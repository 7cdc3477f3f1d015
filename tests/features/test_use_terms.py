"""What a catalogue says of use: what is read, what is refused and where."""

from __future__ import annotations

from typing import Any

import pytest

from abono.features.catalogue.terms import parse_catalogue
from abono.kernel.errors import InvalidValue

PACK = {"model": "package", "size": "10", "price": "5.00"}


def described(terms: dict[str, Any], kind: str = "usage", **service: Any) -> dict[str, Any]:
    return {
        "services": {"prints": {"kind": kind, **service}},
        "plans": {"office": {"price": "10.00", "period": "month", "services": {"prints": terms}}},
    }


def refused(catalogue: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(InvalidValue) as found:
        parse_catalogue(catalogue, "EUR", "")
    assert (found.value.code, found.value.field) == (code, path)


def test_seats_by_time_are_not_paid_on_use() -> None:
    terms = {**PACK, "seats_billed": "time"}
    assert dict(parse_catalogue(described(terms, "seats"), "EUR").plans["office"].services["prints"][1]) == terms
    refused(described({**terms, "overage": "on_use"}, "seats"), "invalid", "plans.office.services.prints.overage")
