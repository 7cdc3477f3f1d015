"""Events of use, what they add up to, and what was reserved.

Quantities are exact decimals in the service's unit. A *turn* is a quota period of one service of a subscription:
turns are counted from 1, each closing of a billing period begins the next.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CompositePrimaryKey, Q

from abono.base.constraints import CompositeForeignKey
from abono.base.row_security import account_policy


def _quantity(**options: Any) -> Any:
    return models.DecimalField(max_digits=40, decimal_places=12, **options)


class Event(models.Model):
    """One report of use (seats: a change of their number), counted once; rows are never changed, but for the day.

    The table is cut by month of ``at`` (abono_usage_month, see migrations/). ``turn`` names the quota period that the
    event counted in, ``counted_on`` the day, where the quota is by the day or a change has made it so. ``seats`` are
    looked up by their date.

    ``quantity`` is what it added to the counter of ``service_id``. Where it was reported as something else,
    ``reported`` is the quantity and ``reported_service_id`` the service that were sent, and ``weight`` by what the
    quantity was multiplied before it was added up. ``properties`` (text by name) came with it.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    at = models.DateTimeField()
    taken_at = models.DateTimeField()
    quantity = _quantity()
    turn = models.IntegerField()
    counted_on = models.DateField(null=True)
    seats = models.BooleanField()
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 -- no key is not an empty key
    reported = _quantity(null=True)
    reported_service_id = models.BigIntegerField(null=True)
    weight = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    properties = models.JSONField(null=True)

    class Meta:
        constraints = [account_policy()]


class Key(models.Model):
    """A key under which an event was counted, the event's time, and a number made of its content."""

    pk = CompositePrimaryKey("account_id", "key")
    account_id = models.BigIntegerField()
    key = models.CharField(max_length=200, db_collation="C")
    operator_id = models.BigIntegerField()
    at = models.DateTimeField()
    content = models.BigIntegerField()

    class Meta:
        constraints = [account_policy()]


class Value(models.Model):
    """A value of a property that was counted in a quota period, once, where a service counts different values."""

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    turn = models.IntegerField()
    value = models.CharField(max_length=200, db_collation="C")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "service_id", "turn", "value"], name="usage_value_once"
            ),
            account_policy(),
        ]


