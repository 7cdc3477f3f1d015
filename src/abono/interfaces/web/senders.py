"""Who sends: asked before more of a body is read than a stranger may send."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http import parse_cookie
from django.utils import timezone

from abono.base.database import is_away
from abono.features.access.queries import key_is_valid

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEARER = "bearer "


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
