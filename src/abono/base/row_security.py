"""Row-level security: which rows and columns requests see and write, declared beside the model in ``Meta.constraints``.

Requests work as the role ``abono_web``, which owns nothing. A policy compares a row with the settings of the connection
(``abono.base.wall``) by the functions of ``migrations/0001_row_security.sql``, and never by a subquery: a table that is
spread over several machines takes none. Tables of other libraries have theirs in the migrations of the feature whose
matter they are.
"""

from __future__ import annotations

from typing import Any, Literal

from abono.base.constraints import DatabaseRule, quoted

ROLE = "abono_web"

Columns = bool | tuple[str, ...]
"""All columns of a table, none, or these."""

_NAME = "%(app_label)s_%(class)s_"
OPERATOR = "abono_wall_shows(operator_id)"
"""The row is of an operator of who asks."""
ALL_ACCOUNTS = "abono_wall_house()"
"""Who asks sees all accounts of their operators: no subscriber, manager or agent."""


class RowPolicy(DatabaseRule):
    """Requests see the rows that meet ``rule``, and write none that does not; several policies of a table add up.

    ``policy`` is its name in the database, which is unique in a table only.
    """

    def __init__(
        self,
        *,
        rule: str,
        command: Literal["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"] = "ALL",
        policy: str = "abono_wall",
        name: str = "",
    ) -> None:
        super().__init__(name=name or _NAME + policy)
        self.rule = rule
        self.command = command
        self.policy = policy

    def created(self) -> str:
        """The policy, and the switch that makes policies count."""
        using = "" if self.command == "INSERT" else f" USING ({self.rule})"
        check = "" if self.command in {"SELECT", "DELETE"} else f" WITH CHECK ({self.rule})"
        return (
            "ALTER TABLE %(table)s ENABLE ROW LEVEL SECURITY;"
            f" CREATE POLICY {quoted(self.policy)} ON %(table)s FOR {self.command} TO {ROLE}{using}{check}"
        )

    def removed(self) -> str:
        """The switch stays: without any policy requests see nothing."""
        return f"DROP POLICY {quoted(self.policy)} ON %(table)s"

    def deconstruct(self) -> Any:
        """What a migration writes down."""
        path, _args, kwargs = super().deconstruct()
        kwargs.update(rule=self.rule, command=self.command, policy=self.policy)
        return path, (), kwargs


class Privileges(DatabaseRule):
    """All that requests may do with a table, whatever the row; without this they may do everything.

    What is not named is not allowed: a column that is added later is not read before it is named here.
    """

    def __init__(
        self,
        *,
        select: Columns = False,
        insert: bool = False,
        update: Columns = False,
        delete: bool = False,
        name: str = _NAME + "privileges",
    ) -> None:
        super().__init__(name=name)
        self.select = select
        self.insert = insert
        self.update = update
        self.delete = delete

    def created(self) -> str:
        """What is granted, instead of everything."""
        asked = {"SELECT": self.select, "INSERT": self.insert, "UPDATE": self.update, "DELETE": self.delete}
        granted = ", ".join(
            f"{verb} ({quoted(*columns)})" if isinstance(columns, tuple) else verb
            for verb, columns in asked.items()
            if columns
        )
        return f"REVOKE ALL ON %(table)s FROM {ROLE};" + (f" GRANT {granted} ON %(table)s TO {ROLE}" if granted else "")

    def removed(self) -> str:
        """Everything, as for every table that is made."""
        return f"REVOKE ALL ON %(table)s FROM {ROLE}; GRANT SELECT, INSERT, UPDATE, DELETE ON %(table)s TO {ROLE}"

    def deconstruct(self) -> Any:
        """What a migration writes down."""
        path, _args, kwargs = super().deconstruct()
        kwargs.update(select=self.select, insert=self.insert, update=self.update, delete=self.delete)
        return path, (), kwargs


def account_policy(assigned: str = "abono_wall_given(account_id)") -> RowPolicy:
    """For rows of accounts: staff have those of their operators, a subscriber the own ones.

    A manager or an agent has those of accounts that are ``assigned``: that the account's profile names them.
    """
    return RowPolicy(
        rule=f"{OPERATOR}"
        " AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts()))"
        f" AND (abono_wall_membership() IS NULL OR {assigned})"
    )


def operator_policy() -> RowPolicy:
    """For rows of an operator that concern all of its accounts: only who sees all of them has those rows."""
    return RowPolicy(rule=f"{OPERATOR} AND {ALL_ACCOUNTS}")


def readable_policies(rule: str = f"{OPERATOR} AND {ALL_ACCOUNTS}") -> tuple[RowPolicy, ...]:
    """For rows that everybody reads; written are only those that meet a rule."""
    return RowPolicy(rule=rule), RowPolicy(rule="TRUE", command="SELECT", policy="abono_wall_shown")
