"""Warnings and filters in the plan composer: written, refused at their field, shown again, lost nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from playwright.sync_api import expect
from tests.browser import DESK, HAND, Scheme, wrong_in
from tests.doors.web.composing import CODE, PLAN, error, house_of, resent, sold, use, value
from tests.features.worlds import START

from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.interfaces.web.staff.filter_form import joined, parted

if TYPE_CHECKING:
    from django.test import Client
    from tests.browser import Visits

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)

SERVICES: dict[str, Any] = {
    CODE: {"kind": "usage", "unit": "page"},
    "posters": {"kind": "usage"},
    "storage": {"kind": "usage", "unit": "GB", "aggregation": "max"},
    "users": {"kind": "seats", "unit": "user"},
}


@pytest.fixture
def house() -> Operator:
    return house_of(SERVICES)


def filters(*rows: tuple[list[tuple[str, str]], str, str], code: str = CODE) -> dict[str, str]:
    """Filters as they are typed: conditions, how many times, as which service."""
    typed: dict[str, str] = {}
    for place, (conditions, counts, target) in enumerate(rows):
        own = f"use:{code}:filter:{place}"
        typed |= {f"{own}:counts": counts, f"{own}:as": target}
        for at, (name, values) in enumerate(conditions):
            typed |= {f"{own}:when:{at}:property": name, f"{own}:when:{at}:values": values}
    return typed


POSTERS = {"service-posters": "1"}
PRINTS: list[tuple[dict[str, str], dict[str, Any]]] = [
    (use(warn="50, 80, 100"), {"warn": [50, 80, 100]}),
    (use(warn="50%; 80 % 120"), {"warn": [50, 80, 120]}),
    (use(warn=" "), {}),
    (use(told="never", warn="no number"), {"warn": []}),
    (
        use() | filters(([("colour", "yes")], "3", ""), ([("colour", "yes"), ("size", "A3, A2")], "5,5", "")),
        {
            "filters": [
                {"when": {"colour": "yes"}, "counts": "3"},
                {"when": {"colour": "yes", "size": ["A3", "A2"]}, "counts": "5.5"},
            ]
        },
    ),
    (
        use()
        | POSTERS
        | filters(([("size", "A1,A0,")], "", "posters"), ([("", "")], "", ""), ([("size", "A2")], "0", "posters")),
        {
            "filters": [
                {"when": {"size": ["A1", "A0"]}, "as": "posters"},
                {"when": {"size": "A2"}, "counts": "0", "as": "posters"},
            ]
        },
    ),
    (
        use() | filters(([('"a, b"', '"x, ""y""", 19", " z"')], "2", "")),
        {"filters": [{"when": {"a, b": ['x, "y"', '19"', " z"]}, "counts": "2"}]},
    ),
]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("typed", "terms"), PRINTS)
def test_warnings_and_filters_are_written_and_come_back(
    boss: Client, house: Operator, typed: dict[str, str], terms: dict[str, Any], language: str
) -> None:
    get_user_model().objects.update(locale=language)
    assert boss.post(f"/plans/new/{house.id}/", PLAN | typed).status_code == 303
    assert sold()[CODE] == terms
    page = boss.get(f"/plans/{house.id}/office/edit/").content.decode()
    sent = {name: text for name, text in (PLAN | resent(page)).items() if name != "code"}
    assert boss.post(f"/plans/{house.id}/office/edit/", sent).status_code == 303
    assert sold()[CODE] == terms
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(version) FROM catalogue_plan WHERE code = 'office'")
        assert cursor.fetchone() == (2,)


def test_seats_are_warned_of_and_have_no_filters(boss: Client, house: Operator) -> None:
    typed = use("users", included="3", warn="90") | filters(([("colour", "yes")], "3", ""), code="users")
    assert boss.post(f"/plans/new/{house.id}/", PLAN | typed).status_code == 303
    assert sold() == {"users": {"included": "3", "warn": [90]}}
    page = boss.get(f"/plans/{house.id}/office/edit/").content.decode()
    assert value(page, "use:users:warn") == "90"
    assert "filter-add:users" not in page
    assert f"filter-add:{CODE}" in page


