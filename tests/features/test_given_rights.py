"""Nobody gives more than they have, or for longer; and what somebody gave is judged by what they may do now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from abono.features.access import staffing
from abono.features.access.invitations import accept, invite
from abono.features.access.operations import add_key, add_membership, add_user, revoke_key
from abono.features.access.people import Forbidden, NotFound, Person, wall_of
from abono.features.access.queries import keys_of, memberships_of, person_of, person_of_key, secret_of
from abono.features.access.rights import OF_AGENT, OF_ROLE, RIGHTS, Kind, Role
from abono.features.billing import parents
from abono.features.operators.moves import moves_of
from abono.features.operators.queries import subtree
from abono.features.webhooks.delivering import deliver
from abono.features.webhooks.makers import switch_off_foreign
from abono.features.webhooks.operations import add_endpoint, change_endpoint, send_test, switch_endpoint
from abono.features.webhooks.queries import find_endpoint, list_deliveries
from tests.features.test_operator_blocks import NOW, rows, seller
from tests.features.worlds import account

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
PASSWORD = "a ship in port is safe"


def staff(operator: Operator, role: Role = Role.ADMINISTRATOR) -> Person:
    user = add_user(f"{uuid4().hex}@example.com", now=NOW, name="Ada", password=PASSWORD)
    add_membership(user, operator.id, Kind.STAFF, role=role, now=NOW)
    return anew(user)


def anew(user: int) -> Person:
    (email,) = rows("SELECT email FROM access_user WHERE id = %s", user)[0]
    found = person_of(user, "Ada", email, "", memberships_of(user))
    assert found is not None
    return found


def acting_at(operator: Operator, somebody: Person) -> Person:
    held = [each for each in memberships_of(somebody.user or 0) if each.operator_id == operator.id]
    found = person_of(somebody.user or 0, "Ada", somebody.email, "", held)
    assert found is not None
    return found


def program(secret: str, now: datetime = LATER) -> Person:
    found = person_of_key(secret, now=now)
    assert found is not None
    return found


def asked_in(
    by: Person, operator: Operator, kind: Kind = Kind.STAFF, role: Role | None = Role.ADMINISTRATOR, **more: Any
) -> str:
    """The secret of an invitation's link."""
    sent = invite(by, f"{uuid4().hex}@example.com", operator=operator.id, kind=kind, role=role, now=NOW, **more)
    return secret_of(rows("SELECT nonce FROM access_invitation WHERE id = %s", sent)[0][0])


def gets_in(secret: str) -> bool:
    try:
        accept(secret, now=LATER, name="Grace", password=PASSWORD)
    except NotFound:
        return False
    return True


def lose(by: Person, somebody: Person, how: str) -> None:
    assert somebody.user is not None
    assert somebody.membership is not None
    if how == "demoted":
        staffing.change_role(by, somebody.membership, Role.ACCOUNTANT, now=NOW)
    elif how == "ended":
        staffing.end_membership(by, somebody.membership, now=NOW)
    else:
        staffing.set_active(by, somebody.user, active=False, now=NOW)


LOSSES = ["demoted", "ended", "deactivated"]


@pytest.mark.parametrize("how", LOSSES)
@pytest.mark.parametrize("kind", list(Kind))
def test_who_may_not_let_people_in_any_more_lets_nobody_in(how: str, kind: Kind) -> None:
    top = seller()
    root, bob = staff(top), staff(top)
    role = Role.ADMINISTRATOR if kind is Kind.STAFF else None
    more = {"account": account(top)} if kind is Kind.SUBSCRIBER else {}
    secret, kept = (asked_in(by, top, kind, role, **more) for by in (bob, root))
    lose(root, bob, how)
    assert (gets_in(secret), gets_in(kept)) == (False, True)


@pytest.mark.parametrize("how", LOSSES)
def test_keys_may_do_no_more_than_who_made_them_may_now(how: str) -> None:
    top = seller()
    root, bob = staff(top), staff(top)
    mine = add_key(root, top.id, "Root's", RIGHTS, now=NOW)
    first = add_key(bob, top.id, "Bob's", RIGHTS, now=NOW)
    second = add_key(program(first), top.id, "By the key", ["account.view", "key.change"], now=NOW)
    secret = asked_in(program(first), top)
    lose(root, bob, how)
    left = OF_ROLE[Role.ACCOUNTANT] if how == "demoted" else None
    found = [person_of_key(each, now=LATER) for each in (first, second)]
    if left:
        assert [each and each.rights for each in found] == [left, frozenset({"account.view"})]
    else:
        assert found == [None, None]
    assert program(mine).rights == frozenset(RIGHTS)
    assert not gets_in(secret)
    shown = {each["name"]: set(each["rights"]) for each in keys_of(root)}
    assert (shown["Bob's"], shown["Root's"]) == (set(left or ()), set(RIGHTS))
    with wall_of(root):
        assert {each["name"]: set(each["rights"]) for each in keys_of(root)} == shown


