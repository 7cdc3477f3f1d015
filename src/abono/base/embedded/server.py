"""One cluster's server: made, started, stopped. Callers see to it that only one of them does so at a time."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from abono.base.embedded import cluster as clusters
from abono.base.embedded import processes
from abono.base.embedded.account import is_root
from abono.base.embedded.binaries import MAJOR
from abono.base.embedded.configuration import ADMIN, MAIN_FILE, write_configuration
from abono.base.embedded.errors import EmbeddedPostgresError, failed_command
from abono.base.embedded.programs import Programs, make_open_folder, usable_programs

if TYPE_CHECKING:
    from abono.base.embedded.cluster import Cluster

START_SECONDS = 1800  # after a power cut the log is played back; a server that cannot start says so at once
STOP_SECONDS = 600  # everything in memory is written out
_CONNECT_SECONDS = 30
_BIGGEST_LOG = 8 * 1024 * 1024
_LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


def bring_up(cluster: Cluster) -> None:
    """Sees to it that the cluster's server answers, and that it has the role and the database ``abono``.

    Whatever an earlier command left behind when it was killed (half a data folder, a starting or stopping
    server, the lock files of a dead one) is cleared first. Raises EmbeddedPostgresError.
    """
    deadline = time.monotonic() + _CONNECT_SECONDS
    while True:
        _have_started(cluster)
        try:
            _prepare_database(cluster)
        except psycopg.OperationalError as error:
            # It may be recovering from a crash of one of its processes, or have died since we looked.
            if time.monotonic() > deadline:
                raise failed_command("Reaching the embedded database", str(error), log=cluster.log) from None
            time.sleep(0.05)
        else:
            return clusters.mark_initialised(cluster)


def stop(cluster: Cluster) -> bool:
    """Stops the cluster's server: connections are closed, all is written out. False when none was running."""
    pid = processes.postmaster(cluster.data) if clusters.still_holds(cluster) else None
    if pid is not None:
        processes.interrupt(pid)
        if not processes.await_end(cluster.data, seconds=STOP_SECONDS):
            raise EmbeddedPostgresError("stop_failed", f"The server does not stop. The log is {cluster.log}.")
    if cluster.socket_folder.parent != cluster.place:
        with contextlib.suppress(OSError):
            cluster.socket_folder.rmdir()
    return pid is not None


def remove(cluster: Cluster) -> None:
    """Stops the cluster's server and removes its files."""
    stop(cluster)
    shutil.rmtree(cluster.place)
    if not cluster.place.is_relative_to(cluster.home):
        with contextlib.suppress(OSError):  # there are data of a former home
            cluster.place.parent.rmdir()


def _have_started(cluster: Cluster) -> None:
    _await_settled(cluster)
    if processes.postmaster(cluster.data) and not cluster.socket.exists():
        stop(cluster)  # it is out of reach for good: something has cleaned its socket away
    if processes.postmaster(cluster.data) is None:
        _start(cluster)


def _await_settled(cluster: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while processes.postmaster(cluster.data) and processes.status(cluster.data) != "ready":
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                "start_failed",
                f"The server has been starting or stopping for too long. The log is {cluster.log}.",
            )
        time.sleep(0.02)


def _start(cluster: Cluster) -> None:
    try:
        programs = usable_programs()
        _make_folders(cluster, programs)
        if not cluster.data.exists():
            _initialise(cluster, programs)
        _require_same_major(cluster)
        _clear_leftovers(cluster)
        write_configuration(cluster, programs.account)
        _rotate(cluster.log)
    except OSError as error:
        raise EmbeddedPostgresError(
            "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "place_not_writable",
            f"The database in {cluster.place} cannot be made ready: {error}.",
        ) from None
    said_before = cluster.log.stat().st_size if cluster.log.exists() else 0
    done = programs.run(
        *("pg_ctl", "start", "--silent", "--wait", f"--timeout={START_SECONDS}", "--pgdata=data"),
        *("--log=log/server.log", f"--options=-c config_file={MAIN_FILE}"),
        place=cluster.place,
    )
    if done.returncode:
        said = _said_since(cluster.log, said_before) or done.stderr
        raise failed_command("Starting the embedded database", said, log=cluster.log)


