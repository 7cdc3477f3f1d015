"""Every address."""

from __future__ import annotations

from django.urls import include, path

from abono.interfaces.web.health import health

urlpatterns = [
    path("healthz", health, name="health"),
    path("api/v1/", include("abono.interfaces.api.urls")),
    path("sign/", include("abono.interfaces.web.signing.urls")),
    path("", include("abono.interfaces.web.urls")),
]

handler429 = "abono.interfaces.web.signing.waiting.too_many"
