"""Who sends: asked before more of a body is read than a stranger may send."""

from __future__ import annotations

import time
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie
from django.utils import timezone

from abono.base.database import is_away
from abono.features.access.queries import key_is_valid
from abono.features.operators.queries import topmost_below_provider

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEARER = "bearer "
_SECONDS = 60.0  # float
_MOST_TENANTS = 10_000
_tenants: dict[int, tuple[int, float]] = {}


def credential_of(environ: Mapping[str, Any]) -> bytes:
    """A digest of the key or session that a request comes with, valid or not; empty where it has none."""
    cookie = parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(settings.SESSION_COOKIE_NAME, "")
    credential = str(environ.get("HTTP_AUTHORIZATION", "")) or cookie
    return sha256(credential.encode()).digest() if credential else b""


def address_of(environ: Mapping[str, Any]) -> str:
    """The address a request comes from: what the last proxy that is trusted was called by, where there are some."""
    written = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    if settings.PROXIES and len(written) >= settings.PROXIES:
        return written[-settings.PROXIES].strip()
    return str(environ.get("REMOTE_ADDR", ""))


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


def is_known(environ: Mapping[str, Any]) -> bool | None:
    """Whether a request carries a valid API key or the session of somebody who is signed in; what it may is not asked.

    Not to be taken for a judgement on the request: that is made when it is worked on. None while the database, which
    knows, is away.
    """
    close_old_connections()
    try:
        return _has_key(environ) or _is_signed_in(environ)
    except DatabaseError as error:
        if not is_away(error):
            raise
        return None


def _has_key(environ: Mapping[str, Any]) -> bool:
    authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
    if not authorization.lower().startswith(_BEARER):
        return False
    return key_is_valid(authorization[len(_BEARER) :].strip(), now=timezone.now())


def _is_signed_in(environ: Mapping[str, Any]) -> bool:
    cookie = parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(settings.SESSION_COOKIE_NAME)
    if not cookie:
        return False
    store = import_module(settings.SESSION_ENGINE).SessionStore
    return bool(store(cookie).get(SESSION_KEY))
