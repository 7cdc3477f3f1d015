"""What every page's template knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest


def face(request: HttpRequest) -> dict[str, Any]:
    """The person (None at the sign-in), and the memberships between which they may choose."""
    return {"person": getattr(request, "person", None), "memberships": getattr(request, "memberships", [])}
