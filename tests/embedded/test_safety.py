"""Durable, private, and no trace on what is not ours."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abono.base.embedded import processes, running, tuning
from tests.embedded.conftest import cluster_of, everybodys_wheel, one, postmaster_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.embedded

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")

# Everything is imported before the change of user: the interpreter itself may be in a folder of root's.
AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
import psycopg
from abono.base.embedded import running
try:
    psycopg.connect("postgresql:///x?host=/nonexistent")
except psycopg.OperationalError:
    pass
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
os.chdir("/")
"""
CONNECTS = """
try:
    psycopg.connect(sys.argv[1])
except psycopg.OperationalError as error:
    print("refused:", error)
"""
RUNS_A_SERVER = """
sys.path.insert(0, str(Path(sys.argv[1]).parent))
with running(Path(sys.argv[1])) as address:
    with psycopg.connect(address) as connection:
        print(connection.execute("SELECT current_user").fetchone()[0])
with running(Path(sys.argv[1])):
    pass
"""


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="abono-test-", dir="/tmp"))
    shutil.chown(folder, "nobody")
    yield folder
    shutil.rmtree(folder)


def as_nobody(program: str, argument: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY + program, argument], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_settings_that_keep_money_are_on_and_the_network_is_off(home: Path) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "max_connections": "100",
        "jit": "off",
        "checkpoint_timeout": "15min",
    }
    with running(home) as address:
        assert {name: one(address, f"SHOW {name}") for name in wanted} == wanted
        assert (
            one(address, "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = 'abono'")
            == "bC.UTF-8"
        )
        assert one(address, "SELECT upper('straße ığ')") == "STRAßE IĞ"
        assert open_ports(cluster_of(home).data) == set()


def open_ports(data: Path) -> set[str]:
    """The internet sockets of a server's processes, by inode."""
    inodes = {
        line.split()[9]
        for table in ("tcp", "tcp6", "udp", "udp6")
        for line in Path("/proc/net", table).read_text().splitlines()[1:]
    }
    held = {
        str(file.readlink()).removeprefix("socket:[").rstrip("]")
        for pid in processes.server_processes(data)
        for file in Path("/proc", str(pid), "fd").iterdir()
    }
    assert held
    return held & inodes


def test_no_folder_of_anybodys_is_touched(new_home: Path) -> None:
    above = [*new_home.parents, Path("/root"), Path(sys.prefix), *Path(sys.prefix).parents]
    before = {folder: modes(folder) for folder in above}
    with running(new_home):
        assert {folder: modes(folder) for folder in above} == before
    assert new_home.parent.stat().st_mode & 0o777 == 0o700
    assert new_home.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o077 for file in new_home.iterdir()} == {0}
    assert cluster_of(new_home).data.stat().st_mode & 0o777 == 0o700


def modes(folder: Path) -> tuple[int, int, int]:
    about = folder.stat()
    return about.st_mode, about.st_uid, about.st_gid


@root_only
def test_as_root_the_server_is_somebody_else_who_cannot_change_its_programs_or_rules(home: Path) -> None:
    with running(home):
        server = Path("/proc", str(postmaster_of(home)))
        assert server.stat().st_uid not in {0, 65534}
        program = (server / "exe").resolve()
    cluster = cluster_of(home)
    ours = [program, *program.parents, cluster.place, *cluster.place.parents]
    ours += [file for file in cluster.place.iterdir() if file.is_file()]
    assert {file.stat().st_uid for file in ours} == {0}
    assert not [file for file in ours if file.stat().st_mode & 0o022]


def test_only_the_kernels_word_opens_the_door(home: Path) -> None:
    with running(home):
        admin = cluster_of(home).address(user="postgres", database="postgres")
        rules = one(admin, "SELECT array_agg(DISTINCT (type, auth_method)::text) FROM pg_hba_file_rules")
        users = one(admin, "SELECT array_agg(DISTINCT sys_name) FROM pg_ident_file_mappings")
    assert rules == ["(local,peer)"]
    assert set(users) <= {pwd.getpwuid(os.geteuid()).pw_name, "abono"}


@root_only
def test_another_user_of_the_machine_is_not_let_in(home: Path) -> None:
    with running(home) as address:
        assert "refused:" in as_nobody(CONNECTS, address)


@root_only
def test_an_ordinary_user_has_everything_in_the_home(everybodys_folder: Path) -> None:
    everybodys_wheel(everybodys_folder)
    said = as_nobody(RUNS_A_SERVER, str(everybodys_folder / "home"))
    home = everybodys_folder / "home"
    assert said == "abono"
    assert cluster_of(home).data == home.resolve() / "postgres" / "data"
    assert {file.stat().st_uid for file in (home, *home.rglob("*"))} == {everybodys_folder.stat().st_uid}
    assert home.stat().st_mode & 0o777 == 0o700
    assert postmaster_of(home) is None


def test_the_sizes_follow_the_machine() -> None:
    small = tuning.settings(tuning.Machine(memory=tuning.GB, free_disk=4 * tuning.GB, shared_memory=64 * tuning.MB))
    large = tuning.settings(tuning.Machine(memory=64 * tuning.GB, free_disk=999 * tuning.GB, shared_memory=tuning.GB))
    names = ("shared_buffers", "work_mem", "max_wal_size", "min_wal_size", "dynamic_shared_memory_type")
    assert [small[name] for name in names] == ["256MB", "16MB", "1024MB", "128MB", "mmap"]
    assert [large[name] for name in names] == ["2048MB", "64MB", "8192MB", "1024MB", "posix"]
