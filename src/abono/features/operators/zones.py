"""The time zones that an operator may live in.

Both sides compute with them: Python, whose machine has zones of its own (``localtime``, ``posix/…``, ``right/…``), and
PostgreSQL, which knows the names of the time zone database and, beside those, abbreviations and rules. What counts is
the list of the time zone database itself, in the release that is installed with Abono, without the name that it keeps
for machines that were never set up; a test holds it against the server's.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from abono.kernel.errors import InvalidValue

_NO_PLACE = "Factory"


@cache
def zones() -> frozenset[str]:
    """The names of all time zones that may be chosen."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split()) - {_NO_PLACE}


def parse_zone(name: object) -> str:
    """The name of a time zone. Raises InvalidValue."""
    if not isinstance(name, str) or name not in zones():
        raise InvalidValue("invalid", "time_zone", 'Write an IANA time zone, such as "Europe/Berlin".')
    return name
