"""Accounts as people know them."""

from django.db import models


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

    class Meta:
        indexes = [
            models.Index(fields=["operator_id", "number"], name="accounts_profile_number"),
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


class Number(models.Model):
    """The human number of an account, unique per seller.

    A reference table, because a distributed table can only be unique per account.
    """

    pk = models.CompositePrimaryKey("operator", "number")
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    number = models.CharField(max_length=40)
    account_id = models.BigIntegerField()
