"""The pages of staff: whose rows they show, what they say, how many statements they cost."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.html import strip_tags
from django.utils.translation import gettext
from tests.doors.web.staff_world import CATALOGUE, HOSTILE, World, everything, text, world
from tests.features import people

from abono.base.paging import Page
from abono.base.refusal import InvalidRequest
from abono.features.access.rights import Role
from abono.features.accounts.operations import open_account
from abono.features.accounts.profiles import edit_profile, write_note
from abono.features.billing import blocks, figures, money, orders
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.ledger.queries import statement
from abono.interfaces.web import formats
from abono.interfaces.web.csvs import Cell, csv_answer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one() -> World:
    return world()


def streamed(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def words(answer: Any) -> str:
    """What an answer says to somebody who reads it."""
    return " ".join(strip_tags(text(answer)).split())


# ---- Own rows and what is not one's own (who has which page: tests/doors/everybody)


def give_to_manager(one: World) -> None:
    from django.contrib.auth import get_user_model

    user = int(one[Role.MANAGER].session["_auth_user_id"])
    assert get_user_model().objects.filter(pk=user).exists()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_profile SET manager_id = (SELECT id FROM access_membership WHERE user_id = %s)"
            " WHERE account_id = %s",
            [user, one.account],
        )


def test_a_manager_sees_only_own_accounts(one: World) -> None:
    manager = one[Role.MANAGER]
    for page in ("/accounts/", "/subscriptions/", "/payments/", "/search/?q=camera", "/search/?q=1001", "/"):
        answer = manager.get(page, follow=True)
        assert answer.status_code == 200
        assert "Ivanov" not in text(answer), page
    assert manager.get(f"/accounts/{one.account}/").status_code == 404
    give_to_manager(one)
    assert "Ivanov" in text(manager.get("/accounts/"))
    assert manager.get(f"/accounts/{one.account}/").status_code == 200


def test_an_account_shows_its_money_its_line_and_what_comes(one: World) -> None:
    weekly = {"price": "7.00", "period": "week", "services": {"line": {}}}
    save_catalogue(
        one.operator,
        parse_catalogue(CATALOGUE | {"plans": CATALOGUE["plans"] | {"weekly": weekly}}, "EUR"),
        now=timezone.now(),
    )
    # The page looks 30 days ahead: a week's charge comes within them on every day of the calendar, a month's does not.
    orders.subscribe(one.account, "weekly", now=timezone.now(), unit="camera 8")
    said = text(one.boss.get(f"/accounts/{one.account}/"))
    for words in ("1001 · Ivanov", "€43.00", "camera 7", "Active", "€7.00", "Payment", "Charge", "Ordered"):
        assert words in said, words
    assert "suspended since" not in said


def test_an_account_without_anything_says_what_to_do_first(one: World) -> None:
    empty = open_account(one.operator, "2", now=timezone.now())
    said = text(one.boss.get(f"/accounts/{empty}/"))
    assert "Subscribe the account to a plan." in said
    assert "No money has moved yet." in said


def test_a_stopped_line_says_why_and_what_unlocks_it(one: World) -> None:
    blocks.block(one.account, now=timezone.now(), subscription=one.line)
    for page in (f"/accounts/{one.account}/", f"/accounts/{one.account}/subscriptions/{one.line}/"):
        said = text(one.boss.get(page))
        assert "line (camera 7) is suspended since" in said
        assert "(staff block)" in said


def test_a_line_its_customer_stopped_is_paused_and_says_until_when(one: World) -> None:
    until = timezone.now().date() + timedelta(days=10)
    blocks.pause(one.account, one.line, now=timezone.now(), until=until)
    addresses = (
        f"/accounts/{one.account}/",
        f"/accounts/{one.account}/subscriptions/{one.line}/",
        "/subscriptions/",
        "/search/?q=camera",
    )
    with translation.override("en"):
        day = formats.day(until)
    for address in addresses:
        said = words(one.boss.get(address, follow=True))
        assert f"Paused until {day}" in said, address
    assert f"It goes on by itself on {day}." in words(one.boss.get(addresses[0]))
    blocks.block(one.account, now=timezone.now(), subscription=one.line)
    said = words(one.boss.get(addresses[1]))
    assert "Suspended pause staff block" in said
    assert f"(pause, staff block). The pause ends on {day}." in said


@pytest.mark.parametrize(
    ("language", "badge", "sentence"),
    [
        ("ru", "Добровольная блокировка до {}", "на добровольной блокировке с"),
        ("de", "Pausiert bis {}", "pausiert seit"),
        ("tr", "Duraklatıldı {} gününe kadar", "duraklatılmış"),
        ("es", "En pausa hasta el {}", "está en pausa desde el"),
    ],
)
def test_a_pause_is_a_pause_in_every_language(one: World, language: str, badge: str, sentence: str) -> None:
    until = timezone.now().date() + timedelta(days=10)
    blocks.pause(one.account, one.line, now=timezone.now(), until=until)
    with translation.override(language):
        day = formats.day(until)
    said = words(one.boss.get(f"/accounts/{one.account}/", headers={"Accept-Language": language}))
    assert badge.format(day) in said
    assert sentence in said


def test_a_statement_names_the_plan_that_was_charged(one: World) -> None:
    orders.change(one.account, one.line, plan_code="big", at_period_end=True, now=timezone.now())
    money.pay(one.account, 10_000, now=timezone.now())
    orders.change(one.account, one.line, plan_code="year", at_period_end=False, now=timezone.now())
    said = words(one.boss.get(f"/accounts/{one.account}/statement/"))
    assert "Charge year (camera 7)" in said
    assert "Charge line (camera 7)" in said
    lines = list(csv.reader(io.StringIO(streamed(one.boss.get(f"/accounts/{one.account}/statement/csv/"))[1:])))
    assert lines[0][-2:] == ["Currency", "Plan"]
    assert {(line[1], line[-1]) for line in lines[1:]} == {
        ("Payment", ""),
        ("Charge", "year (camera 7)"),
        ("Charge", "line (camera 7)"),
        ("Reversal", "line (camera 7)"),
    }


def test_a_subscription_shows_its_terms_and_charges(one: World) -> None:
    said = text(one.boss.get(f"/accounts/{one.account}/subscriptions/{one.line}/"))
    for words in ("In advance, when the period begins", "It is suspended", "10.00", "Started", str(one.line)):
        assert words in said, words


def test_an_entry_says_what_it_is_made_of(one: World) -> None:
    charge, payment = statement(one.account).items
    said = text(one.boss.get(f"/accounts/{one.account}/entries/{charge.id}/"))
    for words in ("Billing period", "€10.00 for 1 a period (month)", "camera 7", "Sales"):
        assert words in said, words
    assert "€60.00" in text(one.boss.get(f"/accounts/{one.account}/entries/{payment.id}/"))
    assert one.boss.get(f"/accounts/{one.account}/entries/{uuid4()}/").status_code == 404


def test_payments_are_listed_by_day_and_kind(one: World) -> None:
    money.adjust(one.account, -150, now=timezone.now(), text="too much")
    said = text(one.boss.get("/payments/"))
    assert "€60.00" in said
    assert "\N{MINUS SIGN}€1.50" in said
    only = text(one.boss.get("/payments/?kind=adjustment"))
    assert "too much" in only
    assert "€60.00" not in only
    today = timezone.now().date().isoformat()
    assert "€60.00" in text(one.boss.get(f"/payments/?since={today}&until={today}"))
    assert "€60.00" not in text(one.boss.get("/payments/?until=2020-01-01"))
    assert one.boss.get("/payments/?kind=nonsense").status_code == 422
    assert one.boss.get("/payments/?after=damaged").status_code == 422


def test_home_has_the_figures_of_the_subtree(one: World) -> None:
    said = text(one.boss.get("/"))
    for words in ("Monthly revenue", "€10.00", "Collected this month", "€60.00", "Counted on"):
        assert words in said, words


def test_figures_are_kept_and_counted_again(one: World) -> None:
    now = timezone.now()
    one.boss.get("/")
    orders.subscribe(one.account, "big", now=now)
    assert "€40.00" not in text(one.boss.get("/"))
    answer = one.boss.post("/figures/", follow=True)
    assert "€40.00" in text(answer)
    assert figures.refresh(now=now) >= 2
    manager = one[Role.MANAGER]
    assert "€40.00" not in text(manager.get("/"))
    give_to_manager(one)
    assert "€40.00" in text(manager.get("/"))


# ---- Search


def test_the_search_finds_by_number_name_unit_plan_and_id(one: World) -> None:
    boss = one.boss
    assert boss.get("/search/?q=1001")["Location"] == f"/accounts/{one.account}/"
    assert boss.get(f"/search/?q={one.line}")["Location"] == f"/accounts/{one.account}/subscriptions/{one.line}/"
    assert "Ivanov" in text(boss.get("/search/?q=ivan"))
    assert str(one.line) in text(boss.get("/search/?q=camera"))
    assert "/subscriptions/?plan=year" in text(boss.get("/search/?q=ye"))
    nothing = text(boss.get(f"/search/?q={one.foreign_line}"))
    assert "Nothing found" in nothing


@pytest.mark.parametrize(
    "sought", ["%", "_", "'; DROP TABLE ledger_entry; --", "\0", "\\", "%00", "a" * 500, HOSTILE, "🦆"]
)
def test_hostile_searches_find_nothing_and_break_nothing(one: World, sought: str) -> None:
    boss = one.boss
    before = everything()
    for page, name in (("/search/", "q"), ("/accounts/", "search"), ("/subscriptions/", "search")):
        answer = boss.get(page, {name: sought})
        assert answer.status_code == 200
        assert "<script>alert" not in text(answer)
    for page in ("/accounts/", "/subscriptions/", "/payments/"):
        for name in ("state", "plan", "kind", "operator", "after", "since", "until"):
            assert boss.get(page, {name: sought}).status_code in {200, 404, 422}, (page, name)
    assert everything() == before


# ---- Nothing stored runs


def test_scripts_in_every_text_are_shown_as_text(one: World) -> None:
    now = timezone.now()
    made = open_account(one.operator, HOSTILE, now=now, name=HOSTILE)
    money.pay(made, 10_000, now=now, text=HOSTILE)
    line = orders.subscribe(made, "line", now=now, unit=HOSTILE)
    edit_profile(made, name=HOSTILE, locale="en", now=now)
    write_note(made, HOSTILE, author=HOSTILE, now=now)
    blocks.block(made, now=now, subscription=line)
    entries = statement(made).items
    pages = [
        *("/", "/accounts/", "/subscriptions/", "/payments/", "/search/?q=scr"),
        *(f"/accounts/{made}/{rest}" for rest in ("", "statement/", "history/", "edit/", "pay/", "block/")),
        *(f"/accounts/{made}/subscriptions/{line}/{rest}" for rest in ("", "change/", "cancel/", "unblock/")),
        *(f"/accounts/{made}/entries/{entry.id}/" for entry in entries),
    ]
    for page in pages:
        said = text(one.boss.get(page))
        assert "<script>alert" not in said, page
    assert "&lt;script&gt;alert(1)" in text(one.boss.get(f"/accounts/{made}/"))


# ---- Files


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}"])
def test_no_cell_of_a_file_is_a_formula(one: World, lead: str) -> None:
    now = timezone.now()
    hostile = f'{lead}HYPERLINK("http://x";"y")'
    made = open_account(one.operator, "77", now=now, name=hostile)
    money.pay(made, 5_000, now=now, text=hostile)
    orders.subscribe(made, "line", now=now, unit=hostile)
    for page in ("/accounts/csv/", "/payments/csv/", "/subscriptions/csv/", f"/accounts/{made}/statement/csv/"):
        rows = list(csv.reader(io.StringIO(streamed(one.boss.get(page)).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))
        assert len(rows) > 1
        cells = [cell for row in rows[1:] for cell in row]
        assert "'" + hostile in cells, page
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}"))]


def test_no_part_of_a_cell_is_a_formula_where_another_separator_is_read(one: World) -> None:
    now = timezone.now()
    for lead in ("\t=", "\r="):  # no text of one line holds them
        with pytest.raises(InvalidRequest):
            open_account(one.operator, "77", now=now, name=f"{lead}1+1")
    made = open_account(one.operator, "77", now=now, name='Ann; =HYPERLINK("http://x"), @y')
    money.pay(made, 5_000, now=now, text='Ann; =HYPERLINK("http://x"), @y')
    for page in ("/accounts/csv/", "/payments/csv/"):
        said = streamed(one.boss.get(page))
        assert said.count('Ann; \'=HYPERLINK(""http://x""), \'@y') >= 1, page


def test_files_have_exact_numbers_that_spreadsheets_read(one: World) -> None:
    answer = one.boss.get(f"/accounts/{one.account}/statement/csv/")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="statement-{one.account}.csv"'
    said = streamed(answer)
    assert said.startswith("\N{ZERO WIDTH NO-BREAK SPACE}Day,Kind,")
    amounts = [row[4:6] for row in csv.reader(io.StringIO(said))][1:]
    assert amounts == [["-10.00", "50.00"], ["60.00", "60.00"]]


def test_files_go_over_all_pages_and_only_own_rows(one: World) -> None:
    now = timezone.now()
    for number in range(230):
        open_account(one.operator, f"n{number:04}", now=now)
    rows = list(csv.reader(io.StringIO(streamed(one.boss.get("/accounts/csv/")))))
    assert len(rows) == 1 + 231
    assert len({row[0] for row in rows}) == 232


def test_a_file_is_in_one_language_to_its_end(one: World) -> None:
    def fetch(after: str | None) -> Page[Sequence[Cell]]:
        return Page([(gettext("Payment"),)], None if after else "next")

    with translation.override("de"):
        answer = csv_answer(people.staff(one.operator), "payments", (gettext("Kind"),), fetch)
    with translation.override("en"):  # as where the answer is streamed: whoever asked has been served by then
        assert streamed(answer).splitlines()[1:] == ["Zahlung", "Zahlung"]


# ---- Paging, filters and cost


def test_lists_go_on_by_their_cursor(one: World) -> None:
    now = timezone.now()
    for number in range(60):
        open_account(one.operator, f"n{number:04}", now=now)
    first = one.boss.get("/accounts/")
    page = first.context["page"]
    assert len(page.items) == 50
    second = one.boss.get("/accounts/", {"after": page.next}).context["page"]
    assert second.next is None
    numbers = [row.number for row in [*page.items, *second.items]]
    assert len(numbers) == len(set(numbers)) == 61
    assert one.boss.get("/accounts/?state=negative").context["page"].items == []
    assert one.boss.get("/accounts/?state=nonsense").status_code == 422
    assert one.boss.get(f"/accounts/?operator={one.stranger.id}").status_code == 404


@pytest.mark.parametrize(
    ("page", "most"),
    [
        ("/", 22),
        ("/accounts/", 14),
        ("/subscriptions/", 14),
        ("/payments/", 13),
        ("/search/?q=camera", 15),
        ("/accounts/ACCOUNT/", 75),
        ("/accounts/ACCOUNT/statement/", 14),
        ("/accounts/ACCOUNT/subscriptions/LINE/", 75),
    ],
)
def test_pages_cost_a_known_number_of_statements(one: World, page: str, most: int) -> None:
    where = page.replace("ACCOUNT", str(one.account)).replace("LINE", str(one.line))
    one.boss.get(where)
    with CaptureQueriesContext(
        connection,
    ) as few:
        one.boss.get(where)
    now = timezone.now()
    for number in range(20):
        open_account(one.operator, f"n{number}", now=now)
        money.pay(one.account, 1_000, now=now)
        orders.subscribe(one.account, "line", now=now, unit=f"unit {number}")
    with CaptureQueriesContext(connection) as many:
        one.boss.get(where)
    assert len(many) <= len(few), "the number of statements grows with the rows"
    assert len(few) <= most, [each["sql"][:90] for each in few.captured_queries]


def test_many_plans_are_read_page_by_page_and_chosen_by_their_code(one: World) -> None:
    """A hundred stand on a page, of plans and of prices; where they are more, a filter does not name them all."""
    staff = one[Role.ADMINISTRATOR]
    chosen = text(staff.get("/subscriptions/"))
    assert '<select id="f-plan"' in chosen
    plans = {f"z{number:03}": {"price": "1.00", "period": "month"} for number in range(101)}
    save_catalogue(one.operator, parse_catalogue({"plans": plans}, "EUR"), now=timezone.now())
    for page in ("/plans/", "/prices/"):
        first = text(staff.get(page))
        assert (first.count('scope="row"'), "z100" in first) == (100, False)
        after = re.search(r'href="([^"]*after=[^"]*)"', first)
        assert after
        assert "z100" in text(staff.get(f"{page}{html.unescape(after[1])}"))
    typed = text(staff.get("/subscriptions/?plan=z007"))
    assert '<input id="f-plan" name="plan" maxlength="60" value="z007">' in typed
    assert "z008" not in typed
    found = text(staff.get("/search/?q=Z00"))
    assert "z001" in found
    assert "z01" not in found
