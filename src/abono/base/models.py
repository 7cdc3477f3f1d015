"""Tables that serve every feature: keys that make calls repeatable, and the audit trail."""

from django.db import models
from django.db.models import CompositePrimaryKey

from abono.base.row_security import OPERATOR, Privileges, RowPolicy, account_policy


class Once(models.Model):
    """A key under which a request was carried out, what was asked and what was answered.

    The same key with the same request gets the first answer again; with another request it is
    refused. A refused request leaves no row.
    """

    pk = CompositePrimaryKey("account_id", "key")
    account_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    operator_id = models.BigIntegerField()
    request = models.JSONField()
    answer = models.JSONField()
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [account_policy()]


class Trail(models.Model):
    """One line of the audit trail: who did what, when, from where, before and after.

    ``account_id`` is 0 for what concerns no account (catalogue, operators).
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=100)
    origin = models.CharField(max_length=100)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=100)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["operator_id", "at", "id"], name="base_trail_newest")]
        constraints = [
            account_policy(),
            # What concerns no account may be noted by everybody of the operator, who need not be able to read it.
            RowPolicy(rule=f"account_id = 0 AND {OPERATOR}", command="INSERT", policy="abono_wall_people"),
        ]


class Clock(models.Model):
    """The last minute in which the clock of a machine was right, since one start of it; and why it is not, if so."""

    boot = models.CharField(max_length=40, primary_key=True)
    seen_at = models.DateTimeField(null=True)
    passed = models.DurationField(null=True)
    held = models.CharField(max_length=200, db_default="")
    held_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Kept by the engine; requests only read why nothing is charged.
            Privileges(select=True),
        ]
