"""`abono import`: a dry run that tells everything, a commit that is whole, and files as spreadsheets save them."""

from __future__ import annotations

import codecs
import json
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction

from abono.base.clock import ClockLeapt, _right, judge_clock, trust_clock, uptime
from abono.features.accounts.operations import DuplicateNumber, open_account
from abono.features.accounts.queries import account_by_number
from abono.features.billing.money import pay
from abono.features.billing.orders import subscribe
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import UnknownOperator, operator_by_code
from abono.interfaces.cli.importing.accounts import import_accounts
from abono.interfaces.cli.importing.catalogue import import_catalogue
from abono.interfaces.cli.importing.usage import import_usage
from abono.kernel.spreadsheets import guarded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 20, 9, 0, tzinfo=UTC)
CATALOGUE: dict[str, object] = {
    "services": {"antivirus": {"kind": "onoff", "tax": "exempt", "price": "7.00"}},
    "plans": {
        "av-month": {"price": "50.00", "period": "month", "services": {"antivirus": {}}},
        "by-parts": {"period": "month", "services": {"antivirus": {"quantity": "2"}}},
    },
}
TABLES = (
    "ledger_account",
    "ledger_entry",
    "accounts_number",
    "accounts_profile",
    "accounts_word",
    "base_once",
    "base_trail",
    "subscriptions_subscription",
    "billing_charge",
    "catalogue_service",
    "catalogue_plan",
    "catalogue_planservice",
    "catalogue_planprice",
    "catalogue_rate",
    "operators_operator",
)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table} AS t ORDER BY t::text")
            found[table] = cursor.fetchall()
        return found


def asked(text: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text)
        return list(cursor.fetchall())


@pytest.fixture
def operator() -> Operator:
    with transaction.atomic():
        made = add_operator("north", "North", {"currency": "EUR", "time_zone": "Europe/Berlin", "locale": "de"})
        save_catalogue(made, parse_catalogue(CATALOGUE, "EUR"), now=NOW)
    return made


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Import accounts from a text or bytes; answers the exit code and the report."""

    def _run(content: str | bytes, *, commit: bool = True, now: datetime = NOW) -> tuple[int, dict[str, Any]]:
        alone = threading.current_thread() is threading.main_thread()
        folder = tmp_path if alone else tmp_path / str(threading.get_ident())  # several may import at once
        folder.mkdir(exist_ok=True)
        path = folder / "accounts.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        said: list[str] = []
        code = import_accounts(path, "north", commit=commit, write=said.append, as_json=True, now=now)
        assert len(said) == 1
        return code, json.loads(said[0])

    return _run


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Import a catalogue from a text; answers the exit code and the report."""

    def _load(
        text: str, *, commit: bool = True, code: str | None = "north", now: datetime = NOW
    ) -> tuple[int, dict[str, Any]]:
        path = tmp_path / "catalogue.yaml"
        path.write_text(text, encoding="utf-8")
        said: list[str] = []
        exit_code = import_catalogue(path, code, commit=commit, write=said.append, as_json=True, now=now)
        assert len(said) == 1
        return exit_code, json.loads(said[0])

    return _load


def places(remarks: list[dict[str, Any]]) -> list[tuple[int, str, str]]:
    assert all(remark["message"] and "\n" not in remark["message"] for remark in remarks)
    return [(remark["line"], remark["field"], remark["code"]) for remark in remarks]


def numbers() -> list[str]:
    return [row[0] for row in asked("SELECT number FROM accounts_number ORDER BY number")]


# ---- Accounts


