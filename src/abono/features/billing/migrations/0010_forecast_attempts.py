"""How often a forecast was begun."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One column."""

    dependencies = [("billing", "0009_policies")]

    operations = [
        migrations.AddField(
            model_name="forecast",
            name="attempts",
            field=models.SmallIntegerField(db_default=0),
        ),
    ]
