"""What a kill, a power cut or a mistake leaves behind, the next command clears."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from abono.base.embedded import EmbeddedPostgresError, bin_folder, ensure_running, processes, release, running
from tests.embedded.conftest import address_of, cluster_of, leave, one, postmaster_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Command = Callable[[Path], subprocess.Popen[str]]

pytestmark = pytest.mark.embedded


def wait_for(condition: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_after_a_killed_server_the_data_are_intact(home: Path) -> None:
    with running(home) as address:
        one(address, "CREATE TABLE paid AS SELECT * FROM generate_series(1, 1000)")
        server = postmaster_of(home)
        assert server
        os.kill(server, signal.SIGKILL)
        wait_for(lambda: postmaster_of(home) is None)
        assert ensure_running(home) == address
        assert postmaster_of(home) not in (None, server)
        assert one(address, "SELECT count(*) FROM paid") == 1000
        release(home)
    assert postmaster_of(home) is None


def test_a_statement_that_outlives_its_server_is_ended(home: Path) -> None:
    with running(home) as address:
        busy = subprocess.Popen(
            [
                str(bin_folder() / "psql"),
                address,
                "--command",
                "SELECT sum(x) FROM generate_series(1, 1e10) x",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: one(address, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT sum%'"))
        server = postmaster_of(home)
        assert server
        os.kill(server, signal.SIGKILL)
        ensure_running(home)
        assert one(address, "SELECT 1") == 1
        busy.wait()
        release(home)


def test_a_dead_servers_number_may_be_another_process_by_now(home: Path) -> None:
    with running(home):
        server = postmaster_of(home)
        assert server
        cluster = cluster_of(home)
        os.kill(server, signal.SIGKILL)
        assert processes.end_orphans(cluster.data)
        owner = {"user": cluster.data.stat().st_uid} if os.geteuid() == 0 else {}
        stranger = subprocess.Popen(["sleep", "600"], **owner)  # type: ignore[call-overload]
        for file in (
            cluster.data / "postmaster.pid",
            cluster.socket.with_name(f"{cluster.socket.name}.lock"),
        ):
            _, _, rest = file.read_text().partition("\n")
            file.write_text(f"{stranger.pid}\n{rest}")
        address = ensure_running(home)
        assert one(address, "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()
        release(home)


@pytest.mark.parametrize("initdb_survives", [False, True])
def test_a_half_made_data_folder_is_made_again(new_home: Path, command: Command, *, initdb_survives: bool) -> None:
    interrupted = command(new_home)
    wait_for((new_home / "postgres.json").exists)
    place = cluster_of(new_home).place
    wait_for(lambda: list(place.glob("data.partial-*/PG_VERSION")))
    if initdb_survives:
        interrupted.kill()
    else:
        os.killpg(interrupted.pid, signal.SIGKILL)
    interrupted.wait()
    assert not cluster_of(new_home).data.exists()
    following = command(new_home)
    assert one(address_of(following), "SELECT 1") == 1
    leave(following)
    assert cluster_of(new_home).data.exists()


def test_data_that_are_gone_are_not_replaced_by_empty_ones(home: Path) -> None:
    with running(home):
        pass
    cluster = cluster_of(home)
    cluster.data.rename(cluster.place / "aside")
    with pytest.raises(EmbeddedPostgresError, match="bring it back") as refused:
        ensure_running(home)
    assert refused.value.code == "data_missing"
    (cluster.place / "aside").rename(cluster.data)
    with running(home) as address:
        assert one(address, "SELECT 1") == 1


def test_a_failed_start_names_the_cause_and_the_log(home: Path) -> None:
    with running(home):
        pass
    control = cluster_of(home).data / "global" / "pg_control"
    control.rename(control.with_name("aside"))
    with pytest.raises(EmbeddedPostgresError) as failed:
        ensure_running(home)
    control.with_name("aside").rename(control)
    assert failed.value.code == "start_failed"
    assert "pg_control" in failed.value.message
    assert str(cluster_of(home).log) in failed.value.message
    assert postmaster_of(home) is None


def test_a_home_that_is_a_file_is_refused(new_home: Path) -> None:
    new_home.write_text("not a folder")
    with pytest.raises(EmbeddedPostgresError, match="cannot be used") as refused:
        ensure_running(new_home)
    assert refused.value.code == "home_not_writable"
    new_home.unlink()


def test_a_damaged_record_is_refused(new_home: Path) -> None:
    new_home.mkdir()
    (new_home / "postgres.json").write_text('{"id": ')
    with pytest.raises(EmbeddedPostgresError, match="damaged"):
        ensure_running(new_home)
    (new_home / "postgres.json").unlink()
