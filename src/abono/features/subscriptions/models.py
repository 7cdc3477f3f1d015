"""Subscriptions and the history of their states."""

from django.db import models
from django.db.models import CompositePrimaryKey, Q
from django.db.models.functions import Collate, Lower

from abono.base.constraints import CompositeForeignKey
from abono.base.ranges import DateMultirangeField
from abono.base.row_security import account_policy

STATES = ["pending", "trial", "active", "suspended", "ended"]


class Subscription(models.Model):
    """A plan that an account has, where it stands in its periods, and what waits for the next boundary.

    Boundary *n* of the period grid follows from ``anchor_on``, ``anchor_day`` and the plan's step; ``cycle`` is the
    *n* of the cycle the period lies in. ``period_ends_on`` (exclusive) and ``paid_until`` say how far it is decided:
    a daily plan is paid day by day inside its period. The period (or the trial before the first) is ``runs`` until its
    end has been dealt with; afterwards nothing paid runs. ``reasons`` is a sum of bits (see ``states``). Days that were
    suspended at their start are in ``blocked`` and, for the suspension that goes on, begin with ``suspended_on``.
    ``frozen_days`` are what a pause keeps. A change that leaves the slice of its day standing begins on ``kept_until``;
    ``paid_from`` is the first charge that no change has given back. ``look_at`` is the instant of the look-ahead that
    is still to be made, ``looked_for`` the boundary that the last one was for. ``terms_id`` is of the last change of
    what was agreed (plan, quantity, what waits), ``terms_cause`` says which. ``counts_from`` is the first day of the
    quota period where a change has moved the period's beginning and kept the counts.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    plan_id = models.BigIntegerField()
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    unit = models.CharField(max_length=100, db_default="")
    ordered_at = models.DateTimeField()
    state = models.CharField(max_length=9)
    reasons = models.SmallIntegerField(db_default=0)
    early = models.BooleanField(db_default=False)
    starts_on = models.DateField()
    trial_ends_on = models.DateField(null=True)
    anchor_on = models.DateField()
    anchor_day = models.SmallIntegerField()
    cycle = models.IntegerField()
    period_starts_on = models.DateField(null=True)
    period_ends_on = models.DateField(null=True)
    cycle_days = models.SmallIntegerField(null=True)
    paid_until = models.DateField(null=True)
    rate_id = models.BigIntegerField(null=True)
    runs = models.BooleanField(db_default=True)
    fee_due = models.BooleanField(db_default=True)
    suspended_on = models.DateField(null=True)
    blocked = DateMultirangeField(null=True)
    frozen_days = models.SmallIntegerField(null=True)
    kept_until = models.DateField(null=True)
    paid_from = models.UUIDField(null=True)
    paused_on = models.DateField(null=True)
    paused_until = models.DateField(null=True)
    cancels = models.BooleanField(db_default=False)
    next_plan_id = models.BigIntegerField(null=True)
    next_quantity = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    look_at = models.DateTimeField(null=True)
    looked_for = models.DateField(null=True)
    counts_from = models.DateField(null=True)
    terms_id = models.UUIDField(null=True)
    terms_cause = models.CharField(max_length=20, db_default="")
    ended_on = models.DateField(null=True)
    # In small letters and in the order of bytes: row-level security lets only such comparisons use an index.
    unit_key = models.GeneratedField(
        expression=Lower(Collate("unit", "pg_c_utf8")), output_field=models.TextField(db_collation="C"), db_persist=True
    )

    class Meta:
        # None of these columns changes in a roll-over, but the state of what stops: rows are written in place.
        indexes = [
            models.Index(fields=["operator_id", "id"], name="subscriptions_newest"),
            models.Index(fields=["operator_id", "state", "id"], name="subscriptions_by_state"),
            models.Index(fields=["operator_id", "plan_id", "state", "id"], name="subscriptions_by_plan"),
            models.Index(
                fields=["operator_id", "unit_key", "account_id", "id"],
                name="subscriptions_by_unit",
                condition=~Q(unit=""),
            ),
            models.Index(
                fields=["operator_id", "account_id"], name="subscriptions_stopped", condition=Q(state="suspended")
            ),
        ]
        constraints = [
            CompositeForeignKey(
                columns=("account_id",),
                to="ledger_account",
                to_columns=("account_id",),
                name="subscriptions_subscription_account",
            ),
            models.CheckConstraint(condition=Q(state__in=STATES), name="subscriptions_subscription_state"),
            models.CheckConstraint(
                condition=Q(state="suspended", reasons__gt=0) | (~Q(state="suspended") & Q(reasons=0)),
                name="subscriptions_subscription_reasons",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="subscriptions_subscription_quantity"),
            account_policy(),
        ]


class Transition(models.Model):
    """A change of a subscription's state or reasons, dated the instant it belongs to.

    ``missing`` is what the account lacked (minor units) where the cause is ``shortfall``. Rows are never changed;
    they are the history that the audit proves charges against.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    at = models.DateTimeField()
    day = models.DateField()
    cause = models.CharField(max_length=20)
    state_from = models.CharField(max_length=9)
    state_to = models.CharField(max_length=9)
    reasons_from = models.SmallIntegerField()
    reasons_to = models.SmallIntegerField()
    missing = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [account_policy()]
