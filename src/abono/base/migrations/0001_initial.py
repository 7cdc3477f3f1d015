from django.db import migrations, models

import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(text_beside(__file__, "0001_functions.sql"), migrations.RunSQL.noop),
        migrations.RunSQL(text_beside(__file__, "0001_row_security.sql"), migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("boot", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("seen_at", models.DateTimeField(null=True)),
                ("passed", models.DurationField(null=True)),
                ("held", models.CharField(db_default="", max_length=200)),
                ("held_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    abono.base.row_security.Privileges(
                        delete=False, insert=False, name="base_clock_privileges", select=True, update=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Once",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "account_id", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.BigIntegerField()),
                ("key", models.CharField(max_length=200)),
                ("operator_id", models.BigIntegerField()),
                ("request", models.JSONField()),
                ("answer", models.JSONField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="base_once_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Trail",
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
                ("at", models.DateTimeField()),
                ("actor", models.CharField(max_length=100)),
                ("origin", models.CharField(max_length=100)),
                ("action", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=100)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["operator_id", "at", "id"], name="base_trail_newest")],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="base_trail_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    ),
                    abono.base.row_security.RowPolicy(
                        command="INSERT",
                        name="base_trail_abono_wall_people",
                        policy="abono_wall_people",
                        rule="account_id = 0 AND abono_wall_shows(operator_id)",
                    ),
                ],
            },
        ),
        migrations.RunSQL(text_beside(__file__, "0001_cache.sql"), migrations.RunSQL.noop),
    ]
