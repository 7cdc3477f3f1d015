"""The answer to too many attempts: it says how long to wait, and tells nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_TOO_MANY = 429
_BRAKE = 60


def wait_page(request: HttpRequest, seconds: int) -> HttpResponse:
    """Status 429 with Retry-After; the page names whole minutes."""
    answer = render(request, "web/signing/wait.html", {"minutes": -(-seconds // 60)}, status=_TOO_MANY)
    answer["Retry-After"] = str(seconds)
    return answer


def too_many(request: HttpRequest) -> HttpResponse:
    """Where allauth's own brakes stop somebody: they count by the minute."""
    return wait_page(request, _BRAKE)