def test_how_an_imported_filter_is_spelled_stays(boss: Client, house: Operator) -> None:
    terms = {"filters": [{"as": None, "when": {"colour": ["yes"]}, "counts": "3.0"}], "warn": [80, 100]}
    plans = {"office": {"price": "10", "period": "month", "services": {CODE: terms}}}
    save_catalogue(house, parse_catalogue({"services": SERVICES, "plans": plans}, "EUR"), now=START)
    page = boss.get(f"/plans/{house.id}/office/edit/").content.decode()
    assert value(page, f"use:{CODE}:warn") == "80, 100"
    assert value(page, f"use:{CODE}:filter:0:when:0:values") == "yes"
    sent = {name: text for name, text in (PLAN | resent(page)).items() if name != "code"}
    sent[f"use:{CODE}:included"] = "12"
    assert boss.post(f"/plans/{house.id}/office/edit/", sent).status_code == 303
    assert sold()[CODE] == {**terms, "included": "12"}
    assert (
        boss.post(f"/plans/{house.id}/office/edit/", sent | filters(([("colour", "no")], "3.0", ""))).status_code == 303
    )
    assert sold()[CODE]["filters"] == [{"when": {"colour": "no"}, "counts": "3.0"}]


@pytest.mark.parametrize(
    "values",
    [["yes"], ["A3", "A2"], ["a, b", "c"], [" a", "b "], ['"', '""', 'x"y', '"x"'], [",", "a,", ",a"], ["\\", "'"]],
)
def test_values_in_one_field_are_read_as_they_are_written(values: list[str]) -> None:
    assert parted(joined(values)) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        (" , ,", []),
        ("yes,no", ["yes", "no"]),
        ('"a" , b', ["a", "b"]),
        ('"a', None),
        ('a, "b', None),
        ('"a"b', None),
    ],
)
def test_values_as_people_write_them(text: str, values: list[str] | None) -> None:
    assert parted(text) == values


COLOUR = [("colour", "yes")]
LONG = ", ".join(str(each) for each in range(101))
WRONG: list[tuple[dict[str, str], str, str]] = [
    (use(warn="half"), "warn", "Write whole percentages with commas between them"),
    (use(warn="50.5"), "warn", "Write whole percentages with commas between them"),
    (use(warn="0, 50"), "warn", "from 1 to 1000"),
    (use(warn="80, 1001"), "warn", "from 1 to 1000"),
    (use(warn="80, 50"), "warn", "above the one before it"),
    (use(warn="1 2 3 4 5 6 7 8 9 10 11"), "warn", "at most ten"),
    (use() | filters((COLOUR, "", "")), "filter:0:counts", "Say how many times it counts"),
    (use() | filters((COLOUR, "often", "")), "filter:0:counts", "Write a number"),
    (use() | filters((COLOUR, "-1", "")), "filter:0:counts", "0 or more"),
    (use() | filters((COLOUR, "1000000", "")), "filter:0:counts", "below a million"),
    (use() | filters((COLOUR, "0.1234567", "")), "filter:0:counts", "at most six decimals"),
    (use() | filters((COLOUR, "", "posters")), "filter:0:as", "does not come with the plan"),
    (use() | filters((COLOUR, "", CODE)), "filter:0:as", "Select a valid choice"),
    (
        use() | {"service-storage": "1"} | filters((COLOUR, "2", "storage")),
        "filter:0:counts", "cannot count several times",
    ),
    (use() | filters(([("", "")], "3", "")), "filter:0:when:0:property", "Name at least one property"),
    (use() | filters(([("", "yes")], "3", "")), "filter:0:when:0:property", "Name the property that has"),
    (use() | filters(([("a, b", "yes")], "3", "")), "filter:0:when:0:property", "the name of one property"),
    (use() | filters(([("c" * 61, "yes")], "3", "")), "filter:0:when:0:property", "at most 60 characters"),
    (use() | filters(([("colour", " , ")], "3", "")), "filter:0:when:0:values", "Write at least one value"),
    (use() | filters(([("colour", '"yes')], "3", "")), "filter:0:when:0:values", "A quote is not closed"),
    (use() | filters(([("colour", "y" * 201)], "3", "")), "filter:0:when:0:values", "at most 200 characters"),
    (use() | filters(([("a.b", "1"), ("colour", LONG)], "3", "")), "filter:0:when:1:values", "at most 100 values"),
    (
        use() | filters(([*COLOUR, ("colour", "no")], "3", "")),
        "filter:0:when:1:property", "has this property already",
    ),
    (
        use() | filters(([("", "")], "", ""), (COLOUR, "3", ""), ([("size", "A3")], "5", "")),
        "filter:2:when:0:property", "The same event could meet filter 2 too",
    ),
    (
        use() | filters(([("size", "A4")], "2", ""), ([("size", "A3, A0")], "2", ""), ([("size", "A2, A3")], "5", "")),
        "filter:2:when:0:property", "The same event could meet filter 2 too",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "field", "said"), WRONG)
