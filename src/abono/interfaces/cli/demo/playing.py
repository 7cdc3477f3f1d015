"""Building the demo world and letting three months of it pass; a second call goes on where the first one stopped."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import acting, record
from abono.features.accounts.operations import open_account
from abono.features.accounts.queries import account_by_number, taken_numbers
from abono.features.billing import blocks, money, orders
from abono.features.billing.runs import advance_instant_by_instant
from abono.features.catalogue.operations import save_catalogue
from abono.features.catalogue.terms import parse_catalogue
from abono.features.operators.operations import add_operator
from abono.features.operators.queries import Operator, UnknownOperator, operator_by_code
from abono.features.subscriptions.operations import live_of_account
from abono.interfaces.cli.demo.world import Event, Person, events, people
from abono.interfaces.cli.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "demo"
_DAYS = 91
_sql = statements("abono.interfaces.cli.demo", "demo")


def play_demo(now: datetime, accounts: int, tell: Callable[[int, int], None]) -> Operator:
    """Play the world up to last midnight; ``tell`` hears the days done and all of them. Answers its operator."""
    with acting("demo", "demo"):
        try:
            operator = operator_by_code(CODE)
        except UnknownOperator:
            operator = _build(now)
        last_day = operator.day(now)
        first_day = _first_day(operator, last_day)
        everybody = people(accounts, first_day)
        happening = _by_day(everybody, last_day)
        done = _sql.row("last_day", operator=operator.id)["day"]
        day = first_day if done is None else date.fromisoformat(done) + timedelta(days=1)
        while day <= last_day:
            _play_day(operator, day, everybody, happening.get(day, []), evening=day < last_day)
            tell((day - first_day).days + 1, (last_day - first_day).days + 1)
            day += timedelta(days=1)
    return operator


def _build(now: datetime) -> Operator:
    with as_file(files(__package__).joinpath("world.yaml")) as path:
        world: dict[str, Any] = read_yaml(path)
    with transaction.atomic():
        operator = add_operator(CODE, "Demo provider", world["operator"])
        start = operator.midnight(operator.day(now) - timedelta(days=_DAYS))
        save_catalogue(operator, parse_catalogue(world["catalogue"], operator.currency), now=start)
        record("demo.start", str(operator.day(start)), operator=operator.id, at=start)
    return operator


def _first_day(operator: Operator, last_day: date) -> date:
    """The day the world began, also when it is played on at a later date."""
    found = _sql.row("first_day", operator=operator.id)["day"]
    return date.fromisoformat(found) if found else last_day - timedelta(days=_DAYS)


def _by_day(everybody: list[Person], last_day: date) -> dict[date, list[Event]]:
    found: dict[date, list[Event]] = defaultdict(list)
    for event in events(everybody, last_day):
        found[event.day].append(event)
    return found


def _play_day(operator: Operator, day: date, everybody: list[Person], happening: list[Event], *, evening: bool) -> None:
    """Midnight's work by the engine, then what people do at noon; noted when it is done, repeatable until then."""
    advance_instant_by_instant(operator.midnight(day), operator=operator.id, workers=2)
    noon = operator.instant(datetime.combine(day, time(12)))
    joining = [person for person in everybody if person.joins_on == day]
    known = taken_numbers(operator.id, [person.number for person in joining])
    for person in joining:
        _join(operator, person, noon, known=person.number in known)
    for event in happening if evening else []:
        _act(operator, event, noon)
    with transaction.atomic():
        record("demo.day", str(day), operator=operator.id, at=noon)


def _join(operator: Operator, person: Person, now: datetime, *, known: bool) -> None:
    if not known:
        with transaction.atomic():
            open_account(operator, person.number, now=now, credit_limit=person.credit_limit, name=person.name)
    account = account_by_number(operator.id, person.number)
    money.pay(account, person.monthly_cost * 2 + 2000, now=now, key="demo-first")
    try:
        orders.subscribe(account, person.plan, now=now, quantity=Decimal(person.quantity), key="demo-order")
    except Refusal:
        return  # somebody who cannot pay the first period does not become a subscriber


def _act(operator: Operator, event: Event, now: datetime) -> None:
    """One event; what the rules refuse, such as pausing what has ended, did not happen."""
    account = account_by_number(operator.id, event.number)
    try:
        if event.act == "pay":
            money.pay(account, event.amount, now=now, key=f"demo-{event.day}")
        elif event.act == "order":
            if not live_of_account(account):
                orders.subscribe(account, event.plan, now=now, key=f"demo-{event.day}")
        elif event.act == "promise":
            money.promise(account, event.amount, 5, now=now, fee=100)
        else:
            for subscription in live_of_account(account):
                _DEEDS[event.act](account, subscription, now)
    except Refusal:
        return


_DEEDS: dict[str, Callable[..., None]] = {
    "cancel": lambda account, subscription, now: orders.cancel(account, subscription, now=now),
    "pause": lambda account, subscription, now: blocks.pause(
        account, subscription, now=now, until=now.date() + timedelta(days=10)
    ),
    "block": lambda account, subscription, now: blocks.block(account, now=now, subscription=subscription),
    "change": lambda account, subscription, now: orders.change(
        account, subscription, now=now, plan_code="home-secure", at_period_end=False
    ),
}
