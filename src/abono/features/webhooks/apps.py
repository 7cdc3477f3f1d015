"""Registers the webhooks feature with Django."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """The webhooks feature."""

    name = "abono.features.webhooks"
    label = "webhooks"
