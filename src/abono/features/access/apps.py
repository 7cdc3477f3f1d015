"""Registers the access feature with Django."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The access feature."""

    name = "abono.features.access"
    label = "access"
