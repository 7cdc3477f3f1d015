"""The ledger: accounts with their balance, entries, credit grants and holds.

Amounts are whole minor units of the account's currency.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import CompositePrimaryKey, Q

from abono.base.constraints import CompositeForeignKey
from abono.base.row_security import account_policy

BY_HAND = ["cash", "adjustments", "opening"]
"""The books of what people enter; all others are charging's."""


class Account(models.Model):
    """What an account has and is allowed.

    ``balance`` is the maintained sum of the entries, ``held`` that of the open holds. ``due_at`` is the
    next instant at which billing has work for the account; ``claim`` names the transaction that works on it, and
    ``reached_at`` is the instant up to which things were decided: whoever waited for the account goes on from there.
    """

    account_id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(db_default=0)
    credit_limit = models.BigIntegerField(db_default=0)
    held = models.BigIntegerField(db_default=0)
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    reached_at = models.DateTimeField(null=True)
    # An index that named the balance itself would be written with every movement.
    in_debt = models.GeneratedField(
        expression=Q(balance__lt=0),  # type: ignore[arg-type]  # the stubs forget that a condition is an expression
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="ledger_account_due"),
            models.Index(fields=["operator", "account_id"], name="ledger_account_debt", condition=Q(in_debt=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(credit_limit__gte=0), name="ledger_account_limit"),
            models.CheckConstraint(condition=Q(held__gte=0), name="ledger_account_held"),
            account_policy(),
        ]


class Entry(models.Model):
    """One movement between an account and one of its operator's books (``counter``).

    Credits to the account are positive. One row names both sides, so that it cannot be out of balance.
    Rows are never changed; a correction is a counter-entry that names what it ``reverses``.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    booked_on = models.DateField()
    booked_at = models.DateTimeField()
    kind = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    counter = models.CharField(max_length=20)
    text = models.CharField(max_length=200, db_default="")
    reverses = models.UUIDField(null=True)

    class Meta:
        # What came in and was corrected by hand is few beside what is charged; a month of all is read by blocks.
        indexes = [
            models.Index(fields=["booked_on", "id"], name="ledger_entry_by_hand", condition=Q(counter__in=BY_HAND)),
            models.Index(
                fields=["operator_id", "booked_on", "id"],
                name="ledger_entry_by_seller",
                condition=Q(counter__in=BY_HAND),
            ),
            BrinIndex(fields=["booked_at"], name="ledger_entry_booked"),
        ]
        constraints = [
            CompositeForeignKey(
                columns=("account_id",), to="ledger_account", to_columns=("account_id",), name="ledger_entry_account"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_amount"),
            models.CheckConstraint(
                condition=Q(kind__in=["payment", "charge", "reversal", "fee", "refund", "adjustment"]),
                name="ledger_entry_kind",
            ),
            account_policy(),
        ]


class Grant(models.Model):
    """Credit for a time, such as a promised payment; what is left of it counts as available."""

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    fee = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=("account_id",), to="ledger_account", to_columns=("account_id",), name="ledger_grant_account"
            ),
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=models.F("amount")), name="ledger_grant_remaining"
            ),
            account_policy(),
        ]


class Hold(models.Model):
    """Money set aside before it is spent; open while ``closed_at`` is empty."""

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    text = models.CharField(max_length=200, db_default="")
    placed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    entry_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=("account_id",), to="ledger_account", to_columns=("account_id",), name="ledger_hold_account"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_hold_amount"),
            CompositeForeignKey(
                columns=("account_id", "entry_id"),
                to="ledger_entry",
                to_columns=("account_id", "id"),
                name="ledger_hold_entry",
            ),
            account_policy(),
        ]
