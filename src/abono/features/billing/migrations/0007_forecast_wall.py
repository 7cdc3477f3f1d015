"""Forecasts behind the second wall: they tell of all accounts of an operator."""

from typing import ClassVar

from django.db import migrations

from abono.base.wall import house_policy


class Migration(migrations.Migration):
    """Row-level security for the house's own people."""

    dependencies: ClassVar = [("billing", "0006_forecast"), ("accounts", "0003_wall")]
    operations: ClassVar = [migrations.RunSQL(house_policy("billing_forecast"), migrations.RunSQL.noop)]
