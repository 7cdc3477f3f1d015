"""Where users are signed in, and with what besides a password: the tables of Django and allauth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_sql = statements("abono.features.access", "sessions")
_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_MINUTE = timedelta(minutes=1)
_MOST_AGENT = 200


def sessions_of(user: int, *, now: datetime, own: str = "") -> list[dict[str, Any]]:
    """Where a user is signed in, the latest first; ``here`` is the session with the key ``own``.

    Behind the wall those of oneself, and of people whom no other operator lets in.
    """
    return _sql.rows("sessions", user=user, own=own, now=now)


def end_sessions(user: int, *, session: int | None = None, but: str = "") -> None:
    """End one session of a user, or all; never the one with the key ``but``. Behind the wall as ``sessions_of``."""
    _sql.row("end_sessions", user=user, session=session, but=but)


def seen(session_key: str, address: str, agent: str, *, now: datetime) -> None:
    """Note when and from where a session was last used: once a minute, or from another place, is enough to know."""
    stale = Q(last_seen_at__lt=now - _MINUTE) | ~Q(ip=address)
    UserSession.objects.filter(stale, session_key=session_key).update(
        last_seen_at=now, ip=address, user_agent=agent[:_MOST_AGENT]
    )


def with_second_factor(users: Collection[int]) -> set[int]:
    """Those of some users who sign in with more than a password."""
    return set(
        Authenticator.objects.filter(user_id__in=users, type__in=_FACTORS).values_list("user_id", flat=True).distinct()
    )


def has_second_factor(user: int) -> bool:
    """Whether a user signs in with more than a password."""
    return bool(with_second_factor([user]))


def drop_second_factor(user: int) -> None:
    """The password alone is enough from now on; recovery codes go too."""
    Authenticator.objects.filter(user_id=user).delete()