def test_a_key_that_a_key_made_ends_with_it() -> None:
    top = seller()
    root = staff(top)
    first = add_key(root, top.id, "First", RIGHTS, now=NOW)
    second = add_key(program(first), top.id, "Second", ["key.change"], now=NOW)
    third = add_key(program(second), top.id, "Third", ["key.change"], now=NOW)
    secret = asked_in(program(first), top, Kind.AGENT, None)
    revoke_key(root, program(first).key or 0, now=NOW)
    assert [person_of_key(each, now=LATER) for each in (second, third)] == [None, None]
    assert not gets_in(secret)


@pytest.mark.parametrize("kind", [Kind.AGENT, Kind.SUBSCRIBER])
def test_a_key_lets_nobody_in_who_may_do_more_than_it(kind: Kind) -> None:
    top = seller()
    more = {"account": account(top)} if kind is Kind.SUBSCRIBER else {}
    clerk = program(add_key(staff(top), top.id, "Clerk", ["person.change", "person.view"], now=NOW))
    with pytest.raises(Forbidden):
        asked_in(clerk, top, kind, None, **more)
    assert rows("SELECT id FROM access_invitation") == []


def test_a_key_that_ends_gives_nothing_that_lasts_longer() -> None:
    top = seller()
    ends = NOW + timedelta(days=2)
    root, bob = staff(top), staff(top, Role.AUDITOR)
    mine = program(add_key(root, top.id, "For two days", RIGHTS, now=NOW, expires_at=ends))
    for longer in (None, ends + timedelta(seconds=1)):
        with pytest.raises(Forbidden):
            add_key(mine, top.id, "Longer", ["account.view"], now=NOW, expires_at=longer)
    with pytest.raises(Forbidden):
        asked_in(mine, top)
    with pytest.raises(Forbidden):
        staffing.change_role(mine, bob.membership or 0, Role.ADMINISTRATOR, now=NOW)
    assert len(keys_of(root)) == 1
    assert program(add_key(mine, top.id, "As long", ["account.view"], now=NOW, expires_at=ends)).until == ends
    asked_in(mine, top, Kind.AGENT, None)
    assert rows("SELECT expires_at FROM access_invitation") == [(ends,)]
    assert mine.rights >= OF_AGENT


