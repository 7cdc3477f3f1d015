"""Settings, from the environment (12-factor): ``ABONO_URL``, ``ABONO_SECRET_KEY``, ``ABONO_DATABASE_URL``, mail."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.urls import reverse_lazy

from abono.base.database import django_database
from abono.base.environment import choice, home, web_address, whole_number, words
from abono.base.logs import configuration
from abono.base.secret import kept_secret

HOME = home()
URL = web_address("ABONO_URL", "http://127.0.0.1:8000")
"""The address by which people reach this installation; without TLS only for trying it on one's own machine."""
_ADDRESS = urlsplit(URL)
SECURE = _ADDRESS.scheme == "https"

SECRET_KEY = os.environ.get("ABONO_SECRET_KEY") or kept_secret(HOME)
SECRET_KEY_FALLBACKS = words("ABONO_SECRET_KEY_FALLBACKS")
"""Earlier secrets, which still open what they closed."""
DEBUG = False
ALLOWED_HOSTS = [
    _ADDRESS.hostname or "localhost",
    *words("ABONO_ALLOWED_HOSTS", "localhost,127.0.0.1"),
]
CSRF_TRUSTED_ORIGINS = [f"{_ADDRESS.scheme}://{_ADDRESS.netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "abono.base",
    "abono.features.operators",
    "abono.features.access",
    "abono.features.webhooks",
    "abono.features.notices",
    "abono.features.ledger",
    "abono.features.catalogue",
    "abono.features.accounts",
    "abono.features.subscriptions",
    "abono.features.usage",
    "abono.features.billing",
    "abono.interfaces.web",
    "abono.interfaces.api",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "abono.interfaces.web.requests.RequestMiddleware",
    "abono.interfaces.web.domains.DomainMiddleware",
    "abono.interfaces.api.middleware.ApiMiddleware",
    "abono.interfaces.web.requests.UnjudgedMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "abono.interfaces.web.middleware.PersonMiddleware",
]
ROOT_URLCONF = "abono.project.urls"
WSGI_APPLICATION = "abono.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "abono.interfaces.web.context.face",
            ],
        },
    }
]
LOGGING = configuration()

STATEMENT_SECONDS = whole_number("ABONO_STATEMENT_SECONDS", 0, 0, 86_400)
"""How long the web and the API wait for one statement (project/wsgi.py sets it for them alone); 0: for ever."""
DATABASES = {"default": django_database(os.environ.get("ABONO_DATABASE_URL", ""), statement_seconds=STATEMENT_SECONDS)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # Counters of rate limits must be the same in every process; limits and used codes are all that is kept there.
    # There is room for many: whoever makes others' counters fall out by making new ones would be free of limits.
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "base_cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 3600 * whole_number("ABONO_SESSION_HOURS", 12, 1, 8_760)

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("de", "Deutsch"), ("tr", "Türkçe"), ("es", "Español")]
LOCALE_PATHS = [Path(__file__).parents[1] / "locale"]

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600 * 2
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = "/"
REQUIRE_MFA = choice("ABONO_REQUIRE_MFA", "staff", "everybody")
"""Who needs a second factor: nobody (empty), ``staff``, or ``everybody``."""
PROXIES = whole_number("ABONO_BEHIND_PROXY", 0, 0, 20)
"""How many proxies stand in front: by so many is X-Forwarded-For believed, and X-Forwarded-Proto if there is one."""
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_DISPLAY = "abono.interfaces.web.signing.adapter.display_name"
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses come from invitations, which are accepted by mail
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105 -- a name
ACCOUNT_ADAPTER = "abono.interfaces.web.signing.adapter.SignInAdapter"
ACCOUNT_FORMS = {
    "change_password": "abono.interfaces.web.signing.forms.ChangePasswordForm",
    "reset_password": "abono.interfaces.web.signing.forms.ResetPasswordForm",
}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": None,  # features/access/signins.py counts wrong passwords and codes
    "reset_password": "20/m/ip",  # mails to one address are limited by who sends them: nobody else is refused for that
}
MFA_ADAPTER = "abono.interfaces.web.signing.adapter.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "abono.interfaces.web.signing.forms.FirstCodeForm",
    "authenticate": "abono.interfaces.web.signing.forms.CodeForm",
    "reauthenticate": "abono.interfaces.web.signing.forms.ConfirmCodeForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True  # nobody has an address that was not invited
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Abono"
MFA_TOTP_TOLERANCE = 1  # clocks of telephones are a little off; signing/forms.py refuses a code that was used
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE
USERSESSIONS_TRACK_ACTIVITY = True

EMAIL_HOST = os.environ.get("ABONO_SMTP_HOST", "")
EMAIL_PORT = whole_number("ABONO_SMTP_PORT", 25, 1, 65_535)
EMAIL_HOST_USER = os.environ.get("ABONO_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("ABONO_SMTP_PASSWORD", "")
_TLS = choice("ABONO_SMTP_TLS", "starttls", "tls")
EMAIL_USE_TLS = _TLS == "starttls"
EMAIL_USE_SSL = _TLS == "tls"
EMAIL_TIMEOUT = 15
# Without a mail server, mail is written to files: nobody is told that it went out.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "abono.base.mail.PrivateFiles"
EMAIL_FILE_PATH = HOME / "mail"
DEFAULT_FROM_EMAIL = os.environ.get("ABONO_MAIL_FROM", f"abono@{_ADDRESS.hostname}")

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

SECURE_SSL_REDIRECT = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a plan may have a thousand tiers of three fields, and many services
API_CALLS_A_SECOND = whole_number("ABONO_API_CALLS_A_SECOND", 100, 1, 1_000_000)
API_OPERATOR_CALLS_A_SECOND = whole_number("ABONO_API_OPERATOR_CALLS_A_SECOND", 300, 1, 1_000_000)
"""Of all keys of one operator together."""
INVITATIONS_A_DAY = whole_number("ABONO_INVITATIONS_A_DAY", 1_000, 1, 1_000_000)
INVITATIONS_WAITING = whole_number("ABONO_INVITATIONS_WAITING", 5_000, 1, 1_000_000)
"""Of an operator below the provider and all below it together: sent within a day, and waiting to be accepted."""
choice("ABONO_WEBHOOK_PRIVATE", "0", "1")  # read where it is used (webhooks/addresses.py), judged here
CLOCK_GAP_DAYS = whole_number("ABONO_CLOCK_GAP_DAYS", 7, 1, 36_500)
"""After so many days in which Abono was not at work somebody has to say that the clock is right."""
MAX_OPERATORS = whole_number("ABONO_MAX_OPERATORS", 1_000, 1, 1_000_000)
"""So many operators stand below one that stands directly below the provider, at any depth."""
MAX_PLANS = whole_number("ABONO_MAX_PLANS", 1_000, 1, 1_000_000)
"""So many plans are sold by one operator below the provider, ten times as many by all of a tenant."""
USAGE_MONTHS = whole_number("ABONO_USAGE_MONTHS", 0, 0, 1_200)
"""So many whole months of events of use are kept beside the running one; 0 keeps all."""
API_MOST_BYTES = 1_048_576
API_MOST_BATCH_BYTES = 4_194_304
API_MOST_FORECAST = 150_000
"""Accounts due times days that a call plays through while its caller waits; more is for the worker."""
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
