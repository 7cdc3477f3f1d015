"""What is sold: services, plans in versions, prices with validity, and what they come to."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from abono.base.row_security import Privileges, readable_policies

NEVER = "9999-12-31"
"""The day a price without an end is valid until."""


class Service(models.Model):
    """Something a subscriber gets: on or off, by the seat, or by use."""

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    code = models.CharField(max_length=60)
    kind = models.CharField(max_length=5)
    unit = models.CharField(max_length=40, db_default="")
    tax = models.CharField(max_length=8, db_default="standard")
    price = models.DecimalField(max_digits=24, decimal_places=8, null=True)
    aggregation = models.CharField(max_length=6, db_default="sum")
    property = models.CharField(max_length=60, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "code"], name="catalogue_service_code"),
            models.CheckConstraint(
                condition=Q(aggregation="sum") | Q(aggregation__in=["count", "max", "unique", "latest"], kind="usage"),
                name="catalogue_service_aggregation",
            ),
            models.CheckConstraint(
                condition=Q(aggregation="unique", property__gt="") | (~Q(aggregation="unique") & Q(property="")),
                name="catalogue_service_property",
            ),
            models.CheckConstraint(condition=Q(kind__in=["onoff", "seats", "usage"]), name="catalogue_service_kind"),
            models.CheckConstraint(
                condition=Q(tax__in=["standard", "reduced", "exempt"]), name="catalogue_service_tax"
            ),
            *readable_policies(),
        ]


class Offer(models.Model):
    """A plan that an operator may sell because the one above it (``giver``) lets it.

    The seller has a version of its own for each version of the giver's plan (Plan.source), which follows the giver's
    prices, or has a price of its own from a day on.
    """

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, related_name="+", db_index=False)
    giver = models.ForeignKey("operators.Operator", models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    price = models.DecimalField(max_digits=24, decimal_places=8, null=True)
    price_from = models.DateField(null=True)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["operator", "code"], condition=Q(ended_at__isnull=True), name="catalogue_offer_once"
            ),
            models.CheckConstraint(
                condition=Q(price__isnull=True, price_from__isnull=True)
                | Q(price__isnull=False, price_from__isnull=False),
                name="catalogue_offer_price",
            ),
            *readable_policies(),
        ]


class Plan(models.Model):
    """The terms of a subscription. Changed terms make a new version; subscriptions keep theirs.

    ``source`` is the plan of the operator above that this one follows (see Offer). ``counts`` says that it has a
    service whose use or seats are counted: a roll-over passes all others by.
    """

    id = models.BigAutoField(primary_key=True)
    operator = models.ForeignKey("operators.Operator", models.PROTECT, db_index=False)
    code = models.CharField(max_length=60)
    version = models.IntegerField(db_default=1)
    current = models.BooleanField(db_default=True)
    step_unit = models.CharField(max_length=5)
    step = models.IntegerField()
    period = models.CharField(max_length=20)
    anchor = models.CharField(max_length=8)
    first_period = models.CharField(max_length=7)
    charge = models.CharField(max_length=7)
    renews = models.BooleanField(db_default=True)
    trial_days = models.IntegerField(db_default=0)
    setup_fee = models.BigIntegerField(db_default=0)
    priority = models.IntegerField(db_default=100)
    on_shortfall = models.CharField(max_length=7)
    look_ahead_hours = models.IntegerField(null=True)
    look_ahead_days = models.IntegerField(null=True)
    early_block = models.BooleanField(db_default=False)
    resume = models.CharField(max_length=9)
    pause = models.CharField(max_length=6)
    pause_days_per_year = models.IntegerField(null=True)
    pause_min_days = models.IntegerField(db_default=0)
    pause_fee = models.BigIntegerField(db_default=0)
    counts = models.BooleanField(db_default=False)
    source = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operator", "code", "version"], name="catalogue_plan_version"),
            models.UniqueConstraint(
                fields=["operator", "code"], condition=Q(current=True), name="catalogue_plan_current"
            ),
            models.CheckConstraint(
                condition=Q(step_unit__in=["day", "month"], step__gte=1), name="catalogue_plan_step"
            ),
            models.CheckConstraint(
                condition=Q(charge__in=["advance", "arrears", "daily"]), name="catalogue_plan_charge"
            ),
            models.CheckConstraint(
                condition=Q(on_shortfall__in=["suspend", "end", "owe"]), name="catalogue_plan_shortfall"
            ),
            models.CheckConstraint(
                condition=Q(resume__in=["restart", "remainder", "full"]), name="catalogue_plan_resume"
            ),
            models.CheckConstraint(
                condition=Q(first_period__in=["full", "prorate", "free"]), name="catalogue_plan_first"
            ),
            models.CheckConstraint(condition=Q(pause__in=["freeze", "lose", "none"]), name="catalogue_plan_pause"),
            *readable_policies(),
        ]


class PlanService(models.Model):
    """A service in a plan, how many of it, and the terms of its use."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, models.PROTECT)
    service = models.ForeignKey(Service, models.PROTECT, db_index=False)
    quantity = models.DecimalField(max_digits=20, decimal_places=6, db_default=1)
    terms = models.JSONField(db_default={})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "service"], name="catalogue_plan_service"),
            *readable_policies("abono_wall_sells(plan_id)"),
        ]


class PlanPrice(models.Model):
    """The price of a plan's period from a day on; empty means the sum of its services' prices."""

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, models.PROTECT, db_index=False)
    valid_from = models.DateField()
    price = models.DecimalField(max_digits=24, decimal_places=8, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "valid_from"], name="catalogue_plan_price"),
            *readable_policies("abono_wall_sells(plan_id)"),
        ]


class Rate(models.Model):
    """What a plan comes to for a quantity while a price is valid: settled once by the kernel, copied by every run.

    ``price`` is the exact price of a full period in minor units, before rounding and, where prices are net,
    before tax. ``gross`` is what a full period is charged, ``tax`` the tax in it. ``tax_rates`` and ``tax_weights``
    split it into its lines. A rate that was charged is never changed: it is closed, and another takes its place.
    """

    id = models.BigAutoField(primary_key=True)
    plan = models.ForeignKey(Plan, models.PROTECT, db_index=False)
    quantity = models.DecimalField(max_digits=20, decimal_places=6)
    valid_from = models.DateField()
    valid_to = models.DateField()
    price = models.DecimalField(max_digits=50, decimal_places=20)
    gross = models.BigIntegerField()
    tax = models.BigIntegerField()
    fee = models.BigIntegerField(db_default=0)
    fee_tax = models.BigIntegerField(db_default=0)
    inclusive = models.BooleanField()
    tax_rates = ArrayField(models.DecimalField(max_digits=7, decimal_places=4))
    tax_weights = ArrayField(models.DecimalField(max_digits=50, decimal_places=20))

    class Meta:
        indexes = [models.Index(fields=["plan", "quantity", "valid_from"], name="catalogue_rate_lookup")]
        constraints = [
            models.CheckConstraint(condition=Q(valid_from__lte=F("valid_to")), name="catalogue_rate_validity"),
            models.CheckConstraint(condition=Q(gross__gte=0), name="catalogue_rate_gross"),
            # Worked out by every order, for any plan, and never changed but for its end.
            Privileges(select=True, insert=True, update=("valid_to",)),
        ]
