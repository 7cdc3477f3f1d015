"""Notices: what subscribers are told."""

from django.db import models
from django.db.models import CompositePrimaryKey

from abono.base.row_security import account_policy


class Notice(models.Model):
    """Something to tell a subscriber, in no language yet; how it is delivered comes later.

    ``sent_on`` is the civil day of sending in the operator's zone.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=20)
    sent_on = models.DateField()
    made_at = models.DateTimeField()
    payload = models.JSONField()

    class Meta:
        indexes = [
            # Who was warned of late. What a payload says cannot be looked up behind the second wall, a day can.
            models.Index(
                fields=["operator_id", "sent_on"],
                name="notices_warned",
                condition=models.Q(kind="will_be_suspended"),
            ),
        ]
        constraints = [account_policy()]
