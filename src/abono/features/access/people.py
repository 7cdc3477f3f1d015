"""A person (or a program) as the doors know them: who, by what right, and for which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.refusal import Refusal
from abono.base.wall import wall
from abono.features.access.rights import Kind, Role, rights_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager


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
    ``key`` is the id of a program's key.
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
        """Raise Forbidden if a membership may do anything that this person may not: nobody gives more than they have.

        What subscribers and agents may do, they do with their own accounts only: that is less than any member of the
        staff may do who lets people in.
        """
        if kind is Kind.STAFF and not rights_of(kind, role) <= self.rights:
            raise Forbidden("This role may do more than you may; ask an administrator.", field="role")

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
    return wall(person.operators, person.accounts, own)
