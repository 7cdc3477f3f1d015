"""A subscriber's services: all of them, and each with what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render

from abono.features.billing.queries import Upcoming, next_charges, unlocks
from abono.features.subscriptions.standing import Standing, standing, standings
from abono.features.usage.access import find_closed
from abono.interfaces.web.pages import SUBSCRIBER, PersonRequest, page
from abono.interfaces.web.quotas import NEWEST_PERIODS
from abono.interfaces.web.subscriber.notices import called
from abono.interfaces.web.subscriber.own import Own, looked_at, own
from abono.interfaces.web.subscriber.sentences import price_text, what_comes, why_stopped
from abono.interfaces.web.subscriber.usage import quotas_of_service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from django.http import HttpResponse

    from abono.features.billing.coming import Coming


@dataclass(frozen=True)
class Service:
    """A subscription as a subscriber reads it."""

    one: Standing
    name: str
    price: str
    why: list[str]
    comes: list[str]

    @property
    def can_pause(self) -> bool:
        """Whether the plan and the state allow a pause; its limits are judged when it is asked for."""
        paused = "customer" in self.one.reasons
        return self.one.pause != "none" and not paused and self.one.state not in {"pending", "ended"}

    @property
    def can_resume(self) -> bool:
        """Whether there is a pause to end."""
        return "customer" in self.one.reasons


def services_now(own_: Own, found: Sequence[Standing], now: datetime, ahead: Coming | None = None) -> list[Service]:
    """Subscriptions with why they are stopped and what comes next, as the engine would do it.

    ``ahead`` is what comes to the account, if the caller asked for it already.
    """
    living = [one for one in found if one.state != "ended"]
    upcoming = _upcoming(own_, living, now, ahead)
    waiting = any("funds" in one.reasons for one in living)
    missing = unlocks(own_.operator, [own_.id], now) if waiting else {}
    return [
        Service(
            one=one,
            name=called(one),
            price="" if one.price is None else price_text(one.price, own_.currency, one.period),
            why=why_stopped(one, seller=own_.seller, currency=own_.currency, unlock=missing.get(one.id, 0))
            if one.state == "suspended"
            else [],
            comes=what_comes(one, upcoming.get(one.id), own_.currency),
        )
        for one in found
    ]


def _upcoming(own_: Own, living: Sequence[Standing], now: datetime, ahead: Coming | None) -> Mapping[UUID, Upcoming]:
    """The next charge of each. Only where nothing comes soon, the engine is asked how far away it is."""
    soon: dict[UUID, Upcoming] = {}
    for charge in ahead.charges if ahead else ():
        first = soon.setdefault(charge.subscription_id, Upcoming(charge.on, 0))
        if charge.on == first.on:  # a setup fee stands beside the price
            soon[charge.subscription_id] = Upcoming(first.on, first.amount + charge.amount)
    going = [one for one in living if one.state != "suspended"]
    if all(one.id in soon or one.cancels for one in going):
        return {one.id: soon[one.id] for one in going if one.id in soon}
    return next_charges(own_.operator, [own_.id], now)


@page("my/services/", name="my_services", kinds=SUBSCRIBER, right="subscription.view")
def my_services(request: PersonRequest) -> HttpResponse:
    """All services of an account: those that live, then those that have ended."""
    chosen = looked_at(request)
    services = services_now(chosen, standings(chosen.id), request.now)
    values = {
        "own": chosen,
        "living": [each for each in services if each.one.state != "ended"],
        "ended": [each for each in services if each.one.state == "ended"],
    }
    return render(request, "web/subscriber/services.html", values)


@page("my/services/<int:account>/<uuid:subscription>/", name="my_service", kinds=SUBSCRIBER, right="subscription.view")
def my_service(request: PersonRequest, account: int, subscription: UUID) -> HttpResponse:
    """One service: how it stands, what it costs, what can be done about it."""
    chosen = own(request, account)
    (service,) = services_now(chosen, [standing(chosen.id, subscription)], request.now)
    values = {
        "own": chosen,
        "service": service,
        "quotas": quotas_of_service(request, account, subscription) if service.one.state != "ended" else [],
        "periods": find_closed(request.person, account, subscription, limit=NEWEST_PERIODS),
    }
    return render(request, "web/subscriber/service.html", values)
