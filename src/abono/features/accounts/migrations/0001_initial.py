import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models

import abono.base.constraints
import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial"), ("ledger", "0001_initial"), ("operators", "0001_initial")]

    operations = [
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Note",
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
                ("written_at", models.DateTimeField()),
                ("author", models.CharField(max_length=254)),
                ("text", models.CharField(max_length=2000)),
                ("struck_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    abono.base.constraints.CompositeForeignKey(
                        columns=("account_id",),
                        name="accounts_note_account",
                        to="ledger_account",
                        to_columns=("account_id",),
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="accounts_note_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                ("account_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("operator_id", models.BigIntegerField()),
                ("number", models.CharField(max_length=40)),
                ("name", models.CharField(db_default="", max_length=200)),
                ("locale", models.CharField(db_default="", max_length=20)),
                ("opened_at", models.DateTimeField()),
                ("manager_id", models.BigIntegerField(null=True)),
                ("agent_id", models.BigIntegerField(null=True)),
                (
                    "number_key",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.text.Lower(
                            django.db.models.functions.comparison.Collate("number", "pg_c_utf8")
                        ),
                        output_field=models.TextField(db_collation="C"),
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["operator_id", "number_key", "account_id"], name="accounts_profile_order"),
                    models.Index(
                        condition=models.Q(("manager_id__isnull", False)),
                        fields=["manager_id", "number"],
                        name="accounts_profile_manager",
                    ),
                    models.Index(
                        condition=models.Q(("agent_id__isnull", False)),
                        fields=["agent_id", "number"],
                        name="accounts_profile_agent",
                    ),
                ],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="accounts_profile_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_membership() IN (manager_id, agent_id))",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Series",
            fields=[
                (
                    "operator",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="operators.operator",
                    ),
                ),
                ("last", models.BigIntegerField()),
                ("digits", models.SmallIntegerField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="accounts_series_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND abono_wall_house()",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Word",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("key", models.TextField(db_collation="C")),
                ("operator_id", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["operator_id", "key", "account_id"], name="accounts_word_search")],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="accounts_word_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Number",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "operator", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.CharField(max_length=40)),
                ("account_id", models.BigIntegerField()),
                ("key", models.CharField(db_default="", max_length=100)),
                (
                    "operator",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("operator"),
                        models.OrderBy(django.db.models.functions.text.Length("number"), descending=True),
                        models.OrderBy(models.F("number"), descending=True),
                        condition=models.Q(("number__regex", "^[0-9]{1,18}$")),
                        name="accounts_number_series",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("key", ""), _negated=True),
                        fields=("operator", "key"),
                        name="accounts_number_key",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="accounts_number_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                ],
            },
        ),
    ]
