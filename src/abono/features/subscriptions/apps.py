"""Registers the subscriptions feature with Django."""

from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    """The subscriptions feature."""

    name = "abono.features.subscriptions"
    label = "subscriptions"
