"""Who is told, what happened, and each telling of it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CompositePrimaryKey, Q

from abono.base.constraints import CompositeForeignKey
from abono.base.row_security import Privileges, account_policy, operator_policy

_SHOWN = (
    "id", "operator_id", "url", "types", "old_until", "made_by", "made_by_user_id", "made_by_key_id", "made_at",
    "disabled_at", "failures", "failing_since", "retry_at", "quick_at",
)  # fmt: skip
"""All but the secrets: who may see one is told by the function abono_webhook_secret."""


class Endpoint(models.Model):
    """An address of an operator's program. It hears of the operator's subtree; ``types`` empty means all.

    The secrets sign what is sent: after a change the old one still does for a day. Both are kept as they are, because
    every message is signed with them anew. It is told while whoever made it, or changed it or switched it on last
    (``made_by``), may see what it is told; neither user nor key stands for a command.
    """

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT)
    url = models.CharField(max_length=2000)
    types = ArrayField(models.CharField(max_length=40))
    secret = models.CharField(max_length=100)
    old_secret = models.CharField(max_length=100, db_default="")
    old_until = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=254)
    made_by_user = models.ForeignKey("access.User", models.PROTECT, null=True, db_index=False, related_name="+")
    made_by_key = models.ForeignKey("access.ApiKey", models.PROTECT, null=True, db_index=False, related_name="+")
    made_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    # How often in a row it failed, since when, and until when it is left alone as a whole.
    failures = models.IntegerField(db_default=0)
    failing_since = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    # From when on it counts as one that answers quickly; in the future after a slow answer, null before the first.
    quick_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            Privileges(select=_SHOWN, insert=True, update=True, delete=True),
            operator_policy(),
        ]


class Event(models.Model):
    """Something that happened to an account (0: to none), told in the transaction that did it.

    ``source_id`` is the row it tells of, so that nothing is told twice. ``sequence`` numbers the events of a
    subscription from 1 on without a gap, in the order in which they happened.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    type = models.CharField(max_length=40)
    source_id = models.UUIDField()
    at = models.DateTimeField()
    payload = models.JSONField()
    subscription_id = models.UUIDField(null=True)
    sequence = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "sequence"],
                condition=Q(subscription_id__isnull=False),
                name="webhooks_event_sequence",
            ),
            models.UniqueConstraint(fields=["account_id", "source_id", "type"], name="webhooks_event_once"),
            account_policy(),
        ]


class Delivery(models.Model):
    """The telling of an event to an endpoint; repeated with growing pauses until it is heard or a day has passed."""

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    event_id = models.UUIDField()
    endpoint_id = models.BigIntegerField()
    state = models.CharField(max_length=8, db_default="waiting")
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    status = models.SmallIntegerField(null=True)
    error = models.CharField(max_length=200, db_default="")
    tried_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            CompositeForeignKey(
                columns=("account_id", "event_id"),
                to="webhooks_event",
                to_columns=("account_id", "id"),
                name="webhooks_delivery_event",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "heard", "given_up"]), name="webhooks_delivery_state"
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", due_at__isnull=False) | (~Q(state="waiting") & Q(due_at__isnull=True)),
                name="webhooks_delivery_due",
            ),
            account_policy(),
        ]
        indexes = [
            models.Index(fields=["endpoint_id", "due_at"], name="webhooks_delivery_due", condition=Q(state="waiting")),
            models.Index(fields=["endpoint_id", "id"], name="webhooks_delivery_endpoint"),
        ]
