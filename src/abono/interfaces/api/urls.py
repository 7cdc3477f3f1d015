"""The addresses of the API. The modules of endpoints are imported for what they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.urls import path, re_path

from abono.interfaces.api import (  # noqa: F401
    accounts,
    catalogue,
    charges,
    forecasts,
    keys,
    me,
    offers,
    operators,
    outlooks,
    payments,
    people,
    previews,
    quotas,
    quotes,
    reservations,
    runs,
    subscriptions,
    trail,
    usage,
    webhooks,
)
from abono.interfaces.api.reference import api, contract, page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def nothing(_request: HttpRequest) -> HttpResponse:
    """There is no such address."""
    raise Http404


urlpatterns = [
    path("docs", page, name="api-docs"),
    path("openapi.json", contract, name="openapi-json"),
    path("", api().urls),
    re_path("", nothing),
]
