"""What anybody chooses for themselves: the membership they act by, the language, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from abono.features.access.operations import choose_locale
from abono.features.access.people import NotFound
from abono.interfaces.web.context import THEME, THEMES
from abono.interfaces.web.pages import EVERYBODY, SEE_OTHER, PersonRequest, page
from abono.interfaces.web.senders import CHOSEN

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_YEAR = 365 * 24 * 3600


@page("me/membership/", name="choose_membership", kinds=EVERYBODY, methods=("POST",))
def choose_membership(request: PersonRequest) -> HttpResponse:
    """Act by another of one's own memberships, from its first page on."""
    chosen = request.POST.get("membership", "")
    mine = {str(each.id): each.id for each in getattr(request, "memberships", [])}
    if chosen not in mine:
        message = "This membership is not yours; choose one from the list."
        raise NotFound(message, field="membership")
    request.session[CHOSEN] = mine[chosen]
    return HttpResponseRedirect(reverse("home"), status=SEE_OTHER)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Read everything in another language, on this device and, for somebody signed in, wherever they sign in."""
    chosen = request.POST.get("language", "")
    answer = _back(request)
    if translation.check_for_language(chosen) and chosen in dict(settings.LANGUAGES):
        _keep(answer, settings.LANGUAGE_COOKIE_NAME, chosen)
        if (person := getattr(request, "person", None)) is not None:
            choose_locale(person, chosen, now=request.now)  # type: ignore[attr-defined]
    return answer


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or (anything else) as the device is."""
    answer = _back(request)
    _keep(answer, THEME, request.POST.get("theme", "") if request.POST.get("theme") in THEMES else "")
    return answer


urlpatterns = [
    path("me/language/", choose_language, name="choose_language"),
    path("me/theme/", choose_theme, name="choose_theme"),
]


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that somebody came from, if it is one of ours."""
    there = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(there if ours else reverse("home"), status=SEE_OTHER)


def _keep(answer: HttpResponse, cookie: str, value: str) -> None:
    """Remember a choice for a year; an empty one is forgotten."""
    if value:
        # Not HttpOnly: the page's script changes the theme without asking the server.
        answer.set_cookie(cookie, value, max_age=_YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    else:
        answer.delete_cookie(cookie, samesite="Lax")
