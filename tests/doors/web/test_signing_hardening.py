"""What protects every page: forgery, cookies, headers, sizes; and what a mistake of a page cannot undo."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from tests.doors.web.signing_world import (
    PASSWORD,
    browser,
    counts,
    forget_jobs,
    forget_limits,
    provider,
    rows,
    sign_in,
    signed_in,
    somebody,
)
from tests.features.worlds import account as open_account

from abono.features.access.rights import Kind
from abono.interfaces.web.pages import PAGES

pytestmark = pytest.mark.django_db(transaction=True)
_ARGUMENT = re.compile(r"<(?:(\w+):)?\w+>")
_OF_TYPE = {"int": "1", "uuid": "00000000-0000-7000-8000-000000000000", "isoday": "2099-01-01", None: "a"}


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_limits()
    forget_jobs()


def address_of(path: str) -> str:
    """An address with something in every argument."""
    return "/" + _ARGUMENT.sub(lambda found: _OF_TYPE.get(found[1], "a"), path)


def sign_addresses() -> list[str]:
    """Every address of the sign-in that the resolver knows."""

    def walk(patterns: list[Any], before: str) -> list[str]:
        found: list[str] = []
        for each in patterns:
            route = before + str(each.pattern)
            if isinstance(each, URLResolver):
                found += walk(each.url_patterns, route)
            elif isinstance(each, URLPattern) and "(?P" not in route:
                found.append(address_of(route))
        return found

    return [each for each in walk(get_resolver().url_patterns, "") if each.startswith("/sign/")]


def test_every_post_of_every_page_needs_the_token() -> None:
    root = provider()
    clients = {
        Kind.STAFF: signed_in(somebody(root)),
        Kind.AGENT: signed_in(somebody(root, kind=Kind.AGENT, role=None)),
        Kind.SUBSCRIBER: signed_in(somebody(root, kind=Kind.SUBSCRIBER, role=None, account=open_account(root))),
    }
    before = counts()
    asked = [(kind, address_of(each.path)) for each in PAGES if "POST" in each.methods for kind in each.kinds]
    asked += [(Kind.STAFF, each) for each in ("/me/language/", "/me/theme/")]
    assert len(asked) > 10
    for kind, address in asked:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = clients[kind].cookies
        answer = strict.post(address, {"name": "forged"})
        assert answer.status_code == 403, address
        assert b"csrf" in answer.content.lower() or b"form" in answer.content.lower(), address
    assert counts() == before


def test_every_form_of_the_sign_in_needs_the_token() -> None:
    ada = somebody()
    client = signed_in(ada)
    addresses = sign_addresses()
    assert {"/sign/login/", "/sign/2fa/totp/activate/", "/sign/invitation/a/"} <= set(addresses)
    before = counts()
    for address in addresses:
        strict = Client(enforce_csrf_checks=True)
        strict.cookies = client.cookies
        assert strict.post(address, {"login": ada.email, "password": PASSWORD}).status_code == 403, address
    assert counts() == before
    assert client.get("/").status_code == 200


def test_a_page_says_no_to_scripts_and_frames_of_others() -> None:
    ada = somebody()
    client = signed_in(ada)
    anonymous = browser()
    pages = [
        (anonymous, "/sign/login/"),
        (anonymous, "/sign/password/reset/"),
        (anonymous, "/sign/invitation/nothing/"),
        (client, "/"),
        (client, "/me/"),
        (client, "/people/"),
        (client, f"/people/{ada.user}/"),
        (client, "/people/999999/"),
        (client, "/people/invite/"),
        (client, "/people/roles/"),
        (client, "/keys/"),
        (client, "/keys/new/"),
        (client, "/no/such/page/"),
        (client, "/sign/2fa/"),
        (client, "/sign/sessions/"),
        (client, "/sign/password/change/"),
        (client, "/sign/logout/"),
    ]
    for each, address in pages:
        answer = each.get(address)
        policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'none'", address
        assert policy["frame-ancestors"] == "'none'", address
        assert policy["base-uri"] == "'none'", address
        assert policy["form-action"] == "'self'", address
        assert "unsafe" not in answer["Content-Security-Policy"], address
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin", address  # stricter, and no browser could send a form
        body = answer.content.decode()
        assert not re.search(r"<[^>]+\s(style|on\w+)=", body), address
        assert not re.search(r"<style(?![^>]*nonce=)", body), address
        for script in re.findall(r"<script[^>]*>", body):
            assert "src=" in script or "nonce=" in script or "application/json" in script, (address, script)


def test_the_cookies_cannot_be_read_by_scripts_or_sent_by_others() -> None:
    ada = somebody()
    client = browser()
    client.get("/sign/login/")
    sign_in(client, ada.email)
    for name in ("sessionid", "abono_device"):
        assert client.cookies[name]["httponly"], name
        assert client.cookies[name]["samesite"] == "Lax", name
    assert client.cookies["abono_device"]["path"] == "/sign/"
    assert client.cookies["csrftoken"]["samesite"] == "Lax"


_SECURE = """
import sys, django
from django.conf import settings
from django.test import Client, RequestFactory
from django.test.utils import setup_test_environment
django.setup()
answer = Client(HTTP_HOST="billing.example.org").get("/sign/login/")
print(answer.status_code, answer["Location"])
answer = Client(HTTP_HOST="billing.example.org").get("/sign/login/", secure=True)
print(answer.status_code, answer["Strict-Transport-Security"])
print({name: bool(morsel["secure"]) for name, morsel in answer.cookies.items()})
print(settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN)
print(Client(HTTP_HOST="evil.example").get("/sign/login/", secure=True).status_code)
"""


def run_with(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    from tests.doors.test_commands import here

    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "abono.project.settings",
            "ABONO_DATABASE_URL": here(),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_behind_https_everything_is_secure() -> None:
    done = run_with(_SECURE, ABONO_URL="https://billing.example.org")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "301 https://billing.example.org/sign/login/"
    assert lines[1] == "200 max-age=31536000; includeSubDomains; preload"
    assert lines[2] == "{'csrftoken': True}"
    assert lines[3] == "True True False"
    assert lines[4] == "400"


def test_a_wrong_setting_is_told() -> None:
    done = run_with("import django; django.setup()", ABONO_REQUIRE_MFA="yes")
    assert done.returncode != 0
    assert "ABONO_REQUIRE_MFA" in done.stderr


@pytest.mark.parametrize("forwarded", ["203.0.113.5", "6.6.6.6, 203.0.113.5"])
def test_the_network_address_comes_from_the_proxy_only(forwarded: str, settings: Any) -> None:
    sign_in(browser("192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded), "a@example.com", "wrong")
    settings.PROXIES = 1
    sign_in(browser("192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded), "b@example.com", "wrong")
    found = [str(row["address"]).partition("/")[0] for row in rows("access_signin")]
    assert found == ["192.0.2.1", "203.0.113.5"]


def test_oversized_bodies_are_refused() -> None:
    ada = somebody()
    client = signed_in(ada)
    huge = f"name={'x' * 3_000_000}&locale=en"
    form = "application/x-www-form-urlencoded"
    assert browser().post("/sign/login/", huge, content_type=form).status_code in {400, 413}
    assert client.post("/me/", huge, content_type=form).status_code in {400, 413}
    many = "&".join(f"f{each}=1" for each in range(2_000))
    assert client.post("/me/", many, content_type=form).status_code in {400, 413}
    assert client.post("/me/", {"name": "x" * 201, "locale": "en"}).status_code == 422


def test_odd_bytes_are_no_server_error() -> None:
    halves = "\ud800@example.com".encode("utf-8", "surrogatepass").decode("latin-1")
    for email in ("a\0@example.com", halves, "\uff41@example.com", "'; --"):
        for password in ("", "\0", "x" * 5_000):
            client = browser(HTTP_USER_AGENT="\x7f\xff" * 300)
            assert sign_in(client, email, password).status_code in {200, 429}
    odd = browser()
    odd.cookies["abono_device"] = "x" * 4000
    odd.cookies["sessionid"] = "'; DROP TABLE access_user; --"
    assert sign_in(odd, somebody().email).status_code == 302


def test_a_key_of_the_api_is_no_way_into_the_web() -> None:
    client = browser(HTTP_AUTHORIZATION="Bearer abono_" + "a" * 43)
    assert client.get(reverse("people"))["Location"].startswith("/sign/login/")


def test_script_in_a_name_stays_a_name() -> None:
    root = provider()
    ada = somebody(root, name="<script>alert(1)</script>")
    client = signed_in(ada)
    for address in ("/people/", f"/people/{ada.user}/", "/me/"):
        body = client.get(address).content.decode()
        assert "<script>alert" not in body, address
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body, address
    for asked in ("' OR 1=1 --", "%", "\\", "\x00", "a" * 5_000, "😀"):
        assert client.get("/people/", {"q": asked}).status_code == 200
        assert client.get("/people/", {"role": asked, "kind": asked}).status_code == 200