def test_accounts_are_opened_with_all_that_the_row_says(operator: Operator, run: Callable[..., Any]) -> None:
    code, report = run(
        "number,name,currency,credit_limit,balance,locale,opened,plan,quantity,unit\n"
        "A-1,Anna Öz,EUR,10.00,-3.50,tr,2024-02-29,,,\n"
        "A-2,=1+1,USD,,12.5,,,,,\n"
        "A-3,Carl,,,100.00,,,av-month,2,camera 7\n"
        "A-4,,,,,,,,,\n"
    )
    assert code == 0
    assert (report["ready"], report["already_there"], report["warnings"], report["errors"]) == (4, 0, [], [])
    assert report["committed"] is True
    assert asked(
        "SELECT p.number, p.name, a.currency, a.credit_limit, a.balance, p.locale, p.opened_at"
        " FROM ledger_account AS a JOIN accounts_profile AS p USING (account_id)"
        " JOIN accounts_number AS n USING (account_id) WHERE n.number = p.number ORDER BY p.number"
    ) == [
        ("A-1", "Anna Öz", "EUR", 1000, -350, "tr", datetime(2024, 2, 28, 23, 0, tzinfo=UTC)),
        ("A-2", "=1+1", "USD", 0, 1250, "de", NOW),
        ("A-3", "Carl", "EUR", 0, 0, "de", NOW),
        ("A-4", "", "EUR", 0, 0, "de", NOW),
    ]
    assert asked(
        "SELECT n.number, e.kind, e.amount, e.counter, e.booked_on::text FROM ledger_entry AS e"
        " JOIN accounts_number AS n USING (account_id) ORDER BY e.account_id, e.id"
    ) == [
        ("A-1", "adjustment", -350, "opening", "2026-03-10"),
        ("A-2", "adjustment", 1250, "opening", "2026-03-10"),
        ("A-3", "adjustment", 10000, "opening", "2026-03-10"),
        ("A-3", "charge", -10000, "sales", "2026-03-10"),
    ]
    assert asked("SELECT quantity::int, unit, state, starts_on::text FROM subscriptions_subscription") == [
        (2, "camera 7", "active", "2026-03-10")
    ]
    opened = asked("SELECT subject, actor, origin FROM base_trail WHERE action = 'account.open' ORDER BY 1")
    assert opened == [(number, "cli", "import") for number in ("A-1", "A-2", "A-3", "A-4")]
    assert operator.code == "north"


def test_the_books_prove_after_an_import(operator: Operator, run: Callable[..., Any]) -> None:
    run("number,balance,plan\na,60,av-month\nb,-1,\nc,0,\n")
    assert (
        asked(
            "SELECT a.account_id FROM ledger_account AS a LEFT JOIN ledger_entry AS e USING (account_id)"
            " GROUP BY a.account_id, a.balance HAVING a.balance <> coalesce(sum(e.amount), 0)"
        )
        == []
    )
    assert operator.code == "north"


def test_new_accounts_go_on_after_the_imported_ones(operator: Operator, run: Callable[..., Any]) -> None:
    run("number\n1\n2\n")
    with transaction.atomic():
        account = open_account(operator, "3", now=NOW)
    pay(account, 500, now=NOW)
    assert numbers() == ["1", "2", "3"]


def test_a_dry_run_says_the_same_and_writes_nothing(operator: Operator, run: Callable[..., Any]) -> None:
    before = everything()
    text = "number,balance,plan\na,60,av-month\nb,5,\n"
    code, dry = run(text, commit=False)
    assert code == 0
    assert dry["committed"] is False
    assert everything() == before
    _code, wet = run(text)
    assert {**dry, "committed": True} == wet
    assert operator.code == "north"


def test_the_same_file_twice_changes_nothing(operator: Operator, run: Callable[..., Any]) -> None:
    text = "number,balance,credit_limit,plan,quantity\na,60,1,av-month,1\nb,5,0,,\n"
    run(text)
    account = asked("SELECT account_id FROM accounts_number WHERE number = 'a'")[0][0]
    pay(account, 700, now=NOW)
    before = everything()
    # Written otherwise, it says the same: another day, other columns, other decimals.
    for again in (text, "quantity,number,plan,balance,credit_limit,name\n1.0,a,av-month,60.00,1.0,\n,b,,5,,\n"):
        code, report = run(again, now=LATER)
        assert (code, report["ready"], report["already_there"], report["errors"]) == (0, 0, 2, [])
        assert everything() == before
    assert run(text + "c,,,,\n")[1]["ready"] == 1
    assert numbers() == ["a", "b", "c"]
    assert operator.code == "north"


def test_a_number_that_is_taken_is_an_error(operator: Operator, run: Callable[..., Any]) -> None:
    with transaction.atomic():
        open_account(operator, "old", now=NOW)
    run("number,balance\nimported,5\n")
    before = everything()
    code, report = run("number,balance\nnew,1\nold,\nimported,6\n")
    assert code == 2
    assert places(report["errors"]) == [(3, "number", "duplicate_number"), (4, "balance", "key_conflict")]
    assert everything() == before


