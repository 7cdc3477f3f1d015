import django.db.models.deletion
from django.db import migrations, models

import abono.base.constraints
import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("ledger", "0001_initial"), ("subscriptions", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Charge",
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
                ("kind", models.CharField(max_length=8)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("amount", models.BigIntegerField()),
                ("tax", models.BigIntegerField()),
                ("rate_id", models.BigIntegerField(null=True)),
                ("service_id", models.BigIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "period")),
                        fields=("account_id", "subscription_id", "starts_on"),
                        name="billing_charge_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["period", "part", "fee", "overage", "credit", "refund"])),
                        name="billing_charge_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("starts_on__lt", models.F("ends_on"))), name="billing_charge_days"
                    ),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "id"),
                        name="billing_charge_entry",
                        to="ledger_entry",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "subscription_id"),
                        name="billing_charge_subscription",
                        to="subscriptions_subscription",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="billing_charge_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Figure",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "operator_id", "currency", "day", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("operator_id", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("day", models.DateField()),
                ("accounts", models.BigIntegerField()),
                ("active", models.BigIntegerField()),
                ("trial", models.BigIntegerField()),
                ("suspended", models.BigIntegerField()),
                ("short", models.BigIntegerField()),
                ("paused", models.BigIntegerField()),
                ("monthly", models.BigIntegerField()),
                ("collected", models.BigIntegerField()),
                ("charged", models.BigIntegerField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="billing_figure_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Forecast",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("operator_id", models.BigIntegerField()),
                ("tenant_id", models.BigIntegerField()),
                ("days", models.SmallIntegerField()),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=254)),
                ("attempts", models.SmallIntegerField(db_default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                ("error", models.CharField(db_default="", max_length=200)),
                ("summary", models.JSONField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["operator_id", "id"], name="billing_forecast_operator")],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="billing_forecast_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
                ("operator_id", models.BigIntegerField(null=True)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("totals", models.JSONField(null=True)),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="billing_run_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="SELECT",
                        name="billing_run_abono_wall_shared",
                        policy="abono_wall_shared",
                        rule="operator_id IS NULL AND cardinality(abono_wall_operators()) > 0 AND abono_wall_house()",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Slice",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("operator_id", models.BigIntegerField()),
                ("first", models.BigIntegerField()),
                ("last", models.BigIntegerField()),
                ("accounts", models.IntegerField()),
                ("state", models.CharField(db_default="open", max_length=6)),
                ("attempts", models.SmallIntegerField(db_default=0)),
                ("error", models.TextField(db_default="")),
                ("totals", models.JSONField(null=True)),
                ("run", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="billing.run")),
            ],
            options={
                "indexes": [models.Index(fields=["operator_id", "run"], name="billing_slice_operator")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["open", "done", "failed", "split"])),
                        name="billing_slice_state",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="billing_slice_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    ),
                ],
            },
        ),
    ]
