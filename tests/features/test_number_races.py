"""Accounts that are opened at the same moment: each gets a number of its own, and nobody is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from abono.features.accounts.operations import DuplicateNumber, open_account
from abono.features.accounts.queries import labels_of
from tests.features.worlds import START, operator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abono.features.operators.queries import Operator

pytestmark = pytest.mark.django_db(transaction=True)


def opened_at_once(seller: Operator, numbers: Sequence[str | None]) -> list[str]:
    """What accounts are called that are opened on as many connections at the same moment; empty for who is refused."""
    start = threading.Barrier(len(numbers))

    def open_one(number: str | None) -> str:
        try:
            start.wait()
            account = open_account(seller, number, now=START)
            return labels_of([account])[account].number
        except DuplicateNumber:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(len(numbers)) as pool:
        return sorted(pool.map(open_one, numbers))


def test_of_twelve_at_once_each_gets_the_next_number() -> None:
    seller = operator()
    assert opened_at_once(seller, [None] * 12) == [str(1001 + each) for each in range(12)]
    assert opened_at_once(seller, [None] * 12) == [str(1013 + each) for each in range(12)]


def test_numbers_that_are_chosen_at_the_same_moment_are_stepped_over() -> None:
    seller = operator()
    opened = opened_at_once(seller, [None, "1002", None, "1003", None, "1001", None])
    told = [each for each in opened if each]
    assert len(set(told)) == len(told) >= 4  # who chose a number that was given a moment before is refused
    assert set(told) == {str(1001 + each) for each in range(len(told))}
