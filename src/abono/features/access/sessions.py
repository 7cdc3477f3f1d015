"""Where users are signed in, and with what besides a password: the tables of Django and allauth."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Q

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_MINUTE = timedelta(minutes=1)
_MOST_AGENT = 200


def sessions_of(user: int, *, now: datetime) -> list[dict[str, Any]]:
    """Where a user is signed in, the latest first; the caller has found the user for the person who asks."""
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    return [
        {
            "id": each.id,
            "address": each.ip,
            "agent": each.user_agent,
            "created_at": each.created_at,
            "last_seen_at": each.last_seen_at,
            "session_key": each.session_key,
        }
        for each in UserSession.objects.filter(user_id=user, session_key__in=alive).order_by("-last_seen_at")
    ]


def end_sessions(user: int, *, session: int | None = None, but: str = "") -> None:
    """End one session of a user, or all; never the one with the key ``but``."""
    ended = UserSession.objects.filter(user_id=user).exclude(session_key=but)
    if session is not None:
        ended = ended.filter(id=session)
    keys = list(ended.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user_id=user, session_key__in=keys).delete()


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
