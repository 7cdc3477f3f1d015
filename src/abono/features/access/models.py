"""People who sign in, why they are let in, and the keys of programs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from abono.base.row_security import Privileges, RowPolicy, account_policy, operator_policy

KINDS = ["staff", "subscriber", "agent"]
METHODS = ["password", "code", "passkey", "reset", "invitation", "confirmation"]
OUTCOMES = ["failed", "right", "done", "refused"]
ROLES = ["administrator", "accountant", "manager", "auditor"]


class Users(BaseUserManager["User"]):
    """How Django's sign-in finds a user."""

    def get_by_natural_key(self, username: str | None) -> User:
        """By e-mail address, whatever its case."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """Somebody who can sign in; the e-mail address is kept in lower case. What they may do is in their memberships."""

    id = models.BigAutoField(primary_key=True)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=200, db_default="", default="", blank=True)
    locale = models.CharField(max_length=20, db_default="", default="", blank=True)
    is_active = models.BooleanField(db_default=True, default=True)
    joined_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = Users()

    class Meta:
        constraints = [
            Privileges(
                select=("id", "email", "name", "locale", "is_active", "joined_at", "last_login"),
                update=("name", "locale", "is_active"),
            ),
            RowPolicy(rule="abono_wall_knows(id)", command="SELECT", policy="abono_wall_shown"),
            RowPolicy(rule="abono_wall_judges(id)", command="UPDATE"),
        ]

    def clean(self) -> None:
        """One spelling of an address."""
        super().clean()
        self.email = self.email.lower()


class Membership(models.Model):
    """Why a user is let in: as staff of an operator, as the subscriber of an account, or as an operator's agent.

    ``made_by_user`` or ``made_by_key`` is who asked them in; neither, if a command did.
    """

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE)
    operator = models.ForeignKey("operators.Operator", models.PROTECT)
    kind = models.CharField(max_length=10)
    role = models.CharField(max_length=20, db_default="")
    account_id = models.BigIntegerField(null=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    made_by_user = models.ForeignKey(User, models.PROTECT, null=True, db_index=False, related_name="+")
    made_by_key = models.ForeignKey("access.ApiKey", models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="access_membership_kind"),
            models.CheckConstraint(
                condition=Q(kind="staff", role__in=ROLES) | (~Q(kind="staff") & Q(role="")),
                name="access_membership_role",
            ),
            models.CheckConstraint(
                condition=Q(kind="subscriber", account_id__isnull=False)
                | (~Q(kind="subscriber") & Q(account_id__isnull=True)),
                name="access_membership_account",
            ),
            models.UniqueConstraint(
                fields=["user", "operator", "kind", "account_id"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="access_membership_once",
            ),
            account_policy(),
        ]
        indexes = [
            models.Index(
                fields=["operator", "kind"], name="access_membership_current", condition=Q(ended_at__isnull=True)
            ),
        ]


_KEY_SHOWN = (
    "id", "operator_id", "name", "prefix", "rights", "made_by", "made_by_user_id", "made_by_key_id", "made_at",
    "expires_at", "last_used_at", "revoked_at",
)  # fmt: skip
"""All but the digest."""


class ApiKey(models.Model):
    """A program's key. Only a digest of it is kept; ``prefix`` is what people recognise it by.

    It may do no more than who made it may do now: the user, or the key.
    """

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    rights = ArrayField(models.CharField(max_length=40))
    made_by = models.CharField(max_length=254)
    made_by_user = models.ForeignKey(User, models.PROTECT, null=True, db_index=False, related_name="+")
    made_by_key = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            Privileges(select=_KEY_SHOWN, insert=True, update=True, delete=True),
            operator_policy(),
        ]


_INVITATION_SHOWN = (
    "id", "operator_id", "email", "kind", "role", "account_id", "locale", "made_by_id", "made_by_key_id", "made_at",
    "expires_at", "accepted_at", "revoked_at",
)  # fmt: skip
"""All but what the link is made of."""


class Invitation(models.Model):
    """Somebody is asked in by mail. The link's secret is derived from ``nonce``; only a digest of it is looked up."""

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    email = models.EmailField(max_length=254)
    kind = models.CharField(max_length=10)
    role = models.CharField(max_length=20, db_default="")
    account_id = models.BigIntegerField(null=True)
    locale = models.CharField(max_length=20, db_default="")
    nonce = models.CharField(max_length=64)
    digest = models.BinaryField(max_length=32, unique=True)
    made_by = models.ForeignKey(User, models.CASCADE, null=True)
    made_by_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, db_index=False, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="access_invitation_kind"),
            models.UniqueConstraint(
                fields=["email", "operator", "kind", "account_id"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                nulls_distinct=False,
                name="access_invitation_once",
            ),
            Privileges(select=_INVITATION_SHOWN, insert=True, update=True, delete=True),
            operator_policy(),
        ]
        indexes = [models.Index(fields=["operator", "made_at"], name="access_invitation_made")]


class SignIn(models.Model):
    """One attempt to sign in: who, when, from where and how it ended; never a password or a code.

    ``network`` is what attempts are counted by: an IPv4 address, or the /64 of an IPv6 address. ``device`` is the
    digest of a browser's cookie; ``known`` says that the browser had signed in with this address before.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    email = models.CharField(max_length=254)
    user = models.ForeignKey(User, models.SET_NULL, null=True, db_index=False)
    address = models.GenericIPAddressField(null=True)
    network = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, db_default="")
    device = models.BinaryField(max_length=32, null=True)
    known = models.BooleanField(db_default=False)
    method = models.CharField(max_length=12)
    outcome = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(method__in=METHODS), name="access_signin_method"),
            models.CheckConstraint(condition=Q(outcome__in=OUTCOMES), name="access_signin_outcome"),
            Privileges(select=True),
            RowPolicy(rule="abono_wall_judges(user_id)", command="SELECT"),
        ]
        indexes = [
            models.Index(fields=["email", "id"], name="access_signin_email"),
            models.Index(fields=["network", "at"], name="access_signin_network"),
            models.Index(fields=["user", "id"], name="access_signin_user", condition=Q(user__isnull=False)),
            models.Index(fields=["at"], name="access_signin_at"),
        ]
