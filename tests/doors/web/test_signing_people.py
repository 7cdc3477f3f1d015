"""The pages of people and of keys, by the requests of their forms: what they do, and what they refuse."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.doors.web.signing_world import (
    Somebody,
    below,
    browser,
    counts,
    forget_jobs,
    forget_limits,
    is_in,
    provider,
    rows,
    sign_in,
    signed_in,
    somebody,
)
from tests.doors.web.test_signing_in import with_totp
from tests.doors.web.test_signing_invited import person
from tests.features.worlds import account as open_account

from abono.features.access.operations import add_key, add_membership
from abono.features.access.queries import person_of_key
from abono.features.access.rights import RIGHTS, Kind, Role
from abono.features.billing.parents import move_operator
from abono.features.webhooks.operations import add_endpoint

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


def later(client: Client, seconds: int) -> None:
    """Let time pass since somebody typed the password."""
    session = client.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**each, "at": each["at"] - seconds} for each in records]
    session.save()


def test_the_list_shows_the_own_subtree_and_finds_by_name() -> None:
    root = provider()
    child, other = below(root), provider()
    ada, bob = somebody(root, name="Ada"), somebody(child, role=Role.MANAGER, name="Bob 100%")
    eve = somebody(other, name="Eve")
    with_totp(bob.user)
    client = signed_in(ada)
    body = client.get("/people/").content.decode()
    assert ada.email in body
    assert bob.email in body
    assert eve.email not in body
    assert "Manager · Southern Light" in body
    found = client.get("/people/", {"q": "100%"}).content.decode()
    assert bob.email in found
    assert f"/people/{ada.user}/" not in found
    assert bob.email not in client.get("/people/", {"q": "1_0%"}).content.decode()
    assert bob.email not in client.get("/people/", {"role": "administrator"}).content.decode()
    assert bob.email in client.get("/people/", {"kind": "staff", "role": "manager"}).content.decode()
    assert client.get("/people/", {"after": "damaged"}).status_code == 422
    assert signed_in(somebody(root, role=Role.MANAGER)).get("/people/").status_code == 403


def test_the_list_has_pages() -> None:
    root = provider()
    ada = somebody(root)
    everybody = {ada.email, *(somebody(root, role=Role.AUDITOR).email for _ in range(60))}
    client = signed_in(ada)
    seen: list[str] = []
    address = "/people/"
    while address:
        body = client.get(address).content.decode()
        seen += re.findall(r'data-label="Email">([^<]+)<', body)
        more = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', body)
        address = f"/people/{more[1]}".replace("&amp;", "&") if more else ""
    assert seen == sorted(everybody)


def test_somebody_elses_people_are_not_there() -> None:
    ada, eve = somebody(), somebody()
    client = signed_in(ada)
    before = counts()
    other = signed_in(eve)
    session = rows("usersessions_usersession", user_id=eve.user)[0]["id"]
    foreign = f"/people/{eve.user}/"
    assert client.get(foreign).status_code == 404
    for address, sent in [
        (f"memberships/{eve.membership}/end/", {}),
        (f"memberships/{eve.membership}/role/", {"role": "auditor"}),
        ("active/", {"active": "no"}),
        ("sessions/end/", {"session": session}),
        ("second-factor/remove/", {}),
    ]:
        assert client.post(foreign + address, sent).status_code == 404
        # nor by way of somebody who is there
        assert client.post(f"/people/{ada.user}/{address}", sent).status_code in {403, 404}
    assert client.post("/people/invitations/1/revoke/").status_code == 404
    assert is_in(other)
    assert counts() == {**before, "base_trail": before["base_trail"] + 1}  # eve's own sign-in


def test_somebody_is_invited_on_the_page() -> None:
    root = provider()
    child = below(root)
    ada = somebody(root)
    client = signed_in(ada)
    sent = {"email": "New@Example.com", "as_what": "accountant", "operator": child.id, "locale": "de"}
    assert client.get("/people/invite/").status_code == 200
    assert client.post("/people/invite/", sent).status_code == 303
    (invitation,) = rows("access_invitation")
    chosen = {key: invitation[key] for key in ("email", "operator_id", "kind", "role", "locale", "made_by_id")}
    assert chosen == {
        "email": "new@example.com",
        "operator_id": child.id,
        "kind": "staff",
        "role": "accountant",
        "locale": "de",
        "made_by_id": ada.user,
    }
    (job,) = rows("procrastinate_jobs", task_name="access.mail_invitation")
    assert "secret" not in job["args"]
    assert "new@example.com" in client.get("/people/").content.decode()
    before = counts()
    for wrong in [
        {**sent, "email": "nobody"},
        {**sent, "as_what": "emperor"},
        {**sent, "operator": provider().id},
        {**sent, "as_what": "subscriber", "account": "no such number"},
        {**sent, "as_what": "subscriber"},
        {**sent, "email": ada.email, "as_what": "administrator", "operator": root.id},
    ]:
        answer = client.post("/people/invite/", wrong)
        assert answer.status_code == 422
        assert f'value="{wrong["email"]}"' in answer.content.decode()
    assert counts() == before
    assert client.post(f"/people/invitations/{invitation['id']}/revoke/").status_code == 303
    assert rows("access_invitation")[0]["revoked_at"] is not None


def test_a_subscriber_is_invited_to_an_account_by_its_number() -> None:
    root = provider()
    account = open_account(root, number="1001")
    foreign = provider()
    open_account(foreign, number="2002")
    client = signed_in(somebody(root))
    sent = {"email": "s@example.com", "as_what": "subscriber", "operator": root.id, "locale": "en", "account": "2002"}
    assert client.post("/people/invite/", sent).status_code == 422
    assert client.post("/people/invite/", {**sent, "account": "1001"}).status_code == 303
    (invitation,) = rows("access_invitation")
    assert (invitation["kind"], invitation["account_id"], invitation["operator_id"]) == ("subscriber", account, root.id)


def test_after_a_while_the_password_is_asked_again_and_then_it_is_done() -> None:
    ada = somebody()
    client = signed_in(ada)
    later(client, 901)
    sent = {"email": "new@example.com", "as_what": "auditor", "operator": ada.operator.id, "locale": "en"}
    answer = client.post("/people/invite/", sent)
    assert (answer.status_code, answer["Location"]) == (302, "/sign/reauthenticate/?next=%2Fpeople%2Finvite%2F")
    assert rows("access_invitation") == []
    assert client.post(answer["Location"], {"password": "wrong"}).status_code == 200
    assert rows("access_invitation") == []
    done = client.post(answer["Location"], {"password": "correct horse battery", "next": "/people/invite/"})
    assert (done.status_code, done["Location"]) == (303, "/people/")
    assert [row["role"] for row in rows("access_invitation")] == ["auditor"]
    assert [row["actor"] for row in rows("base_trail", action="person.invite")] == [ada.email]


def test_a_membership_is_ended_after_saying_what_that_means() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root, role=Role.ACCOUNTANT, name="Bob")
    client, theirs = signed_in(ada), signed_in(bob)
    address = f"/people/{bob.user}/memberships/{bob.membership}/end/"
    assert "Bob is no longer let in as Accountant" in client.get(address).content.decode()
    assert is_in(theirs)
    assert client.post(address).status_code == 303
    assert theirs.get("/").status_code == 403
    assert client.post(address).status_code == 404
    assert "Ended" in client.get(f"/people/{bob.user}/").content.decode()


def test_what_a_person_or_a_key_made_and_ends_with_them_is_named_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    root = provider()
    child, other = below(root), below(root)
    ada, bob = somebody(root), somebody(root, name="Bob")
    theirs = person(bob)
    key = person_of_key(add_key(theirs, root.id, "Shop", RIGHTS, now=datetime.now(UTC)), now=datetime.now(UTC))
    assert key is not None
    for by, name in ((theirs, "bob"), (key, "shop"), (person(ada), "ada")):
        add_endpoint(by, root.id, f"http://127.0.0.1/{name}", [], now=datetime.now(UTC))
    move_operator(child, other.id, valid_from=date(2999, 1, 1), made_by="Bob", user=bob.user, now=datetime.now(UTC))
    client, before = signed_in(ada), counts()
    hooks = "These webhooks are switched off: http://127.0.0.1/bob, http://127.0.0.1/shop."
    moves = f"These moves, which wait, are withdrawn: {child.name} → {other.name}."
    held = f"/people/{bob.user}/memberships/{bob.membership}"
    for address in (f"{held}/end/", f"{held}/role/", f"/people/{bob.user}/active/"):
        page = client.get(address).content.decode()
        assert hooks in page, address
        assert moves in page, address
    page = client.get(f"/keys/{key.key}/revoke/").content.decode()
    assert "These webhooks are switched off: http://127.0.0.1/shop." in page
    assert moves not in page
    assert counts() == before
    assert [row["disabled_at"] for row in rows("webhooks_endpoint")] == [None, None, None]
    assert is_in(signed_in(bob))


def test_a_role_changes_from_the_next_request_on() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root, role=Role.MANAGER)
    client, theirs = signed_in(ada), signed_in(bob)
    address = f"/people/{bob.user}/memberships/{bob.membership}/role/"
    assert theirs.get("/people/").status_code == 403
    assert client.post(address, {"role": "emperor"}).status_code == 422
    assert client.post(address, {"role": "auditor"}).status_code == 303
    assert theirs.get("/people/").status_code == 200
    (line,) = rows("base_trail", action="person.change_role")
    assert ('"manager"' in str(line["before"]), '"auditor"' in str(line["after"])) == (True, True)
    assert rows("access_membership", id=bob.membership)[0]["role"] == "auditor"


def test_the_provider_keeps_an_administrator() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root)
    gone = somebody(root)
    client = signed_in(ada)
    assert client.post(f"/people/{gone.user}/active/", {"active": "no"}).status_code == 303
    assert client.post(f"/people/{bob.user}/memberships/{bob.membership}/end/").status_code == 303
    before = counts()
    own = f"/people/{ada.user}/memberships/{ada.membership}"
    assert client.post(f"{own}/end/").status_code == 422
    assert client.post(f"{own}/role/", {"role": "auditor"}).status_code == 422
    assert client.post(f"/people/{ada.user}/active/", {"active": "no"}).status_code == 403
    assert counts() == before
    assert client.get("/people/").status_code == 200


def test_two_administrators_cannot_remove_each_other() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    root = provider()
    ada, bob = somebody(root), somebody(root)
    pairs = [(signed_in(ada), bob), (signed_in(bob), ada)]

    def remove(pair: tuple[Client, Somebody]) -> int:
        client, other = pair
        try:
            return client.post(f"/people/{other.user}/memberships/{other.membership}/end/").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(remove, pairs))
    assert statuses[0] == 303
    assert statuses[1] in {403, 422}
    assert len([row for row in rows("access_membership") if row["ended_at"] is None]) == 1


def test_who_is_deactivated_is_out_at_once_and_may_come_back() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root, role=Role.MANAGER)
    client, theirs = signed_in(ada), signed_in(bob)
    assert is_in(theirs)
    address = f"/people/{bob.user}/active/"
    assert "Deactivate" in client.get(address).content.decode()
    for _ in range(2):  # a second click changes nothing
        assert client.post(address, {"active": "no"}).status_code == 303
    assert rows("access_user", id=bob.user)[0]["is_active"] is False
    assert theirs.get("/").status_code == 302
    assert sign_in(browser(), bob.email).status_code == 200
    assert len(rows("base_trail", action="person.deactivate")) == 1
    assert client.post(address, {"active": "yes"}).status_code == 303
    assert sign_in(browser(), bob.email).status_code == 302


def test_somebody_whom_others_let_in_too_is_theirs_as_well() -> None:
    root, other = provider(), provider()
    ada, bob = somebody(root), somebody(root, role=Role.MANAGER)
    add_membership(bob.user, other.id, Kind.STAFF, role=Role.AUDITOR, now=datetime.now(UTC))
    theirs = browser("203.0.113.77")
    sign_in(theirs, bob.email)
    client = signed_in(ada)
    body = client.get(f"/people/{bob.user}/").content.decode()
    assert "203.0.113.77" not in body
    assert other.name not in body or other.name == root.name
    for address in ("active/", "sessions/end/", "second-factor/remove/"):
        assert client.post(f"/people/{bob.user}/{address}", {"active": "no"}).status_code == 422
    assert is_in(theirs)
    assert client.post(f"/people/{bob.user}/memberships/{bob.membership}/end/").status_code == 303
    assert is_in(theirs)  # as the other operator's auditor


def test_staff_sign_somebody_out_and_take_away_a_lost_second_factor() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root, role=Role.MANAGER)
    first, second = signed_in(bob), signed_in(bob)
    with_totp(bob.user)
    client = signed_in(ada)
    page = client.get(f"/people/{bob.user}/").content.decode()
    assert page.count("127.0.0.1") >= 2
    session = rows("usersessions_usersession", session_key=first.session.session_key)[0]["id"]
    assert client.post(f"/people/{bob.user}/sessions/end/", {"session": "0"}).status_code == 404
    assert client.post(f"/people/{bob.user}/sessions/end/", {"session": session}).status_code == 303
    assert not is_in(first)
    assert is_in(second)
    assert client.post(f"/people/{bob.user}/second-factor/remove/").status_code == 303
    assert not is_in(second)
    assert sign_in(browser(), bob.email)["Location"] == "/"


def test_ones_own_sessions_are_ended_one_by_one() -> None:
    ada, eve = somebody(), somebody()
    here, there, third = signed_in(ada), signed_in(ada), signed_in(ada)
    foreign = signed_in(eve)
    ids = {
        name: rows("usersessions_usersession", session_key=client.session.session_key)[0]["id"]
        for name, client in {"here": here, "there": there, "foreign": foreign}.items()
    }
    for name in ("there", "here", "foreign"):
        assert here.post("/me/sessions/end/", {"session": ids[name]}).status_code == 303
    assert [is_in(each) for each in (here, there, third, foreign)] == [True, False, True, True]
    assert here.post("/me/sessions/end/", {"session": "1; DROP"}).status_code == 404
    assert here.post("/me/sessions/end/").status_code == 303
    assert [is_in(each) for each in (here, third, foreign)] == [True, False, True]


@pytest.mark.parametrize("role", list(Role))
def test_everybody_changes_their_own_name_and_language(role: Role) -> None:
    ada = somebody(role=role)
    client = signed_in(ada)
    assert client.get("/me/").status_code == 200
    assert client.post("/me/", {"name": "Ada Lovelace", "locale": "es"}).status_code == 303
    (user,) = rows("access_user", id=ada.user)
    assert (user["name"], user["locale"]) == ("Ada Lovelace", "es")
    assert 'lang="es"' in client.get("/me/").content.decode()
    kept = client.post("/me/", {"name": "<b>A</b>", "locale": "xx"})
    assert kept.status_code == 422
    assert "&lt;b&gt;A" in kept.content.decode()
    (line,) = rows("base_trail", action="person.change")
    assert (line["actor"], line["operator_id"]) == (ada.email, ada.operator.id)


def test_agents_and_subscribers_change_their_own_too() -> None:
    root = provider()
    number = open_account(root)
    for each in (
        somebody(root, kind=Kind.AGENT, role=None),
        somebody(root, kind=Kind.SUBSCRIBER, role=None, account=number),
    ):
        client = signed_in(each)
        assert client.post("/me/", {"name": "New", "locale": "tr"}).status_code == 303
        assert client.get("/me/").status_code == 200
        for page in ("/people/", "/keys/", "/people/invite/", f"/people/{each.user}/"):
            assert client.get(page).status_code == 404


def test_a_key_is_shown_once_works_and_stops() -> None:
    ada = somebody()
    client = signed_in(ada)
    sent = {"name": "Shop", "operator": ada.operator.id, "rights": ["account.view", "plan.view"], "lasts": 30}
    assert client.get("/keys/new/").status_code == 200
    made = client.post("/keys/new/", sent)
    secret = re.findall(r"abono_[A-Za-z0-9_-]{43}", made.content.decode())[0]
    assert "no-store" in made["Cache-Control"]
    now = datetime.now(UTC)
    program = person_of_key(secret, now=now)
    assert program is not None
    assert (program.rights, program.operator) == (frozenset({"account.view", "plan.view"}), ada.operator.id)
    assert person_of_key(secret, now=now + timedelta(days=31)) is None
    page = client.get("/keys/").content.decode()
    assert secret not in page
    assert secret[:12] in page
    assert secret not in str(rows("access_apikey")) + str(rows("base_trail"))
    before = counts()
    for wrong in [
        {**sent, "name": ""},
        {**sent, "name": "A\nB"},
        {**sent, "rights": []},
        {**sent, "rights": ["everything"]},
        {**sent, "operator": provider().id},
        {**sent, "lasts": 7},
    ]:
        assert client.post("/keys/new/", wrong).status_code == 422
    assert counts() == before
    key = rows("access_apikey")[0]["id"]
    assert client.post(f"/keys/{key}/revoke/").status_code == 303
    assert person_of_key(secret, now=now) is None
    assert client.post(f"/keys/{key}/revoke/").status_code == 404


def test_keys_of_others_are_not_there() -> None:
    ada, eve = somebody(), somebody()
    client = signed_in(ada)
    client.post("/keys/new/", {"name": "Shop", "operator": ada.operator.id, "rights": list(RIGHTS), "lasts": 0})
    (key,) = rows("access_apikey")
    theirs = signed_in(eve)
    assert "Shop" not in theirs.get("/keys/").content.decode()
    assert theirs.post(f"/keys/{key['id']}/revoke/").status_code == 404
    assert rows("access_apikey")[0]["revoked_at"] is None
    assert signed_in(somebody(ada.operator, role=Role.AUDITOR)).get("/keys/").status_code == 403


@pytest.mark.parametrize("path", ["/", "/accounts/", "/people/", "/keys/", "/webhooks/", "/me/"])
def test_what_somebody_was_shown_is_not_kept_by_the_browser(path: str) -> None:
    answer = signed_in(somebody()).get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
