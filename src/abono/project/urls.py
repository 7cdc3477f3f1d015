"""Every address."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("sign/", include("allauth.urls")),
    path("", include("abono.interfaces.web.urls")),
]
