import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

import abono.base.constraints
import abono.base.ranges
import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("ledger", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Subscription",
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
                ("plan_id", models.BigIntegerField()),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=20)),
                ("unit", models.CharField(db_default="", max_length=100)),
                ("ordered_at", models.DateTimeField()),
                ("state", models.CharField(max_length=9)),
                ("reasons", models.SmallIntegerField(db_default=0)),
                ("early", models.BooleanField(db_default=False)),
                ("starts_on", models.DateField()),
                ("trial_ends_on", models.DateField(null=True)),
                ("anchor_on", models.DateField()),
                ("anchor_day", models.SmallIntegerField()),
                ("cycle", models.IntegerField()),
                ("period_starts_on", models.DateField(null=True)),
                ("period_ends_on", models.DateField(null=True)),
                ("cycle_days", models.SmallIntegerField(null=True)),
                ("paid_until", models.DateField(null=True)),
                ("rate_id", models.BigIntegerField(null=True)),
                ("runs", models.BooleanField(db_default=True)),
                ("fee_due", models.BooleanField(db_default=True)),
                ("suspended_on", models.DateField(null=True)),
                ("blocked", abono.base.ranges.DateMultirangeField(null=True)),
                ("frozen_days", models.SmallIntegerField(null=True)),
                ("kept_until", models.DateField(null=True)),
                ("paid_from", models.UUIDField(null=True)),
                ("paused_on", models.DateField(null=True)),
                ("paused_until", models.DateField(null=True)),
                ("cancels", models.BooleanField(db_default=False)),
                ("next_plan_id", models.BigIntegerField(null=True)),
                ("next_quantity", models.DecimalField(decimal_places=6, max_digits=20, null=True)),
                ("look_at", models.DateTimeField(null=True)),
                ("looked_for", models.DateField(null=True)),
                ("terms_id", models.UUIDField(null=True)),
                ("terms_cause", models.CharField(db_default="", max_length=20)),
                ("ended_on", models.DateField(null=True)),
                (
                    "unit_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower(
                            django.db.models.functions.comparison.Collate("unit", "pg_c_utf8")
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["operator_id", "id"], name="subscriptions_newest"),
                    models.Index(fields=["operator_id", "state", "id"], name="subscriptions_by_state"),
                    models.Index(fields=["operator_id", "plan_id", "state", "id"], name="subscriptions_by_plan"),
                    models.Index(
                        condition=models.Q(("unit", ""), _negated=True),
                        fields=["operator_id", "unit_key", "account_id", "id"],
                        name="subscriptions_by_unit",
                    ),
                    models.Index(
                        condition=models.Q(("state", "suspended")),
                        fields=["operator_id", "account_id"],
                        name="subscriptions_stopped",
                    ),
                ],
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id",),
                        name="subscriptions_subscription_account",
                        to="ledger_account",
                        to_columns=("account_id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "trial", "active", "suspended", "ended"])),
                        name="subscriptions_subscription_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reasons__gt", 0), ("state", "suspended")),
                            models.Q(models.Q(("state", "suspended"), _negated=True), ("reasons", 0)),
                            _connector="OR",
                        ),
                        name="subscriptions_subscription_reasons",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gt", 0)), name="subscriptions_subscription_quantity"
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="subscriptions_subscription_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transition",
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
                ("at", models.DateTimeField()),
                ("day", models.DateField()),
                ("cause", models.CharField(max_length=20)),
                ("state_from", models.CharField(max_length=9)),
                ("state_to", models.CharField(max_length=9)),
                ("reasons_from", models.SmallIntegerField()),
                ("reasons_to", models.SmallIntegerField()),
                ("missing", models.BigIntegerField(db_default=0)),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="subscriptions_transition_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    )
                ],
            },
        ),
        # Rows are written again and again, in place.
        migrations.RunSQL("ALTER TABLE subscriptions_subscription SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
