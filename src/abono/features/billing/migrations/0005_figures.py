"""The figures of the first page, behind the wall."""

from django.db import migrations, models

from abono.base.wall import house_policy


class Migration(migrations.Migration):
    """A table of the house, and who sees which rows of it."""

    dependencies = [
        ("billing", "0004_wall"),
    ]

    operations = [
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
        ),
        migrations.RunSQL(house_policy("billing_figure"), migrations.RunSQL.noop),
    ]
