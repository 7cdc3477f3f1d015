"""Settings, from the environment (12-factor)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from abono.base.database import django_database

HOME = Path(os.environ.get("ABONO_HOME", ".abono"))
SECRET_KEY = os.environ.get("ABONO_SECRET_KEY") or secrets.token_urlsafe(50)
DEBUG = False
ALLOWED_HOSTS = os.environ.get("ABONO_ALLOWED_HOSTS", "localhost,127.0.0.1").split(",")
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
INSTALLED_APPS = [
    "django.contrib.postgres",
    "abono.base",
    "abono.features.operators",
    "abono.features.notices",
    "abono.features.ledger",
    "abono.features.catalogue",
    "abono.features.accounts",
    "abono.features.subscriptions",
    "abono.features.billing",
    "procrastinate.contrib.django",
]
DATABASES = {"default": django_database(os.environ.get("ABONO_DATABASE_URL", ""))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("de", "Deutsch"), ("tr", "Türkçe"), ("es", "Español")]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
