"""Charges, and the runs that make them."""

from django.db import models
from django.db.models import CompositePrimaryKey, Q

from abono.base.constraints import CompositeForeignKey
from abono.base.row_security import ALL_ACCOUNTS, RowPolicy, account_policy, operator_policy


class Charge(models.Model):
    """What an account was charged for a subscription, or given back (negative), and for which days.

    Shares its ``id`` with the ledger entry that moved the money. ``period`` rows (daily slices among
    them) are made once per subscription and first day, whatever crashes or runs twice; ``part`` rows by a change, and
    where a change has spent the first day: what was charged today and given back may be charged again today.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    kind = models.CharField(max_length=8)
    starts_on = models.DateField()
    ends_on = models.DateField()
    amount = models.BigIntegerField()
    tax = models.BigIntegerField()
    rate_id = models.BigIntegerField(null=True)
    service_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "starts_on"],
                condition=Q(kind="period"),
                name="billing_charge_once",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["period", "part", "fee", "overage", "credit", "refund"]),
                name="billing_charge_kind",
            ),
            models.CheckConstraint(condition=Q(starts_on__lt=models.F("ends_on")), name="billing_charge_days"),
            CompositeForeignKey(
                columns=("account_id", "id"),
                to="ledger_entry",
                to_columns=("account_id", "id"),
                name="billing_charge_entry",
            ),
            CompositeForeignKey(
                columns=("account_id", "subscription_id"),
                to="subscriptions_subscription",
                to_columns=("account_id", "id"),
                name="billing_charge_subscription",
            ),
            account_policy(),
        ]


class Run(models.Model):
    """One call of the engine: all work that is due by ``until``, cut into slices."""

    id = models.BigAutoField(primary_key=True)
    until = models.DateTimeField()
    operator_id = models.BigIntegerField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    totals = models.JSONField(null=True)

    class Meta:
        constraints = [
            operator_policy(),
            # What was done for all operators concerns each; its totals are shown by no page.
            RowPolicy(
                rule=f"operator_id IS NULL AND cardinality(abono_wall_operators()) > 0 AND {ALL_ACCOUNTS}",
                command="SELECT",
                policy="abono_wall_shared",
            ),
        ]


class Slice(models.Model):
    """A range of one operator's accounts in a run, done in one transaction by whoever takes it."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE)
    operator_id = models.BigIntegerField()
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    accounts = models.IntegerField()
    state = models.CharField(max_length=6, db_default="open")
    attempts = models.SmallIntegerField(db_default=0)
    error = models.TextField(db_default="")
    totals = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["operator_id", "run"], name="billing_slice_operator")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "done", "failed", "split"]), name="billing_slice_state"
            ),
            operator_policy(),
        ]


class Figure(models.Model):
    """What an operator had in one currency on a civil day, as last counted (see figures.py); minor units."""

    pk = CompositePrimaryKey("operator_id", "currency", "day")
    operator_id = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    day = models.DateField()
    accounts = models.BigIntegerField()
    active = models.BigIntegerField()
    trial = models.BigIntegerField()
    suspended = models.BigIntegerField()
    short = models.BigIntegerField()
    paused = models.BigIntegerField()
    monthly = models.BigIntegerField()
    collected = models.BigIntegerField()
    charged = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [operator_policy()]


class Forecast(models.Model):
    """A forecast that was asked for, how often it was begun, and what came of it (see forecasts.py).

    ``tenant_id``: the operator below the provider that it is for, or that stands above; tenants take turns.
    """

    id = models.BigAutoField(primary_key=True)
    operator_id = models.BigIntegerField()
    tenant_id = models.BigIntegerField()
    days = models.SmallIntegerField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=254)
    attempts = models.SmallIntegerField(db_default=0)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=200, db_default="")
    summary = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["operator_id", "id"], name="billing_forecast_operator")]
        constraints = [operator_policy()]
