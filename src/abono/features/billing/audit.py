"""The audit: what the books promise, proved from their rows alone (sql/audit.sql has a statement for each promise).

Not proved, because what it would take is not kept: that no balance is below its allowance (limits have no history), and
that a price was right on its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from abono.base.sql import Statements, statements
from abono.features.subscriptions.states import MOVES
from abono.kernel.money import MINOR_DIGITS

if TYPE_CHECKING:
    from collections.abc import Mapping

_sql = statements("abono.features.billing", "audit")

PROMISES: Mapping[str, str] = {
    "balance": "Every balance is the sum of its account's entries.",
    "held": "What an account holds back is the sum of its open holds.",
    "captures": "Every hold that was spent is closed, and its entry takes the amount that was held.",
    "grants": "What remains of a grant is between 0 and what was granted.",
    "one_grant": "No grant begins while another that still has something left is running.",
    "charges": "Every charge has its entry: of the opposite amount, the same kind, and booked on its day.",
    "entries": "Every entry booked for a subscription, a promise or a pause has what it was booked for.",
    "reversals": "Every reversal undoes one entry of the same account, whole and once.",
    "overlaps": "No day of a subscription is charged twice; days given back count as not charged.",
    "given_back": (
        "No change and no cancellation gives back more than was charged for the days that are left, nor anything twice."
    ),
    "gaps": (
        "Every whole day on which a subscription was active is charged, but for a free first period and days that a"
        " pause moved; proved where its plan stays the same and costs at least one minor unit a day."
    ),
    "starts": "No period or slice begins while its subscription is not active; arrears may be booked later.",
    "moves": "Every recorded change of state is one that the state machine has.",
    "history": "Every change of state begins where the one before it ended, the first at pending or trial.",
    "state": "Every subscription stands where its last change of state left it.",
    "reasons": "A subscription has reasons exactly when it is suspended.",
    "periods": "Every active subscription runs in a period, paid to its end or, by the day, up to a day in it.",
    "due": "Every account is due when the first of its subscriptions has work, or earlier at a new price's first day.",
    "used": "Every quota period has counted what it began with and the sum of its events, also by the day.",
    "aggregated": (
        "What every event added is what its service's way of adding up makes of what was reported: by event for sums"
        " and counts, by quota period for the most, the latest and different values, while all its events are kept."
    ),
    "measured": (
        "What was billed of seats is their peak, their average over time or their number at the end, from what the"
        " quota period began with and the dates of the changes; proved while all its events are kept."
    ),
    "reserved": (
        "What a quota holds back is the sum of its open reservations, each of a subscription that has not ended or"
        " changed since; money is held for open ones only."
    ),
    "keyed": "Every event that has a key is the only one of its account with it, and the key is kept.",
    "overages": "What quota periods cost, on use and at their end, is what was charged for them.",
    "packs": "Every pack that use or seats opened is paid where the plan charges on use and was not changed meanwhile.",
    "numbers": "Every account has one profile and one number, of the same seller, and no number is without an account.",
    "counters": "The totals of every finished run are the sums of its slices.",
}
"""What is proved, by name (its statement is ``audit_<name>``), in the order of the report."""

_counting = Statements(
    _sql.source,
    {name: f"SELECT count(*) AS total FROM ({_sql.texts[f'audit_{name}']}) AS broken" for name in PROMISES},  # noqa: S608 -- ours
)


@dataclass(frozen=True)
class Example:
    """One place where a promise is broken: the account (none for a run), what of it, and what was found there."""

    account: int | None
    subject: str
    found: str


@dataclass(frozen=True)
class Finding:
    """A promise that is broken: in how many places, and the first of them."""

    promise: str
    sentence: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Proved:
    """How many rows the audit went over."""

    accounts: int
    entries: int
    subscriptions: int
    charges: int
    events: int


def audit(limit: int = 10) -> list[Finding]:
    """The promises that are broken, in the order of PROMISES; none if the books are proved.

    ``limit`` >= 1: the most examples of each; counts are exact. Reads only, beside running work: each promise is
    judged on one snapshot of its own.
    """
    return [finding for promise in PROMISES if (finding := _prove(promise, limit)) is not None]


def proved() -> Proved:
    """How much there is to prove."""
    return Proved(**_sql.row("audit_size"))


def _prove(promise: str, limit: int) -> Finding | None:
    moves = [(before, after) for before, afters in MOVES.items() for after in sorted(afters)]
    values = {
        "moves_from": [before for before, _ in moves],
        "moves_to": [after for _, after in moves],
        "currencies": list(MINOR_DIGITS),
        "digits": list(MINOR_DIGITS.values()),
    }
    found = _sql.rows(f"audit_{promise}", most=limit, **values)
    if not found:
        return None
    count = len(found) if len(found) < limit else int(_counting.row(promise, most=None, **values)["total"])
    examples = tuple(Example(row["account_id"], row["subject"], row["found"]) for row in found)
    return Finding(promise, PROMISES[promise], count, examples)
