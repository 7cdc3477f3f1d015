"""``abono export usage``: a month of events as a Parquet file, whole or not at all."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet

from abono.base.refusal import InvalidRequest
from abono.features.accounts.queries import account_by_number
from abono.features.billing import orders
from abono.features.billing.queries import subscriptions_of
from abono.features.usage import exporting
from abono.features.usage.events import Use
from abono.features.usage.operations import count
from abono.interfaces.cli.exporting import export_usage
from tests.features import worlds

if TYPE_CHECKING:
    from pathlib import Path

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
NOW = worlds.START + timedelta(days=33)
LAST_OF_JANUARY = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.fixture
def seller() -> Operator:
    plan = {"price": "0.00", "period": "month", "services": {"prints": {"included": "10"}}}
    made = worlds.operator(
        {"services": {"prints": {"kind": "usage", "unit": "page"}}, "plans": {"office": plan}},
        time_zone="Europe/Berlin",
    )
    for number in ("a", "b"):
        orders.subscribe(worlds.account(made, number=number), "office", now=worlds.START)
    return made


def report(seller: Operator, number: str, quantity: str, at: datetime, key: str | None) -> str:
    account = account_by_number(seller.id, number)
    (sub,) = subscriptions_of([account])
    assert count([Use(account, sub, "prints", Decimal(quantity), at, key)], now=NOW) == ["counted"]
    return str(sub)


def test_a_month_of_events_is_written_exactly(seller: Operator, tmp_path: Path) -> None:
    first = report(seller, "a", "123456789012345.000000000001", LAST_OF_JANUARY, "straße-1")
    report(seller, "a", "7", LAST_OF_JANUARY + timedelta(microseconds=1), "of February")
    second = report(seller, "b", "-0.5", worlds.START + timedelta(days=2), None)
    file = tmp_path / "january.parquet"
    told: list[str] = []
    export_usage("2026-01", file, as_json=True, write=told.append)
    assert json.loads(told[0]) == {"month": "2026-01", "file": str(file), "events": 2}
    found = parquet.read_table(file).to_pylist()
    assert [
        (
            row["operator"],
            row["account"],
            row["subscription"],
            row["service"],
            row["unit"],
            row["time"],
            row["quantity"],
        )
        for row in found
    ] == [
        (seller.code, "a", first, "prints", "page", LAST_OF_JANUARY, Decimal("123456789012345.000000000001")),
        (seller.code, "b", second, "prints", "page", worlds.START + timedelta(days=2), Decimal("-0.5")),
    ]
    assert [(row["key"], row["turn"], row["seats"], row["taken_at"]) for row in found] == [
        ("straße-1", 2, False, NOW),
        (None, 1, False, NOW),
    ]  # fmt: skip -- in Berlin the first one fell into February
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_there_is_not_written_over(seller: Operator, tmp_path: Path) -> None:
    report(seller, "a", "1", worlds.START + timedelta(days=2), None)
    file = tmp_path / "january.parquet"
    file.write_text("mine")
    with pytest.raises(InvalidRequest) as refused:
        exporting.export_month(date(2026, 1, 1), file)
    assert (refused.value.code, file.read_text()) == ("file_exists", "mine")


@pytest.mark.parametrize(
    ("month", "code"),
    [
        ("1999-01", "unknown_month"),
        ("2026-1", "invalid"),
        ("2026-13", "invalid"),
        ("january", "invalid"),
        ("", "invalid"),
    ],
)
def test_a_month_that_is_none_or_has_no_events_is_refused(month: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest) as refused:
        export_usage(month, tmp_path / "x.parquet", as_json=False, write=pytest.fail)
    assert (refused.value.field, refused.value.code, list(tmp_path.iterdir())) == ("month", code, [])


def test_a_folder_that_is_not_there_is_told(seller: Operator, tmp_path: Path) -> None:
    report(seller, "a", "1", worlds.START + timedelta(days=2), None)
    with pytest.raises(InvalidRequest) as refused:
        export_usage("2026-01", tmp_path / "none" / "x.parquet", as_json=False, write=pytest.fail)
    assert (refused.value.field, list(tmp_path.iterdir())) == ("file", [])
