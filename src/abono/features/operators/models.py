"""Operators: who sells, whom they stand below, and how they look."""

from django.db import models
from django.db.models import Q

from abono.base.row_security import ALL_ACCOUNTS, OPERATOR, Privileges, RowPolicy, readable_policies

MOVE_STATES = ["waiting", "done", "withdrawn"]


class Operator(models.Model):
    """A seller: the provider at the root, or an operator below another.

    ``parent`` is where it stands now (see Move). ``blocked_at`` says since when it is blocked itself, ``blocked_by``
    for which operator that was done; ``stopped`` is whether it or one above it is, and ``stop_no`` counts the changes
    of that. ``carried_no`` is the last of them that all subscriptions of its accounts were brought in line with.
    ``manager_id`` is a membership of the parent's staff.
    """

    id = models.BigAutoField(primary_key=True)
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True)
    currency = models.CharField(max_length=3)
    time_zone = models.CharField(max_length=60)
    locale = models.CharField(max_length=20, db_default="en")
    prices_include_tax = models.BooleanField(db_default=True)
    tax = models.DecimalField(max_digits=7, decimal_places=4, db_default=0)
    tax_reduced = models.DecimalField(max_digits=7, decimal_places=4, db_default=0)
    manager_id = models.BigIntegerField(null=True)
    require_mfa = models.BooleanField(db_default=False)
    blocked_at = models.DateTimeField(null=True)
    blocked_by = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="+")
    stopped = models.BooleanField(db_default=False)
    stop_no = models.IntegerField(db_default=0)
    carried_no = models.IntegerField(db_default=0)
    brand_name = models.CharField(max_length=80, db_default="")
    colour = models.CharField(max_length=7, db_default="")
    colour_dark = models.CharField(max_length=7, db_default="")
    domain = models.CharField(max_length=253, db_default="")
    domain_proved_at = models.DateTimeField(null=True)
    domain_tried_at = models.DateTimeField(null=True)
    support = models.CharField(max_length=254, db_default="")

    class Meta:
        constraints = [
            # Anybody may name a domain; it is one operator's once that is proved.
            models.UniqueConstraint(
                fields=["domain"], condition=Q(domain_proved_at__isnull=False), name="operators_operator_domain"
            ),
            # Read by everybody: who stands above decides about a brand, a block and what is sold. Nobody removes one.
            Privileges(select=True, insert=True, update=True),
            RowPolicy(rule="TRUE", command="SELECT", policy="abono_wall_shown"),
            RowPolicy(rule="abono_wall_shows(id)", command="UPDATE"),
            RowPolicy(
                rule=f"{ALL_ACCOUNTS} AND abono_wall_shows(parent_id)", command="INSERT", policy="abono_wall_made"
            ),
        ]


class Move(models.Model):
    """A place in the tree from a civil day on: below which parent an operator stands, or will stand.

    It takes effect at ``at``, the midnight of ``valid_from`` in the operator's zone, or at once on the day itself, if
    the user or the key that made it may still move the operator there (access.foreign); neither stands for a command.
    """

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey(Operator, models.PROTECT, related_name="+")
    parent = models.ForeignKey(Operator, models.PROTECT, related_name="+", db_index=False)
    parent_before = models.ForeignKey(Operator, models.PROTECT, related_name="+", null=True, db_index=False)
    valid_from = models.DateField()
    at = models.DateTimeField()
    state = models.CharField(max_length=9, db_default="waiting")
    made_by = models.CharField(max_length=254)
    made_by_user_id = models.BigIntegerField(null=True)
    made_by_key_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="operators_move_due", condition=Q(state="waiting"))]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MOVE_STATES), name="operators_move_state"),
            models.UniqueConstraint(
                fields=["operator", "valid_from"], condition=Q(state="waiting"), name="operators_move_once_a_day"
            ),
            # Whether one closes a circle depends on moves of other branches too.
            *readable_policies(),
        ]


class Logo(models.Model):
    """An operator's picture as it was uploaded: PNG, JPEG or WebP, told by its first bytes."""

    operator = models.OneToOneField(Operator, models.PROTECT, primary_key=True)
    type = models.CharField(max_length=20)
    content = models.BinaryField()
    digest = models.CharField(max_length=64)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = readable_policies()


class SelfService(models.Model):
    """What an operator lets its subscribers do by themselves, and tells them about paying (minor units)."""

    operator = models.OneToOneField(Operator, models.PROTECT, primary_key=True)
    payment_text = models.TextField(db_default="")
    promise_limit = models.BigIntegerField(db_default=0)
    promise_days = models.IntegerField(db_default=0)
    promise_fee = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [RowPolicy(rule=OPERATOR)]
