"""The server's configuration files, written anew before every start: the machine may have changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from abono.base.embedded import tuning
from abono.base.embedded.account import current_account
from abono.base.embedded.cluster import ROLE

if TYPE_CHECKING:
    from pathlib import Path

    from abono.base.embedded.account import Account
    from abono.base.embedded.cluster import Cluster

ADMIN = "postgres"
MAIN_FILE = "postgresql.conf"
_HEADER = "# Written by Abono before every start; use ALTER SYSTEM for changes that should last.\n"


def write_configuration(cluster: Cluster, account: Account) -> None:
    """Writes settings and access rules; the server's user may read them and not change them."""
    _write(cluster.place / MAIN_FILE, _main(cluster), account)
    _write(cluster.place / "pg_hba.conf", _access(), account)
    _write(cluster.place / "pg_ident.conf", _identities(account), account)


def _main(cluster: Cluster) -> str:
    values = {
        **tuning.settings(tuning.this_machine(cluster.data)),
        "data_directory": str(cluster.data),
        "hba_file": str(cluster.place / "pg_hba.conf"),
        "ident_file": str(cluster.place / "pg_ident.conf"),
        "unix_socket_directories": str(cluster.socket_folder),
        "unix_socket_permissions": "0700",
    }
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in values.items())


def _access() -> str:
    """Nobody but the users in the map, whom the kernel vouches for; no password and no network."""
    return "".join(f"local all {role} peer map=abono\n" for role in (ADMIN, ROLE))


def _identities(account: Account) -> str:
    users = sorted({account.name, current_account().name})
    return "".join(f'abono "{user}" {role}\n' for user in users for role in (ADMIN, ROLE))


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _write(file: Path, text: str, account: Account) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        if os.geteuid() != account.uid:
            os.fchown(descriptor, -1, account.gid)
            os.fchmod(descriptor, 0o640)
        target.write(_HEADER + text)
