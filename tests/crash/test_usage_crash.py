"""The server is killed while use is being reported, and the client sends again what it had no answer to."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest

from abono.base.embedded import ensure_running
from tests.crash.reporting import PARTS, SIZE
from tests.crash.test_crash import ABONO, ROOT, Home, new_home

pytestmark = pytest.mark.embedded
KILLS = 4


def _disturbed(home: Home, account: str, sub: str) -> list[dict[str, int]]:
    """What the client was answered at last, batch by batch, while the server was killed now and then."""
    dice = random.Random(20260103)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.reporting", "send", account, sub],
        env=home.environment("abono"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        answers = []
        for _ in range(KILLS):
            answers += [json.loads(client.stdout.readline()) for _ in range(4)]
            time.sleep(dice.uniform(0, 0.1))
            home.kill_server(whole=True)
            assert ensure_running(home.home) == home.address
        answers += [json.loads(line) for line in client.stdout]
        assert client.wait(60) == 0
    return answers


def test_a_server_killed_in_the_middle_of_batches_counts_each_event_once() -> None:
    with new_home() as home:
        account, sub = home.run(sys.executable, "-m", "tests.crash.reporting", "make", database="abono").split()
        answers = _disturbed(home, account, sub)
        assert len(answers) == PARTS
        assert sum(answer.pop("tries") > 1 for answer in answers) == KILLS
        # A batch is there whole or not at all.
        assert all(answer in ({"counted": 3 * SIZE}, {"repeated": 3 * SIZE}) for answer in answers)
        _assert_counted(home)
        home.run(ABONO, "audit", database="abono")


def _assert_counted(home: Home) -> None:
    found = home.rows("abono", "SELECT used::integer FROM usage_counter ORDER BY used")
    assert found == [(PARTS * SIZE,)] * 3
    ((events, keys),) = home.rows(
        "abono", "SELECT (SELECT count(*) FROM usage_event), (SELECT count(*) FROM usage_key)"
    )
    assert (events, keys) == (3 * PARTS * SIZE,) * 2
    ((days,),) = home.rows("abono", "SELECT sum(used)::integer FROM usage_day")
    assert days == PARTS * SIZE
