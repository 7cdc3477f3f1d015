"""Registers the ledger feature with Django."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger feature."""

    name = "abono.features.ledger"
    label = "ledger"
