"""What the tests of the architecture share: Django's own knowledge of the tables. No database is touched."""

import os

import django
import pytest

from .statements import Schema
from .tables import Described, describe


@pytest.fixture(scope="session")
def tables() -> list[Described]:
    """Every table that a model of Abono describes, from Django's registry."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "abono.project.settings")
    django.setup()
    from django.apps import apps

    ours = [app for app in apps.get_app_configs() if app.name.startswith("abono.")]
    return [describe(model) for app in ours for model in app.get_models(include_auto_created=True)]


@pytest.fixture(scope="session")
def schema(tables: list[Described]) -> Schema:
    """The columns of every table, for reading statements."""
    return Schema({table.name: table.columns for table in tables})
