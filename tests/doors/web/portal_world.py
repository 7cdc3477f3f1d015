"""A seller with subscribers and agents for the tests of their pages. Its days are counted from today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils.html import strip_tags
from tests.doors.confirming import looked_at
from tests.features.worlds import account, operator

from abono.features.access.operations import add_membership, add_user
from abono.features.access.rights import Kind, Role
from abono.features.billing.runs import advance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpResponse

    from abono.features.operators.queries import Operator

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CATALOGUE: Mapping[str, Any] = {
    "services": {
        "line": {"kind": "onoff"},
        "prints": {"kind": "usage", "unit": "pages"},
    },
    "plans": {
        "line": {"price": "10.00", "period": "month", "services": {"line": {}}},
        "wide": {
            "price": "31.00",
            "period": "3 months",
            "setup_fee": "5.00",
            "trial": "3 days",
            "pause": {"mode": "none"},
            "services": {"line": {"quantity": "2"}, "prints": {"included": "10"}},
        },
        "rare": {
            "price": "7.00",
            "period": "month",
            "pause": {"mode": "lose", "days_per_year": 20, "min_days": 3, "fee": "1.00"},
            "services": {"line": {}},
        },
    },
}
TABLES = (
    "ledger_account",
    "ledger_entry",
    "ledger_grant",
    "subscriptions_subscription",
    "subscriptions_transition",
    "billing_charge",
    "notices_notice",
    "accounts_profile",
    "base_once",
    "base_trail",
    "access_user",
    "access_membership",
)


def now() -> datetime:
    """This very moment."""
    return datetime.now(UTC)


def ago(days: int) -> datetime:
    """So many days before today's midnight."""
    return now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


@dataclass
class Portal:
    """A seller, and a browser for everybody who signs in there."""

    seller: Operator = field(default_factory=lambda: operator(CATALOGUE, currency="RUB", time_zone="UTC"))

    def account(self, balance: int = 0, **more: Any) -> int:
        """An account of the seller with money."""
        return account(self.seller, balance, **more)

    def subscriber(self, *accounts: int, locale: str = "en") -> Client:
        """A browser in which the subscriber of some accounts is signed in."""
        user = self.user(locale)
        for one in accounts:
            add_membership(user, self.seller.id, Kind.SUBSCRIBER, now=now(), account=one)
        return signed_in(user)

    def agent(self, locale: str = "en") -> Client:
        """A browser in which an agent is signed in."""
        user = self.user(locale)
        add_membership(user, self.seller.id, Kind.AGENT, now=now())
        return signed_in(user)

    def staff(self) -> Client:
        """A browser in which an administrator is signed in."""
        user = self.user("en")
        add_membership(user, self.seller.id, Kind.STAFF, now=now(), role=Role.ADMINISTRATOR)
        return signed_in(user)

    @staticmethod
    def user(locale: str) -> int:
        """Somebody who reads a language."""
        return add_user(f"{uuid4()}@example.com", now=now(), name="Anna Example", locale=locale)


def signed_in(user: int) -> Client:
    """A browser in which somebody is signed in."""
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user), BACKEND)
    return client


def roll() -> None:
    """Everything that is due by now."""
    report = advance(now())
    assert report.failures == []


def text(answer: Any) -> str:
    """What a page says, each run of blanks as one space; amounts and names are kept together by other blanks."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(strip_tags(main.replace("<", " <"))).split())


def body(answer: Any) -> str:
    """All that was answered, a file among it."""
    whole: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return whole.decode()


def picture() -> dict[str, list[tuple[object, ...]]]:
    """All rows that a write could touch; signing in is none of them."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT to_jsonb(t) - 'last_login' FROM {table} AS t ORDER BY 1")
            rows[table] = cursor.fetchall()
    return rows


def send(client: Client, address: str, step: str = "confirm", *, key: str | None = None, **values: str) -> HttpResponse:
    """Send a page's form."""
    sent = {"key": key or str(uuid4()), "step": step, **values}
    answer: HttpResponse = client.post(address, looked_at(client, address, sent))  # type: ignore[assignment]
    return answer