def test_numbers_are_each_sellers_own(operator: Operator, run: Callable[..., Any]) -> None:
    with transaction.atomic():
        open_account(add_operator("south", "South", {}), "1", now=NOW)
    assert run("number\n1\n")[0] == 0
    assert operator.code == "north"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",n,,,,,,,,", ("number", "required")),
        ("x" * 41 + ",,,,,,,,,", ("number", "out_of_range")),
        ('"a\x07",,,,,,,,,', ("number", "invalid")),
        ('"a\nb",,,,,,,,,', ("number", "invalid")),
        ('"a\x00",,,,,,,,,', ("number", "invalid")),
        ("a," + "x" * 201 + ",,,,,,,,", ("name", "out_of_range")),
        ("a,,XYZ,,,,,,,", ("currency", "invalid")),
        ("a,,eur,,,,,,,", ("currency", "invalid")),
        ("a,,,-1,,,,,,", ("credit_limit", "out_of_range")),
        ("a,,,1e3,,,,,,", ("credit_limit", "invalid")),
        ('a,,,"1,50",,,,,,', ("credit_limit", "invalid")),
        ("a,,,,1.234,,,,,", ("balance", "invalid")),
        ('a,,,,"1,234.50",,,,,', ("balance", "invalid")),
        ("a,,,,1 234.50,,,,,", ("balance", "invalid")),
        ("a,,,,9999999999999999,,,,,", ("balance", "out_of_range")),
        ("a,,,,€5,,,,,", ("balance", "invalid")),
        ("a,,,,,german!,,,,", ("locale", "invalid")),
        ("a,,,,,,31.01.2026,,,", ("opened", "invalid")),
        ("a,,,,,,2026-02-30,,,", ("opened", "invalid")),
        ("a,,,,,,0001-01-01,,,", ("opened", "out_of_range")),
        ("a,,,,,,2026-03-11,,,", ("opened", "out_of_range")),
        ("a,,,,,,,nothing,,", ("plan", "unknown_plan")),
        ("a,,,,,,,,2,", ("plan", "required")),
        ("a,,,,,,,,,camera", ("plan", "required")),
        ("a,,,,99,,,av-month,0,", ("quantity", "out_of_range")),
        ("a,,,,99,,,av-month,0.1234567,", ("quantity", "invalid")),
        ("a,,,,99,,,av-month,two,", ("quantity", "invalid")),
        ("a,,,,99,,,av-month,1," + "x" * 101, ("unit", "out_of_range")),
        ("a,,,,49.99,,,av-month,,", ("plan", "insufficient_funds")),
        ("a,,USD,,99,,,av-month,,", ("plan", "currency_mismatch")),
        ("a,,,,,,,,,,beyond", ("", "invalid")),
        ("a,,,,5", ("", "invalid")),
        ("a;Anna;;;5;;;;;", ("", "invalid")),
        ("a\u200b,,,,,,,,,", ("number", "invalid")),
        ("\u202ea,,,,,,,,,", ("number", "invalid")),
        ("a\xa0b,,,,,,,,,", ("number", "invalid")),
        ("a,An\u2066na,,,,,,,,", ("name", "invalid")),
        ("a,,,,\uff15,,,,,", ("balance", "invalid")),
        ("a,,,,1e999999,,,,,", ("balance", "invalid")),
        ('"a"b,,,,,,,,,', ("", "invalid")),
        ('a,"open,,,,,,,,', ("", "invalid")),
        ("good-1,,,,,,,,,", ("number", "invalid")),
    ],
)
def test_a_bad_row_is_told_with_its_line(
    operator: Operator, run: Callable[..., Any], capsys: pytest.CaptureFixture[str], row: str, expected: tuple[str, str]
) -> None:
    before = everything()
    header = "number,name,currency,credit_limit,balance,locale,opened,plan,quantity,unit\n"
    code, report = run(f'{header}good-1,"two\r\nlines",,,5,,,,,\n\ngood-2,,,,60,,,av-month,,\n{row}\n')
    assert code == 2
    assert places(report["errors"]) == [(6, *expected)]
    assert report["ready"] == 2
    assert report["committed"] is False
    assert everything() == before
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "accounts.csv: line 6: " in told
    assert expected[0] in told
    assert operator.code == "north"


