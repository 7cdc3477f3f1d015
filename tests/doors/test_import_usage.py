"""``abono import usage``: whole files of events, each counted once, and every bad row told with its line."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from abono.features.accounts.queries import account_by_number
from abono.features.billing import orders
from abono.features.billing.audit import audit
from abono.features.usage import queries
from abono.interfaces.cli.importing.usage import import_usage
from tests.features import worlds

if TYPE_CHECKING:
    from pathlib import Path

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
NOW = worlds.START + timedelta(days=3)
CATALOGUE: dict[str, Any] = {
    "services": {"prints": {"kind": "usage"}, "letters": {"kind": "usage"}},
    "plans": {
        "office": {
            "price": "0.00",
            "period": "month",
            "services": {
                "prints": {"included": "10", "filters": [{"when": {"colour": "yes"}, "counts": "3"}]},
                "letters": {"included": "5", "limit": "hard"},
            },
        }
    },
}


@pytest.fixture
def seller() -> Operator:
    """A seller in Berlin with two accounts; ``b`` has two subscriptions."""
    made = worlds.operator(CATALOGUE, time_zone="Europe/Berlin")
    for number, units in (("a", [""]), ("b", ["left", "right"])):
        account = worlds.account(made, number=number)
        for unit in units:
            orders.subscribe(account, "office", now=worlds.START, unit=unit)
    return made


def ran(
    path: Path, text: str, seller: Operator, *, commit: bool = True, without_keys: bool = True
) -> tuple[int, dict[str, Any]]:
    path.write_text(text, encoding="utf-8")
    lines: list[str] = []
    code = import_usage(
        path, seller.code, commit=commit, without_keys=without_keys, write=lines.append, as_json=True, now=NOW
    )
    return code, json.loads(lines[0])


def used(seller: Operator) -> list[tuple[str, str, int]]:
    accounts = [account_by_number(seller.id, number) for number in ("a", "b")]
    found = queries.quotas_of(accounts, NOW)
    return [(row.place, row.service, int(row.used)) for row in found if row.used]


def test_a_table_is_counted_once(seller: Operator, tmp_path: Path) -> None:
    text = (
        "account;unit;service;quantity;time;key\n"
        "a;;prints;2.5;2026-01-02T10:00;\n"
        "a;;prints;1.5;2026-01-02T10:00+01:00;k\n"
        "b;right;prints;3;;\n"
    )
    file = tmp_path / "events.csv"
    code, told = ran(file, text, seller, commit=False)
    assert (code, told["ready"], told["committed"], used(seller)) == (0, 3, False, [])
    code, told = ran(file, text, seller)
    assert (code, told["ready"], told["already_there"]) == (0, 3, 0)
    assert used(seller) == [("", "prints", 4), ("right", "prints", 3)]
    code, told = ran(file, text, seller)
    assert (code, told["ready"], told["already_there"]) == (0, 0, 3)
    assert used(seller) == [("", "prints", 4), ("right", "prints", 3)]
    assert audit() == []


def test_without_its_key_an_event_is_counted_only_if_that_is_asked_for(seller: Operator, tmp_path: Path) -> None:
    text = "account;service;quantity;time;key\na;prints;2;2026-01-02T10:00;k\na;prints;1;2026-01-02T10:00;\n"
    code, told = ran(tmp_path / "events.csv", text, seller, without_keys=False)
    assert (code, used(seller)) == (2, [])
    assert [(each["line"], each["field"], each["code"]) for each in told["errors"]] == [(3, "key", "required")]
    assert "--without-keys" in told["errors"][0]["message"]
    # Nothing tells such an event, in another file, from a new one.
    for counted, file in ((3, text), (3, text), (4, text + "\n")):
        ran(tmp_path / "events.csv", file, seller)
        assert used(seller) == [("", "prints", counted)]


def test_lines_of_json(seller: Operator, tmp_path: Path) -> None:
    first = {"account": "a", "service": "prints", "quantity": "2"}
    text = f"{json.dumps(first)}\n\n" + json.dumps({**first, "quantity": "1", "key": "ж"}, ensure_ascii=False)
    code, told = ran(tmp_path / "events.jsonl", text, seller)
    assert (code, told["ready"]) == (0, 2)
    assert used(seller) == [("", "prints", 3)]


def test_properties_in_a_table_and_in_lines_of_json(seller: Operator, tmp_path: Path) -> None:
    table = 'account;service;quantity;key;properties\na;prints;2;k;"{""colour"": ""yes""}"\na;prints;1;m;\n'
    code, told = ran(tmp_path / "events.csv", table, seller)
    assert (code, told["ready"], used(seller)) == (0, 2, [("", "prints", 7)])
    first = {"account": "a", "service": "prints", "quantity": "2", "key": "k"}
    rows = [{**first, "properties": {"colour": "yes"}}, {**first, "key": "n", "properties": {}}]
    code, told = ran(tmp_path / "events.jsonl", "\n".join(map(json.dumps, rows)), seller)
    assert (code, told["ready"], told["already_there"], used(seller)) == (0, 1, 1, [("", "prints", 9)])
    code, told = ran(tmp_path / "more.jsonl", json.dumps({**first, "properties": {"colour": "no"}}), seller)
    assert (code, [each["code"] for each in told["errors"]]) == (1, ["key_conflict"])
    bad = [{"colour": 3}, {"": "x"}, {"x": "y" * 201}, ["colour"], "colour", 7]
    text = "\n".join(json.dumps({**first, "key": f"b{n}", "properties": each}) for n, each in enumerate(bad))
    code, told = ran(tmp_path / "bad.jsonl", text, seller)
    assert (code, {(each["field"], each["code"]) for each in told["errors"]}) == (2, {("properties", "invalid")})
    assert (len(told["errors"]), used(seller)) == (6, [("", "prints", 9)])


def test_a_row_that_cannot_be_read_refuses_the_file(seller: Operator, tmp_path: Path) -> None:
    text = (
        "account,service,quantity,time\n"
        "a,prints,1,\n"
        "b,prints,1,\n"
        "c,prints,1,\n"
        "a,nothing,1,\n"
        "a,prints,x,\n"
        "a,prints,1,yesterday\n"
        "a,prints,1,9999-12-31T23:00-05:00\n"
        "a,prints,1,0001-01-01T00:00\n"
        "a,,1,\n"
    )
    code, told = ran(tmp_path / "events.csv", text, seller)
    assert code == 2
    assert sorted((each["line"], each["field"], each["code"]) for each in told["errors"]) == [
        (3, "subscription", "invalid"),
        (4, "account", "unknown_subscription"),
        (5, "account", "unknown_subscription"),
        (6, "quantity", "invalid"),
        (7, "time", "invalid"),
        (8, "time", "out_of_range"),
        (9, "time", "out_of_range"),
        (10, "service", "required"),
    ]
    assert used(seller) == []


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        "[" * 100_000,
        '{"account": "\\ud800", "service": "prints", "quantity": "1"}',
        '{"account": "a", "service": "prints", "quantity": "1", "quantity": "2"}',
        '{"account": "a", "service": "prints", "quantity": 1e999999}',
        '{"account": "a", "service": "prints", "quantity": true}',
        '{"account": "a", "service": "prints", "quantity": NaN}',
        '{"account": "a", "service": "prints", "quantity": "\uff11"}',
        '{"account": 1}',
        '{"what": "x"}',
        "\x00",
    ],
)
def test_lines_that_are_no_events(seller: Operator, tmp_path: Path, text: str) -> None:
    code, told = ran(tmp_path / "events.jsonl", text, seller)
    assert (code, len(told["errors"]), told["errors"][0]["line"]) == (2, 1, 1)


def test_what_is_refused_while_it_is_counted_is_told_and_the_rest_stays(seller: Operator, tmp_path: Path) -> None:
    text = "account,service,quantity,time\na,letters,4,\na,letters,2,\na,prints,1,2027-01-01\na,prints,1,\n"
    code, told = ran(tmp_path / "events.csv", text, seller)
    assert (code, told["ready"], told["committed"]) == (1, 2, True)
    assert [(each["line"], each["code"]) for each in told["errors"]] == [(3, "quota_exceeded"), (4, "out_of_range")]
    assert used(seller) == [("", "prints", 1), ("", "letters", 4)]


def test_a_file_that_is_not_there(seller: Operator, tmp_path: Path) -> None:
    lines: list[str] = []
    assert import_usage(tmp_path / "no.csv", seller.code, commit=True, write=lines.append, as_json=False, now=NOW) == 2
    assert lines[-1].startswith("Nothing was written")
