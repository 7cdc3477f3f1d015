"""Registers what every feature stands on with Django."""

from django.apps import AppConfig


class BaseConfig(AppConfig):
    """Keys that make calls repeatable, the audit trail and the database's arithmetic."""

    name = "abono.base"
    label = "base"