def test_a_number_is_one_however_its_accents_are_written(operator: Operator, run: Callable[..., Any]) -> None:
    code, report = run("number,name\nA\xe9,Jos\xe9\nAe\u0301,Anna\n")
    assert (code, places(report["errors"])) == (2, [(3, "number", "invalid")])
    code, report = run("number,name\nAe\u0301,Jose\u0301\n")
    assert (code, report["ready"], numbers()) == (0, 1, ["A\xe9"])
    code, report = run("number,name\nA\xe9,Jos\xe9\n")
    assert (code, report["already_there"]) == (0, 1)
    account = account_by_number(operator.id, "Ae\u0301")
    with pytest.raises(DuplicateNumber):
        open_account(operator, "Ae\u0301", now=NOW)
    assert account_by_number(operator.id, "A\xe9") == account


def test_a_table_that_was_guarded_against_formulas_is_read_as_it_was(
    operator: Operator, run: Callable[..., Any]
) -> None:
    names = ["=1+1", "Ann;=1+1", "'=1", "-x", "'quoted'"]
    lines = "".join(f'{place},"{guarded(name)}"\n' for place, name in enumerate(names))
    assert run(f"number,name\n{lines}")[0] == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM accounts_profile WHERE operator_id = %s ORDER BY number", [operator.id])
        assert [name for (name,) in cursor.fetchall()] == names


def test_every_error_of_every_row_is_told(operator: Operator, run: Callable[..., Any]) -> None:
    code, report = run("number,currency,balance,plan\n,XXX,x,nothing\na,EUR,1,\n\nb,EUR,1,none\nc,EUR,2,av-month\n")
    assert code == 2
    assert places(report["errors"]) == [
        (2, "currency", "invalid"),
        (2, "balance", "invalid"),
        (2, "number", "required"),
        (5, "plan", "unknown_plan"),
        (6, "plan", "insufficient_funds"),
    ]
    assert numbers() == []
    assert operator.code == "north"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", (0, "number", "required")),
        ("\n\n", (0, "number", "required")),
        ("a,1\nb,2\n", (1, "a", "unknown_field")),
        ("\nname,balance\n", (2, "number", "required")),
        ("number,Number\n", (1, "number", "invalid")),
        ("number,colour\n1,red\n", (1, "colour", "unknown_field")),
        (b"number,name\n1,ok\n2,M\xfcller\n", (3, "", "invalid")),
        (b"\xff\xfen", (1, "", "invalid")),
    ],
)
def test_a_file_without_a_header_or_text_is_refused(
    operator: Operator, run: Callable[..., Any], content: str | bytes, expected: tuple[int, str, str]
) -> None:
    code, report = run(content)
    assert code == 2
    assert places(report["errors"]) == [expected]
    assert operator.code == "north"


def test_a_file_that_is_not_there_is_refused(operator: Operator, tmp_path: Path) -> None:
    said: list[str] = []
    code = import_accounts(tmp_path / "none.csv", operator.code, commit=True, write=said.append, as_json=False)
    assert code == 2
    assert said[0].endswith("none.csv: 0 ready, 0 already there, 0 warnings, 1 errors")


PLAIN = (
    'Number;Credit Limit;BALANCE;name;;\r\n007;1,5;-12,50;"Öz; ""A""\r\nand Co";;\r\n\r\n8;;3.1;=SUM(A1);;\r\n;;;;;\r\n'
)


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"),
        PLAIN.encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        PLAIN.replace("\r\n", "\n").encode(),
        PLAIN.replace("\r\n", "\r").encode(),
        PLAIN.replace(";", "\t").replace("Öz\t", "Öz;").encode("utf-16"),
        ("sep=;\r\n" + PLAIN).encode("utf-8-sig"),
        PLAIN.rstrip().encode(),
        PLAIN.replace(";", ",").replace("Öz,", "Öz;").replace("1,5,-12,50", '1.5,"-12.50"').encode(),
    ],
)
def test_what_spreadsheets_save_is_read(operator: Operator, run: Callable[..., Any], content: bytes) -> None:
    code, report = run(content)
    assert (code, report["errors"], report["ready"]) == (0, [], 2)
    assert asked(
        "SELECT p.number, p.name, a.credit_limit, a.balance FROM accounts_profile AS p"
        " JOIN ledger_account AS a USING (account_id) ORDER BY p.number"
    ) == [("007", 'Öz; "A" and Co', 150, -1250), ("8", "=SUM(A1)", 0, 310)]
    assert operator.code == "north"


