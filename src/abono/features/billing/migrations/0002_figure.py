from django.db import migrations

from abono.base.sql import text_beside


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(text_beside(__file__, "0002_figure.sql"), migrations.RunSQL.noop)]
