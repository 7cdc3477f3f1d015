"""Registers the billing feature with Django."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """The billing feature."""

    name = "abono.features.billing"
    label = "billing"