def _make_folders(cluster: Cluster, programs: Programs) -> None:
    """The place and its folders: root's, with the server's user let in, or our own."""
    place = cluster.place
    make_open_folder(place.parent)
    place.mkdir(mode=0o700, exist_ok=True)
    if is_root():
        os.chown(place, 0, programs.account.gid)
        place.chmod(0o750)
    for folder in (place / "log", place / "socket"):
        _make_for_server(folder, programs)
    if cluster.socket_folder.parent != place:
        clusters.secure_socket_folder(cluster.socket_folder)
    clusters.sign(cluster)


def _make_for_server(folder: Path, programs: Programs) -> None:
    if not folder.exists():
        folder.mkdir(mode=0o700)
        os.chown(folder, programs.account.uid, programs.account.gid)


def _initialise(cluster: Cluster, programs: Programs) -> None:
    """Makes the data folder elsewhere and puts it in its place whole: a kill cannot leave half of it."""
    for leftover in cluster.place.glob("data.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # A name of its own each time: an initdb may outlive the command that was killed.
    partial = Path(tempfile.mkdtemp(prefix="data.partial-", dir=cluster.place))
    os.chown(partial, programs.account.uid, programs.account.gid)
    done = programs.run(
        *("initdb", f"--pgdata={partial.name}", f"--username={ADMIN}", *_LOCALE, "--data-checksums"),
        *("--auth-local=peer", "--auth-host=reject"),
        place=cluster.place,
    )
    if done.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        raise failed_command("Making the embedded database", done.stderr or done.stdout)
    partial.rename(cluster.data)


def _require_same_major(cluster: Cluster) -> None:
    version = (cluster.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    if version != str(MAJOR):
        raise EmbeddedPostgresError(
            "data_of_another_version",
            f"The data in {cluster.data} are PostgreSQL {version}'s and the programs are PostgreSQL {MAJOR};"
            " take a backup with the version of Abono that made them and restore it.",
        )


def _clear_leftovers(cluster: Cluster) -> None:
    """Clears the way for a new server after one that was killed."""
    if not processes.end_orphans(cluster.data):
        raise EmbeddedPostgresError(
            "start_failed", f"Processes of a killed server still use {cluster.data} and cannot be ended."
        )
    for file in (cluster.data / "postmaster.pid", cluster.socket.with_name(f"{cluster.socket.name}.lock")):
        # PostgreSQL clears a dead process's lock itself, and checks more than we do; but it takes any live
        # process that was given the same number since for the server.
        pid = processes.first_number(file)
        if pid is not None and processes.is_running(pid):
            file.unlink()


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _BIGGEST_LOG:
        log.replace(log.with_name(f"{log.name}.1"))


def _said_since(log: Path, position: int) -> str:
    if not log.exists():
        return ""
    with log.open("rb") as lines:
        lines.seek(position)
        return lines.read(_BIGGEST_LOG).decode(errors="replace")


def _prepare_database(cluster: Cluster) -> None:
    with psycopg.connect(cluster.address(user=ADMIN, database="postgres"), autocommit=True) as connection:
        for catalogue, column, statement in (
            ("pg_roles", "rolname", "CREATE ROLE {} LOGIN CREATEDB"),
            ("pg_database", "datname", "CREATE DATABASE {0} OWNER {0}"),
        ):
            names = (sql.Identifier(catalogue), sql.Identifier(column))
            query = sql.SQL("SELECT FROM {} WHERE {} = %s").format(*names)
            if connection.execute(query, [clusters.ROLE]).fetchone() is None:
                connection.execute(sql.SQL(statement).format(sql.Identifier(clusters.ROLE)))
        # The role behind which the web works (abono.base.row_security): the owner of the database may not make roles.
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [clusters.WEB_ROLE]).fetchone() is None:
            names = (sql.Identifier(clusters.WEB_ROLE), sql.Identifier(clusters.ROLE))
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(names[0]))
            connection.execute(sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET TRUE").format(*names))
