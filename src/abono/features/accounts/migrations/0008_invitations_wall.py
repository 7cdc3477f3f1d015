"""Invitations behind the second wall: those see them who see all of their operators; accepting one needs no wall."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import house_policy


class Migration(migrations.Migration):
    """Row-level security for the house's own people."""

    dependencies: ClassVar = [("accounts", "0007_last_number"), ("access", "0002_invitations_and_signins")]
    operations: ClassVar = [migrations.RunSQL(house_policy("access_invitation"), migrations.RunSQL.noop)]