class Counter(models.Model):
    """How much of a service a subscription has used in its running quota period; one row for good.

    ``used`` is the sum of the turn's events (seats: their number now), ``carried`` what the turn began with (seats).
    ``ahead`` came for the period after the running one, whose boundary is still to be worked off. ``held`` is reserved;
    ``dropped`` is the sum of those events of the turn that were thrown away with their month, ``partial`` says that
    any were. ``latest_at`` and ``latest_ahead`` are the times of the latest events that ``used`` and ``ahead`` have,
    where the service adds up by them.
    ``paid`` is what was charged on use in this turn, without tax that comes on top, in minor units; ``paid_ahead`` in
    the turn after it. ``warned`` is the
    highest percentage that was told. ``included``, ``hard`` and ``thresholds`` (percents; NULL: 80 and 100) are the
    terms by which the last use was judged.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    turn = models.IntegerField(db_default=1)
    used = _quantity(db_default=0)
    ahead = _quantity(db_default=0)
    carried = _quantity(db_default=0)
    held = _quantity(db_default=0)
    dropped = _quantity(db_default=0)
    paid = models.BigIntegerField(db_default=0)
    paid_ahead = models.BigIntegerField(db_default=0)
    warned = models.SmallIntegerField(db_default=0)
    included = _quantity(db_default=0)
    hard = models.BooleanField(db_default=False)
    thresholds = ArrayField(models.SmallIntegerField(), null=True)
    seats = models.BooleanField(db_default=False)
    by_day = models.BooleanField(db_default=False)
    partial = models.BooleanField(db_default=False)
    latest_at = models.DateTimeField(null=True)
    latest_ahead = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["account_id"], name="usage_counter_seats", condition=Q(seats=True)),
            models.Index(
                fields=["operator_id", "account_id", "subscription_id", "service_id"], name="usage_counter_report"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "service_id"], name="usage_counter_service"
            ),
            models.CheckConstraint(condition=Q(held__gte=0), name="usage_counter_held"),
            CompositeForeignKey(
                columns=("account_id", "subscription_id"),
                to="subscriptions_subscription",
                to_columns=("account_id", "id"),
                name="usage_counter_subscription",
            ),
            account_policy(),
        ]


class Day(models.Model):
    """What was used on one civil day of a quota by the day; ``paid_used`` is the most whose overage was paid on use."""

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    turn = models.IntegerField()
    day = models.DateField()
    used = _quantity()
    paid_used = _quantity(db_default=0)
    dropped = _quantity(db_default=0)
    warned = models.SmallIntegerField(db_default=0)
    included = _quantity(db_default=0)
    hard = models.BooleanField(db_default=False)
    thresholds = ArrayField(models.SmallIntegerField(), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "service_id", "turn", "day"], name="usage_day_once"
            ),
            CompositeForeignKey(
                columns=("account_id", "subscription_id"),
                to="subscriptions_subscription",
                to_columns=("account_id", "id"),
                name="usage_day_subscription",
            ),
            account_policy(),
        ]


class Period(models.Model):
    """A quota period that is over: what was used in it, what of that was beyond the included, and what it cost.

    ``used`` is what the turn ended with, ``billed`` what was rated (seats by their peak: the peak), ``over`` what was
    beyond the included. ``amount`` was charged when it was closed (``net`` of it without tax that comes on top), and
    ``paid`` on use before, also without; minor units. ``dropped`` is as in Counter, ``partial`` says that anything was.
    ``measured_by`` is how seats were billed (peak, end, time); empty for all else.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    turn = models.IntegerField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    carried = _quantity()
    used = _quantity()
    dropped = _quantity(db_default=0)
    billed = _quantity()
    included = _quantity()
    over = _quantity()
    paid = models.BigIntegerField()
    net = models.BigIntegerField()
    amount = models.BigIntegerField()
    closed_at = models.DateTimeField()
    measured_by = models.CharField(max_length=4, null=True)  # noqa: DJ001 -- nothing was measured
    partial = models.BooleanField(db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "subscription_id", "service_id", "turn"], name="usage_period_once"
            ),
            CompositeForeignKey(
                columns=("account_id", "subscription_id"),
                to="subscriptions_subscription",
                to_columns=("account_id", "id"),
                name="usage_period_subscription",
            ),
            account_policy(),
        ]


class Reservation(models.Model):
    """Use that was promised to a caller before it happens; open while ``closed_at`` is empty.

    It counts against the limit until it is committed, cancelled, or over (``expires_at``). ``plan_id`` and ``times``
    are the plan and the quantity of the subscription under which it was made: it ends with them.
    """

    pk = CompositePrimaryKey("account_id", "id")
    account_id = models.BigIntegerField()
    id = models.UUIDField()
    operator_id = models.BigIntegerField()
    subscription_id = models.UUIDField()
    service_id = models.BigIntegerField()
    quantity = _quantity()
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=9, db_default="open")
    hold_id = models.UUIDField(null=True)
    plan_id = models.BigIntegerField()
    times = _quantity()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="usage_reservation_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["account_id"], name="usage_reservation_account", condition=Q(closed_at__isnull=True)),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="usage_reservation_quantity"),
            models.CheckConstraint(
                condition=Q(outcome__in=["open", "committed", "cancelled", "expired"]),
                name="usage_reservation_outcome",
            ),
            CompositeForeignKey(
                columns=("account_id", "subscription_id"),
                to="subscriptions_subscription",
                to_columns=("account_id", "id"),
                name="usage_reservation_subscription",
            ),
            account_policy(),
        ]
