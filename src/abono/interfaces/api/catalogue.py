"""The catalogue: services, plans, and prices with their days."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import quote

from django.http import HttpResponse
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.paging import Page
from abono.base.refusal import Refusal
from abono.features.access.people import NotFound
from abono.features.billing.prices import change_price, withdraw_coming_price
from abono.features.catalogue import merging
from abono.features.catalogue.queries import (
    PlanRow,
    ServiceRow,
    latest_version,
    plan_detail,
    plans_page,
    prices_page,
    services_page,
)
from abono.features.catalogue.queries import PricePoint as PriceOf
from abono.features.catalogue.use_terms import AGGREGATIONS
from abono.features.operators.queries import Operator, operator_by_id
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.problems import FieldProblem
from abono.interfaces.api.replies import Reply, made
from abono.interfaces.api.values import Answer, Body, Code, Currency, Cursor, Day, Id, Paging, Price, Quantity, plain
from abono.kernel.money import format_amount

TAG = "Catalogue"
HOUSE = "/operators/{operator}"
PLAN = f"{HOUSE}/plans/{{plan}}"
_SERVICE = ("id", "code", "kind", "unit", "tax", "aggregation", "property", "currency", "plans")


class InvalidCatalogue(Refusal):
    """A described catalogue has errors; nothing of it was written. ``errors`` has all of them."""

    code = "invalid"

    def __init__(self, errors: list[FieldProblem]) -> None:
        super().__init__(errors[0].detail, field=errors[0].field, code=errors[0].code)
        self.errors = errors


class Service(Answer):
    """Something a subscriber gets. `plans`: how many that are sold now have it."""

    id: Id
    operator: Id
    code: Annotated[Code, Field(examples=["antivirus"])]
    kind: Annotated[Literal["onoff", "seats", "usage"], Field(examples=["onoff"])]
    unit: Annotated[str, Field(examples=["page"])]
    tax: Annotated[Literal["standard", "reduced", "exempt"], Field(examples=["standard"])]
    price: Annotated[Price | None, Field(description="A unit's, if it has one of its own.")]
    aggregation: Annotated[
        Literal[AGGREGATIONS],  # type: ignore[valid-type]
        Field(description="How the events of a service of kind usage add up.", examples=["sum"]),
    ]
    property: Annotated[
        str, Field(description="The property whose different values `unique` counts; else empty.", examples=[""])
    ]
    currency: Currency
    plans: Annotated[int, Field(examples=[3])]


class Services(Answer):
    """A page of services, by operator and code."""

    items: list[Service]
    next: Cursor | None


class Plan(Answer):
    """A plan as it is sold now."""

    id: Id
    operator: Id
    code: Code
    version: Annotated[int, Field(examples=[1])]
    currency: Currency
    price: Annotated[Price, Field(description="What a period costs today, exact.", examples=["9.90"])]
    period: Annotated[str, Field(examples=["month"])]
    anchor: Annotated[str, Field(description="start, calendar, or a day 1 to 31", examples=["start"])]
    first_period: Annotated[Literal["full", "prorate", "free"], Field(examples=["full"])]
    charge: Annotated[Literal["advance", "arrears", "daily"], Field(examples=["advance"])]
    renews: Annotated[bool, Field(examples=[True])]
    trial_days: Annotated[int, Field(examples=[0])]
    setup_fee: Annotated[str, Field(description="In the currency.", examples=["0.00"])]
    priority: Annotated[int, Field(examples=[100])]
    on_shortfall: Annotated[Literal["suspend", "end", "owe"], Field(examples=["suspend"])]
    look_ahead_hours: Annotated[int | None, Field(examples=[None])]
    look_ahead_days: Annotated[int | None, Field(examples=[3])]
    early_block: bool
    resume: Annotated[Literal["restart", "remainder", "full"], Field(examples=["restart"])]
    pause: Annotated[Literal["freeze", "lose", "none"], Field(examples=["freeze"])]
    pause_days_per_year: Annotated[int | None, Field(examples=[None])]
    pause_min_days: Annotated[int, Field(examples=[0])]
    pause_fee: Annotated[str, Field(examples=["0.00"])]
    services: Annotated[list[str], Field(description="Their codes.", examples=[["antivirus"]])]


class Plans(Answer):
    """A page of the plans that are sold, by operator and code."""

    items: list[Plan]
    next: Cursor | None


class PlanService(Answer):
    """A service in a plan and the terms of its use, as they were written."""

    code: Annotated[Code, Field(examples=["prints"])]
    quantity: Quantity
    terms: Annotated[
        dict[str, Any],
        Field(
            examples=[
                {
                    "included": "10",
                    "model": "standard",
                    "unit": "0.05",
                    "warn": [50, 80, 100],
                    "filters": [{"when": {"colour": "yes"}, "counts": "3"}],
                }
            ]
        ),
    ]


class PricePoint(Answer):
    """A price from a day on; null: the sum of the services' own prices."""

    valid_from: Day
    price: Price | None


