"""What may be done, and which role may do it. A right is ``object.verb``; a role is a set of rights."""

from __future__ import annotations

from enum import StrEnum

RIGHTS = (
    "account.view",
    "account.create",
    "account.change",
    "account.block",
    "subscription.view",
    "subscription.create",
    "subscription.change",
    "subscription.pause",
    "subscription.cancel",
    "usage.view",
    "usage.record",
    "payment.view",
    "payment.create",
    "payment.adjust",
    "promise.create",
    "plan.view",
    "plan.change",
    "price.change",
    "run.view",
    "run.start",
    "forecast.view",
    "audit.view",
    "person.view",
    "person.change",
    "operator.view",
    "operator.create",
    "operator.change",
    "operator.block",
    "key.view",
    "key.change",
    "webhook.view",
    "webhook.change",
)
"""Every right there is."""


class Kind(StrEnum):
    """Why somebody is let in at all."""

    STAFF = "staff"
    SUBSCRIBER = "subscriber"
    AGENT = "agent"


class Role(StrEnum):
    """What a member of the staff does."""

    ADMINISTRATOR = "administrator"
    ACCOUNTANT = "accountant"
    MANAGER = "manager"
    AUDITOR = "auditor"


_VIEW = frozenset(right for right in RIGHTS if right.endswith(".view"))

OF_ROLE: dict[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(RIGHTS),
    Role.ACCOUNTANT: frozenset(
        {
            "account.view",
            "account.change",
            "subscription.view",
            "usage.view",
            "payment.view",
            "payment.create",
            "payment.adjust",
            "promise.create",
            "plan.view",
            "price.change",
            "run.view",
            "run.start",
            "forecast.view",
            "audit.view",
            "operator.view",
        }
    ),
    Role.MANAGER: frozenset(
        {
            "account.view",
            "account.create",
            "account.change",
            "account.block",
            "subscription.view",
            "subscription.create",
            "subscription.change",
            "subscription.pause",
            "subscription.cancel",
            "usage.view",
            "usage.record",
            "payment.view",
            "promise.create",
            "plan.view",
        }
    ),
    Role.AUDITOR: _VIEW - {"key.view", "webhook.view"},
}
"""A manager sees and serves the accounts that were given to him or her, nobody else's."""

OF_SUBSCRIBER = frozenset(
    {
        "account.view",
        "subscription.view",
        "subscription.create",
        "subscription.change",
        "subscription.pause",
        "subscription.cancel",
        "usage.view",
        "payment.view",
        "promise.create",
        "plan.view",
    }
)
OF_AGENT = frozenset({"account.view", "account.create", "subscription.view", "usage.view", "payment.view", "plan.view"})


def roles_with(rights: frozenset[str]) -> list[str]:
    """The roles that have all of these rights."""
    return [role.value for role in Role if rights <= OF_ROLE[role]]


def rights_of(kind: Kind, role: Role | None) -> frozenset[str]:
    """The rights of a membership. Staff have a role; subscribers and agents have what their kind has."""
    if kind is Kind.SUBSCRIBER:
        return OF_SUBSCRIBER
    if kind is Kind.AGENT:
        return OF_AGENT
    return OF_ROLE[role] if role is not None else frozenset()
