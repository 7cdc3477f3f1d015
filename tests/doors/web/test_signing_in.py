"""Signing in: right and wrong passwords, waits that grow, sessions, second factors, passwords by mail."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import median
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.contrib.auth import get_user_model
from django.core import mail as django_mail
from django.core.cache import cache
from tests.doors.web.signing_world import (
    LOGIN,
    PASSWORD,
    age,
    browser,
    forget_jobs,
    forget_limits,
    is_in,
    provider,
    rows,
    sign_in,
    signed_in,
    somebody,
)

from abono.features.access.staffing import end_membership
from abono.features.access.tasks import mail_password_link

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


@pytest.mark.usefixtures("true_hasher")
def test_the_right_password_lets_in_and_is_written_down() -> None:
    ada = somebody()
    client = browser("203.0.113.7", HTTP_USER_AGENT="Firefox")
    answer = sign_in(client, ada.email.upper())
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    (row,) = rows("access_signin")
    assert {key: row[key] for key in ("email", "user_id", "address", "agent", "method", "outcome", "known")} == {
        "email": ada.email,
        "user_id": ada.user,
        "address": row["address"],
        "agent": "Firefox",
        "method": "password",
        "outcome": "done",
        "known": False,
    }
    assert str(row["address"]).startswith("203.0.113.7")
    (line,) = rows("base_trail", action="person.sign_in")
    assert (line["actor"], line["origin"], line["operator_id"]) == (ada.email, "web 203.0.113.7", ada.operator.id)
    assert PASSWORD not in str(rows("access_signin")) + str(rows("base_trail"))


@pytest.mark.usefixtures("true_hasher")
def test_a_password_is_kept_as_argon2_and_costs_who_guesses() -> None:
    ada = somebody()
    (before,) = rows("access_user", id=ada.user)
    assert before["password"].startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")
    client = signed_in(ada)
    sent = {"oldpassword": PASSWORD, "password1": "another long secret", "password2": "another long secret"}
    assert client.post("/sign/password/change/", sent).status_code == 302
    (after,) = rows("access_user", id=ada.user)
    assert after["password"].startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")
    assert after["password"] != before["password"]


def test_after_five_wrong_passwords_waits_grow_up_to_an_hour() -> None:
    ada = somebody()
    client = browser()
    for _ in range(5):
        assert sign_in(client, ada.email, "wrong").status_code == 200
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        answer = sign_in(client, ada.email)  # even with the right password
        assert answer.status_code == 429
        assert minutes * 60 - 5 <= int(answer["Retry-After"]) <= minutes * 60
        assert not is_in(client)
        age(ada.email, minutes * 60 - 10)
        assert sign_in(client, ada.email).status_code == 429
        age(ada.email, 11)
        forget_limits()
        assert sign_in(client, ada.email, "wrong").status_code == 200
    age(ada.email, 3600)
    assert sign_in(client, ada.email).status_code == 302
    assert is_in(client)


def test_a_right_password_ends_the_count() -> None:
    ada = somebody()
    for _ in range(4):
        sign_in(browser(), ada.email, "wrong")
    signed_in(ada)
    for _ in range(5):
        assert sign_in(browser(), ada.email, "wrong").status_code == 200
    assert sign_in(browser(), ada.email, "wrong").status_code == 429


def test_nobody_can_lock_somebody_elses_own_browser() -> None:
    ada = somebody()
    mine = signed_in(ada)
    mine.post("/sign/logout/")
    for turn in range(8):  # from everywhere
        sign_in(browser(f"198.51.100.{turn}"), ada.email, "wrong")
    assert sign_in(browser("192.0.2.1"), ada.email).status_code == 429
    assert sign_in(mine, ada.email).status_code == 302
    # The own browser has its own count: who sits there cannot try for ever either.
    mine.post("/sign/logout/")
    for _ in range(5):
        assert sign_in(mine, ada.email, "wrong").status_code == 200
    assert sign_in(mine, ada.email).status_code == 429


def test_a_network_that_tries_many_addresses_waits_and_others_do_not() -> None:
    ada = somebody()
    for turn in range(20):
        assert sign_in(browser("198.51.100.9"), f"nobody{turn}@example.com", "wrong").status_code == 200
    answer = sign_in(browser("198.51.100.9"), ada.email)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 60
    assert sign_in(browser("198.51.100.10"), ada.email).status_code == 302


def test_a_house_from_which_many_sign_in_may_mistype_more() -> None:
    people = [somebody() for _ in range(2)]
    for each in people:
        signed_in(each, "198.51.100.9")
    for turn in range(30):
        assert sign_in(browser("198.51.100.9"), f"nobody{turn}@example.com", "wrong").status_code == 200
    assert sign_in(browser("198.51.100.9"), "nobody@example.com", "wrong").status_code == 429


def test_neighbours_in_an_ipv6_network_are_one() -> None:
    for turn in range(20):
        sign_in(browser(f"2001:db8::{turn + 1:x}"), f"nobody{turn}@example.com", "wrong")
    assert sign_in(browser("2001:db8::ffff"), "somebody@example.com").status_code == 429
    assert sign_in(browser("2001:db8:0:1::1"), "somebody@example.com").status_code == 200


@pytest.mark.usefixtures("true_hasher")
def test_attempts_at_the_same_moment_count_each_other() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    ada = somebody()

    def attempt(turn: int) -> int:
        try:
            return sign_in(browser(f"198.51.100.{turn}"), ada.email, "wrong").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(attempt, range(16)))
    assert statuses.count(200) == 5
    assert statuses.count(429) == 11


@pytest.mark.usefixtures("true_hasher")
def test_whether_an_address_exists_cannot_be_told() -> None:
    ada, gone = somebody(), somebody()
    get_user_model().objects.filter(pk=gone.user).update(is_active=False)
    nobody = f"{ada.email[:6]}nobody@example.com"
    cases = {"wrong": (ada.email, "wrong"), "nobody": (nobody, "wrong"), "gone": (gone.email, PASSWORD)}
    bodies: dict[str, str] = {}
    times: dict[str, float] = {}
    for case, (email, password) in cases.items():
        taken = []
        for _ in range(5):
            forget_limits()
            client = browser(f"192.0.2.{len(times) + 1}")
            began = time.process_time()  # the work, not the wait for a processor that others use as well
            answer = sign_in(client, email, password)
            taken.append(time.process_time() - began)
            assert answer.status_code == 200
            assert not is_in(client)
            bodies[case] = _without_tokens(answer.content.decode()).replace(email, "EMAIL")
        times[case] = median(taken)
        assert sign_in(browser("192.0.2.99"), email, password).status_code == 429
    assert bodies["nobody"] == bodies["wrong"] == bodies["gone"]
    assert max(times.values()) < 3 * min(times.values())


def _without_tokens(body: str) -> str:
    import re

    body = re.sub(r'nonce="[^"]+"', "", body)
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]+"', "", body)


def test_a_session_that_was_given_before_is_of_no_use() -> None:
    ada = somebody()
    client = browser()
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    client.cookies["sessionid"] = session.session_key or ""
    before = client.cookies["sessionid"].value
    sign_in(client, ada.email)
    assert client.cookies["sessionid"].value != before
    other = browser()
    other.cookies["sessionid"] = before
    assert not is_in(other)
    assert is_in(client)


STAYS = {"/", "%2F%2Fevil.example", "%252F%252Fevil.example"}
"""The first page, or what is a (strange) name on this very site."""


@pytest.mark.parametrize(
    "there",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https://evil.example",
        "http:///evil.example",
        "\t//evil.example",
        "javascript:alert(1)",
        "http://localhost/",
        "http://testserver@evil.example/",
        "%2F%2Fevil.example",
    ],
)
def test_nobody_is_sent_elsewhere(there: str) -> None:
    ada = somebody()
    client = browser()
    assert sign_in(client, ada.email, next=there)["Location"] in STAYS
    assert is_in(client)
    assert client.get(LOGIN, {"next": there})["Location"] in STAYS
    assert client.post("/sign/logout/", {"next": there})["Location"] in STAYS


def test_one_comes_back_to_the_page_one_asked_for() -> None:
    ada = somebody()
    client = browser()
    answer = client.get("/?a=1")
    assert answer["Location"] == f"{LOGIN}?next=/%3Fa%3D1"
    assert sign_in(client, ada.email, next="/?a=1")["Location"] == "/?a=1"


def test_nobody_signs_up() -> None:
    for address in ("signup/", "email/", "confirm-email/", "login/code/confirm/", "2fa/webauthn/signup/"):
        assert browser().get(f"/sign/{address}").status_code == 404


def test_a_session_that_is_ended_elsewhere_stops_at_once() -> None:
    ada = somebody()
    here, there = signed_in(ada), signed_in(ada)
    assert is_in(here)
    assert is_in(there)
    assert b"127.0.0.1" in here.get("/sign/sessions/").content
    here.post("/sign/sessions/")
    assert is_in(here)
    assert not is_in(there)


def test_a_membership_that_is_ended_stops_at_once() -> None:
    root = provider()
    ada, bob = somebody(root), somebody(root)
    theirs = signed_in(bob)
    assert is_in(theirs)
    from abono.features.access.queries import memberships_of, person_of

    boss = person_of(ada.user, "Ada", ada.email, "", memberships_of(ada.user))
    assert boss is not None
    end_membership(boss, bob.membership, now=datetime.now(UTC))
    assert theirs.get("/").status_code == 403
    assert theirs.get("/sign/logout/").status_code == 200


@pytest.mark.usefixtures("true_hasher")
def test_a_new_password_signs_out_everywhere_else() -> None:
    ada = somebody()
    here, there = signed_in(ada), signed_in(ada)
    wrong = {"oldpassword": "wrong", "password1": "another long secret", "password2": "another long secret"}
    assert here.post("/sign/password/change/", wrong).status_code == 200
    assert is_in(there)
    before = here.cookies["sessionid"].value
    answer = here.post("/sign/password/change/", {**wrong, "oldpassword": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (302, "/me/")
    assert is_in(here)
    assert here.cookies["sessionid"].value != before
    assert not is_in(there)
    assert sign_in(browser(), ada.email).status_code == 200
    assert sign_in(browser(), ada.email, "another long secret").status_code == 302
    assert [row["action"] for row in rows("base_trail", action="person.change_password")] == ["person.change_password"]


def test_the_present_password_cannot_be_tried_for_ever() -> None:
    ada = somebody()
    client = signed_in(ada)
    wrong = {"oldpassword": "wrong", "password1": "another long secret", "password2": "another long secret"}
    statuses = []
    for _ in range(6):
        forget_limits()
        statuses.append(client.post("/sign/password/change/", wrong).status_code)
    assert statuses == [200] * 5 + [429]


def with_totp(user: int) -> str:
    """A second factor for a user; answers its secret."""
    secret = generate_totp_secret()
    found = get_user_model().objects.get(pk=user)
    from allauth.account.adapter import get_adapter
    from allauth.core import context
    from django.test import RequestFactory

    with context.request_context(RequestFactory().get("/")):
        assert get_adapter()
        TOTP.activate(found, secret)
    return str(secret)


def code_of(secret: str, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


def test_the_second_step_is_asked_and_a_code_counts_once() -> None:
    ada = somebody()
    secret = with_totp(ada.user)
    assert secret not in str(Authenticator.objects.get(user_id=ada.user).data)
    client = browser()
    assert sign_in(client, ada.email)["Location"] == "/sign/2fa/authenticate/"
    assert not is_in(client)
    code = code_of(secret)
    answer = client.post("/sign/2fa/authenticate/", {"code": code})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    other = browser()
    sign_in(other, ada.email)
    assert other.post("/sign/2fa/authenticate/", {"code": code}).status_code == 200
    assert not is_in(other)
    outcomes = [(row["method"], row["outcome"]) for row in rows("access_signin")]
    assert outcomes == [("password", "done"), ("code", "right"), ("password", "right"), ("code", "failed")]


@pytest.mark.parametrize("recovery", [False, True])
def test_a_code_counts_once_however_it_is_written(recovery: bool) -> None:
    ada = somebody()
    secret = with_totp(ada.user)
    code = code_of(secret)
    if recovery:
        code = RecoveryCodes.activate(get_user_model().objects.get(pk=ada.user)).generate_codes()[0]
    client = browser()
    sign_in(client, ada.email)
    assert client.post("/sign/2fa/authenticate/", {"code": f"{code[:3]} {code[3:]}"}).status_code == 302
    other = browser()
    sign_in(other, ada.email)
    cache.delete_many([f"allauth.mfa.totp.used?user={ada.user}&code={code}"])  # it forgets before the code runs out
    for written in (code, f"{code[:3]}-{code[3:]}", f"{code[:2]} {code[2:]}", f"({code})", f"{code}."):
        assert other.post("/sign/2fa/authenticate/", {"code": written}).status_code == 200
    assert not is_in(other)


def test_codes_cannot_be_tried_for_ever() -> None:
    ada = somebody()
    secret = with_totp(ada.user)
    client = browser()
    sign_in(client, ada.email)
    for _ in range(5):
        assert client.post("/sign/2fa/authenticate/", {"code": "000000"}).status_code == 200
    answer = client.post("/sign/2fa/authenticate/", {"code": code_of(secret)})
    assert answer.status_code == 429
    assert 55 <= int(answer["Retry-After"]) <= 60
    assert not is_in(client)


def test_a_second_factor_is_added_only_after_the_password_again() -> None:
    ada = somebody()
    client = signed_in(ada)
    answer = client.get("/sign/2fa/totp/activate/")
    assert answer["Location"].startswith("/sign/reauthenticate/")
    client.post(answer["Location"], {"password": PASSWORD})
    page = client.get("/sign/2fa/totp/activate/")
    assert page.status_code == 200
    code = code_of(client.session["mfa.totp.secret"])
    answer = client.post("/sign/2fa/totp/activate/", {"code": code})
    assert answer["Location"] == "/sign/2fa/recovery-codes/"
    assert client.get(answer["Location"]).status_code == 200
    assert {each.type for each in Authenticator.objects.filter(user_id=ada.user)} == {"totp", "recovery_codes"}
    assert [row["after"] for row in rows("base_trail", action="person.add_factor")]


@pytest.mark.parametrize("asked", ["staff", "everybody"])
def test_a_second_factor_may_be_required(asked: str, settings: Any) -> None:
    ada = somebody()
    client = signed_in(ada)
    assert is_in(client)
    settings.REQUIRE_MFA = asked
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (303, "/sign/2fa/")
    assert client.get("/sign/2fa/").status_code == 200
    with_totp(ada.user)
    assert is_in(client)


def test_no_mail_goes_out_in_the_request() -> None:
    ada = somebody()
    nobody = "nobody@example.com"
    answers = [browser().post("/sign/password/reset/", {"email": email}) for email in (ada.email, nobody)]
    assert [each.status_code for each in answers] == [302, 302]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert django_mail.outbox == []
    jobs = rows("procrastinate_jobs", task_name="access.mail_password_link")
    assert len(jobs) == 2


def test_asking_for_a_new_password_is_limited() -> None:
    statuses = [browser().post("/sign/password/reset/", {"email": "a@example.com"}).status_code for _ in range(21)]
    assert statuses == [302] * 20 + [429]


def test_nobody_is_kept_from_a_new_password_by_others_who_ask_for_it() -> None:
    """Who asks from elsewhere is refused nothing; of the mails five go out in an hour, and their links hold for two."""
    ada = somebody()
    for number in range(8):
        address = browser(f"192.0.2.{number}")
        assert address.post("/sign/password/reset/", {"email": ada.email}).status_code == 302
    for _ in rows("procrastinate_jobs", task_name="access.mail_password_link"):
        mail_password_link(ada.email)
    assert len(django_mail.outbox) == 5
    links = [next(word for word in each.body.split() if "/password/reset/key/" in word) for each in django_mail.outbox]
    for each in (links[0], links[4]):
        assert "password1" in browser().get(each, follow=True).content.decode()
