"""A domain is somebody's once that is proved; those named so far are to be proved as well."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Since when a domain is proved, and when that was tried last."""

    dependencies: ClassVar = [("operators", "0005_moves_seen")]
    operations: ClassVar = [
        migrations.AddField("operator", "domain_proved_at", models.DateTimeField(null=True)),
        migrations.AddField("operator", "domain_tried_at", models.DateTimeField(null=True)),
        migrations.RemoveConstraint("operator", "operators_operator_domain"),
        migrations.AddConstraint(
            "operator",
            models.UniqueConstraint(
                fields=["domain"], condition=Q(domain_proved_at__isnull=False), name="operators_operator_domain"
            ),
        ),
    ]
