"""Attempts to sign in: each is written down before it is judged, and too many wrong ones must wait.

Three counts, each of the last day (docs/adr/0011):

- of an e-mail address, over all browsers that never signed in with it: five wrong passwords are free, then a wait of
  1, 2, 4 … minutes up to an hour follows each further one;
- of a browser that signed in with the address before (it keeps a cookie): the same, by itself. Whoever tries to lock
  somebody out cannot lock the own browser of that person;
- of a network address, over all e-mail addresses: twenty are free, and five more for each person who signed in from
  there, so that a large house or a mobile network is not shut out by a few who mistype.

A row is written as ``failed`` before the password is looked at and set right afterwards: attempts at the same moment
count each other. A wait never grows by attempts that are refused. A password reset by mail ends it.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from abono.base.refusal import Refusal
from abono.base.sql import statements
from abono.base.trail import acting, record
from abono.features.access.queries import memberships_of_email

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from abono.features.access.queries import Membership

_sql = statements("abono.features.access", "signins")

FREE_OF_EMAIL = 5
FREE_OF_NETWORK = 20
FREE_PER_PERSON = 5
LONGEST = timedelta(hours=1)
WINDOW = timedelta(days=1)
KEPT = timedelta(days=400)
"""How long attempts are kept: a year, and time to look at it."""
_IPV6_PREFIX = 64
_MOST_AGENT = 200
_MOST_EMAIL = 254


class TooManyAttempts(Refusal):
    """Too many wrong attempts; the next one counts after ``seconds``."""

    code = "too_many_attempts"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"There were too many attempts; try again in {seconds} seconds.")
        self.seconds = seconds


@dataclass(frozen=True)
class Caller:
    """Where an attempt comes from: network address, browser, and the secret of the browser's cookie."""

    address: str | None
    agent: str
    device: str

    @property
    def network(self) -> str | None:
        """What attempts are counted by: somebody with an IPv6 connection has all addresses of a /64."""
        if self.address is None:
            return None
        address = ipaddress.ip_address(self.address)
        if isinstance(address, ipaddress.IPv6Address):
            return str(ipaddress.IPv6Network((address, _IPV6_PREFIX), strict=False).network_address)
        return str(address)

    @property
    def digest(self) -> bytes:
        """What is kept of the cookie: it is long and random, so that a plain digest cannot be guessed."""
        return hashlib.sha256(self.device.encode()).digest()


def begin(email: str, method: str, caller: Caller, *, now: datetime) -> int:
    """Write an attempt down as failed, until it turns out to be right; answers its id. Raises TooManyAttempts."""
    address = email.strip().lower()[:_MOST_EMAIL]
    with transaction.atomic():
        _sql.rows("take_turn", key=f"email {address}")
        if caller.network is not None:
            _sql.rows("take_turn", key=f"network {caller.network}")
        known = bool(_sql.row("known", email=address, device=caller.digest)["known"])
        wait = _wait(address, caller, known=known, now=now)
        if not wait:
            return _add(address, method, "failed", caller, known=known, now=now)
        if not _sql.row("recently_refused", email=address, network=caller.network, now=now)["recently"]:
            _add(address, method, "refused", caller, known=known, now=now)
    raise TooManyAttempts(wait)


def begin_code(user: int, email: str, caller: Caller, *, now: datetime) -> int:
    """The same for a code of the second step, counted by user. Raises TooManyAttempts."""
    with transaction.atomic():
        _sql.rows("take_turn", key=f"code {user}")
        wait = _rest(_sql.row("failures_of_codes", user=user, since=now - WINDOW), FREE_OF_EMAIL, now)
        if not wait:
            return _add(email, "code", "failed", caller, known=False, now=now)
    raise TooManyAttempts(wait)


def right(attempt: int) -> None:
    """The password or code was right; this alone does not mean that somebody is signed in."""
    _sql.run("right", attempt=attempt)


def done(email: str, method: str, caller: Caller, *, now: datetime, attempt: int | None = None) -> None:
    """Somebody is signed in, by a browser that is known from now on. ``attempt`` is the one that led here, if any."""
    with transaction.atomic():
        if attempt is None or not _sql.run("finish", attempt=attempt, email=email, device=caller.digest):
            known = bool(_sql.row("known", email=email, device=caller.digest)["known"])
            _add(email, method, "done", caller, known=known, now=now)
        tell("person.sign_in", email, memberships_of_email(email), caller, now=now, method=method)


def tell(
    action: str,
    email: str,
    memberships: Iterable[Membership],
    caller: Caller,
    *,
    now: datetime,
    method: str | None = None,
) -> None:
    """A line in the audit trail of every operator (and account) that lets somebody in."""
    after = None if method is None else {"method": method}
    with acting(email, f"web {caller.address or ''}".strip()):
        for one in {(each.operator_id, each.account_id): each for each in memberships}.values():
            record(action, email, operator=one.operator_id, account=one.account_id or 0, at=now, after=after)


def note(email: str, method: str, outcome: str, caller: Caller, *, now: datetime) -> None:
    """Write down something that is not counted, such as a password that was set anew."""
    _add(email, method, outcome, caller, known=False, now=now)


def history(user: int, most: int = 20) -> list[dict[str, Any]]:
    """The latest attempts with a user's address, the newest first."""
    return _sql.rows("of_user", user=user, most=most)


def forget(*, now: datetime) -> int:
    """Drop attempts that are older than KEPT; answers how many."""
    return _sql.run("forget", before=now - KEPT)


def _wait(email: str, caller: Caller, *, known: bool, now: datetime) -> int:
    """How many seconds the next attempt must wait; 0 if it need not."""
    since = now - WINDOW
    if known:
        mine = _sql.row("failures_of_device", email=email, device=caller.digest, since=since)
        return _rest(mine, FREE_OF_EMAIL, now)
    wait = _rest(_sql.row("failures_of_email", email=email, since=since), FREE_OF_EMAIL, now)
    if caller.network is None:
        return wait
    there = _sql.row("failures_of_network", network=caller.network, since=since)
    return max(wait, _rest(there, FREE_OF_NETWORK + FREE_PER_PERSON * there["people"], now))


def _rest(counted: dict[str, Any], free: int, now: datetime) -> int:
    """The rest of the wait after so many failures: 1, 2, 4 … minutes, at most an hour."""
    failures: int = counted["failures"]
    latest: datetime = counted["latest"]
    if failures < free:
        return 0
    minutes = min(1 << min(failures - free, 10), LONGEST // timedelta(minutes=1))
    left = latest + timedelta(minutes=minutes) - now
    return max(0, -(-left // timedelta(seconds=1)))


def _add(email: str, method: str, outcome: str, caller: Caller, *, known: bool, now: datetime) -> int:
    added = _sql.row(
        "add_signin",
        now=now,
        email=email,
        address=caller.address,
        network=caller.network,
        agent=caller.agent[:_MOST_AGENT],
        device=caller.digest if caller.device else None,
        known=known,
        method=method,
        outcome=outcome,
    )
    return int(added["id"])
