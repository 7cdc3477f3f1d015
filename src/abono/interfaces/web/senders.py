"""Who sends: asked before a turn is given, and before more of a body is read than a stranger may send."""

from __future__ import annotations

import time
from hashlib import sha256
from importlib import import_module
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie
from django.utils import timezone

from abono.features.access.queries import acting_by, key_in, memberships_of, operator_of_key
from abono.features.operators.queries import topmost_below_provider

if TYPE_CHECKING:
    from collections.abc import Mapping

CHOSEN = "membership"
"""Where the session keeps which of several memberships somebody acts by."""
_CALLS = "/api/"
_SECONDS = 60.0  # float
_MOST_TENANTS = 10_000
_tenants: dict[int, tuple[int, float]] = {}


def credential_of(environ: Mapping[str, Any]) -> bytes:
    """A digest of what a request will be judged by, valid or not: the API's key, a page's session; empty without one.

    However it is spelled, and whatever comes beside it, one key or session is one credential.
    """
    judged = _secret_of(environ) if _is_call(environ) else _session_of(environ)
    return sha256(judged.encode()).digest() if judged else b""


def address_of(environ: Mapping[str, Any]) -> str:
    """The address a request comes from: what the last proxy that is trusted was called by, where there are some.

    Where that says no address, it is the one that is connected; empty where there is none, on a socket of the system.
    """
    written = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    told = written[-settings.PROXIES] if settings.PROXIES and len(written) >= settings.PROXIES else ""
    return _in_one_spelling(told) or _in_one_spelling(str(environ.get("REMOTE_ADDR", "")))


def _in_one_spelling(written: str) -> str:
    """An address without its port, and as IPv4 if it is one; empty if it is none."""
    text = written.strip()
    host = text.partition(":")[0] if text.count(":") == 1 else text.removeprefix("[").partition("]")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if isinstance(found, IPv6Address) else str(found)


def tenant_of(operator: int) -> int:
    """The operator below the provider under which one stands, the provider for itself; asked anew after a minute.

    While the database, which knows, is away, the operator stands for itself.
    """
    now = time.monotonic()
    known = _tenants.get(operator)
    if known is None or known[1] < now:
        if len(_tenants) >= _MOST_TENANTS:
            _tenants.clear()
        try:
            known = _tenants[operator] = (topmost_below_provider(operator), now + _SECONDS)
        except DatabaseError:
            return operator
    return known[0]


def operator_of(environ: Mapping[str, Any]) -> int | None:
    """The operator at which somebody stands whose valid API key or session a request carries; 0 for anybody else.

    Not to be taken for a judgement on the request: that is made when it is worked on, and tells what is wrong then.
    None where the database, which knows, cannot say.
    """
    close_old_connections()
    try:
        return _operator_of_key(environ) if _is_call(environ) else _operator_of_session(environ)
    except DatabaseError:
        return None


def _is_call(environ: Mapping[str, Any]) -> bool:
    return str(environ.get("PATH_INFO", "")).startswith(_CALLS)


def _secret_of(environ: Mapping[str, Any]) -> str:
    return key_in(str(environ.get("HTTP_AUTHORIZATION", "")))


def _session_of(environ: Mapping[str, Any]) -> str:
    return parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(settings.SESSION_COOKIE_NAME, "")


def _operator_of_key(environ: Mapping[str, Any]) -> int:
    secret = _secret_of(environ)
    return operator_of_key(secret, now=timezone.now()) if secret else 0


def _operator_of_session(environ: Mapping[str, Any]) -> int:
    cookie = _session_of(environ)
    if not cookie:
        return 0
    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie)
    user = session.get(SESSION_KEY)
    memberships = memberships_of(int(user)) if user else []
    return acting_by(memberships, session.get(CHOSEN)).operator_id if memberships else 0
