"""How the events of a service add up."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Two columns of services."""

    dependencies: ClassVar = [("catalogue", "0003_counting")]
    operations: ClassVar = [
        migrations.AddField("service", "aggregation", models.CharField(max_length=6, db_default="sum")),
        migrations.AddField("service", "property", models.CharField(max_length=60, db_default="")),
        migrations.AddConstraint(
            "service",
            models.CheckConstraint(
                condition=Q(aggregation="sum") | Q(aggregation__in=["count", "max", "unique", "latest"], kind="usage"),
                name="catalogue_service_aggregation",
            ),
        ),
        migrations.AddConstraint(
            "service",
            models.CheckConstraint(
                condition=Q(aggregation="unique", property__gt="") | (~Q(aggregation="unique") & Q(property="")),
                name="catalogue_service_property",
            ),
        ),
    ]
