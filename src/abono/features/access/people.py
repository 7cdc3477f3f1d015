"""A person (or a program) as the doors know them: who, by what right, and for which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.refusal import Refusal
from abono.base.wall import wall
from abono.features.access.rights import Kind, Role, rights_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime


class NotFound(Refusal):
    """There is no such thing, or it is not for this person to see: the answer is the same."""

    code = "not_found"


class Forbidden(Refusal):
    """The person is known and may not do this."""

    code = "forbidden"


@dataclass(frozen=True)
class Person:
    """Who acts: a member of the staff, a subscriber, an agent, or a program with a key (``user`` is None).

    ``operator`` is the operator they belong to, ``operators`` the ids of its subtree, itself first. ``accounts`` are a
    subscriber's own; for all others it is None. ``membership`` is the id by which accounts name their manager or agent.
    ``key`` is the id of a program's key, ``until`` its end if it has one.
    """

    name: str
    email: str
    kind: Kind
    role: Role | None
    rights: frozenset[str]
    operator: int
    operators: tuple[int, ...]
    accounts: tuple[int, ...] | None = None
    user: int | None = None
    membership: int | None = None
    locale: str = ""
    key: int | None = None
    until: datetime | None = None

    def may(self, right: str) -> bool:
        """Whether the person has a right at all; which rows it is for is asked of an ``access`` door."""
        return right in self.rights

    def require(self, right: str) -> None:
        """Raise Forbidden unless the person has a right."""
        if right not in self.rights:
            message = f"This needs the right {right!r}, which you do not have; ask an administrator."
            raise Forbidden(message)

    def require_operator(self, operator: int) -> None:
        """Raise NotFound unless the operator is in the person's subtree."""
        if operator not in self.operators:
            message = "There is nothing here; look it up in the list."
            raise NotFound(message)

    def require_no_more(self, kind: Kind, role: Role | None) -> None:
        """Raise Forbidden if a membership may do anything that this person may not."""
        if not rights_of(kind, role) <= self.rights:
            raise Forbidden("This role may do more than you may; ask an administrator.", field="role")

    def require_gives(self, kind: Kind, role: Role | None) -> None:
        """Raise Forbidden unless the person may let somebody in so: nobody gives more than they have, or for longer.

        Staff are let in for good, so that a key that ends lets in none. Subscribers and agents have their own accounts.
        """
        self.require_no_more(kind, role)
        if kind is Kind.STAFF and self.until is not None:
            message = "This key ends, and staff are let in for good; ask an administrator, or use a key without an end."
            raise Forbidden(message, field="role")

    def require_gives_key(self, rights: Collection[str], until: datetime | None) -> None:
        """The same for a key with these rights that ends then, or never (None)."""
        for right in rights:
            self.require(right)
        if self.until is not None and (until is None or until > self.until):
            message = f"The key that asks ends at {self.until:%Y-%m-%dT%H:%MZ}; let the new one end by then."
            raise Forbidden(message, field="expires_at")

    @property
    def sees_all_accounts(self) -> bool:
        """Whether all accounts of the subtree are the person's to see, not only own ones."""
        return self.accounts is None and self.role is not Role.MANAGER and self.kind is not Kind.AGENT

    @property
    def scope(self) -> Mapping[str, Any]:
        """The parameters by which every statement of rows is narrowed (as in accounts/sql/lists.sql).

        ``operators`` always; ``accounts``, ``manager`` and ``agent`` are None where they do not narrow.
        """
        return {
            "operators": list(self.operators),
            "accounts": None if self.accounts is None else list(self.accounts),
            "manager": self.membership if self.role is Role.MANAGER else None,
            "agent": self.membership if self.kind is Kind.AGENT else None,
        }


def wall_of(person: Person) -> AbstractContextManager[None]:
    """The second wall for what a person does (see abono.base.wall)."""
    own = person.membership if person.role is Role.MANAGER or person.kind is Kind.AGENT else None
    return wall(person.operators, person.accounts, own, user=person.user, key=person.key)