class PlanDetail(Plan):
    """A plan with the terms of its services, its prices and its versions."""

    service_terms: list[PlanService]
    prices: Annotated[list[PricePoint], Field(description="The latest first.")]
    versions: Annotated[list[int], Field(description="All there are, the newest first.", examples=[[1]])]


class Prices(Answer):
    """A page of the prices of a plan, the latest first."""

    items: list[PricePoint]
    next: Cursor | None


class PricesFilter(Paging):
    """Of which version."""

    version: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="Of the plan; the one that is sold now if not given.")
    ] = None


class NewPrice(Body):
    """A price for the periods that begin on or after a day."""

    price: Price
    valid_from: Annotated[Day | None, Field(description="Today if not given; not in the past.")] = None


_MOST_DESCRIBED = 1_000
"""Plans, and services, in one call: nobody else's change of the catalogue waits longer for it than a moment."""


class Described(Body):
    """A catalogue, or a part of it, as `abono import catalogue` has it. What is not described stays as it is."""

    services: Annotated[
        dict[str, Any] | None,
        Field(
            max_length=_MOST_DESCRIBED,
            examples=[
                {
                    "antivirus": {"kind": "onoff", "tax": "exempt"},
                    "visitors": {"kind": "usage", "aggregation": "unique", "property": "visitor"},
                }
            ],
        ),
    ] = None
    plans: Annotated[
        dict[str, Any] | None,
        Field(
            max_length=_MOST_DESCRIBED,
            examples=[{"av-month": {"price": "50.00", "period": "month", "services": {"antivirus": {}}}}],
        ),
    ] = None


class CatalogueChange(Answer):
    """What becomes of a service or a plan."""

    kind: Annotated[Literal["service", "plan"], Field(examples=["plan"])]
    code: Code
    change: Annotated[Literal["made", "changed", "unchanged"], Field(examples=["made"])]


class CatalogueRemark(Answer):
    """What is worth knowing and stops nothing."""

    path: Annotated[str, Field(examples=["plans.av-month"])]
    code: Annotated[str, Field(examples=["new_version"])]
    detail: Annotated[str, Field(examples=["Becomes version 2 (price); existing subscriptions keep theirs."])]


class Merged(Answer):
    """What a description makes, changes and leaves."""

    written: bool
    changes: list[CatalogueChange]
    warnings: list[CatalogueRemark]


class MergeOptions(BaseModel):
    """Whether to write."""

    dry_run: Annotated[bool, Field(description="Judge everything and write nothing.")] = False


class HouseFilter(Paging):
    """Whose."""

    operator: Annotated[Id | None, Field(description="Of one operator; of all the key reaches if not given.")] = None


def plan_of(row: PlanRow) -> Plan:
    """A plan as it is answered."""
    return Plan(**_plan_fields(row))


def _plan_fields(row: PlanRow) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in Plan.model_fields if name != "operator"}
    fees = {name: format_amount(getattr(row, name), row.currency) for name in ("setup_fee", "pause_fee")}
    return {**shown, **fees, "operator": row.operator_id, "price": plain(row.price), "services": list(row.services)}


def _service_of(row: ServiceRow) -> Service:
    same = {name: getattr(row, name) for name in _SERVICE}
    return Service(operator=row.operator_id, price=None if row.price is None else plain(row.price), **same)


def _point(each: PriceOf) -> PricePoint:
    return PricePoint(valid_from=each.valid_from, price=None if each.price is None else plain(each.price))


def house_of(request: Call, operator: int) -> Operator:
    """An operator within reach. Raises NotFound."""
    request.person.require_operator(operator)
    return operator_by_id(operator)


def _houses(request: Call, operator: int | None) -> list[int]:
    if operator is None:
        return list(request.person.operators)
    request.person.require_operator(operator)
    return [operator]


@endpoint("GET", "/services", right="plan.view", tag=TAG, answer=Services, refusals=("not_found",), csv=True)
def list_of_services(request: Call, wanted: Query[HouseFilter]) -> Reply | HttpResponse:
    """List services.

    By operator and code. As CSV with `Accept: text/csv`.
    """
    houses = _houses(request, wanted.operator)

    def ask(after: str | None, limit: int) -> Page[ServiceRow]:
        return services_page(houses, after=after, limit=limit)

    return Listed(ask, Service, _service_of, Services).reply(request, wanted)


