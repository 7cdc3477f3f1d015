"""The state machine as data: states, reasons, and how they are told."""

from __future__ import annotations

from enum import IntFlag


class Reason(IntFlag):
    """Why a subscription is suspended. Reasons stack; each lifts on its own."""

    FUNDS = 1
    CUSTOMER = 2
    STAFF = 4
    VENDOR = 8
    PARENT = 16


TOLD_ORDER = (Reason.FUNDS, Reason.CUSTOMER, Reason.STAFF, Reason.VENDOR, Reason.PARENT)

MOVES = {
    "pending": {"trial", "active", "suspended", "ended"},
    "trial": {"active", "suspended", "ended"},
    "active": {"suspended", "ended"},
    "suspended": {"pending", "trial", "active", "suspended", "ended"},
    "ended": set[str](),
}
"""Which state may follow which; the audit holds every recorded transition against it."""


def names(reasons: int) -> list[str]:
    """The reasons' names, always in the same order."""
    return [reason.name.lower() for reason in TOLD_ORDER if reason.name and reasons & reason]
