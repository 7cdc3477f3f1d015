"""What can go wrong around a command, told in one sentence.

The database is away or says no, a disk is full, a file cannot be used. Whatever is not here is a bug and shows where.
"""

from __future__ import annotations

import errno

import psycopg

_DISK_FULL = "53100"
_NOT_PERMITTED = "42501"
_RAISED = "P0001"
_FULL = (errno.ENOSPC, errno.EDQUOT)


def trouble_of(error: Exception) -> tuple[str, str] | None:
    """The code and the sentence of what is no bug; None for a bug."""
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        code = "disk_full" if error.errno in _FULL else "not_usable"
        return code, f"{where}{error.strerror or error}; nothing more was done."
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    return _of_database(cause) if isinstance(cause, psycopg.Error) else None


def _of_database(error: psycopg.Error) -> tuple[str, str] | None:
    said = (error.diag.message_primary or str(error).partition("\n")[0]).strip().rstrip(".")
    if error.sqlstate == _DISK_FULL:
        return "disk_full", f"The database's disk is full: {said}. Make room and repeat it."
    if error.sqlstate == _NOT_PERMITTED:
        return "not_permitted", f"The database does not allow it: {said}. Give Abono's user this right."
    if error.sqlstate == _RAISED:
        return "not_permitted", f"{said}."
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return "database_away", f"The database did not do it: {said}. See that it runs, and repeat it."
    return None
