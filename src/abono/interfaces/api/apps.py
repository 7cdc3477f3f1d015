"""Registers the API's tables and templates with Django."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """REST."""

    name = "abono.interfaces.api"
    label = "api"
