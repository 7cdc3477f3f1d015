"""When the server starts, who shares it, and who stops it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from abono.base.embedded import EmbeddedPostgresError, ensure_running, release, running, stop
from abono.base.embedded import cluster as clusters
from tests.embedded.conftest import address_of, cluster_of, leave, one, postmaster_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[[Path], subprocess.Popen[str]]

pytestmark = pytest.mark.embedded

FORKING = """
import os, sys
from pathlib import Path
import psycopg
from abono.base.embedded import ensure_running, release
home = Path(sys.argv[1])
address = ensure_running(home)
child = os.fork()
if child == 0:
    release(home)
    sys.exit()
os.waitpid(child, 0)
psycopg.connect(address).close()
"""


def test_a_server_starts_serves_and_leaves_nothing_running(home: Path) -> None:
    with running(home) as address:
        assert one(address, "SELECT current_user || '@' || current_database()") == "abono@abono"
        assert one(address, "SELECT uuidv7() IS NOT NULL")
        one(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer")
    assert postmaster_of(home) is None
    assert not cluster_of(home).socket.exists()
    with running(home) as again:
        assert again == address
        assert one(again, "SELECT answer FROM kept") == 42
        assert not one(again, "SELECT usesuper FROM pg_user WHERE usename = current_user")


def test_two_commands_at_once_share_one_server_and_the_last_one_stops_it(new_home: Path, command: Command) -> None:
    first, second = command(new_home), command(new_home)
    assert address_of(first) == (address := address_of(second))
    shared = postmaster_of(new_home)
    assert shared
    leave(first)
    assert postmaster_of(new_home) == shared
    assert one(address, "SELECT 1") == 1
    leave(second)
    assert postmaster_of(new_home) is None


def test_a_killed_command_leaves_the_server_to_the_next(home: Path, command: Command) -> None:
    killed = command(home)
    address_of(killed)
    server = postmaster_of(home)
    killed.kill()
    killed.wait()
    assert postmaster_of(home) == server
    following = command(home)
    address_of(following)
    assert postmaster_of(home) == server
    leave(following)
    assert postmaster_of(home) is None


def test_the_callers_within_a_process_count_one_by_one(home: Path) -> None:
    with running(home) as address:
        with running(home):
            pass
        assert one(address, "SELECT 1") == 1
        ensure_running(home)
    assert one(address, "SELECT 1") == 1
    release(home)
    assert postmaster_of(home) is None
    release(home)


def test_a_forked_child_does_not_stop_its_parents_server(home: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKING, str(home)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert postmaster_of(home) is None


def test_a_server_that_is_to_be_kept_stays_until_it_is_stopped(home: Path) -> None:
    with running(home, keep=True):
        server = postmaster_of(home)
    with running(home):
        assert postmaster_of(home) == server
    assert postmaster_of(home) == server
    assert stop(home)
    assert postmaster_of(home) is None
    assert not stop(home)
    with running(home):
        pass
    assert postmaster_of(home) is None


def test_a_home_that_was_removed_begins_anew_and_no_books_are_lost(
    new_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with running(new_home) as address:
        one(address, "CREATE TABLE books ()")
    former = cluster_of(new_home)
    for file in new_home.iterdir():
        if file.is_file():
            file.unlink()
    if os.geteuid():  # the data of an ordinary user are in the home
        (new_home / "postgres").rename(new_home.with_name("elsewhere"))
    with running(new_home) as address:
        assert one(address, "SELECT to_regclass('books')") is None
        assert cluster_of(new_home).id != former.id
    if os.geteuid() == 0:
        assert former.data.is_dir()
        assert str(former.place) in caplog.text


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user's data are copied with the home")
def test_a_copy_of_a_home_is_refused_and_a_moved_home_is_not(new_home: Path) -> None:
    with running(new_home):
        pass
    moved = new_home.with_name("moved")
    new_home.rename(moved)
    with running(moved) as address:
        assert one(address, "SELECT 1") == 1
    new_home.mkdir()
    (new_home / "postgres.json").write_text((moved / "postgres.json").read_text())
    with pytest.raises(EmbeddedPostgresError, match="is a copy of") as refused:
        ensure_running(new_home)
    assert refused.value.code == "home_copied"


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(new_home: Path) -> None:
    if os.geteuid() == 0:
        cluster = clusters.Cluster(id="0" * 32, home=new_home, place=new_home / ("x" * 100))
        assert len(str(cluster.socket)) < 108
        return
    long = new_home.with_name("x" * 100)
    with running(long) as address:
        assert one(address, "SELECT 1") == 1
        folder = cluster_of(long).socket_folder
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_nobody_else_may_connect(home: Path) -> None:
    with running(home) as address, pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        psycopg.connect(address.replace("//abono@", "//stranger@"))
