"""In whose name a page speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.urls import path, reverse
from django.views.decorators.http import require_safe

from abono.features.operators import brands

if TYPE_CHECKING:
    from django.http import HttpRequest

    from abono.features.access.people import Person

_YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Brand:
    """A name, the colour of what can be pressed (``#rrggbb`` by day and by night; empty: ours) and a logo's address.

    ``support`` is where people are helped: an e-mail address or a page.
    """

    name: str = "Abono"
    colour: str = ""
    colour_dark: str = ""
    logo: str = ""
    support: str = ""

    @property
    def help_url(self) -> str:
        """Where a link to help leads."""
        return f"mailto:{self.support}" if "@" in self.support and "://" not in self.support else self.support


def brand_of(person: Person | None, domain_of: int | None = None) -> Brand:
    """The brand of a person's operator; at the sign-in that of the one whose domain it is, or of the provider.

    ``domain_of`` is the operator whose domain was asked for (see domains).
    """
    operator = person.operator if person is not None else domain_of or brands.provider()
    return Brand() if operator is None else shown(operator)


def shown(operator: int) -> Brand:
    """An operator's brand as pages show it."""
    found = brands.brand_of(operator)
    logo = reverse("brand_logo", args=[found.logo_of, found.logo_digest[:16]]) if found.logo_of else ""
    return Brand(found.name, found.colour, brands.night_colour(found), logo, found.support)


@require_safe
def brand_logo(request: HttpRequest, operator: int, digest: str) -> HttpResponse:
    """A logo, for anybody: it stands at the sign-in. Its address changes with the picture, so that it may be kept."""
    logo = brands.logo_of(operator)
    if logo is None or logo.digest[:16] != digest:
        raise Http404
    tag = f'"{logo.digest}"'
    same = request.headers.get("If-None-Match") == tag
    answer = HttpResponseNotModified() if same else HttpResponse(logo.content, content_type=logo.type)
    answer["ETag"] = tag
    answer["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    answer["X-Content-Type-Options"] = "nosniff"
    # Should somebody open it as a page of its own, nothing in it may act.
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


urlpatterns = [path("brand/<int:operator>/<str:digest>", brand_logo, name="brand_logo")]
