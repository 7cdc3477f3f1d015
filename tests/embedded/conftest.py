"""Real servers in folders of their own. As root they run as the system user, as they would in earnest."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from abono.base import embedded
from abono.base.embedded import cluster as clusters
from abono.base.embedded import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from abono.base.embedded.cluster import Cluster

# A command that uses the server until its standard input is closed.
COMMAND = """
import sys
from pathlib import Path
from abono.base.embedded import ensure_running
print(ensure_running(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A home that does not exist yet, in a folder that only we may enter."""
    private = Path(tempfile.mkdtemp(prefix="abono-test-"))
    yield private / "home"
    dispose(private / "home")
    shutil.rmtree(private, ignore_errors=True)


@pytest.fixture(scope="session")
def _shared_home() -> Iterator[Path]:
    private = Path(tempfile.mkdtemp(prefix="abono-test-"))
    yield private / "home"
    dispose(private / "home")
    shutil.rmtree(private, ignore_errors=True)


@pytest.fixture
def home(_shared_home: Path) -> Iterator[Path]:
    """A home whose server does not run; its data may be those of the test before."""
    yield _shared_home
    embedded.stop(_shared_home)


def dispose(home: Path) -> None:
    """Stops the home's server and removes its data, wherever they are."""
    cluster = clusters.found(home.resolve())
    if cluster is None:
        return
    with contextlib.suppress(embedded.EmbeddedPostgresError):
        embedded.stop(home)
    processes.end_orphans(cluster.data)
    family = cluster.place.parent
    shutil.rmtree(family if family.is_relative_to(clusters.ROOT_PLACE) else cluster.place, ignore_errors=True)


@pytest.fixture
def command() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts commands that use a home's server; they end with the test at the latest."""
    with contextlib.ExitStack() as started:

        def start(home: Path) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield start


def everybodys_wheel(place: Path) -> Path:
    """The package with PostgreSQL's programs, where whoever may enter `place` may run them.

    As root that is a copy: the checkout may be in a folder that only root may enter.
    """
    package = embedded.bin_folder().parents[1]
    if os.geteuid():
        return package
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, place / folder.name)
    return place / package.name


def leave(process: subprocess.Popen[str]) -> None:
    """Lets a command end of itself."""
    process.communicate(timeout=60)
    assert process.returncode == 0


def address_of(process: subprocess.Popen[str]) -> str:
    """The address that a command was given; waits for it."""
    assert process.stdout
    return process.stdout.readline().strip()


def cluster_of(home: Path) -> Cluster:
    """The cluster of a home that has one."""
    cluster = clusters.found(home.resolve())
    assert cluster
    return cluster


def postmaster_of(home: Path) -> int | None:
    """The main process of the home's server."""
    return processes.postmaster(cluster_of(home).data)


def one(address: str, query: str) -> Any:
    """The first column of the only row of a query, or None when it has no rows to give."""
    with psycopg.connect(address) as connection:
        cursor = connection.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row and row[0]
