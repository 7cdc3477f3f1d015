import django.db.models.deletion
from django.db import migrations, models

from abono.base.sql import text_beside


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_library_tables"),
        ("operators", "0002_tenant"),
    ]

    operations = [
        migrations.AlterField(
            model_name="invitation",
            name="operator",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, to="operators.operator"
            ),
        ),
        migrations.AddIndex(
            model_name="invitation",
            index=models.Index(fields=["operator", "made_at"], name="access_invitation_made"),
        ),
        migrations.RunSQL(text_beside(__file__, "0003_invitations.sql"), migrations.RunSQL.noop),
    ]
