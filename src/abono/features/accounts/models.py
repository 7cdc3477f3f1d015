"""Accounts as people know them."""

from django.db import models
from django.db.models.functions import Collate, Length, Lower

from abono.base.constraints import CompositeForeignKey
from abono.base.row_security import account_policy, operator_policy


class Profile(models.Model):
    """Who an account belongs to, how they are spoken to, and which manager and agent (memberships) it was given to."""

    account_id = models.BigIntegerField(primary_key=True)
    operator_id = models.BigIntegerField()
    number = models.CharField(max_length=40)
    name = models.CharField(max_length=200, db_default="")
    locale = models.CharField(max_length=20, db_default="")
    opened_at = models.DateTimeField()
    manager_id = models.BigIntegerField(null=True)
    agent_id = models.BigIntegerField(null=True)
    # In small letters and in the order of bytes: row-level security lets only such comparisons use an index.
    number_key = models.GeneratedField(
        expression=Lower(Collate("number", "pg_c_utf8")),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(fields=["operator_id", "number_key", "account_id"], name="accounts_profile_order"),
            models.Index(
                fields=["manager_id", "number"],
                name="accounts_profile_manager",
                condition=models.Q(manager_id__isnull=False),
            ),
            models.Index(
                fields=["agent_id", "number"],
                name="accounts_profile_agent",
                condition=models.Q(agent_id__isnull=False),
            ),
        ]
        constraints = [account_policy(assigned="abono_wall_membership() IN (manager_id, agent_id)")]


class Number(models.Model):
    """The human number of an account, unique per seller; ``key`` is that of the request which opened it, if it had one.

    A reference table, because a distributed table can only be unique per account.
    """

    pk = models.CompositePrimaryKey("operator", "number")
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    number = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
    key = models.CharField(max_length=100, db_default="")

    class Meta:
        indexes = [
            # What follows in a series is asked where numbers are digits.
            models.Index(
                "operator",
                Length("number").desc(),
                models.F("number").desc(),
                name="accounts_number_series",
                condition=models.Q(number__regex=r"^[0-9]{1,18}$"),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "key"], name="accounts_number_key", condition=~models.Q(key="")
            ),
            account_policy(),
        ]


class Series(models.Model):
    """The last number that a seller gave by itself, and how many digits it is written with at least."""

    operator = models.OneToOneField("operators.Operator", models.PROTECT, primary_key=True)
    last = models.BigIntegerField()
    digits = models.SmallIntegerField()

    class Meta:
        constraints = [operator_policy()]


class Note(models.Model):
    """What the staff wrote down about an account. Notes are not changed; one that is wrong is struck out."""

    pk = models.CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    written_at = models.DateTimeField()
    author = models.CharField(max_length=254)
    text = models.CharField(max_length=2000)
    struck_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=("account_id",), to="ledger_account", to_columns=("account_id",), name="accounts_note_account"
            ),
            account_policy(),
        ]


class Word(models.Model):
    """A word of an account's name (see words.py), by which it is found."""

    pk = models.CompositePrimaryKey("account_id", "key")
    account_id = models.BigIntegerField()
    key = models.TextField(db_collation="C")
    operator_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["operator_id", "key", "account_id"], name="accounts_word_search")]
        constraints = [account_policy()]
