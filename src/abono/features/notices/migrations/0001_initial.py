from django.db import migrations, models

import abono.base.row_security


class Migration(migrations.Migration):
    initial = True

    dependencies = [("base", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Notice",
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
                ("subscription_id", models.UUIDField(null=True)),
                ("kind", models.CharField(max_length=20)),
                ("sent_on", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("payload", models.JSONField()),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("kind", "will_be_suspended")),
                        fields=["operator_id", "sent_on"],
                        name="notices_warned",
                    )
                ],
                "constraints": [
                    abono.base.row_security.RowPolicy(
                        command="ALL",
                        name="notices_notice_abono_wall",
                        policy="abono_wall",
                        rule="abono_wall_shows(operator_id) AND (abono_wall_accounts() IS NULL OR account_id = ANY (abono_wall_accounts())) AND (abono_wall_membership() IS NULL OR abono_wall_given(account_id))",
                    )
                ],
            },
        ),
    ]
