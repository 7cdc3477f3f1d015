import django.contrib.postgres.fields
from django.db import migrations, models

import abono.base.constraints
import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("subscriptions", "0001_initial")]

    operations = [
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Counter",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("service_id", models.BigIntegerField()),
                ("turn", models.IntegerField(db_default=1)),
                ("used", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("ahead", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("carried", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("held", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("dropped", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("paid", models.BigIntegerField(db_default=0)),
                ("paid_ahead", models.BigIntegerField(db_default=0)),
                ("warned", models.SmallIntegerField(db_default=0)),
                ("included", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("hard", models.BooleanField(db_default=False)),
                (
                    "thresholds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), null=True, size=None
                    ),
                ),
                ("seats", models.BooleanField(db_default=False)),
                ("by_day", models.BooleanField(db_default=False)),
                ("partial", models.BooleanField(db_default=False)),
                ("latest_at", models.DateTimeField(null=True)),
                ("latest_ahead", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("seats", True)), fields=["account_id"], name="usage_counter_seats"
                    ),
                    models.Index(
                        fields=["operator_id", "account_id", "subscription_id", "service_id"],
                        name="usage_counter_report",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "subscription_id", "service_id"), name="usage_counter_service"
                    ),
                    models.CheckConstraint(condition=models.Q(("held__gte", 0)), name="usage_counter_held"),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "subscription_id"),
                        name="usage_counter_subscription",
                        to="subscriptions_subscription",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_counter_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Day",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("service_id", models.BigIntegerField()),
                ("turn", models.IntegerField()),
                ("day", models.DateField()),
                ("used", models.DecimalField(decimal_places=12, max_digits=40)),
                ("paid_used", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("dropped", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("warned", models.SmallIntegerField(db_default=0)),
                ("included", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("hard", models.BooleanField(db_default=False)),
                (
                    "thresholds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), null=True, size=None
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "subscription_id", "service_id", "turn", "day"), name="usage_day_once"
                    ),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "subscription_id"),
                        name="usage_day_subscription",
                        to="subscriptions_subscription",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_day_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        # Django makes no table that is cut into partitions.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(text_beside(__file__, "0001_event.sql"), "DROP TABLE usage_event")],
            state_operations=[
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("account_id", models.BigIntegerField()),
                        ("id", models.UUIDField()),
                        ("operator_id", models.BigIntegerField()),
                        ("subscription_id", models.UUIDField()),
                        ("service_id", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        ("taken_at", models.DateTimeField()),
                        ("quantity", models.DecimalField(decimal_places=12, max_digits=40)),
                        ("turn", models.IntegerField()),
                        ("counted_on", models.DateField(null=True)),
                        ("seats", models.BooleanField()),
                        ("key", models.CharField(max_length=200, null=True)),
                        ("reported", models.DecimalField(decimal_places=12, max_digits=40, null=True)),
                        ("reported_service_id", models.BigIntegerField(null=True)),
                        ("weight", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                        ("properties", models.JSONField(null=True)),
                    ],
                )
            ],
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=abono.base.row_security.RowPolicy(
                command="ALL",
                name="usage_event_abono_wall",
                policy="abono_wall",
                rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
            ),
        ),
        migrations.CreateModel(
            name="Key",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("key", models.CharField(db_collation="C", max_length=200)),
                ("operator_id", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("content", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_key_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("service_id", models.BigIntegerField()),
                ("turn", models.IntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("carried", models.DecimalField(decimal_places=12, max_digits=40)),
                ("used", models.DecimalField(decimal_places=12, max_digits=40)),
                ("dropped", models.DecimalField(db_default=0, decimal_places=12, max_digits=40)),
                ("billed", models.DecimalField(decimal_places=12, max_digits=40)),
                ("included", models.DecimalField(decimal_places=12, max_digits=40)),
                ("over", models.DecimalField(decimal_places=12, max_digits=40)),
                ("paid", models.BigIntegerField()),
                ("net", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
                ("closed_at", models.DateTimeField()),
                ("measured_by", models.CharField(max_length=4, null=True)),
                ("partial", models.BooleanField(db_default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "subscription_id", "service_id", "turn"), name="usage_period_once"
                    ),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "subscription_id"),
                        name="usage_period_subscription",
                        to="subscriptions_subscription",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_period_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("service_id", models.BigIntegerField()),
                ("quantity", models.DecimalField(decimal_places=12, max_digits=40)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("outcome", models.CharField(db_default="open", max_length=9)),
                ("hold_id", models.UUIDField(null=True)),
                ("plan_id", models.BigIntegerField()),
                ("times", models.DecimalField(decimal_places=12, max_digits=40)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["expires_at"],
                        name="usage_reservation_open",
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["account_id"],
                        name="usage_reservation_account",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("quantity__gt", 0)), name="usage_reservation_quantity"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["open", "committed", "cancelled", "expired"])),
                        name="usage_reservation_outcome",
                    ),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "subscription_id"),
                        name="usage_reservation_subscription",
                        to="subscriptions_subscription",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_reservation_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Value",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("id", models.UUIDField()),
                ("operator_id", models.BigIntegerField()),
                ("subscription_id", models.UUIDField()),
                ("service_id", models.BigIntegerField()),
                ("turn", models.IntegerField()),
                ("value", models.CharField(db_collation="C", max_length=200)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account_id", "subscription_id", "service_id", "turn", "value"), name="usage_value_once"
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="usage_value_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        # Rows are written again and again, in place.
        migrations.RunSQL("ALTER TABLE usage_counter SET (fillfactor = 50)", migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE usage_day SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
