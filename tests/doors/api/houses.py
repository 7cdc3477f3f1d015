"""A house with something of everything, for tests that walk every endpoint; and what the database looks like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from abono.interfaces.api.examples import example_of
from tests.features.worlds import LINE, account, operator

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from abono.features.operators.queries import Operator
    from abono.interfaces.api.calls import Endpoint

COUNTED: dict[str, Any] = {
    "services": {"line": {"kind": "onoff"}, "calls": {"kind": "usage", "unit": "call"}},
    "plans": {"line": {"price": "10.00", "period": "month", "services": {"line": {}, "calls": {"included": "100"}}}},
}


@dataclass
class House:
    """An operator's ids by the names that addresses have for them, and keys of all kinds."""

    seller: Operator
    ids: Mapping[str, object]
    full: Caller
    revoked: Caller
    expired: Caller
    sister: Caller
    sister_seller: Operator

    def path(self, endpoint: Endpoint) -> str:
        """The address of an endpoint with the ids of this house."""
        return endpoint.path.format(**self.ids)


def build() -> House:
    """Something of everything, made through the API itself."""
    name = connection.settings_dict["NAME"]
    assert name.startswith("test_"), "run the whole module: pytest makes its database for a marked test only"
    seller, sister = operator(COUNTED), operator(LINE)
    full = Caller(key_of(seller))
    now = timezone.now()
    expired = Caller(key_of(seller, now=now - timedelta(days=2), expires_at=now - timedelta(days=1)))
    money = account(seller, 100_000, number="Zanzibar-7391")
    ids: dict[str, Any] = {"account": money, "plan": "line"}
    ids["operator"] = full("POST", "/operators", {"code": "zanzibar-child", "name": "Zanzibar"}).body["id"]
    path = f"/accounts/{money}"
    ids["subscription"] = full("POST", f"{path}/subscriptions", {"plan": "line"}).body["id"]
    held = full(
        "POST", f"{path}/subscriptions/{ids['subscription']}/reservations", {"service": "calls", "quantity": "1"}
    )
    ids["reservation"] = held.body["id"]
    ids["note"] = full("POST", f"{path}/notes", {"text": "Zanzibar-note"}).body["items"][0]["id"]
    invited = {"email": "zanzibar@example.com", "kind": "staff", "role": "auditor"}
    ids["invitation"] = full("POST", "/invitations", invited).body["id"]
    ids["offer"] = full("POST", f"/operators/{ids['operator']}/offers", {"plan": "line"}).body["items"][0]["id"]
    later = (now.date() + timedelta(days=9)).isoformat()
    other = full("POST", "/operators", {"code": "zanzibar-other", "name": "Zanzibar 2"}).body["id"]
    ids["valid_from"] = later
    for priced in (f"/operators/{ids['operator']}/plans/line", f"/operators/{ids['operator']}/offers/{ids['offer']}"):
        full("POST", f"{priced}/prices", {"price": "9.00", "valid_from": later})
    moves = full("POST", f"/operators/{ids['operator']}/moves", {"parent": other, "valid_from": later})
    ids["move"] = moves.body["items"][0]["id"]
    ids["person"], ids["membership"] = _member(seller)
    ids["run"] = _run(seller)
    ids["forecast"] = full("POST", "/forecasts", {}).body["id"]
    webhook = full("POST", "/webhooks", {"url": "https://93.184.215.14/hook"}).body["id"]
    ids["endpoint"], ids["delivery"] = webhook, full("POST", f"/webhooks/{webhook}/test", {}).body["id"]
    ids["key"] = full("GET", "/me").body["key"]
    revoked = Caller(key_of(seller))
    full("DELETE", f"/keys/{revoked('GET', '/me').body['key']}")
    return House(seller, ids, full, revoked, expired, Caller(key_of(sister)), sister)


def _member(seller: Operator) -> tuple[int, int]:
    """Somebody of the staff, with the membership."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_user (email, name, password, joined_at)"
            " VALUES ('zanzibar-staff@example.com', 'Zanzibar', '!', now()) RETURNING id"
        )
        user = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO access_membership (user_id, operator_id, kind, role, since)"
            " VALUES (%s, %s, 'staff', 'auditor', now()) RETURNING id",
            [user, seller.id],
        )
        return user, cursor.fetchone()[0]


def _run(seller: Operator) -> int:
    """A run that gave up one account of the seller."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO billing_run (until, operator_id, started_at, finished_at)"
            " VALUES (now(), %s, now(), now()) RETURNING id",
            [seller.id],
        )
        run: int = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO billing_slice (run_id, operator_id, first, last, accounts, state, attempts, error)"
            " VALUES (%s, %s, 1, 1, 1, 'failed', 3, 'test')",
            [run, seller.id],
        )
    return run


def body_of(endpoint: Endpoint) -> Any:
    """An example of what an endpoint is sent."""
    kind = endpoint.view.__annotations__.get("body")
    return None if kind is None else example_of(kind)


def fingerprint() -> dict[str, str]:
    """A digest of every table. What a call may always touch is left out: buckets, and when a key was used last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'api_bucket'")
        tables = sorted(name for (name,) in cursor.fetchall())
        parts = " UNION ALL ".join(
            f"SELECT '{table}', md5(coalesce(string_agg(r, '' ORDER BY r), ''))"
            f" FROM (SELECT (to_jsonb(t) - 'last_used_at')::text AS r FROM {table} AS t) AS rows"
            for table in tables
        )
        cursor.execute(parts)
        return dict(cursor.fetchall())
