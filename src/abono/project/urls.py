"""Every address."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("abono.interfaces.api.urls")),
    path("sign/", include("abono.interfaces.web.signing.urls")),
    path("", include("abono.interfaces.web.urls")),
]

handler500 = "abono.interfaces.web.requests.failed"
handler429 = "abono.interfaces.web.signing.waiting.too_many"
