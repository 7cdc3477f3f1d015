"""Registers the catalogue feature with Django."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """The catalogue feature."""

    name = "abono.features.catalogue"
    label = "catalogue"
