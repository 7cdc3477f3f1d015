"""Offers: plans that an operator sells because the one above it lets it.

The seller gets a version of its own for each version of the giver's plan, so that it is charged, taxed and shown as
any plan of its own. Terms and price are the giver's (or a price of the offer from a day on), taxes are the seller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from abono.base.paging import Page, checked, page_of
from abono.base.paging import after as place_after
from abono.base.refusal import InvalidRequest, Refusal
from abono.base.sql import statements
from abono.base.trail import record
from abono.features.catalogue.queries import UnknownPlan, plan_by_code
from abono.features.catalogue.room import require_room
from abono.features.catalogue.settling import drop_price, price_plan
from abono.features.operators.queries import operator_by_id
from abono.features.operators.tree import lock_tree, node

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from abono.features.operators.queries import Operator

_sql = statements("abono.features.catalogue", "offers")
_NOWHERE = (0, "", None)


class PeriodClosed(Refusal):
    """The day lies in the past; what was decided for it stays."""

    code = "period_closed"


class NotParent(Refusal):
    """Only the operator that it stands directly below may let another sell a plan."""

    code = "not_parent"


class OfferCurrency(Refusal):
    """The plan is priced in another currency than the seller's accounts are kept in."""

    code = "currency_mismatch"


class DuplicatePlan(Refusal):
    """The seller has this plan already, its own or by an offer."""

    code = "duplicate_plan"


class UnknownOffer(Refusal):
    """There is no such offer that runs."""

    code = "unknown_offer"


class UnknownPrice(Refusal):
    """No price begins on that day."""

    code = "unknown_price"


class OfferedPlan(Refusal):
    """The plan is another's: whoever offers it sets its price."""

    code = "offered_plan"


@dataclass(frozen=True)
class Offer:
    """A plan that ``operator_id`` may sell because ``giver_id`` lets it; ``price`` (exact, in major units) if own."""

    id: int
    operator_id: int
    giver_id: int
    code: str
    price: Decimal | None
    price_from: date | None
    since: datetime
    ended_at: datetime | None


def offers_of(seller: int) -> list[Offer]:
    """All that an operator may sell or once might, what runs first, by code."""
    return _of_seller(seller, _NOWHERE, None)


def offers_page(seller: int, *, after: str | None = None, limit: int = 50) -> Page[Offer]:
    """The same, page by page. Raises InvalidRequest."""
    rows = _of_seller(seller, place_after(after, int, str, int) or _NOWHERE, checked(limit) + 1)
    return page_of(rows, limit, lambda row: (int(row.ended_at is not None), row.code, row.id))


def _of_seller(seller: int, place: tuple[Any, ...], most: int | None) -> list[Offer]:
    ended, code, last = place
    rows = _sql.rows("of_seller", operator=seller, ended=ended, after_code=code, after_id=last, most=most)
    return [Offer(**row) for row in rows]


def has_offers(operator: int) -> bool:
    """Whether an operator sells by an offer, or lets another sell."""
    return bool(_sql.row("any_at", operator=operator)["found"])


def offer_plan(
    giver: Operator,
    seller: Operator,
    code: str,
    *,
    now: datetime,
    price: Decimal | None = None,
    price_from: date | None = None,
) -> int:
    """Let an operator sell a plan of the one it stands below; answers the offer's id.

    It costs what it costs there, or from ``price_from`` (default: today) on ``price`` (exact, in major units). Raises
    UnknownPlan, NotParent, OfferCurrency, DuplicatePlan, PeriodClosed, InvalidRequest, TooManyPlans.
    """
    with transaction.atomic():
        lock_tree()  # a move ends the offers of the place that is left
        if node(seller.id).parent_id != giver.id:
            message = f"{seller.name} does not stand directly below {giver.name}; only its parent can offer it plans."
            raise NotParent(message, field="operator")
        if giver.currency != seller.currency:
            message = (
                f"{giver.name} sells in {giver.currency}, {seller.name} in {seller.currency}; offer no plan there."
            )
            raise OfferCurrency(message, field="plan")
        source = plan_by_code(giver.id, code)
        day = None if price is None else _day(seller, price_from, now)
        if _sells(seller.id, code):
            message = f"{seller.name} sells a plan {code!r} already; withdraw or rename that one first."
            raise DuplicatePlan(message, field="plan")
        if price is not None and price < 0:
            message = "A price is 0 or more."
            raise InvalidRequest(message, field="price", code="out_of_range")
        row = _sql.row("add", operator=seller.id, giver=giver.id, code=code, price=price, price_from=day, now=now)
        offer = Offer(row["id"], seller.id, giver.id, code, price, day, now, None)
        _copy(seller, offer, source.id, now=now)
        require_room(seller.id)
        after = {"from": giver.code, "price": price, "price_from": day}
        record("plan.offer", code, operator=seller.id, at=now, after=after)
        return offer.id


