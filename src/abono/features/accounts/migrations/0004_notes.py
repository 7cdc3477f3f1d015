"""Notes of the staff, and the greatest number of each seller."""

import django.db.models.functions.text
from django.db import migrations, models

import abono.base.constraints
from abono.base.wall import policy


class Migration(migrations.Migration):
    """A table behind the wall, and an index."""

    dependencies = [
        ("accounts", "0003_wall"),
        ("operators", "0001_initial"),
    ]

    operations = [
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
        ),
        migrations.AddIndex(
            model_name="number",
            index=models.Index(
                models.F("operator"),
                models.OrderBy(django.db.models.functions.text.Length("number"), descending=True),
                models.OrderBy(models.F("number"), descending=True),
                condition=models.Q(("number__regex", "^[0-9]{1,15}$")),
                name="accounts_number_last",
            ),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=abono.base.constraints.CompositeForeignKey(
                columns=("account_id",), name="accounts_note_account", to="ledger_account", to_columns=("account_id",)
            ),
        ),
        migrations.RunSQL(policy("accounts_note"), migrations.RunSQL.noop),
    ]
