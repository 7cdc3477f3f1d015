from django.db import migrations, models

import abono.base.row_security
from abono.base.sql import text_beside


class Migration(migrations.Migration):
    dependencies = [
        ("operators", "0002_tenant"),
        ("webhooks", "0001_initial"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="endpoint", name="webhooks_endpoint_privileges"),
        migrations.AddField(model_name="endpoint", name="quick_at", field=models.DateTimeField(null=True)),
        migrations.AddConstraint(
            model_name="endpoint",
            constraint=abono.base.row_security.Privileges(
                delete=True,
                insert=True,
                name="webhooks_endpoint_privileges",
                select=(
                    "id",
                    "operator_id",
                    "url",
                    "types",
                    "old_until",
                    "made_by",
                    "made_by_user_id",
                    "made_by_key_id",
                    "made_at",
                    "disabled_at",
                    "failures",
                    "failing_since",
                    "retry_at",
                    "quick_at",
                ),
                update=True,
            ),
        ),
        migrations.RunSQL(text_beside(__file__, "0002_fair_turns.sql"), migrations.RunSQL.noop),
    ]
