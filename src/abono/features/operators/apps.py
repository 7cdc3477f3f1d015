"""Registers the operators feature with Django."""

from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    """The operators feature."""

    name = "abono.features.operators"
    label = "operators"
