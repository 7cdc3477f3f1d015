"""What tests of the web share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doors.web.staff_world import signed_in

from abono.features.access.rights import Role

if TYPE_CHECKING:
    from django.test import Client

    from abono.features.operators.queries import Operator


@pytest.fixture
def boss(house: Operator) -> Client:
    """An administrator of the house that a module of tests is about, with a browser."""
    return signed_in(house, role=Role.ADMINISTRATOR)
