"""While strangers and one tenant attack together, the engine, the web and the mail of another tenant go on."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth import get_user_model
from django.db import connection

from abono.features.access.rights import RIGHTS
from abono.features.billing import orders
from abono.features.billing.queries import accounts_now
from abono.features.webhooks import operations as webhooks
from tests.attacks.attackers import Attackers, calls, dripping_receiver, large_bodies, slow_bodies
from tests.doors.api.conftest import key_of, staff
from tests.doors.test_serving import free_port, lines_until, serving
from tests.features.test_webhooks import serving as listening
from tests.features.worlds import account
from tests.features.worlds import operator as make_operator

if TYPE_CHECKING:
    from abono.features.operators.queries import Operator

pytestmark = [pytest.mark.attacks, pytest.mark.django_db(transaction=True), pytest.mark.timeout(1200)]

PASSWORD = "correct horse battery staple"
QUIET_SECONDS, ATTACKED_SECONDS = 30, 150
PAGES = ("/", "/accounts/", "/subscriptions/", "/payments/")
MOST_SLOWER = 3


@dataclass
class Installation:
    """What is attacked, with two tenants."""

    url: str
    host: str
    port: int
    mails: list[str]


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """An ``abono up`` on the test's database, with a real mail server."""
    mails: list[str] = []

    class Keep:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
            mails.append(str(envelope.rcpt_tos[0]))
            return "250 kept"

    port, smtp = free_port(), free_port()
    mail_server = Controller(Keep(), hostname="127.0.0.1", port=smtp)
    mail_server.start()
    monkeypatch.setenv("ABONO_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("ABONO_SMTP_PORT", str(smtp))
    monkeypatch.setenv("ABONO_WEBHOOK_PRIVATE", "1")
    try:
        with serving(address(), tmp_path, "up", "--port", str(port), "--workers", "2") as process:
            lines_until(process, "Serving ")
            yield Installation(f"http://127.0.0.1:{port}", "127.0.0.1", port, mails)
    finally:
        mail_server.stop()


def address() -> str:
    """The test database, as a libpq address."""
    settings = connection.settings_dict
    port = f"&port={settings['PORT']}" if settings["PORT"] else ""
    return f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={settings['HOST']}{port}"


def administrator(operator: Operator) -> str:
    """The e-mail of somebody who may sign in."""
    from abono.features.access.operations import add_membership, add_user
    from abono.features.access.rights import Kind, Role

    email = f"{uuid4()}@example.com"
    user = add_user(email, now=datetime.now(UTC))
    add_membership(user, operator.id, Kind.STAFF, now=datetime.now(UTC), role=Role.ADMINISTRATOR)
    found = get_user_model().objects.get(pk=user)
    found.set_password(PASSWORD)
    found.save()
    return email


@contextmanager
def signed_in(url: str, email: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False, timeout=120, follow_redirects=True) as browser:
        browser.get("/sign/login/")
        form = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post("/sign/login/", data=form).url.path == "/"
        yield browser


def due_account(operator: Operator) -> int:
    """An account on which a charge has been due for a moment."""
    made = account(operator, 10_000)
    orders.subscribe(made, "line", now=datetime.now(UTC) - timedelta(days=40))
    return made


def until_charged(made: int, seconds: float) -> float:
    """How long the engine takes to make the second charge. Fails when it does not."""
    began = time.monotonic()
    while accounts_now([made], datetime.now(UTC))[made]["balance"] != 8_000:
        assert time.monotonic() - began < seconds, "the engine stands still"
        time.sleep(0.5)
    return time.monotonic() - began


def until_mailed(installation: Installation, key: str, seconds: float) -> float:
    """How long it takes until somebody who is asked in has the mail. Fails when it does not come."""
    email = f"{uuid4()}@example.com"
    sent = httpx.post(
        f"{installation.url}/api/v1/invitations", json={"email": email, "kind": "staff", "role": "manager"},
        headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=60,
    )  # fmt: skip
    assert sent.status_code == 201, sent.text
    began = time.monotonic()
    while email not in installation.mails:
        assert time.monotonic() - began < seconds, "the mail stands still"
        time.sleep(0.2)
    return time.monotonic() - began


def invitation() -> dict[str, str]:
    """Asks somebody in who was never heard of."""
    return {"email": f"{uuid4()}@example.com", "kind": "agent"}


def p95_of_pages(browser: httpx.Client, seconds: float) -> float:
    """The pages of somebody at work, one after another; 95 of 100 come within so many milliseconds."""
    took: list[float] = []
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        for path in PAGES:
            asked = time.monotonic()
            answer = browser.get(path)
            assert answer.status_code == 200, (path, answer.status_code)
            took.append((time.monotonic() - asked) * 1000)
            time.sleep(0.05)
    return statistics.quantiles(took, n=20)[-1]


def test_all_attacks_together_stop_nobody_else(installation: Installation) -> None:
    victim, attacker = make_operator(), make_operator()
    for _ in range(30):
        account(victim, 10_000)
    email, own, key = administrator(victim), key_of(victim), key_of(attacker, RIGHTS)
    target = account(attacker, 10_000)
    figures: dict[str, Any] = {"cores": os.cpu_count()}
    with ExitStack() as stack:
        heard = stack.enter_context(listening())
        webhooks.add_endpoint(staff(victim), victim.id, heard.url, ["charge.made"], now=datetime.now(UTC))
        browser = stack.enter_context(signed_in(installation.url, email))
        figures["quiet"] = {
            "p95_ms": p95_of_pages(browser, QUIET_SECONDS),
            "charged_s": until_charged(due_account(victim), 130),
            "mailed_s": until_mailed(installation, own, 60),
        }
        told = len(heard.heard)
        receiver = stack.enter_context(dripping_receiver())
        for _ in range(40):
            webhooks.add_endpoint(staff(attacker), attacker.id, receiver, [], now=datetime.now(UTC))
        plans = {f"p{number}": {"price": "1.00", "period": "month"} for number in range(1_000)}
        attackers = Attackers()
        host, port, url = installation.host, installation.port, installation.url
        attackers.begin("slow bodies", slow_bodies(host, port))
        attackers.begin("large bodies", large_bodies(host, port), threads=2, pause=0.5)
        pay = calls(url, "POST", f"/api/v1/accounts/{target}/payments", key, {"amount": "1.00"})
        attackers.begin("payments that are told", pay, pause=0.2)
        attackers.begin("forecasts", calls(url, "GET", "/api/v1/forecast?days=366", key), threads=4, pause=0.05)
        asked = calls(url, "POST", "/api/v1/forecasts", key, {"days": 366})
        attackers.begin("forecasts for the worker", asked, pause=0.2)
        path = f"/api/v1/operators/{attacker.id}/catalogue?dry_run=true"
        attackers.begin("their own lock", calls(url, "PUT", path, key, {"plans": plans}), threads=15)
        asked_in = calls(url, "POST", "/api/v1/invitations", key, invitation)
        attackers.begin("invitations", asked_in, threads=2, pause=0.02)
        attackers.begin("no key", calls(url, "GET", "/api/v1/accounts", "abono_none"), threads=2, pause=0.05)
        attackers.begin("no such page", calls(url, "GET", "/nothing/" + "x" * 2000), threads=2, pause=0.05)
        try:
            time.sleep(5)
            figures["attacked"] = {
                "p95_ms": p95_of_pages(browser, ATTACKED_SECONDS),
                "charged_s": until_charged(due_account(victim), 130),
                "mailed_s": until_mailed(installation, own, 60),
            }
            with signed_in(installation.url, email):
                pass
        finally:
            attackers.end()
        figures["outcomes"] = dict(sorted(attackers.outcomes.items()))
        print(json.dumps(figures, indent=2))  # noqa: T201 -- the figures are what is asked for
        assert len(heard.heard) > told
    assert not any("MB or more taken" in each for each in attackers.outcomes)
    assert figures["attacked"]["p95_ms"] <= MOST_SLOWER * figures["quiet"]["p95_ms"]
