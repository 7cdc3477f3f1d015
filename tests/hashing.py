"""What a password costs in tests: Argon2 as the product takes it, but a guess is cheap.

The product's takes 0.3 s of a core for every hash, which is what it is for. Where the cost itself, or what happens
while it is paid, is part of a proof, a test asks for ``true_hasher`` and has the product's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher

from abono.project.settings import PASSWORD_HASHERS

if TYPE_CHECKING:
    from pytest_django import Settings


class QuickArgon2(Argon2PasswordHasher):
    """The least that Argon2 takes."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1


QUICK_HASHERS = [f"{__name__}.{QuickArgon2.__name__}", *PASSWORD_HASHERS[1:]]


@pytest.fixture
def true_hasher(settings: Settings) -> None:
    """Passwords cost what they cost in earnest."""
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
