"""Registers the accounts feature with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The accounts feature."""

    name = "abono.features.accounts"
    label = "accounts"
