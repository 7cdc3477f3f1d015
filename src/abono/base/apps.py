"""Registers what every feature stands on with Django."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class BaseConfig(AppConfig):
    """Keys that make calls repeatable, the audit trail and the database's arithmetic."""

    name = "abono.base"
    label = "base"

    def ready(self) -> None:
        """Every connection keeps the plans of its statements."""
        from abono.base.plans import keep_plans

        connection_created.connect(keep_plans, dispatch_uid="abono.base.plans")
