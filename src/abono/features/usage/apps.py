"""Registers the usage feature with Django."""

from django.apps import AppConfig


class UsageConfig(AppConfig):
    """The usage feature."""

    name = "abono.features.usage"
    label = "usage"
