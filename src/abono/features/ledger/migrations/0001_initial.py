import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import abono.base.constraints
import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("operators", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Entry",
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
                ("booked_on", models.DateField()),
                ("booked_at", models.DateTimeField()),
                ("kind", models.CharField(max_length=12)),
                ("amount", models.BigIntegerField()),
                ("counter", models.CharField(max_length=20)),
                ("text", models.CharField(db_default="", max_length=200)),
                ("reverses", models.UUIDField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("counter__in", ["cash", "adjustments", "opening"])),
                        fields=["booked_on", "id"],
                        name="ledger_entry_by_hand",
                    ),
                    models.Index(
                        condition=models.Q(("counter__in", ["cash", "adjustments", "opening"])),
                        fields=["operator_id", "booked_on", "id"],
                        name="ledger_entry_by_seller",
                    ),
                    django.contrib.postgres.indexes.BrinIndex(fields=["booked_at"], name="ledger_entry_booked"),
                ],
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id",),
                        name="ledger_entry_account",
                        to="ledger_account",
                        to_columns=("account_id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="ledger_entry_amount"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["payment", "charge", "reversal", "fee", "refund", "adjustment"])
                        ),
                        name="ledger_entry_kind",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="ledger_entry_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Grant",
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
                ("amount", models.BigIntegerField()),
                ("remaining", models.BigIntegerField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=40)),
                ("fee", models.BigIntegerField(db_default=0)),
            ],
            options={
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id",),
                        name="ledger_grant_account",
                        to="ledger_account",
                        to_columns=("account_id",),
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("remaining__gte", 0), ("remaining__lte", models.F("amount"))),
                        name="ledger_grant_remaining",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="ledger_grant_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
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
                ("amount", models.BigIntegerField()),
                ("text", models.CharField(db_default="", max_length=200)),
                ("placed_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("entry_id", models.UUIDField(null=True)),
            ],
            options={
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id",),
                        name="ledger_hold_account",
                        to="ledger_account",
                        to_columns=("account_id",),
                    ),
                    models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="ledger_hold_amount"),
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id", "entry_id"),
                        name="ledger_hold_entry",
                        to="ledger_entry",
                        to_columns=("account_id", "id"),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="ledger_hold_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("account_id", models.BigAutoField(primary_key=True, serialize=False)),
                ("currency", models.CharField(max_length=3)),
                ("balance", models.BigIntegerField(db_default=0)),
                ("credit_limit", models.BigIntegerField(db_default=0)),
                ("held", models.BigIntegerField(db_default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("claim", models.UUIDField(null=True)),
                ("reached_at", models.DateTimeField(null=True)),
                (
                    "in_debt",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Q(("balance__lt", 0)),  # type: ignore[arg-type]
                        output_field=models.BooleanField(),
                    ),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["due_at"], name="ledger_account_due"),
                    models.Index(
                        condition=models.Q(("in_debt", True)),
                        fields=["operator", "account_id"],
                        name="ledger_account_debt",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("credit_limit__gte", 0)), name="ledger_account_limit"),
                    models.CheckConstraint(condition=models.Q(("held__gte", 0)), name="ledger_account_held"),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="ledger_account_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        # Rows are written again and again, in place.
        migrations.RunSQL("ALTER TABLE ledger_account SET (fillfactor = 50)", migrations.RunSQL.noop),
    ]
