"""Lists and pages: who sees which rows, what is found, and that paging neither skips nor repeats."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import connection

from abono.base.paging import after, cursor
from abono.base.refusal import InvalidRequest
from abono.features.access.people import Forbidden, NotFound, Person
from abono.features.access.rights import Kind, Role
from abono.features.accounts import profiles
from abono.features.accounts.access import find_account, find_number
from abono.features.accounts.operations import open_account
from abono.features.accounts.queries import list_accounts
from abono.features.billing import blocks, money
from abono.features.billing.orders import change, subscribe
from abono.features.ledger.queries import statement
from abono.features.operators.queries import Operator, operator_by_id
from abono.features.subscriptions.access import find_subscription
from abono.features.subscriptions.queries import list_subscriptions, subscriptions_of_account, timeline

from . import people
from .worlds import LINE, START, account, operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

pytestmark = pytest.mark.django_db
NOW = START + timedelta(hours=9)


def below(parent: Operator) -> Operator:
    """An operator under another."""
    made = operator()
    with connection.cursor() as at:
        at.execute("UPDATE operators_operator SET parent_id = %s WHERE id = %s", [parent.id, made.id])
    return operator_by_id(made.id)


@dataclass
class Tree:
    """A root, an operator in the middle and one below it, and a stranger; an account with a subscription in each."""

    root: Operator
    middle: Operator
    leaf: Operator
    stranger: Operator
    accounts: dict[str, int]
    subscriptions: dict[str, UUID]


@pytest.fixture
def tree() -> Tree:
    root = operator()
    middle = below(root)
    leaf, stranger = below(middle), operator()
    made: dict[str, int] = {}
    ordered: dict[str, UUID] = {}
    for name, seller in (("root", root), ("middle", middle), ("own", middle), ("leaf", leaf), ("stranger", stranger)):
        made[name] = open_account(seller, f"{name}-1", now=START, name=f"{name.title()} Test")
        money.pay(made[name], 5_000, now=START)
        ordered[name] = subscribe(made[name], "line", now=START, unit=f"unit-{name}")
    return Tree(root, middle, leaf, stranger, made, ordered)


SEEN = {
    "administrator of the root": {"root", "middle", "own", "leaf"},
    "operator in the middle": {"middle", "own", "leaf"},
    "auditor in the middle": {"middle", "own", "leaf"},
    "operator below": {"leaf"},
    "manager": {"own"},
    "agent": {"own"},
    "subscriber": {"own"},
    "subscriber of two": {"own", "middle"},
    "stranger": {"stranger"},
    "manager of nobody": set[str](),
}


@pytest.fixture
def person(tree: Tree, request: pytest.FixtureRequest) -> Person:  # noqa: PLR0911 -- one of each kind
    """Each kind of person; a manager and an agent have the account ``own``."""
    administrator = people.staff(tree.middle)
    match request.param:
        case "administrator of the root":
            return people.staff(tree.root)
        case "operator in the middle":
            return administrator
        case "auditor in the middle":
            return people.staff(tree.middle, Role.AUDITOR)
        case "operator below":
            return people.staff(tree.leaf)
        case "manager":
            manager = people.staff(tree.middle, Role.MANAGER)
            give_to(administrator, tree.accounts["own"], manager=manager.membership)
            return manager
        case "agent":
            agent = people.agent(tree.middle)
            give_to(administrator, tree.accounts["own"], agent=agent.membership)
            return agent
        case "subscriber":
            return people.subscriber(tree.middle, tree.accounts["own"])
        case "subscriber of two":
            return people.subscriber(tree.middle, tree.accounts["own"], tree.accounts["middle"])
        case "stranger":
            return people.staff(tree.stranger)
        case _:
            return people.staff(tree.middle, Role.MANAGER)


@pytest.mark.parametrize(("person", "seen"), SEEN.items(), indirect=["person"], ids=SEEN)
def test_everybody_sees_what_is_theirs_and_nothing_else(tree: Tree, person: Person, seen: set[str]) -> None:
    accounts = {tree.accounts[name] for name in seen}
    assert {row.account_id for row in list_accounts(person, now=NOW).items} == accounts
    for sought in ("test", "unit-", "UNIT-", "Test"):
        assert {row.account_id for row in list_accounts(person, now=NOW, search=sought).items} == accounts
        assert {row.account_id for row in list_subscriptions(person, search=sought).items} == accounts
    assert {row.account_id for row in list_subscriptions(person).items} == accounts
    for state, plan in (("active", ""), ("", "line"), ("active", "line")):
        assert {row.account_id for row in list_subscriptions(person, state=state, plan=plan).items} == accounts
    for name, account_id in tree.accounts.items():
        if name in seen:
            found = find_account(person, account_id, now=NOW)
            assert (found.account_id, found.number, found.active) == (account_id, f"{name}-1", 1)
            assert find_number(person, f"{name}-1", now=NOW) == found
            assert list_accounts(person, now=NOW, search=f"{name}-1").items == [found]
            assert find_subscription(person, account_id, tree.subscriptions[name]).unit == f"unit-{name}"
            continue
        assert list_accounts(person, now=NOW, search=f"{name}-1").items == []
        assert list_accounts(person, now=NOW, search=f"unit-{name}").items == []
        assert list_subscriptions(person, search=f"{name}-1").items == []
        for ask in (
            lambda name=name: find_account(person, tree.accounts[name], now=NOW),
            lambda name=name: find_number(person, f"{name}-1", now=NOW),
            lambda name=name: find_subscription(person, tree.accounts[name], tree.subscriptions[name]),
        ):
            with pytest.raises(NotFound):
                ask()


def test_a_right_that_is_missing_is_told_before_anything_is_looked_up(tree: Tree) -> None:
    one = people.subscriber(tree.middle, tree.accounts["own"])
    for number in (tree.accounts["own"], tree.accounts["stranger"], 2**70, -1):
        with pytest.raises(Forbidden):
            find_account(one, number, now=NOW, right="account.block")
    with pytest.raises(NotFound):
        find_account(one, 2**70, now=NOW)
    program = Person("x", "", Kind.STAFF, None, frozenset({"plan.view"}), tree.root.id, (tree.root.id,))
    for ask in (lambda: list_accounts(program, now=NOW), lambda: list_subscriptions(program)):
        with pytest.raises(Forbidden):
            ask()


def test_a_list_can_be_narrowed_to_an_operator_of_the_subtree_only(tree: Tree) -> None:
    one = people.staff(tree.middle)
    assert [row.account_id for row in list_accounts(one, now=NOW, operator=tree.leaf.id).items] == [
        tree.accounts["leaf"]
    ]
    assert [row.account_id for row in list_subscriptions(one, operator=tree.leaf.id).items] == [tree.accounts["leaf"]]
    for ask in (list_accounts, list_subscriptions):
        values: dict[str, Any] = {"now": NOW} if ask is list_accounts else {}
        with pytest.raises(NotFound):
            ask(one, operator=tree.root.id, **values)


# ---- What is found


FOUND = {
    "anna": ["Anna Maria Petersen"],
    "PETER": ["Peter Ost", "Anna Maria Petersen"],
    "peter ost": ["Peter Ost"],
    "ost pet": ["Peter Ost"],
    "muller": ["Jürgen Müller"],
    "МЮЛ": ["Юрий Мюллер"],
    "ii": [],
    "k-10": ["Peter Ost", "Anna Maria Petersen"],  # a number, then a unit
    "K-100": ["Peter Ost"],
    "cam 7": ["Anna Maria Petersen"],
    "cam 7 ": ["Anna Maria Petersen"],
    "%": [],
    "_": [],
    "'": [],
    "' OR 1=1 --": [],
    "o'brien": ["O'Brien & Sons"],
    "sons": ["O'Brien & Sons"],
    "\0anna": ["Anna Maria Petersen"],
    "\ud800": ["everything"],
    "\U0010ffff": ["everything"],
    "&": [],
    "anna | peter": ["Anna Maria Petersen"],
    "x" * 5_000: [],
}


@pytest.fixture
def found() -> Operator:
    seller = operator()
    for number, name, units in (
        ("A-1", "Anna Maria Petersen", ["Cam 7", "cam 70", "k-10"]),
        ("K-100", "Peter Ost", []),
        ("B-2", "Jürgen Müller", []),
        ("C-3", "Юрий Мюллер", []),
        ("D-4", "O'Brien & Sons", []),
    ):
        made = open_account(seller, number, now=START, name=name)
        money.pay(made, 50_000, now=START)
        for unit in units:
            subscribe(made, "line", now=START, unit=unit)
    return seller


@pytest.mark.parametrize(("sought", "names"), FOUND.items(), ids=range(len(FOUND)))
def test_what_is_found(found: Operator, sought: str, names: list[str]) -> None:
    if names == ["everything"]:
        names = ["Anna Maria Petersen", "Jürgen Müller", "Юрий Мюллер", "O'Brien & Sons", "Peter Ost"]
    administrator, manager = people.staff(found), people.staff(found, Role.MANAGER)
    for row in list_accounts(administrator, now=NOW).items:
        give_to(administrator, row.account_id, manager=manager.membership)
    assert [row.name for row in list_accounts(administrator, now=NOW, search=sought).items] == names
    assert {row.name for row in list_accounts(manager, now=NOW, search=sought).items} == set(names)
    told = [row.name for row in list_subscriptions(administrator, search=sought).items]
    assert set(told) == set(names) & {"Anna Maria Petersen"}
    assert {row.name for row in list_subscriptions(manager, search=sought).items} == set(told)


def test_a_unit_finds_its_own_subscription_only(found: Operator) -> None:
    units = [row.unit for row in list_subscriptions(people.staff(found), search="cam 70").items]
    assert units == ["cam 70"]


def test_states_and_figures() -> None:
    seller = operator()
    administrator, manager = people.staff(seller), people.staff(seller, Role.MANAGER)
    rich, poor, owing = account(seller, 5_000), account(seller, 1_000), account(seller, credit_limit=2_000)
    for each in (rich, poor, owing):
        give_to(administrator, each, manager=manager.membership)
        subscribe(each, "line", now=START)
    blocks.block(poor, now=NOW)
    money.promise(poor, 700, 5, now=NOW)
    for person in (administrator, manager):
        assert {row.account_id for row in list_accounts(person, now=NOW).items} == {rich, poor, owing}
        assert [row.account_id for row in list_accounts(person, now=NOW, state="suspended").items] == [poor]
        assert [row.account_id for row in list_accounts(person, now=NOW, state="negative").items] == [owing]
        number = find_account(person, owing, now=NOW).number
        assert list_accounts(person, now=NOW, state="suspended", search=number).items == []
        assert len(list_accounts(person, now=NOW, state="negative", search=number).items) == 1
        for row in list_accounts(person, now=NOW, state="suspended").items:
            money_ = (row.balance, row.credit_limit, row.held, row.granted, row.available, row.active, row.suspended)
            assert money_ == (0, 0, 0, 700, 700, 0, 1)
        (row,) = list_accounts(person, now=NOW, state="negative").items
        assert (row.balance, row.available, row.currency) == (-1_000, 1_000, "EUR")
        assert [each.reasons for each in list_subscriptions(person, state="suspended").items] == [("staff",)]
    with pytest.raises(InvalidRequest):
        list_accounts(administrator, now=NOW, state="rich")
    with pytest.raises(InvalidRequest):
        list_subscriptions(administrator, state="rich")


# ---- Paging


def pages(
    ask: Callable[[str | None], Any], key: Callable[[Any], Any], between: Callable[[], None] = lambda: None
) -> Iterator[Any]:
    place = None
    for _page in range(1_000):
        page = ask(place)
        yield from map(key, page.items)
        if page.next is None:
            return
        place = page.next
        between()


def test_paging_neither_skips_nor_repeats_while_rows_come() -> None:
    seller, other = operator(), operator()
    administrator, manager = people.staff(seller), people.staff(seller, Role.MANAGER)
    administrator = Person(**{**vars(administrator), "operators": (seller.id, other.id)})
    old: set[int] = set()
    for number in range(11):
        made = open_account(
            seller if number % 2 else other,
            f"N{number % 3}{number}",
            now=START,
            name="Same Name",
            credit_limit=100_000,
            manager=manager.membership if number % 2 else None,
        )
        old.add(made)
        for _each in range(2):
            subscribe(made, "line", now=START, unit="same")

    def comes() -> None:
        made = open_account(seller, str(uuid4())[:8], now=START, name="Same Name", credit_limit=5_000)
        give_to(administrator, made, manager=manager.membership)
        subscribe(made, "line", now=START, unit="same")

    orders = {row.id for each in old for row in subscriptions_of_account(each)}
    lists: list[tuple[Any, dict[str, Any]]] = [
        (list_accounts, {"now": NOW, **narrowed})
        for narrowed in ({}, {"search": "n"}, {"search": "same"}, {"search": "same name"}, {"state": "negative"})
    ]
    lists += [
        (list_subscriptions, narrowed)
        for narrowed in ({}, {"search": "n"}, {"search": "same"}, {"state": "active"}, {"plan": "line"})
    ]
    for ask, narrowed in lists:
        for person in (administrator, manager):
            known = old if ask is list_accounts else orders
            if person is manager:
                own = {row.account_id for row in list_accounts(person, now=NOW, limit=200).items}
                known = known & own if ask is list_accounts else {
                    row.id for each in own & old for row in subscriptions_of_account(each)
                }  # fmt: skip
            for limit in (1, 4, 200):
                seen = list(
                    pages(
                        lambda place: ask(person, after=place, limit=limit, **narrowed),  # noqa: B023
                        lambda row: row.account_id if ask is list_accounts else row.id,  # noqa: B023
                        comes if limit == 4 and person is administrator else lambda: None,
                    )
                )
                assert len(seen) == len(set(seen)), (ask, narrowed, limit)
                assert set(seen) >= known, (ask, narrowed, limit)


def test_a_statement_pages_backwards_with_the_balance_after_each() -> None:
    one = account(operator())
    for number in range(1, 8):
        money.pay(one, number * 100, now=START + timedelta(days=number))
    told = list(pages(lambda place: statement(one, after=place, limit=3), lambda row: (row.amount, row.balance)))
    assert told == [(number * 100, 50 * number * (number + 1)) for number in range(7, 0, -1)]


def test_a_statement_names_what_a_charge_is_for() -> None:
    one = account(operator(), 5_000)
    ordered = subscribe(one, "line", now=START)
    first = statement(one).items[0]
    assert (first.kind, first.amount, first.balance, first.subscription_id) == ("charge", -1_000, 4_000, ordered)
    assert (str(first.starts_on), str(first.ends_on), first.charge_kind) == ("2026-01-01", "2026-02-01", "period")


def test_a_charge_keeps_the_name_of_the_plan_that_made_it() -> None:
    plans = {**LINE["plans"], "big": {"price": "30.00", "period": "month", "services": {"line": {}}}}
    one = account(operator({**LINE, "plans": plans}), 5_000)
    ordered = subscribe(one, "line", now=START, unit="door")
    change(one, ordered, plan_code="big", at_period_end=False, now=START)
    told = [(row.charge_kind, row.plan_code, row.unit) for row in statement(one).items]
    assert told == [("part", "big", "door"), ("credit", "line", "door"), ("period", "line", "door"), (None, None, None)]


def test_a_timeline_tells_all_that_happened() -> None:
    one = account(operator(), 5_000)
    ordered = subscribe(one, "line", now=START)
    blocks.block(one, now=NOW)
    told = list(pages(lambda place: timeline(one, place, 2), lambda row: (row.source, row.kind)))
    assert sorted(told) == sorted(
        [
            ("trail", "account.open"),
            ("trail", "account.adjust"),
            ("trail", "subscription.order"),
            ("trail", "account.block"),
            ("transition", "started"),
            ("transition", "blocked_by_staff"),
            ("notice", "suspended"),
        ]
    )
    stopped = next(row for row in timeline(one).items if row.kind == "blocked_by_staff")
    assert stopped.subscription_id == ordered
    assert stopped.after == {"state": "suspended", "reasons": 4, "missing": 0}


DAMAGED = [
    "x",
    "%%%",
    "é",
    "a" * 5_000,
    cursor("x"),
    cursor(1, 2, 3),
    cursor(*["0"] * 9),
    cursor("x", 0, "", 0),
    cursor(0, 2**70, "", 0),
    cursor(0, 0, "\0", 0),
    *(
        urlsafe_b64encode(text).decode()
        for text in (b"[[1]]", b'["0","0","\\ud800","0"]', b"[" * 600, b"{}", b'["0","' + b"9" * 700 + b'","","0"]')
    ),
]


@pytest.mark.parametrize("text", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_cursor_is_refused(text: str) -> None:
    seller = operator()
    one = people.staff(seller)
    for ask in (
        lambda: list_accounts(one, now=NOW, after=text),
        lambda: list_accounts(one, now=NOW, after=text, search="x"),
        lambda: list_subscriptions(one, after=text),
        lambda: list_subscriptions(one, after=text, search="x"),
        lambda: statement(1, after=text),
        lambda: timeline(1, text),
    ):
        with pytest.raises(InvalidRequest) as refused:
            ask()
        assert refused.value.field == "after"


def test_a_cursor_says_again_what_it_was_made_of() -> None:
    key = uuid4()
    place = cursor(NOW, START.date(), key, -5, 'a"ü')
    assert after(place, type(NOW), type(START.date()), type(key), int, str) == (NOW, START.date(), key, -5, 'a"ü')
    assert place.replace("-", "").replace("_", "").isalnum()


def test_the_length_of_a_page_has_limits() -> None:
    one = people.staff(operator())
    for limit in (0, -1, 201):
        with pytest.raises(InvalidRequest) as refused:
            list_accounts(one, now=NOW, limit=limit)
        assert refused.value.field == "limit"


# ---- Profiles


def test_a_new_name_is_found_and_the_old_one_no_more() -> None:
    seller = operator(LINE)
    one = people.staff(seller)
    made = open_account(seller, "1", now=START, name="Old Name")
    profiles.edit_profile(made, name="New Title", locale="de", now=NOW)
    found = find_account(one, made, now=NOW)
    assert (found.name, found.locale) == ("New Title", "de")
    assert list_accounts(one, now=NOW, search="old").items == []
    assert list_accounts(one, now=NOW, search="titl").items == [found]
    assert [row.kind for row in timeline(made).items] == ["account.edit", "account.open"]
    assert timeline(made).items[0].before == {"name": "Old Name", "locale": "en"}


def give_to(person: Person, account_id: int, *, manager: int | None = None, agent: int | None = None) -> None:
    """Give an account, whoever had it before."""
    profiles.give(person, account_id, manager=manager, agent=agent, now=NOW)
