"""Where a request comes from, as attempts to sign in are counted by it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from django.conf import settings

from abono.features.access.signins import Caller
from abono.interfaces.web.senders import address_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

COOKIE = "abono_device"
"""The browser's own secret: not who somebody is, only that they signed in here before."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_YEAR = 365 * 24 * 3600


def caller_of(request: HttpRequest) -> Caller:
    """The caller; ``device`` is empty for a browser that nobody signed in with yet."""
    device = request.COOKIES.get(COOKIE, "")
    return Caller(
        address=address_of(request.META) or None,
        agent=request.headers.get("User-Agent", ""),
        device=device if _SECRET.fullmatch(device) else "",
    )


def remembered(request: HttpRequest, response: HttpResponse) -> Caller:
    """The caller with a cookie by which the browser is known from now on."""
    here = caller_of(request)
    device = here.device or secrets.token_urlsafe(32)
    response.set_cookie(
        COOKIE,
        device,
        max_age=_YEAR,
        path="/sign/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return Caller(here.address, here.agent, device)
