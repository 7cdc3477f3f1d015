"""Properties of events, what was reported where it is not what was added, and values that are counted once."""

from typing import ClassVar

from django.db import migrations, models

from abono.base.sql import makes_functions, statements
from abono.base.wall import policy


class Migration(migrations.Migration):
    """Functions of sql/functions.sql, columns of events and counters, and the table of values."""

    dependencies: ClassVar = [("usage", "0004_thresholds"), ("catalogue", "0004_aggregation")]
    operations: ClassVar = [
        migrations.RunPython(
            makes_functions(statements("abono.features.usage", "functions").texts), migrations.RunPython.noop
        ),
        migrations.AddField("event", "reported", models.DecimalField(max_digits=40, decimal_places=12, null=True)),
        migrations.AddField("event", "reported_service_id", models.BigIntegerField(null=True)),
        migrations.AddField("event", "weight", models.DecimalField(max_digits=12, decimal_places=6, null=True)),
        migrations.AddField("event", "properties", models.JSONField(null=True)),
        migrations.AddField("counter", "partial", models.BooleanField(db_default=False)),
        migrations.AddField("counter", "latest_at", models.DateTimeField(null=True)),
        migrations.AddField("counter", "latest_ahead", models.DateTimeField(null=True)),
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
                        fields=("account_id", "subscription_id", "service_id", "turn", "value"),
                        name="usage_value_once",
                    ),
                ],
            },
        ),
        migrations.RunSQL(policy("usage_value"), migrations.RunSQL.noop),
    ]
