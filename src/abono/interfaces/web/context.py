"""What every page's template knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from abono.interfaces.web.brand import brand_of
from abono.interfaces.web.navigation import navigation

if TYPE_CHECKING:
    from django.http import HttpRequest

THEME = "theme"
"""The cookie that remembers a choice among THEMES; without one the device decides."""
THEMES = ("light", "dark")


def face(request: HttpRequest) -> dict[str, Any]:
    """Who looks (``person``, None at the sign-in; ``memberships`` to choose among) and what surrounds the page."""
    person = getattr(request, "person", None)
    memberships = getattr(request, "memberships", [])
    theme = request.COOKIES.get(THEME, "")
    return {
        "person": person,
        "memberships": memberships,
        "brand": brand_of(person, getattr(request, "domain_of", None)),
        "navigation": navigation(person, request.path) if person else [],
        "theme": theme if theme in THEMES else "",
        "languages": settings.LANGUAGES,
        "nonce": getattr(request, "csp_nonce", ""),
        "zone_name": timezone.get_current_timezone_name(),
    }
