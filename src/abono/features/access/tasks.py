"""Mails that carry a secret, and tidying. A job holds no secret: the worker makes the link when it sends it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils.http import int_to_base36
from procrastinate.contrib.django import app

from abono.base.mail import compose, deliver, name_in_mail
from abono.base.sql import statements
from abono.base.tasks import OUTGOING, PATIENT, SOON
from abono.features.access.models import User
from abono.features.access.queries import secret_of
from abono.features.access.signins import forget

_sql = statements("abono.features.access", "invitations")
_MOST_LINKS = 5
_HOUR = 3600


@app.task(name="access.mail_invitation", retry=PATIENT, queue=OUTGOING)
def mail_invitation(invitation: int) -> None:
    """Ask somebody in, unless the invitation was taken back meanwhile.

    The priority of each is less the more its tenant sends in a day, so that tenants take turns and no other mail waits.
    """
    for row in _sql.rows("to_mail", invitation=invitation):
        link = settings.URL.rstrip("/") + reverse("invitation", args=[secret_of(row["nonce"])])
        values = {
            "operator": name_in_mail(row["operator_name"]),
            "kind": row["kind"],
            "role": row["role"],
            "link": link,
            "until": row["expires_at"],
        }
        deliver(row["email"], *compose("access/invitation", row["locale"] or row["theirs"], values))


@app.task(name="access.mail_password_link", retry=PATIENT, queue=OUTGOING, priority=SOON)
def mail_password_link(email: str) -> None:
    """The link to a new password, if somebody active has the address; nothing tells whether it went out.

    Whoever was sent some within the hour has one that holds: more would be somebody else's doing, and are left out.
    """
    for user in User.objects.filter(email=email.strip().lower(), is_active=True):
        sent = [each for each in cache.get(f"password-links:{user.id}", ()) if each > time.time() - _HOUR]
        if len(sent) >= _MOST_LINKS:
            continue
        cache.set(f"password-links:{user.id}", [*sent, time.time()], _HOUR)
        values = {"link": password_link(user.id), "email": user.email, "hours": settings.PASSWORD_RESET_TIMEOUT // 3600}
        deliver(user.email, *compose("access/password", user.locale, values))


def password_link(user: int) -> str:
    """A link with which a user sets a new password, once; it holds for PASSWORD_RESET_TIMEOUT seconds."""
    found = User.objects.get(pk=user)
    key = {"uidb36": int_to_base36(found.id), "key": default_token_generator.make_token(found)}
    return settings.URL.rstrip("/") + reverse("account_reset_password_from_key", kwargs=key)


@app.periodic(cron="17 3 * * *")
@app.task(name="access.tidy", queueing_lock="access.tidy")
def tidy(timestamp: int) -> None:  # noqa: ARG001 -- the minute it was planned for
    """Drop sessions that ran out, and attempts to sign in that are older than they are kept."""
    call_command("clearsessions")
    forget(now=datetime.now(UTC))