@pytest.mark.parametrize("day", [None, date(2026, 2, 1)])
def test_a_move_ends_what_those_above_the_old_place_had_at_the_operator(
    day: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    top = seller()
    west, east = seller(top), seller(top)
    low = seller(west)
    makers = {"top": staff(top), "west": staff(west), "own": staff(low)}
    makers["key"] = program(add_key(makers["west"], west.id, "West's", RIGHTS, now=NOW))
    keys, links, hooks = {}, {}, {}
    for name, by in makers.items():
        keys[name] = add_key(by, low.id, name, RIGHTS, now=NOW)
        links[name] = asked_in(by, low, Kind.AGENT, None)
        hooks[name] = add_endpoint(by, low.id, f"http://127.0.0.1/{name}", [], now=NOW).id
    before = rows("SELECT revoked_at FROM access_apikey") + rows("SELECT disabled_at FROM webhooks_endpoint")
    ending = parents.ended_by_move(low, east.id, now=NOW)
    assert list(ending.keys) == ["key", "west"]
    assert list(ending.webhooks) == ["http://127.0.0.1/key", "http://127.0.0.1/west"]
    assert len(ending.invitations) == 2
    assert before == rows("SELECT revoked_at FROM access_apikey") + rows("SELECT disabled_at FROM webhooks_endpoint")
    parents.move_operator(low, east.id, valid_from=day, made_by="ann@example.com", now=NOW)
    moved = NOW if day is None else datetime(2026, 2, 2, tzinfo=UTC)
    parents.carry_out_due_moves(moved)
    for name in makers:
        stays = name in {"top", "own"}
        assert (person_of_key(keys[name], now=LATER) is not None) == stays, name
        assert (find_endpoint(makers["top"], hooks[name]).disabled_at is None) == stays, name
        assert gets_in(links[name]) == stays, name
    # They do not come back with the operator.
    parents.move_operator(low, west.id, made_by="ann@example.com", now=moved + timedelta(days=1))
    assert person_of_key(keys["west"], now=LATER) is None


@pytest.mark.parametrize("day", [None, date(2026, 2, 1)])
def test_a_move_ends_what_the_old_parents_people_were_let_in_for(day: date | None) -> None:
    top = seller()
    west, east = seller(top), seller(top)
    low, beside = seller(west), seller(west)
    lowest = seller(low)
    boss, own, root = staff(west), staff(low), staff(top)
    clerk = program(add_key(boss, west.id, "West's", RIGHTS, now=NOW))

    def let_in(by: Person, somebody: Person, at: Operator, role: Role | None = Role.ADMINISTRATOR) -> int:
        kind = Kind.STAFF if role else Kind.AGENT
        asked = invite(by, somebody.email, operator=at.id, kind=kind, role=role, now=NOW)
        secret = secret_of(rows("SELECT nonce FROM access_invitation WHERE id = %s", asked)[0][0])
        return accept(secret, now=NOW, user=somebody.user)

    west_s = [staff(west, Role.AUDITOR), staff(beside, Role.AUDITOR), staff(west, Role.AUDITOR), staff(beside)]
    let_in(boss, west_s[0], low)
    let_in(clerk, west_s[1], lowest, None)
    first = acting_at(low, west_s[0])
    let_in(first, west_s[2], lowest)  # by whom the west let in
    let_in(own, west_s[3], low)  # by the operator's own: stays
    new = asked_in(boss, low)  # somebody of nobody else's: the operator's first administrator
    accept(new, now=NOW, name="Grace", password=PASSWORD)
    (grace,) = rows("SELECT email FROM access_user WHERE name = 'Grace'")[0]
    easts = staff(east, Role.AUDITOR)
    let_in(root, easts, low)  # by who stands above both places: stays
    key = add_key(first, low.id, "Left behind", ["account.view"], now=NOW)

    def there() -> set[str]:
        found = rows(
            "SELECT u.email FROM access_membership AS m JOIN access_user AS u ON m.user_id = u.id"
            " WHERE m.ended_at IS NULL AND m.operator_id = ANY(%s)", [low.id, lowest.id],
        )  # fmt: skip
        return {email for (email,) in found}

    everybody = there()
    ending = parents.ended_by_move(low, east.id, now=NOW)
    leave = {each.email for each in west_s[:3]}
    assert (set(ending.people), list(ending.staying), list(ending.keys)) == (leave, [grace], ["Left behind"])
    assert there() == everybody
    parents.move_operator(low, east.id, valid_from=day, made_by="ann@example.com", now=NOW)
    parents.carry_out_due_moves(NOW if day is None else datetime(2026, 2, 2, tzinfo=UTC))
    assert there() == everybody - leave
    assert person_of_key(key, now=LATER) is None
    left = {int(row[0]) for row in rows("SELECT subject FROM base_trail WHERE action = 'person.leave'")}
    assert left == {each.user for each in west_s[:3]}


TOMORROW, MIDNIGHT = date(2026, 1, 11), datetime(2026, 1, 11, tzinfo=UTC)


def planned(by: Person, operator: Operator, parent: Operator, day: date = TOMORROW) -> None:
    done = parents.move_operator(
        operator, parent.id, valid_from=day, made_by=by.name, user=by.user, key=by.key, now=NOW
    )
    assert not done


def states(operator: Operator) -> list[str]:
    return [each.state for each in moves_of(operator.id)]


@pytest.mark.parametrize("maker", ["a user", "a key"])
def test_a_move_that_waits_does_not_pull_an_operator_back_from_its_new_owner(maker: str) -> None:
    top = seller()
    west, east = seller(top), seller(top)
    first, second, third = seller(west), seller(west), seller(west)
    by = staff(west)
    if maker == "a key":
        by = program(add_key(by, west.id, "West's", ["operator.change"], now=NOW))
    planned(by, first, second)
    planned(by, third, first)
    planned(staff(top), first, top, date(2026, 1, 13))
    named = [f"{first.name} → {second.name}", f"{third.name} → {first.name}"]
    assert list(parents.ended_by_move(first, east.id, now=NOW).moves) == sorted(named)
    assert states(first) == ["waiting", "waiting"]
    parents.move_operator(first, east.id, made_by="top", now=NOW)
    # The one who stands above both places may still do what was planned.
    assert states(first) == ["waiting", "withdrawn", "done"]
    assert states(third) == ["withdrawn"]
    assert parents.carry_out_due_moves(MIDNIGHT) == 0
    assert subtree(east.id) == [east.id, first.id]
    told = rows("SELECT operator_id FROM base_trail WHERE action = 'operator.move_withdraw' ORDER BY operator_id")
    assert told == [(first.id,), (third.id,)]


@pytest.mark.parametrize("how", [*LOSSES, "revoked", "expired"])
def test_a_move_that_waits_is_not_done_for_who_may_not_move_any_more(how: str) -> None:
    top = seller()
    west = seller(top)
    low, other, kept = seller(west), seller(west), seller(west)
    root, bob = staff(top), staff(west)
    by = bob
    if how in {"revoked", "expired"}:
        ends = MIDNIGHT - timedelta(hours=1) if how == "expired" else None
        by = program(add_key(bob, west.id, "Bob's", ["operator.change"], now=NOW, expires_at=ends))
    planned(by, low, other)
    planned(root, kept, other)
    if how == "revoked":
        revoke_key(root, by.key or 0, now=NOW)
    elif how != "expired":
        lose(root, bob, how)
    # Not only when it is due: within a minute, so that nobody waits for it.
    assert parents.carry_out_due_moves(MIDNIGHT - timedelta(minutes=1)) == 0
    assert (states(low), states(kept)) == (["withdrawn"], ["waiting"])
    assert parents.carry_out_due_moves(MIDNIGHT) == 1
    assert sorted(subtree(other.id)) == sorted([other.id, kept.id])


def test_what_would_close_a_circle_without_a_withdrawn_move_is_withdrawn_too() -> None:
    top = seller()
    west = seller(top)
    one, two = seller(west), seller(west)
    inner = seller(one)
    root, bob = staff(top), staff(west)
    planned(bob, inner, two)
    planned(root, one, inner, date(2026, 1, 12))
    lose(root, bob, "ended")
    assert parents.carry_out_due_moves(datetime(2026, 1, 12, tzinfo=UTC)) == 0
    assert (states(inner), states(one)) == (["withdrawn"], ["withdrawn"])
    assert sorted(subtree(one.id)) == [one.id, inner.id]


@pytest.mark.parametrize("how", [*LOSSES, "revoked", "expired"])
def test_an_endpoint_is_told_while_whoever_answers_for_it_may_hear(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    top = seller()
    root, bob = staff(top), staff(top)
    by, ends = bob, LATER - timedelta(minutes=1)
    if how in {"revoked", "expired"}:
        rights = ["webhook.change", "account.view"]
        expires_at = ends if how == "expired" else None
        by = program(add_key(bob, top.id, "Bob's", rights, now=NOW, expires_at=expires_at), NOW)
    # Nothing listens there: what is tried is not heard, and waits.
    lost, kept = (
        add_endpoint(each, top.id, "http://127.0.0.1:9/", ["account.opened"], now=NOW).id for each in (by, root)
    )
    account(top)
    if how == "revoked":
        revoke_key(root, by.key or 0, now=NOW)
    elif how != "expired":
        lose(root, bob, how)
    deliver(LATER)
    assert find_endpoint(root, lost).disabled_at is not None
    assert find_endpoint(root, kept).disabled_at is None
    assert [each.error for each in list_deliveries(root, lost).items] == ["the endpoint was switched off"]
    assert [each.state for each in list_deliveries(root, kept).items] == ["waiting"]
    assert rows("SELECT subject FROM base_trail WHERE action = 'webhook.switch'") == [(str(lost),)]
    # Whoever switches it on answers for it from then on.
    switch_endpoint(root, lost, enabled=True, now=LATER)
    assert switch_off_foreign(now=LATER) == []


def test_an_endpoint_is_for_who_may_see_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    top = seller()
    root = staff(top)
    url = "http://127.0.0.1/hook"
    needed = {
        "account.opened": "account.view", "payment.received": "payment.view", "charge.made": "payment.view",
        "entry.posted": "payment.view", "subscription.ended": "subscription.view", "run.failed": "run.view",
    }  # fmt: skip
    for type_, right in needed.items():
        rights = ["webhook.change", "webhook.view", *(set(needed.values()) - {right})]
        weak = program(add_key(root, top.id, f"Not {right}", rights, now=NOW))
        whole = add_endpoint(root, top.id, url, [], now=NOW).id
        for wanted in ([type_], []):
            with pytest.raises(Forbidden):
                add_endpoint(weak, top.id, url, wanted, now=NOW)
        with pytest.raises(Forbidden):
            change_endpoint(weak, whole, "http://127.0.0.1/mine", [], now=NOW)
        switch_endpoint(root, whole, enabled=False, now=NOW)
        with pytest.raises(Forbidden):
            switch_endpoint(weak, whole, enabled=True, now=NOW)
        assert find_endpoint(root, whole).url == url
    enough = program(add_key(root, top.id, "Enough", ["webhook.change", "account.view"], now=NOW))
    named = add_endpoint(enough, top.id, url, ["account.opened"], now=NOW).id
    send_test(enough, named, now=NOW)
    assert switch_off_foreign(now=NOW) == []
