"""Registers the web's templates and tags with Django."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The web."""

    name = "abono.interfaces.web"
    label = "web"
