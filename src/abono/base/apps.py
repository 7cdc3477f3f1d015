"""Registers what every feature stands on with Django."""

from django.apps import AppConfig
from django.db.backends.signals import connection_created


class BaseConfig(AppConfig):
    """Keys that make calls repeatable, the audit trail and the database's arithmetic."""

    name = "abono.base"
    label = "base"

    def ready(self) -> None:
        """Every connection keeps the plans of its statements; everything is said to one log."""
        from abono.base.logs import structured
        from abono.base.plans import keep_plans

        structured()
        connection_created.connect(keep_plans, dispatch_uid="abono.base.plans")