@pytest.mark.parametrize("amount", ["1.234,50", "1,234.50", "1 234,50", "1\u00a0234,50", "1'234,50", "1,234"])
def test_grouped_thousands_are_refused_with_a_sentence(
    operator: Operator, run: Callable[..., Any], amount: str
) -> None:
    code, report = run(f"number;balance\na;{amount}\n")
    assert code == 2
    assert places(report["errors"]) == [(2, "balance", "invalid")]
    assert operator.code == "north"


def test_lines_are_counted_as_the_file_has_them(operator: Operator, run: Callable[..., Any]) -> None:
    code, report = run('sep=,\r\n\r\nnumber,name\r\n1,"a\r\nb\r\nc"\r\n\r\n,x\r\n')
    assert code == 2
    assert places(report["errors"]) == [(8, "number", "required")]
    assert operator.code == "north"


def test_what_looks_wrong_is_warned_of(operator: Operator, run: Callable[..., Any]) -> None:
    code, report = run("number,balance,credit_limit\n4.00123E+11,,\nb,-5.00,1\n")
    assert code == 0
    assert places(report["warnings"]) == [(2, "number", "rounded"), (3, "balance", "below_limit")]
    assert report["ready"] == 2
    assert operator.code == "north"


def test_two_imports_of_one_file_at_once_open_each_account_once(operator: Operator, run: Callable[..., Any]) -> None:
    text = "number,balance\n" + "".join(f"{number},1\n" for number in range(300))
    reports: list[dict[str, Any]] = []

    def work() -> None:
        try:
            reports.append(run(text)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report["ready"], report["already_there"]) for report in reports) == [(0, 300), (0, 300), (300, 0)]
    assert len(numbers()) == 300
    assert operator.code == "north"


