"""Offers: plans that an operator may sell because the one above it lets it."""

from decimal import Decimal
from typing import Annotated

from django.http import HttpResponse
from ninja import Query
from pydantic import BaseModel, Field

from abono.base.paging import Page
from abono.features.billing.prices import change_offer_price, withdraw_coming_offer_price
from abono.features.catalogue import offers
from abono.features.operators.access import find_below
from abono.features.operators.queries import Operator, operator_by_id
from abono.features.operators.tree import node
from abono.interfaces.api.calls import Call, endpoint
from abono.interfaces.api.catalogue import HOUSE, TAG, NewPrice, house_of
from abono.interfaces.api.lists import Listed
from abono.interfaces.api.replies import Reply, gone, made
from abono.interfaces.api.values import Answer, Body, Code, Cursor, Day, Id, Instant, Paging, Price, plain


class Offer(Answer):
    """A plan that an operator may sell because the one above it lets it."""

    id: Id
    plan: Code
    giver: Annotated[Id | None, Field(description="Who lets it; null if that is above the key's reach.")]
    price: Annotated[Price | None, Field(description="Its own; null: the giver's.")]
    price_from: Day | None
    since: Instant
    ended_at: Annotated[Instant | None, Field(examples=[None])]


class Offers(Answer):
    """A page of what an operator may sell, or once might; what runs first."""

    items: list[Offer]
    next: Cursor | None


class NewOffer(Body):
    """A plan to let an operator sell."""

    plan: Code
    price: Annotated[Price | None, Field(description="What it costs there; the giver's price if not given.")] = None
    price_from: Annotated[Day | None, Field(description="From when; today if not given.")] = None


@endpoint("GET", f"{HOUSE}/offers", right="plan.view", tag=TAG, answer=Offers, csv=True)
def list_offers(request: Call, operator: Id, wanted: Query[Paging]) -> Reply | HttpResponse:
    """List what an operator may sell of the one above it.

    What runs first, by code. As CSV with `Accept: text/csv`.
    """
    house_of(request, operator)
    return _listed(request, operator).reply(request, wanted)


@endpoint(
    "POST", f"{HOUSE}/offers", right="plan.change", tag=TAG, answer=Offers, status=201,
    refusals=(
        "not_above", "not_parent", "currency_mismatch", "duplicate_plan", "unknown_plan", "period_closed",
        "too_many_plans",
    ),
)  # fmt: skip
def offer_plan(request: Call, operator: Id, body: NewOffer) -> Reply:
    """Let an operator sell a plan of the one above it.

    At the giver's price, or at one of its own from a day on; with its own taxes.
    """
    seller = find_below(request.person, operator, "plan.change")
    offers.offer_plan(
        _giver(operator),
        seller,
        body.plan,
        now=request.now,
        price=None if body.price is None else Decimal(body.price),
        price_from=body.price_from,
    )
    return made(_offers(request, operator), f"/operators/{operator}/offers")


@endpoint(
    "POST", f"{HOUSE}/offers/{{offer}}/prices", right="price.change", tag=TAG, answer=Offers, status=201,
    refusals=("not_above", "period_closed"),
)  # fmt: skip
def price_offer(request: Call, operator: Id, offer: Id, body: NewPrice) -> Reply:
    """Set a price of the offer's own from a day on.

    From then on the giver's prices are not followed.
    """
    find_below(request.person, operator, "price.change")
    _require_offer(operator, offer)
    change_offer_price(_giver(operator), offer, Decimal(body.price), body.valid_from, now=request.now)
    return made(_offers(request, operator), f"/operators/{operator}/offers")


@endpoint(
    "DELETE", f"{HOUSE}/offers/{{offer}}/prices/{{valid_from}}", right="price.change", tag=TAG, answer=Offers,
    refusals=("not_above", "period_closed", "unknown_price"),
)  # fmt: skip
def withdraw_offer_price(request: Call, operator: Id, offer: Id, valid_from: Day) -> BaseModel:
    """Withdraw a price of the offer's own that is still to come.

    The one before goes on; without one, the giver's prices are followed again.
    """
    find_below(request.person, operator, "price.change")
    _require_offer(operator, offer)
    withdraw_coming_offer_price(_giver(operator), offer, valid_from, now=request.now)
    return _offers(request, operator)


@endpoint(
    "DELETE", f"{HOUSE}/offers/{{offer}}", right="plan.change", tag=TAG, answer=None, status=204,
    refusals=("not_above",),
)  # fmt: skip
def withdraw_offer(request: Call, operator: Id, offer: Id) -> Reply:
    """Withdraw an offer.

    What was ordered goes on at its price; nothing new is sold by it.
    """
    find_below(request.person, operator, "plan.change")
    _require_offer(operator, offer)
    offers.withdraw_offer(_giver(operator), offer, now=request.now)
    return gone()


def _giver(operator: int) -> Operator:
    """The operator that another stands directly below; it is in reach, because the other is below the key's own."""
    parent = node(operator).parent_id
    assert parent is not None  # noqa: S101 -- it is below the key's own operator
    return operator_by_id(parent)


def _require_offer(operator: int, offer: int) -> None:
    if offer not in {each.id for each in offers.offers_of(operator)}:
        message = "There is no such offer; look it up in the list."
        raise offers.UnknownOffer(message, field="offer")


def _listed(request: Call, operator: int) -> Listed[offers.Offer]:
    def ask(after: str | None, limit: int) -> Page[offers.Offer]:
        return offers.offers_page(operator, after=after, limit=limit)

    def make(each: offers.Offer) -> Offer:
        return Offer(
            id=each.id,
            plan=each.code,
            giver=each.giver_id if each.giver_id in request.person.operators else None,
            price=None if each.price is None else plain(each.price),
            price_from=each.price_from,
            since=each.since,
            ended_at=each.ended_at,
        )

    return Listed(ask, Offer, make, Offers)


def _offers(request: Call, operator: int) -> BaseModel:
    """The first page, as who changed something is answered."""
    return _listed(request, operator).first()
