"""The second wall: inside, the database itself shows and takes only the rows of one person (row-level security).

The first wall are the features' ``access`` doors, which narrow every statement. Should one forget, the database answers
as if the foreign rows did not exist. Requests from the web and the API run inside as the role ``abono_web``, which owns
nothing; commands and workers run as the owner, who is not held up by it. See docs/adr.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection

from abono.base.row_security import ROLE
from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_sql = statements("abono.base", "wall")


@contextmanager
def wall(
    operators: Collection[int],
    accounts: Collection[int] | None = None,
    membership: int | None = None,
    *,
    user: int | None = None,
    key: int | None = None,
) -> Iterator[None]:
    """Inside, only rows of these operators exist, of ``accounts`` only if given, and of a manager's or agent's own.

    ``membership`` is the manager's or agent's, by which accounts name them; ``user`` or ``key`` is who asks. Walls are
    not nested.
    """
    _sql.row(
        "raise_wall",
        role=ROLE,
        operators=_array(operators),
        shown=f",{','.join(map(str, operators))},",
        accounts="" if accounts is None else _array(accounts),
        membership="" if membership is None else str(membership),
        user="" if user is None else str(user),
        key="" if key is None else str(key),
    )
    try:
        yield
    finally:
        # A transaction that failed and is still open was begun inside by a caller's mistake: then the connection goes.
        if connection.in_atomic_block:
            connection.close()
        else:
            _sql.row("lower_wall")


def _array(numbers: Collection[int]) -> str:
    return "{" + ",".join(str(number) for number in numbers) + "}"