def withdraw_offer(giver: Operator, offer: int, *, now: datetime) -> None:
    """No longer let it be sold; what was ordered goes on at its price. Offers that rest on it end with it.

    Raises UnknownOffer.
    """
    with transaction.atomic():
        _end(_running(giver, offer), now=now)


def end_offers(seller: int, giver: int, *, now: datetime) -> None:
    """All that an operator could sell of another's ends: it stands below it no more. In the caller's transaction.

    Prices that the other has dated do not come: nobody above the operator could take them back any more.
    """
    for row in _sql.rows("between", operator=seller, giver=giver):
        offer = Offer(**row)
        operator = operator_by_id(seller)
        for coming in _sql.rows("coming_prices", plans=_versions(offer), today=operator.day(now)):
            drop_price(operator, coming["plan_id"], coming["valid_from"])
            unfollow_price(coming["plan_id"], coming["valid_from"], now=now)
        _end(offer, now=now)


def price_offer(giver: Operator, offer: int, price: Decimal, price_from: date | None, *, now: datetime) -> None:
    """A price (exact, in major units) of the offer's own for the periods that begin on or after a day (default: today).

    From then on the giver's prices are not followed. Runs in the caller's transaction. Raises UnknownOffer,
    PeriodClosed, InvalidRequest.
    """
    found = _running(giver, offer)
    seller = operator_by_id(found.operator_id)
    day = _day(seller, price_from, now)
    if price < 0:
        message = "A price is 0 or more."
        raise InvalidRequest(message, field="price", code="out_of_range")
    since = day if found.price_from is None else min(day, found.price_from)
    _sql.run("price", offer=found.id, price=price, price_from=since)
    for plan in _versions(found):
        for row in _sql.rows("later_prices", plan=plan, day=day, until=found.price_from):
            drop_price(seller, plan, row["valid_from"])
            unfollow_price(plan, row["valid_from"], now=now)
        price_plan(seller, plan, price, [day])
        follow_price(plan, price, day, now=now)
    record("plan.offer_price", found.code, operator=seller.id, at=now, after={"price": price, "from": day})


def own_prices(offer: Offer) -> list[tuple[date, Decimal]]:
    """The prices that an offer has of its own, by the day from which each counts; the first first."""
    versions = _versions(offer) if offer.price_from is not None else []
    rows = _sql.rows("own_prices", plan=versions[-1], since=offer.price_from) if versions else []
    return [(row["valid_from"], row["price"]) for row in rows]


def withdraw_offer_price(giver: Operator, offer: int, valid_from: date, *, now: datetime) -> None:
    """A price of the offer's own that is still to come does not come; the one before goes on, or the giver's again.

    Runs in the caller's transaction. Raises UnknownOffer, UnknownPrice, PeriodClosed (it counts already).
    """
    found = _running(giver, offer)
    seller = operator_by_id(found.operator_id)
    since, versions, own = found.price_from, _versions(found), own_prices(found)
    left = [(day, price) for day, price in own if day != valid_from]
    if len(left) == len(own):
        message = f"No price of the offer's own begins on {valid_from}; look at its prices."
        raise UnknownPrice(message, field="valid_from")
    if valid_from <= seller.day(now):
        message = f"The price from {valid_from} counts already; set another from today or a later day."
        raise PeriodClosed(message, field="valid_from")
    first = left[0][0] if left else None
    _sql.run("price", offer=found.id, price=left[-1][1] if left else None, price_from=first)
    for plan in versions:
        drop_price(seller, plan, valid_from)
        unfollow_price(plan, valid_from, now=now)
        window = {"giver": found.giver_id, "since": valid_from, "until": first}
        for row in _sql.rows("source_prices", plan=plan, **window) if since == valid_from else []:
            price_plan(seller, plan, row["price"], [row["valid_from"]])
            follow_price(plan, row["price"], row["valid_from"], now=now)
    record("plan.offer_price_withdraw", found.code, operator=seller.id, at=now, before={"from": valid_from})


def follow_plan(operator: Operator, code: str, plan: int, *, now: datetime) -> None:
    """An operator has a new version of a plan: it is its own now, and those it is offered to sell the new version."""
    for row in _sql.rows("running", code=code, operator=operator.id, giver=operator.id):
        offer = Offer(**row)
        if offer.operator_id == operator.id:
            _sql.run("close", offer=offer.id, now=now)
        else:
            _copy(operator_by_id(offer.operator_id), offer, plan, now=now)


