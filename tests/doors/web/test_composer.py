"""The terms of use in the plan composer: written, priced, refused at their field, shown again, and lost nowhere."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from playwright.sync_api import Route, expect
from tests.browser import DESK, HAND, Scheme, wrong_in
from tests.doors.web.composing import CODE, PLAN, SERVICES, error, house_of, resent, sold, tiers, use, value

from abono.features.catalogue.queries import list_services
from abono.interfaces.web.staff.plan_form import PlanForm

if TYPE_CHECKING:
    from django.test import Client
    from tests.browser import Visits

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house() -> Operator:
    return house_of(SERVICES)


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        (use(), {}),
        (use(included="10", beyond="hard"), {"included": "10", "limit": "hard"}),
        (use(included="1,5", beyond="count", quota_period="day"), {"included": "1.5", "quota_period": "day"}),
        (
            use(included="10", beyond="period_end", model="package", size="10", price="5.00"),
            {"included": "10", "model": "package", "size": "10", "price": "5.00"},
        ),
        (
            use(beyond="on_use", model="standard", unit="0.0125", maximum="50", size="written before"),
            {"overage": "on_use", "model": "standard", "unit": "0.0125", "maximum": "50"},
        ),
        (
            use(beyond="period_end", model="percentage", rate="2.5", fixed="0.1", min="0.5", max="9"),
            {"model": "percentage", "rate": "2.5", "fixed": "0.1", "min": "0.5", "max": "9"},
        ),
        (
            use(beyond="period_end", model="graduated") | tiers(("100", "0.10", "5"), ("", "", ""), ("", "0.05", "")),
            {
                "model": "graduated",
                "tiers": [{"up_to": "100", "unit": "0.10", "flat": "5"}, {"up_to": None, "unit": "0.05"}],
            },
        ),
        (
            use(beyond="period_end", model="volume", minimum="3") | tiers(("", "0.05", "")),
            {"minimum": "3", "model": "volume", "tiers": [{"up_to": None, "unit": "0.05"}]},
        ),
        (
            use("users", included="3", beyond="on_use", model="package", size="1", price="4", seats_billed="end"),
            {"included": "3", "overage": "on_use", "model": "package", "size": "1", "price": "4",
             "seats_billed": "end"},
        ),
    ],
)  # fmt: skip
def test_what_is_chosen_becomes_the_terms_and_comes_back(
    boss: Client, house: Operator, typed: dict[str, str], terms: dict[str, Any]
) -> None:
    code = "users" if "service-users" in typed else CODE
    saved = boss.post(f"/plans/new/{house.id}/", PLAN | typed)
    assert saved.status_code == 303
    assert sold() == {code: terms}
    again = boss.get(f"/plans/{house.id}/office/edit/").content.decode()
    sent = {name: text for name, text in (PLAN | resent(again)).items() if name != "code"}  # no browser sends it again
    assert boss.post(f"/plans/{house.id}/office/edit/", sent).status_code == 303
    assert sold() == {code: terms}
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(version) FROM catalogue_plan WHERE code = 'office'")
        assert cursor.fetchone() == (2,)


def test_terms_that_the_section_does_not_have_are_carried_over(boss: Client, house: Operator) -> None:
    assert boss.post(f"/plans/new/{house.id}/", PLAN | use(included="10", beyond="hard")).status_code == 303
    kept = {CODE: {"included": "10", "limit": "hard", "size": "3", "later": [1, 2]}}
    form = PlanForm(PLAN | use(included="12"), currency="EUR", services=list_services([house.id]), kept=kept)
    assert form.is_valid()
    assert form.record()["services"] == {CODE: {"included": "12", "later": [1, 2], "quantity": "1"}}
    with connection.cursor() as cursor:
        cursor.execute("""UPDATE catalogue_planservice SET terms = '{"included": "10", "later": [1, 2]}'""")
    page = unescape(boss.get(f"/plans/{house.id}/office/").content.decode())
    assert "Also: later: [1, 2]." in page
    # What the catalogue does not know is refused by it, and not dropped on the way there.
    refused = boss.post(f"/plans/{house.id}/office/edit/", PLAN | use(included="12"))
    assert refused.status_code == 422
    assert error(refused.content.decode(), f"use:{CODE}:beyond") == "Give a value for `model`."


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        (use(beyond="period_end", model="package", size="0", price="5"), "size", "pack size above 0"),
        (use(beyond="period_end", model="package", size="10"), "price", "Give a value"),
        (use(beyond="on_use", model="standard"), "unit", "Give a value"),
        (use(included="many"), "included", "Write a number"),
        (use(included="-1"), "included", "0 or more"),
        (use(included="1,234"), "included", "two ways"),
        (use(beyond="period_end", model="standard", unit="1", minimum="5", maximum="4"), "maximum", "not below"),
        (use(beyond="period_end", model="percentage", rate="1", min="5", max="4"), "max", "not below"),
        (use(beyond="period_end", model="volume"), "tier:0:unit", "at least one tier"),
        (
            use(beyond="period_end", model="graduated") | tiers(("10", "1", ""), ("5", "1", ""), ("", "1", "")),
            "tier:1:up_to", "end above the one before it",
        ),
        (
            use(beyond="period_end", model="graduated") | tiers(("", "", ""), ("10", "1", ""), ("20", "1", "")),
            "tier:2:up_to", "the last has none",
        ),
        (use(beyond="period_end", model="graduated") | tiers(("10", "x", ""), ("", "1", "")), "tier:0:unit", "number"),
    ],
)  # fmt: skip
def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(
    boss: Client, house: Operator, typed: dict[str, str], field: str, said: str
) -> None:
    answer = boss.post(f"/plans/new/{house.id}/", PLAN | {"setup_fee": "7.77"} | typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in error(page, f"use:{CODE}:{field}")
    for name, text in typed.items():
        if f'<select name="{name}"' not in page:
            assert value(page, name) == text
    assert value(page, "setup_fee") == "7.77"
    assert sold() == {}


def test_what_is_wrong_is_named_beside_the_price(boss: Client, house: Operator) -> None:
    typed = {**PLAN, **use(included="many"), "code": "", "step": "price"}
    part = boss.post(f"/plans/new/{house.id}/", typed, headers={"hx-request": "true"}).content.decode()
    items = [unescape(re.sub(r"<[^>]*>", "", each)) for each in re.findall(r"<li>(.*?)</li>", part)]
    assert items == ["Code: This field is required.", f"{CODE}: Included: Write a number, such as 2 or 2.5."]
    assert f'href="#id_use:{CODE}:included"' in part


def test_terms_of_a_service_that_is_not_chosen_are_not_judged(boss: Client, house: Operator) -> None:
    typed = {**use(included="many"), f"service-{CODE}": ""}
    assert boss.post(f"/plans/new/{house.id}/", PLAN | typed).status_code == 303
    assert sold() == {}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"model": "package", "size": "10", "price": "5.00"}, "20 page would cost €5.00: 1 pack."),
        ({"model": "standard", "unit": "0.5", "minimum": "7"}, "20 page would cost €7.00."),
        ({"model": "percentage", "rate": "10", "fixed": "1"}, "20 page would cost €2.00."),
        ({"model": "package", "size": "10", "price": "5", "example": "x"}, "Write a number, such as 2 or 2.5."),
        ({"model": "package", "size": "", "price": "5"}, ""),
        ({"beyond": "hard"}, ""),
    ],
)
def test_an_example_is_priced_as_one_types(boss: Client, house: Operator, typed: dict[str, str], said: str) -> None:
    asked = use(**{"included": "10", "beyond": "period_end", "example": "20", **typed})
    answer = boss.post(f"/plans/new/{house.id}/", {**PLAN, **asked, "step": "price"}, headers={"hx-request": "true"})
    found = re.findall(r'class="of-cost cost"[^>]*>([^<]*)</div>', answer.content.decode())
    assert [unescape(each) for each in found] == [said, ""]


def test_tiers_come_and_go_without_a_script(boss: Client, house: Operator) -> None:
    typed = PLAN | use(beyond="period_end", model="volume") | tiers(("100", "0.10", ""), ("", "0.05", ""))
    del typed["renew"]
    added = boss.post(f"/plans/new/{house.id}/", {**typed, "step": f"tier-add:{CODE}"})
    page = added.content.decode()
    assert (added.status_code, 'role="alert"' in page) == (200, False)
    names = [f"use:{CODE}:tier:{place}:{part}" for place in range(3) for part in ("up_to", "unit", "flat")]
    assert [value(page, name) for name in names] == ["100", "0.10", "", "", "0.05", "", "", "", ""]
    assert "checked" not in next(tag for tag in re.findall(r"<input[^>]*>", page) if 'name="renew"' in tag)
    dropped = boss.post(f"/plans/new/{house.id}/", {**typed, "step": f"tier-drop:0:{CODE}"}).content.decode()
    assert value(dropped, f"use:{CODE}:tier:0:unit") == "0.05"
    assert f"use:{CODE}:tier:1:unit" not in dropped
    part = boss.post(
        f"/plans/new/{house.id}/", {**typed, "step": f"tier-add:{CODE}"}, headers={"hx-request": "true"}
    ).content.decode()
    assert "<html" not in part
    assert part.count("data-focus") == 1
    for odd in (f"tier-drop:9:{CODE}", f"tier-drop:x:{CODE}", "tier-drop:0", "tier-add:nothing", "tier-add"):
        assert boss.post(f"/plans/new/{house.id}/", {**typed, "step": odd}).status_code == 200


def test_the_page_of_a_plan_says_its_terms(boss: Client, house: Operator) -> None:
    typed = use(
        included="10", beyond="on_use", model="package", size="10", price="5.00", quota_period="day", maximum="40"
    )
    seats = use("users", included="3", beyond="period_end", model="graduated") | tiers(
        ("5", "2", "10"), ("", "1.5", ""), code="users"
    )
    assert boss.post(f"/plans/new/{house.id}/", PLAN | typed | seats | {"service-tv": "1"}).status_code == 303
    page = unescape(boss.get(f"/plans/{house.id}/office/").content.decode())
    assert re.findall(r"<li>([^<]*)</li>", page[page.index("<table") :]) == [
        "10 page included each day.",
        "What is beyond is charged at once, as it is used.",
        "A pack of 10 page costs €5.00; a started one is charged whole.",
        "A period costs at most €40.00.",
        "3 user included.",
        "What is beyond is charged at the end of the period.",
        "Each part costs what its tier says:",
        "up to 5 user: €2.00 each and €10.00 once",
        "above: €1.50 each",
        "Billed by the highest number in the period.",
    ]


def test_a_tier_comes_while_the_price_is_worked_out(visit: Visits, house: Operator, boss: Client) -> None:
    """On a slow machine a step is still under way when what is typed after it is sent to be worked out."""
    page = visit(f"/plans/new/{house.id}/", user=int(boss.session["_auth_user_id"]))
    page.locator(f'[name="service-{CODE}"]').fill("1")
    page.locator(f'[name="use:{CODE}:beyond"]').select_option("period_end")
    page.locator(f'[name="use:{CODE}:model"]').select_option("graduated")
    page.wait_for_timeout(1_000)  # what this sends is answered
    held: list[Route] = []
    others: list[Route] = []

    def pass_on(route: Route) -> None:
        if "step=tier-add" in (route.request.post_data or ""):
            held.append(route)
        else:
            others.append(route)
            route.continue_()

    page.route("**/plans/new/**", pass_on)
    page.locator(f'[name="use:{CODE}:tier:0:unit"]').fill("4")
    page.locator(f'button[value="tier-add:{CODE}"]').click()
    page.locator("[name=price]").press_sequentially("9")
    page.wait_for_timeout(1_000)  # longer than what was typed waits to be sent
    (step,) = held
    assert others
    step.continue_()
    expect(page.locator(f'[name="use:{CODE}:tier:2:up_to"]')).to_be_visible()
    expect(page.locator(f'[name="use:{CODE}:tier:0:unit"]')).to_have_value("4")


@pytest.mark.parametrize("step", ["tier-drop:1", "tier-add"])
def test_who_types_while_a_tier_comes_or_goes_loses_no_key(
    visit: Visits, house: Operator, boss: Client, step: str
) -> None:
    page = visit(f"/plans/new/{house.id}/", user=int(boss.session["_auth_user_id"]))

    def field(term: str) -> Any:
        return page.locator(f'[name="use:{CODE}:tier:{term}"]')

    page.locator(f'[name="service-{CODE}"]').fill("1")
    page.locator(f'[name="use:{CODE}:beyond"]').select_option("period_end")
    page.locator(f'[name="use:{CODE}:model"]').select_option("graduated")
    page.locator(f'button[value="tier-add:{CODE}"]').click()
    expect(field("2:unit")).to_be_visible()
    field("0:up_to").fill("10")
    field("2:unit").fill("37")
    held: list[Route] = []

    def pass_on(route: Route) -> None:
        if f"step={step.partition(':')[0]}" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/plans/new/**", pass_on)
    page.locator(f'button[value="{step}:{CODE}"]').click()
    field("0:up_to").press_sequentially("1")
    field("2:unit").press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.type(",")  # between the 3 and the 7
    (sent,) = held
    sent.continue_()
    row, rows = ("1", 2) if "drop" in step else ("2", 4)
    expect(page.locator(".tier:visible")).to_have_count(rows)
    page.keyboard.type("5")
    expect(field(f"{row}:unit")).to_be_focused()
    expect(field(f"{row}:unit")).to_have_value("3,57")
    expect(field("0:up_to")).to_have_value("110")


@pytest.mark.parametrize(("language", "width", "scheme"), [("en", DESK, "light"), ("de", HAND, "dark")])
def test_a_plan_is_composed_by_typing(
    visit: Visits, house: Operator, boss: Client, language: str, width: int, scheme: Scheme
) -> None:
    user = int(boss.session["_auth_user_id"])
    get_user_model().objects.filter(pk=user).update(locale=language)
    page = visit(f"/plans/new/{house.id}/", user=user, width=width, scheme=scheme, language=language)
    wrong = {"empty": wrong_in(page, f"composer-empty-{language}")}

    def field(term: str, code: str = CODE) -> Any:
        return page.locator(f'[name="use:{code}:{term}"]')

    page.locator("[name=code]").fill("office")
    page.locator("[name=price]").fill("250")
    assert not field("included").is_visible()
    page.locator(f'[name="service-{CODE}"]').fill("1")
    field("included").fill("10")
    assert not field("model").is_visible()
    field("beyond").select_option("period_end")
    field("model").select_option("package")
    field("size").fill("10")
    assert not field("unit").is_visible()
    field("price").fill("5")
    field("example").fill("120")
    expect(page.locator(".use-terms:visible .cost")).to_contain_text("55")
    page.locator("[name=service-users]").fill("1")
    field("beyond", "users").select_option("period_end")
    field("model", "users").select_option("graduated")
    field("tier:0:up_to", "users").fill("5")
    field("tier:0:unit", "users").fill("4")
    page.locator('button[value="tier-add:users"]').click()
    expect(field("tier:2:up_to", "users")).to_be_visible()
    expect(field("tier:1:up_to", "users")).to_be_focused()
    page.keyboard.type("20")
    field("tier:1:unit", "users").fill("3")
    wrong["filled"] = wrong_in(page, f"composer-filled-{language}")
    page.locator("button[value=save]").click()
    page.locator("[role=alert]").wait_for()
    visit.expect("422")
    wrong["refused"] = wrong_in(page, f"composer-refused-{language}")
    page.locator('button[value="tier-drop:2:users"]').click()
    field("tier:2:up_to", "users").wait_for(state="detached")
    field("tier:1:up_to", "users").fill("")
    page.locator("button[value=save]").click()
    page.locator("table").first.wait_for()
    assert sold()["users"]["tiers"] == [{"up_to": "5", "unit": "4"}, {"up_to": None, "unit": "3"}]
    wrong["plan"] = wrong_in(page, f"composer-plan-{language}")
    assert wrong == {"empty": [], "filled": [], "refused": [], "plan": []}