@endpoint("GET", "/plans", right="plan.view", tag=TAG, answer=Plans, refusals=("not_found",), csv=True)
def list_of_plans(request: Call, wanted: Query[HouseFilter]) -> Reply | HttpResponse:
    """List the plans that are sold.

    By operator and code, at today's prices. As CSV with `Accept: text/csv`.
    """
    houses = _houses(request, wanted.operator)

    def ask(after: str | None, limit: int) -> Page[PlanRow]:
        return plans_page(houses, request.now, after=after, limit=limit)

    return Listed(ask, Plan, plan_of, Plans).reply(request, wanted)


@endpoint("GET", PLAN, right="plan.view", tag=TAG, answer=PlanDetail)
def get_plan(request: Call, operator: Id, plan: Code) -> PlanDetail:
    """Show a plan.

    With the terms of its services and all its prices. One that is sold no more is shown as it was last.
    """
    found = plan_detail(request.person, plan, operator=operator, now=request.now, sold=False)
    services = [PlanService(code=each.code, quantity=plain(each.quantity), terms=each.terms) for each in found.services]
    return PlanDetail(
        **_plan_fields(found.plan),
        service_terms=services,
        prices=[_point(each) for each in found.prices],
        versions=list(found.versions),
    )


@endpoint("GET", f"{PLAN}/prices", right="plan.view", tag=TAG, answer=Prices, csv=True)
def list_prices(request: Call, operator: Id, plan: Code, wanted: Query[PricesFilter]) -> Reply | HttpResponse:
    """List the prices of a plan.

    Each counts for the periods that begin on or after its day; the latest first. Of the version that is sold now or was
    last, or of another that is still had. As CSV with `Accept: text/csv`.
    """
    detail = plan_detail(request.person, plan, operator=operator, now=request.now, sold=False)
    version = detail.plan.version if wanted.version is None else wanted.version
    if version not in detail.versions:
        message = f"There is no version {version} of {plan!r}; `versions` of the plan names those there are."
        raise NotFound(message, field="version")
    sold = detail.versions[version]

    def ask(after: str | None, limit: int) -> Page[PriceOf]:
        return prices_page(sold, after=after, limit=limit)

    return Listed(ask, PricePoint, _point, Prices).reply(request, wanted)


@endpoint(
    "POST", f"{PLAN}/prices", right="price.change", tag=TAG, answer=Prices, status=201,
    refusals=("period_closed", "offered_plan"),
)  # fmt: skip
def set_price(request: Call, operator: Id, plan: Code, body: NewPrice) -> Reply:
    """Set a price from a day on.

    Periods that have begun keep theirs. It counts for every version of the plan, and where the plan is offered; also
    for a plan that is sold no more, under which subscriptions go on.
    """
    house = house_of(request, operator)
    valid_from = body.valid_from or house.day(request.now)
    change_price(house, plan, Decimal(body.price), valid_from, now=request.now)
    return made(_first_prices(house, plan), f"/operators/{operator}/plans/{quote(plan)}/prices")


def _first_prices(house: Operator, plan: str) -> Prices:
    """The first page of a plan's prices, as who changed them is answered."""
    found = prices_page(latest_version(house.id, plan).id)
    return Prices(items=[_point(each) for each in found.items], next=found.next)


@endpoint(
    "DELETE", f"{PLAN}/prices/{{valid_from}}", right="price.change", tag=TAG, answer=Prices,
    refusals=("period_closed", "offered_plan", "unknown_price"),
)  # fmt: skip
def withdraw_price(request: Call, operator: Id, plan: Code, valid_from: Day) -> Prices:
    """Withdraw a price that is still to come.

    It does not come, in any version of the plan nor where it is offered. One that counts already stays.
    """
    house = house_of(request, operator)
    withdraw_coming_price(house, plan, valid_from, now=request.now)
    return _first_prices(house, plan)


@endpoint("PUT", f"{HOUSE}/catalogue", right="plan.change", tag=TAG, answer=Merged, refusals=("too_many_plans",))
def save_catalogue(request: Call, operator: Id, body: Described, wanted: Query[MergeOptions]) -> Merged:
    """Save services and plans as they are described.

    The terms of `abono import catalogue`. A plan that differs becomes its next version, existing subscriptions keep
    theirs; what is not described stays, so that a large catalogue is saved in parts of 1,000 plans. With `dry_run`
    everything is judged and nothing written.
    """
    house = house_of(request, operator)
    merge = merging.judge(house, body.model_dump(), now=request.now)
    if merge.errors:
        raise InvalidCatalogue(
            [FieldProblem(field=each.field, code=each.code, detail=each.message) for each in merge.errors]
        )
    if not wanted.dry_run:
        merge.write()
    return Merged(
        written=not wanted.dry_run,
        changes=[CatalogueChange.model_validate(each) for each in merge.changes],
        warnings=[CatalogueRemark(path=each.path, code=each.code, detail=each.message) for each in merge.warnings],
    )
