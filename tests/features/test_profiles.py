"""What is written about accounts: profiles, who serves them, notes; as seen by the person who writes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from abono.base.refusal import InvalidRequest
from abono.base.trail import trail_of_account
from abono.features.access.operations import add_membership, add_user
from abono.features.access.people import Forbidden, NotFound, Person, wall_of
from abono.features.access.queries import memberships_of, person_of
from abono.features.access.rights import Kind, Role
from abono.features.accounts import profiles
from abono.features.accounts.operations import DuplicateNumber, open_account
from abono.features.accounts.queries import labels_of
from abono.features.billing import money
from abono.features.ledger.operations import available

from .worlds import START, account, operator

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)


def person(seller: int, kind: Kind = Kind.STAFF, role: Role | None = Role.ADMINISTRATOR) -> Person:
    user = add_user(f"{uuid4()}@example.com", now=START, name="Anna")
    add_membership(user, seller, kind, now=START, role=role)
    found = person_of(user, "Anna", "anna@example.com", "en", memberships_of(user))
    assert found is not None
    return found


def test_a_profile_is_edited_with_a_line_in_the_trail() -> None:
    made = account(operator())
    profiles.edit_profile(made, name="Ivanov", locale="ru", now=START)
    line = trail_of_account(made, 1)[0]
    assert (line["action"], line["before"], line["after"]) == (
        "account.edit",
        '{"name": "", "locale": "en"}',
        '{"name": "Ivanov", "locale": "ru"}',
    )


@pytest.mark.parametrize(
    ("name", "locale", "field"), [("x" * 201, "en", "name"), ("a\0b", "en", "name"), ("x", "no language", "locale")]
)
def test_a_profile_that_fits_nowhere_is_refused(name: str, locale: str, field: str) -> None:
    made = account(operator())
    before = trail_of_account(made, 10)
    with pytest.raises(InvalidRequest) as caught:
        profiles.edit_profile(made, name=name, locale=locale, now=START)
    assert caught.value.field == field
    assert trail_of_account(made, 10) == before


@pytest.mark.parametrize(
    "number",
    [
        *("", " 1", "1 ", "x" * 41, "a\nb", "a\0"),
        *("1\u200b", "\u202e1", "1\xa02", "\ufeff1", "1\ufe0f", "\ud800"),
    ],
)
def test_a_number_that_cannot_be_found_again_is_refused(number: str) -> None:
    with pytest.raises(InvalidRequest):
        open_account(operator(), number, now=START)


def test_notes_are_written_and_struck_out() -> None:
    made = account(operator())
    profiles.write_note(made, " called about <b>the bill</b> ", author="Anna", now=START)
    profiles.write_note(made, "second", author="Boris", now=START + timedelta(hours=1))
    second, first = profiles.notes_of(made)
    assert (first.author, first.text) == ("Anna", "called about <b>the bill</b>")
    profiles.strike_note(made, second.id, now=START + timedelta(hours=2))
    assert [note.text for note in profiles.notes_of(made)] == ["called about <b>the bill</b>"]
    with pytest.raises(NotFound):
        profiles.strike_note(made, second.id, now=START + timedelta(hours=3))


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\0b"])
def test_a_note_that_fits_nowhere_is_refused(text: str) -> None:
    made = account(operator())
    with pytest.raises(InvalidRequest):
        profiles.write_note(made, text, author="Anna", now=START)
    assert profiles.notes_of(made) == []


def given(seller: Operator) -> str:
    """The number of an account that is opened without one."""
    opened = open_account(seller, None, now=START)
    return labels_of([opened])[opened].number


def test_numbers_count_on_from_the_last_that_was_given_whatever_somebody_chose() -> None:
    seller = operator()
    assert given(seller) == "1001"
    for number in ("00123", "999999999999999", "9" * 40, "1", "5000", "A-7"):
        open_account(seller, number, now=START)
    assert given(seller) == "1002"
    for number in ("1003", "1004", "1006"):  # in its way: stepped over
        open_account(seller, number, now=START)
    assert [given(seller) for _ in range(3)] == ["1005", "1007", "1008"]


@pytest.mark.parametrize(
    ("numbers", "follow"),
    [
        (("100200",), ["100201", "100202"]),
        (("0998", "0999"), ["1000", "1001"]),
        (("9998", "10000"), ["9999", "10001"]),
        (("1001", "00123"), ["1002", "1003"]),
        (("2001", "2002", "100000"), ["2003", "2004"]),
        (("999999999999999",), ["1001", "1002"]),
        (("N-1",), ["1001", "1002"]),
        (("009", "100", "zz-9", "99"), ["101", "102"]),
    ],
)
def test_a_series_begins_after_the_greatest_of_the_numbers_that_are_like_most(
    numbers: tuple[str, ...], follow: list[str]
) -> None:
    seller = operator()
    for number in numbers:
        open_account(seller, number, now=START)
    assert [given(seller) for _ in follow] == follow


def test_an_account_is_given_to_people_who_serve_its_operator() -> None:
    seller = operator()
    boss, manager, agent = person(seller.id), person(seller.id, role=Role.MANAGER), person(seller.id, Kind.AGENT, None)
    stranger = person(operator().id, role=Role.MANAGER)
    made = account(seller)
    with wall_of(manager), pytest.raises(NotFound):
        profiles.edit_profile(made, name="mine?", locale="en", now=START)
    with wall_of(boss):
        profiles.give(boss, made, manager=manager.membership, agent=agent.membership, now=START)
        for field, foreign in (("manager", stranger.membership), ("agent", stranger.membership)):
            with pytest.raises(InvalidRequest):
                profiles.give(boss, made, **{"manager": None, "agent": None, field: foreign}, now=START)
    with wall_of(manager):
        profiles.edit_profile(made, name="mine", locale="en", now=START)
    with pytest.raises(Forbidden):
        profiles.give(manager, made, manager=None, agent=None, now=START)
    names = {(servant.kind, servant.membership) for servant in profiles.servants(boss, seller.id)}
    assert names == {(Kind.STAFF, manager.membership), (Kind.AGENT, agent.membership)}


@pytest.mark.parametrize(("kind", "role"), [(Kind.STAFF, Role.MANAGER), (Kind.AGENT, None)])
def test_whoever_has_only_own_accounts_opens_them_behind_the_wall(kind: Kind, role: Role | None) -> None:
    seller = operator()
    one = person(seller.id, kind, role)
    manager, agent = (one.membership, None) if role else (None, one.membership)
    with wall_of(one):
        made = open_account(
            seller, "77", now=START, credit_limit=500, name="Own", locale="de", manager=manager, agent=agent
        )
        with pytest.raises(DuplicateNumber):
            open_account(seller, "77", now=START, manager=manager, agent=agent)
        money.pay(made, 250, now=START)
        assert available(made, START) == 750