def test_the_report_is_told_a_line_each(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("number,balance\n1,x\n2,3\n")
    said: list[str] = []
    assert import_accounts(path, operator.code, commit=True, write=said.append, as_json=False) == 2
    assert said == [
        f"{path}: 1 ready, 0 already there, 0 warnings, 1 errors",
        "  error      line 2: balance: Write a plain decimal number, such as 1234.50. (invalid)",
        "Nothing was written; put the errors right and run it again.",
    ]


def test_the_only_operator_need_not_be_named(operator: Operator, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("number\n1\n")
    assert import_accounts(path, None, commit=True, write=lambda _line: None, as_json=False) == 0
    with transaction.atomic():
        add_operator("south", "South", {})
    with pytest.raises(UnknownOperator):
        import_accounts(path, None, commit=True, write=lambda _line: None, as_json=False)
    with pytest.raises(UnknownOperator):
        import_accounts(path, "east", commit=True, write=lambda _line: None, as_json=False)
    assert numbers() == ["1"]
    assert operator.code == "north"


# ---- Catalogue

SAME = """\
services:
  antivirus: {kind: onoff, tax: exempt, price: "7.0"}
plans:
  av-month: {price: "50", period: month, services: {antivirus: {}}, priority: 100}
  by-parts:
    period: month
    services: {antivirus: {quantity: "2.0"}}
"""


def test_what_is_there_stays_as_it_is(operator: Operator, load: Callable[..., Any]) -> None:
    before = everything()
    for text in (SAME, "catalogue:\n" + "".join(f"  {line}\n" for line in SAME.splitlines())):
        code, report = load(text)
        assert (code, report["ready"], report["already_there"]) == (0, 0, 3)
        assert (report["warnings"], report["errors"]) == ([], [])
    assert everything() == before
    assert operator.code == "north"


def test_a_dry_run_of_a_catalogue_writes_nothing(operator: Operator, load: Callable[..., Any]) -> None:
    before = everything()
    text = SAME.replace('"50"', '"60"') + '  new: {price: "1", period: day}\n'
    code, dry = load(text, commit=False)
    assert code == 0
    assert everything() == before
    assert [(each["kind"], each["code"], each["change"], each["line"]) for each in dry["changes"]] == [
        ("service", "antivirus", "unchanged", 2),
        ("plan", "av-month", "changed", 4),
        ("plan", "by-parts", "unchanged", 5),
        ("plan", "new", "made", 8),
    ]
    assert places(dry["warnings"]) == [(4, "plans.av-month", "new_version"), (8, "plans.new", "no_services")]
    assert load(text)[1] == {**dry, "committed": True}
    versions = asked("SELECT code, version, current FROM catalogue_plan ORDER BY 1, 2")
    assert versions == [("av-month", 1, False), ("av-month", 2, True), ("by-parts", 1, True), ("new", 1, True)]
    code, again = load(text)
    assert (code, again["ready"], again["already_there"]) == (0, 0, 4)
    assert operator.code == "north"


def test_existing_subscriptions_keep_their_plan(operator: Operator, load: Callable[..., Any]) -> None:
    with transaction.atomic():
        account = open_account(operator, "1", now=NOW, credit_limit=100_000)
    subscribe(account, "av-month", now=NOW)
    load(SAME.replace('"50"', '"60"'))
    subscribe(account, "av-month", now=NOW)
    assert asked("SELECT amount FROM billing_charge ORDER BY amount") == [(5000,), (6000,)]


def test_a_service_that_changes_counts_for_what_was_settled_with_it(
    operator: Operator, load: Callable[..., Any]
) -> None:
    with transaction.atomic():
        account = open_account(operator, "1", now=NOW, credit_limit=100_000)
    subscribe(account, "by-parts", now=NOW)
    code, report = load(SAME.replace('"7.0"', '"8"'))
    assert code == 0
    assert places(report["warnings"]) == [(2, "services.antivirus", "service_changes")]
    assert asked("SELECT gross FROM catalogue_rate WHERE valid_to > valid_from") == [(1600,)]
    assert asked("SELECT count(*) FROM catalogue_plan") == [(2,)]
    changed = asked("SELECT subject, before::json ->> 'price' FROM base_trail WHERE action = 'service.save'")
    assert changed == [("antivirus", "7.00000000")]


def test_a_plan_may_use_a_service_that_is_stored(operator: Operator, load: Callable[..., Any]) -> None:
    code, report = load('plans:\n  more: {period: month, services: {antivirus: {quantity: "3"}}}\n')
    assert (code, report["ready"], report["errors"]) == (0, 1, [])
    assert operator.code == "north"


def test_every_error_of_a_catalogue_is_told_with_its_line(operator: Operator, load: Callable[..., Any]) -> None:
    before = everything()
    code, report = load(
        "services:\n"
        "  bad: {kind: nothing}\n"
        "  prints: {kind: usage, unit: page}\n"
        f"  {'x' * 61}: {{kind: onoff}}\n"
        "  fine:\n"
        "    kind: onoff\n"
        '    price: "0.123456789"\n'
        "  12: {kind: onoff}\n"
        "plans:\n"
        '  a: {price: "1.00"}\n'
        '  b: {price: "1.00", period: month, services: {bad: {}}}\n'
        "  c:\n"
        '    price: "1.00"\n'
        "    period: month\n"
        "    colour: red\n"
        "  d:\n"
        "    period: month\n"
        '    price: "1.00"\n'
        "    services:\n"
        '      prints: {included: "10", model: package, size: "0", price: "5.00"}\n'
        "  e: {price: 1.5, period: month}\n"
        '  f: {price: "1.00", period: month, services: {unknown: {}}}\n'
        "  g: text\n"
    )
    assert code == 2
    assert [place[:2] for place in places(report["errors"])] == [
        (2, "services.bad.kind"),
        (4, f"services.{'x' * 61}"),
        (7, "services.fine.price"),
        (8, "services.12"),
        (10, "plans.a.period"),
        (15, "plans.c.colour"),
        (20, "plans.d.services.prints.size"),
        (21, "plans.e.price"),
        (22, "plans.f.services.unknown"),
        (23, "plans.g"),
    ]
    assert everything() == before
    assert operator.code == "north"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plans: [\n", (2, "invalid")),
        ("a: 1\na: 2\n", (2, "invalid")),
        ("- 1\n", (0, "invalid")),
        ("", (0, "invalid")),
        ("plan: {}\n", (1, "unknown_field")),
        ("catalogue: {}\nplans: {}\n", (2, "unknown_field")),
        ("services: 3\n", (1, "invalid")),
        ("operator: {currency: USD}\nplans: {}\n", (1, "invalid")),
        ("operator:\n  colour: red\n", (2, "unknown_field")),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(
    operator: Operator, load: Callable[..., Any], text: str, expected: tuple[int, str]
) -> None:
    code, report = load(text)
    assert code == 2
    assert [(error["line"], error["code"]) for error in report["errors"]] == [expected]
    assert operator.code == "north"


def test_sections_of_later_versions_are_warned_of(operator: Operator, load: Callable[..., Any]) -> None:
    code, report = load("distributors:\n  d: {kind: keys, keys: 3}\nservices:\n  s: {kind: onoff, distributor: d}\n")
    assert code == 0
    assert places(report["warnings"]) == [
        (1, "distributors", "not_imported"),
        (4, "services.s.distributor", "not_imported"),
    ]
    assert operator.code == "north"


def test_the_file_may_describe_a_new_operator(load: Callable[..., Any]) -> None:
    text = 'operator: {currency: RUB, time_zone: Europe/Moscow, tax: "20", name: East}\n' + SAME
    code, report = load(text, code="east", commit=False)
    assert (code, report["ready"]) == (0, 4)
    assert asked("SELECT * FROM operators_operator") == []
    code, report = load(text, code=None)
    assert (code, report["ready"]) == (0, 4)
    made = operator_by_code("provider")
    assert (made.currency, made.time_zone, made.name) == ("RUB", "Europe/Moscow", "East")
    code, report = load(text.replace("Moscow", "Berlin"), code=None)
    assert (code, report["ready"], report["already_there"]) == (0, 0, 3)
    assert places(report["warnings"]) == [(1, "operator.time_zone", "left_out")]


def test_an_operator_that_nobody_describes_is_unknown(load: Callable[..., Any]) -> None:
    with pytest.raises(UnknownOperator):
        load(SAME, code="east")
    with pytest.raises(UnknownOperator):
        load(SAME, code=None)


def test_a_bad_operator_is_told_with_its_line(load: Callable[..., Any]) -> None:
    code, report = load("operator:\n  currency: EUR\n  time_zone: Mars/North\n", code="east")
    assert code == 2
    assert places(report["errors"]) == [(3, "operator.time_zone", "invalid")]
    assert asked("SELECT * FROM operators_operator") == []


def test_nothing_is_kept_by_a_clock_that_leapt(tmp_path: Path) -> None:
    """Neither of the three imports commits; a dry run is judged as ever."""
    seller = add_operator("clocked", "Clocked", {"currency": "EUR", "time_zone": "UTC"})
    files = {import_catalogue: "c.yaml", import_accounts: "a.csv", import_usage: "u.csv"}
    (tmp_path / "c.yaml").write_text("services: {antivirus: {kind: onoff}}\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text("number,name\n100200,Ada\n", encoding="utf-8")
    (tmp_path / "u.csv").write_text("account,subscription,service,quantity,key\n", encoding="utf-8")
    up = uptime()
    judge_clock(datetime.now(UTC) - timedelta(hours=48), up)  # the machine has not been up any longer since
    _right.clear()
    try:
        for imports, name in files.items():
            with pytest.raises(ClockLeapt):
                imports(tmp_path / name, "clocked", commit=True, write=print, as_json=False)
        dry = import_accounts(tmp_path / "a.csv", "clocked", commit=False, write=print, as_json=False)
        assert dry == 0
    finally:
        trust_clock(datetime.now(UTC))
        _right.clear()
    done = import_accounts(tmp_path / "a.csv", "clocked", commit=True, write=print, as_json=False)
    assert (done, account_by_number(seller.id, "100200") > 0) == (0, True)