def follow_price(plan: int, price: Decimal | None, valid_from: date, *, now: datetime) -> None:
    """A new price of a plan is that of the versions that follow it, unless they have a price of their own by then."""
    for row in _sql.rows("followers", plan=plan):
        if row["price_from"] is not None and valid_from >= row["price_from"]:
            continue
        seller = operator_by_id(row["operator_id"])
        # Days are civil: where the seller's has begun already, the price begins with the day that runs there.
        day = max(valid_from, seller.day(now))
        price_plan(seller, row["id"], price, [day])
        follow_price(row["id"], price, day, now=now)


def unfollow_price(plan: int, valid_from: date, *, now: datetime) -> None:
    """A price of a plan does not come: nor in the versions that follow it, unless it counts there by now."""
    for row in _sql.rows("followers", plan=plan):
        seller = operator_by_id(row["operator_id"])
        own = row["price_from"] is not None and valid_from >= row["price_from"]
        if not own and valid_from > seller.day(now) and drop_price(seller, row["id"], valid_from):
            unfollow_price(row["id"], valid_from, now=now)


def following(plans: list[int]) -> dict[int, list[int]]:
    """The plans that follow these, near and far, by the operator that sells them."""
    found: dict[int, list[int]] = {}
    while plans:
        rows = [row for plan in plans for row in _sql.rows("followers", plan=plan)]
        for row in rows:
            found.setdefault(row["operator_id"], []).append(row["id"])
        plans = [row["id"] for row in rows]
    return found


def versions_of(giver: Operator, offer: int) -> tuple[int, list[int]]:
    """The operator that an offer is for, and the versions of the plan that it sells by it. Raises UnknownOffer."""
    found = _running(giver, offer)
    return found.operator_id, _versions(found)


def require_own(operator: Operator, code: str) -> None:
    """Refuse to change the price of a plan that is sold by an offer. Raises OfferedPlan."""
    for row in _sql.rows("running", code=code, operator=operator.id, giver=None):
        giver = operator_by_id(row["giver_id"])
        message = f"The plan {code!r} is offered by {giver.name}, who sets its price; ask there for another."
        raise OfferedPlan(message, field="plan")


def plans_of(operator: int) -> list[int]:
    """All plans of an operator in all their versions."""
    return [row["id"] for row in _sql.rows("plans_of", operator=operator)]


def _running(giver: Operator, offer: int) -> Offer:
    found = _sql.rows("find", offer=offer, giver=giver.id)
    if not found:
        message = "There is no such offer that runs; look at the list of offers."
        raise UnknownOffer(message, field="offer")
    return Offer(**found[0])


def _versions(offer: Offer) -> list[int]:
    rows = _sql.rows("versions_followed", operator=offer.operator_id, code=offer.code)
    return [row["id"] for row in rows]


def _end(offer: Offer, *, now: datetime) -> None:
    if not _sql.run("close", offer=offer.id, now=now):
        return
    _sql.run("stop_selling", operator=offer.operator_id, code=offer.code)
    record("plan.offer_withdraw", offer.code, operator=offer.operator_id, at=now)
    for row in _sql.rows("running", code=offer.code, giver=offer.operator_id, operator=None):
        _end(Offer(**row), now=now)


def _copy(seller: Operator, offer: Offer, source: int, *, now: datetime) -> None:
    """A version of the giver's plan for the seller, and so on for those whom the seller lets sell it."""
    before = _sql.rows("stop_selling", operator=seller.id, code=offer.code)
    plan = _sql.row("copy_plan", operator=seller.id, source=source)["id"]
    _sql.run("copy_services", plan=plan, source=source)
    _sql.run("copy_prices", plan=plan, source=source, until=offer.price_from)
    for each in before if offer.price_from is not None else []:
        _sql.run("carry_own", plan=plan, source=each["id"], since=offer.price_from)
    if not before and offer.price is not None and offer.price_from is not None:
        price_plan(seller, plan, offer.price, [offer.price_from])
    for row in _sql.rows("running", code=offer.code, giver=seller.id, operator=None):
        _copy(operator_by_id(row["operator_id"]), Offer(**row), plan, now=now)


def _sells(seller: int, code: str) -> bool:
    try:
        plan_by_code(seller, code)
    except UnknownPlan:
        return False
    return True


def _day(seller: Operator, wanted: date | None, now: datetime) -> date:
    today = seller.day(now)
    if wanted is not None and wanted < today:
        message = f"{wanted} has passed; let the price begin on {today} or later."
        raise PeriodClosed(message, field="price_from")
    return wanted or today
