"""What the door itself remembers: first answers of repeatable calls, and how much a key has asked lately."""

from django.db import models
from django.db.models import CompositePrimaryKey

from abono.base.row_security import Privileges, RowPolicy


class Reply(models.Model):
    """The first answer to a call that carried an ``Idempotency-Key``; ``owner`` is the API key that called.

    Claimed before the work and completed after it, in one transaction: a call that is refused leaves no row, and a
    second one at the same moment waits for the first. ``request`` is a digest of what was asked.
    """

    pk = CompositePrimaryKey("owner", "key")
    owner = models.BigIntegerField()
    key = models.CharField(max_length=100)
    request = models.BinaryField(max_length=32)
    status = models.SmallIntegerField(null=True)
    location = models.CharField(max_length=300, db_default="")
    body = models.TextField(db_default="")
    kept_at = models.DateTimeField()
    large = models.BooleanField(db_default=False)

    class Meta:
        indexes = [
            models.Index(fields=["kept_at"], name="api_reply_kept"),
            models.Index(fields=["owner"], name="api_reply_large", condition=models.Q(large=True)),
        ]
        constraints = [RowPolicy(rule="owner = abono_wall_key()")]


class Bucket(models.Model):
    """The calls of an API key: at ``full_at`` the bucket is full again. Not logged: after a crash all are full."""

    owner = models.BigIntegerField(primary_key=True)
    full_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Judged before the request works as anybody.
            Privileges(),
        ]
