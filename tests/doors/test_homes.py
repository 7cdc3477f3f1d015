"""Which installation a command works on: it says so, makes none by accident, and never plays into real books."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from abono.base.installation import announced, served_at
from abono.features.operators.operations import add_operator
from tests.doors.test_commands import ABONO, abono, here, refused
from tests.doors.web.signing_world import counts, rows


def called(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command in a folder, with an environment that names no installation."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ABONO_")} | variables
    return subprocess.run(
        [str(ABONO), *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=280
    )


@pytest.mark.parametrize("words", ["advance", "audit", "forecast", "admin create --email a@example.com", "backup x"])
def test_the_wrong_folder_makes_no_installation(tmp_path: Path, words: str) -> None:
    line = refused(called(tmp_path, *words.split()))
    assert line.startswith(f"abono: There is no installation in {tmp_path}/.abono; go to the folder of yours")
    assert line.endswith("(no_installation)")
    assert list(tmp_path.iterdir()) == []


def test_where_says_what_is_there_and_beside_and_makes_nothing(tmp_path: Path) -> None:
    assert json.loads(called(tmp_path, "where", "--json").stdout) == {
        "home": f"{tmp_path}/.abono", "kind": "nothing", "database": "embedded", "served": None, "others": [],
    }  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".abono").mkdir()
    (tmp_path / ".abono" / "secret_key").write_text("x")
    (tmp_path / "below").mkdir()
    told = called(tmp_path / "below", "where").stdout
    assert f"There are also {tmp_path}/.abono: name one by ABONO_HOME" in told
    other = json.loads(called(tmp_path, "where", "--json", ABONO_DATABASE_URL="postgresql://u:pw@db:5/x").stdout)
    assert (other["kind"], other["database"]) == ("installation", '"x" at db:5')


@pytest.mark.embedded
def test_a_demo_has_a_home_of_its_own_and_can_be_forgotten(tmp_path: Path) -> None:
    played = called(tmp_path, "demo", "--once", "--accounts", "2")
    assert played.returncode == 0, played.stderr
    assert f"The home of the demo is {tmp_path}/.abono/demo." in played.stdout
    assert [path.name for path in (tmp_path / ".abono").iterdir()] == ["demo"]
    demo = str(tmp_path / ".abono" / "demo")
    assert json.loads(called(tmp_path, "where", "--json", ABONO_HOME=demo).stdout)["kind"] == "demo"
    beside = json.loads(called(tmp_path, "where", "--json").stdout)
    assert (beside["kind"], beside["others"]) == ("nothing", [demo])
    forgotten = called(tmp_path, "demo", "--forget")
    assert (forgotten.returncode, forgotten.stdout) == (0, f"The demo in {demo} is gone.\n")
    assert list((tmp_path / ".abono").iterdir()) == []
    assert "not_a_demo" in refused(called(tmp_path, "demo", "--forget"))


@pytest.mark.django_db(transaction=True)
def test_a_demo_is_never_played_into_real_books(tmp_path: Path) -> None:
    code = f"op-{uuid4()}"
    add_operator(code, "Real", {})
    before = counts()
    line = refused(called(tmp_path, "demo", "--once", ABONO_DATABASE_URL=here(), ABONO_HOME=str(tmp_path / "home")))
    assert line.endswith("(not_a_demo)")
    assert code in line
    assert counts() == before
    assert not (tmp_path / "home" / "demo.txt").exists()


@pytest.mark.django_db(transaction=True)
def test_the_future_is_advanced_to_only_if_it_is_really_meant() -> None:
    line = refused(abono("advance", "--to", "2999-01-01T00:00:00Z"))
    assert "cannot be undone" in line
    assert line.endswith("(beyond_the_clock)")
    assert rows("billing_run") == []
    assert abono("advance", "--to", "2999-01-01T00:00:00Z", "--really").returncode == 0
    assert abono("advance", "--to", "2020-01-01T00:00:00Z").returncode == 0


@pytest.mark.django_db(transaction=True)
def test_the_first_catalogue_makes_the_provider(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.yaml"
    page = (Path(__file__).parents[2] / "docs" / "operating" / "importing.md").read_text(encoding="utf-8")
    example = re.search(r"^    services:\n(?:    .*\n)+", page, re.MULTILINE)
    assert example is not None
    file.write_text(example[0])
    assert "unknown_operator" in refused(abono("import", "catalogue", str(file), "--operator", "shop"))
    assert abono("import", "catalogue", str(file), "--operator", "provider").returncode == 0
    assert rows("operators_operator") == []
    done = abono("import", "catalogue", str(file), "--operator", "provider", "--commit")
    assert done.returncode == 0, done.stderr
    assert [(row["code"], row["name"]) for row in rows("operators_operator")] == [("provider", "Provider")]
    assert {row["code"] for row in rows("catalogue_plan")} == {"home-100", "office"}


@pytest.mark.django_db(transaction=True)
def test_links_lead_to_where_it_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABONO_HOME", str(tmp_path))
    assert served_at() is None
    with announced("http://127.0.0.1:8123"):
        assert served_at() == "http://127.0.0.1:8123"
        words = ("admin", "create", "--email", f"{uuid4()}@example.com")
        done = called(tmp_path, *words, ABONO_HOME=str(tmp_path), ABONO_DATABASE_URL=here())
        assert re.search(r"once: http://127\.0\.0\.1:8123/sign/password/reset/key/", done.stdout)
        assert "Then sign in at http://127.0.0.1:8123" in done.stdout
        assert "abono import catalogue FILE --operator provider" in done.stdout
        assert "abono up" not in done.stdout
    assert served_at() is None
    assert "`abono up`" in called(tmp_path, "admin", "create", "--email", f"{uuid4()}@example.com",
                                  ABONO_HOME=str(tmp_path), ABONO_DATABASE_URL=here()).stdout  # fmt: skip
