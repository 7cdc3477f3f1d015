"""The addresses of the sign-in. allauth's pages for signing up and for several e-mail addresses are left out."""

from __future__ import annotations

from allauth.account import views
from allauth.account.decorators import reauthentication_required
from django.urls import include, path, re_path

from abono.interfaces.web.signing.accepting import invitation

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    # Somebody without a password signed in with a passkey: a session left open must not be enough to set one.
    path("password/set/", reauthentication_required(views.password_set), name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", views.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
    path("invitation/<str:secret>/", invitation, name="invitation"),
]
