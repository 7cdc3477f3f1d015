"""Settings that cannot be read: one line that names the variable, exit code 2, no traceback; nothing is begun."""

from __future__ import annotations

import os
import runpy
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from abono import project
from abono.base.environment import InvalidSetting
from abono.interfaces.cli.main import _reached_at

from .test_commands import ABONO, here

if TYPE_CHECKING:
    from pathlib import Path


def settings(home: Path, monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    """The settings as they come out of the environment."""
    for name in [each for each in os.environ if each.startswith("ABONO_")]:
        monkeypatch.delenv(name)
    for name, value in {"ABONO_HOME": str(home), "ABONO_DATABASE_URL": "dbname=x", **variables}.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(project.__path__[0] + "/settings.py")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ABONO_BEHIND_PROXY", "yes", "Write a whole number from 0 to 20, not 'yes', or leave it out for 0."),
        ("ABONO_BEHIND_PROXY", "-1", "Write a whole number from 0 to 20, not '-1', or leave it out for 0."),
        ("ABONO_BEHIND_PROXY", "21", "Write a whole number from 0 to 20, not '21', or leave it out for 0."),
        ("ABONO_BEHIND_PROXY", "\u0661", "Write a whole number from 0 to 20, not '\u0661', or leave it out for 0."),
        ("ABONO_SESSION_HOURS", "0", "Write a whole number from 1 to 8760, not '0', or leave it out for 12."),
        ("ABONO_SMTP_PORT", "smtp", "Write a whole number from 1 to 65535, not 'smtp', or leave it out for 25."),
        ("ABONO_API_CALLS_A_SECOND", "1e3", ("Write a whole number from 1 to 1000000, not '1e3',"
         " or leave it out for 100.")),
        ("ABONO_SMTP_TLS", "ssl", "Write starttls or tls, not 'ssl', or leave it out."),
        ("ABONO_REQUIRE_MFA", "Yes", "Write staff or everybody, not 'yes', or leave it out."),
        ("ABONO_WEBHOOK_PRIVATE", "true", "Write 0 or 1, not 'true', or leave it out."),
        ("ABONO_URL", "example.org", "Write an address such as https://billing.example.org, not 'example.org'."),
        ("ABONO_URL", "http://x:port", "Write an address such as https://billing.example.org, not 'http://x:port'."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    with pytest.raises(InvalidSetting) as refused:
        settings(tmp_path, monkeypatch, **{name: value})
    assert (refused.value.code, refused.value.field, refused.value.message) == ("invalid", name, told)


def test_an_empty_home_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings(tmp_path, monkeypatch, ABONO_HOME="")
    assert [path.name for path in tmp_path.iterdir()] == [".abono"]


@pytest.mark.django_db(transaction=True)
def test_a_command_tells_it_in_one_line(tmp_path: Path) -> None:
    env = {**os.environ, "ABONO_DATABASE_URL": here(), "ABONO_HOME": str(tmp_path), "ABONO_BEHIND_PROXY": "yes"}
    done = subprocess.run([ABONO, "advance"], env=env, capture_output=True, text=True, check=False, timeout=60)
    told = "ABONO_BEHIND_PROXY: Write a whole number from 0 to 20, not 'yes', or leave it out for 0. (invalid)"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"abono: {told}\n")


def test_what_is_written_is_what_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(
        tmp_path,
        monkeypatch,
        ABONO_URL="https://billing.example.org",
        ABONO_BEHIND_PROXY=" 1 ",
        ABONO_SMTP_PORT="",
        ABONO_SMTP_TLS="STARTTLS",
        ABONO_REQUIRE_MFA="staff",
        ABONO_SESSION_HOURS="2",
        ABONO_API_CALLS_A_SECOND="7",
        ABONO_ALLOWED_HOSTS="a.example, b.example,",
        ABONO_SECRET_KEY_FALLBACKS="older, oldest",
    )
    expected = {
        "PROXIES": 1,
        "SECURE": True,
        "EMAIL_PORT": 25,
        "EMAIL_USE_TLS": True,
        "EMAIL_USE_SSL": False,
        "REQUIRE_MFA": "staff",
        "SESSION_COOKIE_AGE": 7200,
        "API_CALLS_A_SECOND": 7,
        "ALLOWED_HOSTS": ["billing.example.org", "a.example", "b.example"],
        "SECRET_KEY_FALLBACKS": ["older", "oldest"],
    }
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:81"), ("::1", "http://[::1]:81"), ("billing.example", "http://billing.example:81")],
)
def test_where_it_listens_is_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    monkeypatch.setenv("ABONO_URL", "")
    monkeypatch.delenv("ABONO_URL")
    _reached_at(host, 81)
    assert os.environ["ABONO_URL"] == url
    assert settings(tmp_path, monkeypatch, ABONO_URL=url)["URL"] == url
