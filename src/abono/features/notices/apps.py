"""Registers the notices feature with Django."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The notices feature."""

    name = "abono.features.notices"
    label = "notices"
