"""Who was warned of late."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index for the first page of staff."""

    dependencies = [
        ("notices", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("kind", "will_be_suspended")),
                fields=["operator_id", "sent_on"],
                name="notices_warned",
            ),
        ),
    ]