def test_a_refusal_stands_at_its_field_and_nothing_is_sold(
    boss: Client, house: Operator, typed: dict[str, str], field: str, said: str
) -> None:
    answer = boss.post(f"/plans/new/{house.id}/", PLAN | typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in error(page, f"use:{CODE}:{field}")
    marked = re.findall(rf'id="id_use:{re.escape(CODE)}:([^"]*)_error"', page)
    assert marked == [field]
    for name, text in typed.items():
        if f'<select name="{name}"' not in page:
            assert value(page, name) == text
    assert sold() == {}


def test_what_is_refused_is_told_in_the_language_of_the_reader(boss: Client, house: Operator) -> None:
    get_user_model().objects.update(locale="de")
    typed = use(warn="80, 50") | filters((COLOUR, "", ""))
    said = set()
    both = use() | filters((COLOUR, "3", ""), (COLOUR, "2", ""))
    for part in (typed, both, use() | filters((COLOUR, "", "posters"))):
        page = boss.post(f"/plans/new/{house.id}/", PLAN | part).content.decode()
        marked = re.findall(rf'id="id_use:{re.escape(CODE)}:([^"]*)_error"', page)
        said |= {error(page, f"use:{CODE}:{field}") for field in marked}
    assert said == {
        "Jeder Prozentsatz muss über dem vorigen liegen.",
        "Dieselbe Verbrauchsmeldung könnte auch Filter 1 erfüllen. Geben Sie einem der beiden eine weitere Bedingung.",
        (
            "Dieser Dienst gehört nicht zum Tarif. Geben Sie an, wie viele davon dazugehören, oder wählen Sie einen "
            "anderen."
        ),
    }


def test_a_quota_by_the_day_of_what_has_a_largest_quantity_is_refused(boss: Client, house: Operator) -> None:
    page = boss.post(f"/plans/new/{house.id}/", PLAN | use("storage", quota_period="day")).content.decode()
    assert error(page, "use:storage:quota_period").endswith("is counted over the whole billing period.")
    assert "GB · The largest quantity" in page
    assert sold() == {}


def names(page: str, code: str = CODE) -> list[str]:
    """The fields of the filters on a page, in their order."""
    return re.findall(rf'name="use:{re.escape(code)}:filter:([^"]+)"', page)


def test_filters_and_conditions_come_and_go_without_a_script(boss: Client, house: Operator) -> None:
    address = f"/plans/new/{house.id}/"
    typed = PLAN | use() | filters((COLOUR, "3", ""), ([("size", "A3"), ("paper", "thick")], "5", "posters"))
    assert names(boss.post(address, {**PLAN, **use(), "step": "price"}).content.decode()) == []

    def after(step: str) -> str:
        answer = boss.post(address, {**typed, "step": step})
        assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (200, False)
        return answer.content.decode()

    first, second = (
        ["0:when:0:property", "0:when:0:values", "0:counts", "0:as"],
        ["1:when:0:property", "1:when:0:values", "1:when:1:property", "1:when:1:values", "1:counts", "1:as"],
    )
    page = after(f"filter-add:{CODE}")
    assert names(page) == [*first, *second, "2:when:0:property", "2:when:0:values", "2:counts", "2:as"]
    assert value(page, f"use:{CODE}:filter:1:when:1:values") == "thick"
    page = after(f"when-add:0:{CODE}")
    assert names(page) == [*first[:2], "0:when:1:property", "0:when:1:values", *first[2:], *second]
    page = after(f"when-drop:1:0:{CODE}")
    assert names(page) == [*first, *(each.replace("0:", "1:", 1) for each in first)]
    assert [value(page, f"use:{CODE}:filter:1:when:0:{part}") for part in ("property", "values")] == ["paper", "thick"]
    page = after(f"filter-drop:0:{CODE}")
    assert names(page) == [each.replace("1:", "0:", 1) for each in second]
    assert value(page, f"use:{CODE}:filter:0:counts") == "5"
    assert '<option value="posters" selected>' in page
    for odd in (
        f"filter-drop:9:{CODE}",
        f"when-drop:0:x:{CODE}",
        f"when-add:{CODE}",
        "filter-add",
        "when-drop",
        "when-add:7",
    ):
        assert names(after(odd)) == [*first, *second]
    part = boss.post(address, {**typed, "step": f"when-add:1:{CODE}"}, headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part
    assert "1:when:2:values" in names(part)
    assert "data-focus" in next(tag for tag in re.findall(r"<input[^>]*>", part) if "filter:1:when:2:property" in tag)
    assert part.count("data-focus") == 1
    assert sold() == {}


def test_no_more_conditions_come_than_a_filter_may_have(boss: Client, house: Operator) -> None:
    ten = [(f"p{each}", "1") for each in range(10)]
    typed = PLAN | use() | filters((ten, "2", "")) | {"step": f"when-add:0:{CODE}"}
    page = boss.post(f"/plans/new/{house.id}/", typed).content.decode()
    assert len(names(page)) == 22
    assert boss.post(f"/plans/new/{house.id}/", typed | {"step": "save"}).status_code == 303
    assert sold()[CODE]["filters"] == [{"when": dict(ten), "counts": "2"}]


# ---- in a browser


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", DESK, "light"), ("de", HAND, "dark")])
def test_filters_and_warnings_are_composed_by_typing(
    visit: Visits, house: Operator, boss: Client, language: str, width: int, scheme: Scheme
) -> None:
    user = int(boss.session["_auth_user_id"])
    get_user_model().objects.filter(pk=user).update(locale=language)
    page = visit(f"/plans/new/{house.id}/", user=user, width=width, scheme=scheme, language=language)

    def field(term: str) -> Any:
        return page.locator(f'[name="use:{CODE}:{term}"]')

    def press(step: str) -> None:
        page.locator(f'button[value="{step}:{CODE}"]').click()

    page.locator("[name=code]").fill("office")
    page.locator("[name=price]").fill("250")
    page.locator(f'[name="service-{CODE}"]').fill("1")
    field("included").fill("100")
    field("told").select_option("never")
    assert not field("warn").is_visible()
    field("told").select_option("at")
    field("warn").fill("50, 120")
    press("filter-add")
    expect(field("filter:0:when:0:property")).to_be_focused()
    page.keyboard.type("colour")
    field("filter:0:when:0:values").fill("yes")
    field("filter:0:counts").fill("3")
    press("filter-add")
    expect(field("filter:1:when:0:property")).to_be_focused()
    page.keyboard.type("size")
    field("filter:1:when:0:values").fill("A1, A0")
    field("filter:1:as").select_option("posters")
    press("when-add:1")
    expect(field("filter:1:when:1:property")).to_be_focused()
    page.keyboard.type("colour")
    wrong = {"filters": wrong_in(page, f"composer-filters-{language}")}
    page.locator("button[value=save]").click()
    page.locator("[role=alert]").wait_for()
    visit.expect("422")
    wrong["unfilled"] = wrong_in(page, f"composer-unfilled-{language}")
    assert field("filter:1:when:1:values").get_attribute("aria-invalid") == "true"
    field("filter:1:when:1:values").fill("yes, no")
    page.locator("button[value=save]").click()
    page.locator(".error").first.wait_for()
    visit.expect("422")
    assert field("filter:1:as").get_attribute("aria-invalid") == "true"
    page.locator("[name=service-posters]").fill("1")
    press("filter-add")
    expect(field("filter:2:when:0:property")).to_be_focused()
    press("filter-drop:2")
    field("filter:2:counts").wait_for(state="detached")
    expect(page.locator(f'button[value="filter-add:{CODE}"]')).to_be_focused()
    page.locator("button[value=save]").click()
    page.locator("table").first.wait_for()
    assert sold() == {
        CODE: {
            "included": "100",
            "warn": [50, 120],
            "filters": [
                {"when": {"colour": "yes"}, "counts": "3"},
                {"when": {"size": ["A1", "A0"], "colour": ["yes", "no"]}, "as": "posters"},
            ],
        },
        "posters": {},
    }
    wrong["told"] = wrong_in(page, f"composer-told-{language}")
    page.goto(f"/services/new/{house.id}/")
    assert not page.locator("[name=aggregation]").is_visible()
    page.locator("[name=kind]").select_option("usage")
    assert not page.locator("[name=property]").is_visible()
    page.locator("[name=aggregation]").select_option("unique")
    page.locator("[name=property]").fill("visitor")
    wrong["service"] = wrong_in(page, f"composer-service-{language}")
    page.goto(f"/services/{house.id}/{CODE}/")
    expect(page.locator("[name=aggregation]")).to_be_disabled()
    wrong["settled"] = wrong_in(page, f"composer-settled-{language}")
    page.goto("/services/")
    wrong["services"] = wrong_in(page, f"composer-services-{language}")
    assert wrong == {key: [] for key in wrong}
