"""Plans of statements live as long as their connection.

The server plans a prepared statement once for all values, which with row-level security costs more than running it.
psycopg forgets all prepared statements of a connection when there are more than a hundred, and whenever something is
rolled back, also to a savepoint: every preview and every refusal would have the next pages planned anew. It does so
because tables may have come or gone with the transaction. Ours never do, except copies for a forecast, whose names and
columns are always the same and which the server looks up again.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection as current
from django.db import transaction
from psycopg._preparing import PrepareManager

from abono.base.sql import statements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from psycopg._preparing import Prepare
    from psycopg.pq.abc import PGresult

_sql = statements("abono.base", "plans")
_MOST = 1_000
"""More than there are statements."""
_FORGETS = (b"DROP", b"ALTER", b"DISCARD ALL", b"DEALLOCATE ALL")


class LastingPlans(PrepareManager):
    """Forgets prepared statements when tables are altered or dropped, not when something is rolled back."""

    def clear(self) -> bool:
        """What psycopg calls after a rollback: nothing is forgotten."""
        return False

    def _should_discard(self, _prep: Prepare, results: Sequence[PGresult], *_rest: object) -> bool:
        tags = [each.command_status or b"" for each in results]
        return any(tag.startswith(_FORGETS) for tag in tags) and super().clear()


def keep_plans(connection: BaseDatabaseWrapper, **_values: object) -> None:
    """Receives every new connection."""
    plans = LastingPlans()
    vars(plans).update(vars(connection.connection._prepared), prepared_max=_MOST)  # noqa: SLF001 -- psycopg has no other way
    connection.connection._prepared = plans  # noqa: SLF001


@contextmanager
def planned_without(*ways: str) -> Iterator[None]:
    """A transaction in which the server plans without some ways (``seqscan``, ``sort``), if there is another.

    For statements whose plan must hold for millions of rows although it may be made while there are few.
    """
    enclosed = current.in_atomic_block
    with transaction.atomic():
        _sql.row("without", ways=list(ways))
        yield
        if enclosed:
            _sql.row("as_ever", ways=list(ways))
