"""What a failure leaves behind: a number on the page and in the log; no secrets, and never a full disk."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from django.db import OperationalError
from django.test import RequestFactory

from abono.base.logs import Brake, Everything, formatter
from abono.interfaces.api import problems
from abono.interfaces.web.requests import failed

from .test_serving import ABONO, database, free_port, offspring

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["database"]
NUMBER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


@contextmanager
def served(database: str, home: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[bytes], str, Path]]:
    """``abono up`` as a service runs it: all that it says goes to a file. The process, the address, the file."""
    port, log = free_port(), home / "log"
    env = {name: value for name, value in os.environ.items() if name not in {"ABONO_URL", "PYTHONUNBUFFERED"}}
    env |= {"ABONO_DATABASE_URL": database, "ABONO_HOME": str(home), **variables}
    words = [str(ABONO), "up", "--port", str(port), "--workers", "1", "--jobs", "1"]
    with log.open("wb") as said, subprocess.Popen(words, env=env, stdout=said, stderr=said) as process:
        try:
            deadline = time.monotonic() + 120
            while b"Serving http" not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield process, f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()
            process.wait(60)


def lines(log: Path) -> list[dict[str, Any]]:
    """The events of a log; what else stands there is the address, and what migrating said."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("{")]


def test_what_a_service_leaves_behind(database: str, tmp_path: Path) -> None:
    """One installation for all of it: bringing the tables up takes longest."""
    with served(database, tmp_path, ABONO_URL="https://billing.example", ABONO_BEHIND_PROXY="1") as (up, address, log):
        assert f"The home is {tmp_path}" in log.read_text(encoding="utf-8")
        assert f"Serving {address}" in log.read_text(encoding="utf-8")
        with httpx.Client(base_url=address, trust_env=False, headers={"X-Forwarded-Proto": "https"}) as web:
            it_is_well_by_any_name(address)
            a_failure_is_found_by_its_number(web, database, log)
            clients_do_not_fill_the_log(web, log)
        everything = log.read_text(encoding="utf-8")
        assert [secret for secret in ("hunter2", "abono_xxx", "s" * 43) if secret in everything] == []
        started = offspring(up.pid)
        processes = [*started, *(below for each in started for below in offspring(each))]
        assert len(processes) >= 3
        os.kill(up.pid, signal.SIGKILL)
        gone(processes, address)
    with served(database, tmp_path) as (up, address, _log):
        started = offspring(up.pid)
        processes = [*started, *(below for each in started for below in offspring(each))]
        for each in (up.pid, *started):  # as when memory runs out
            os.kill(each, signal.SIGKILL)
        gone(processes, address)


CARD, PASSWORD, TOKEN, KEY = (
    "4111111111111111",
    "marked-Passw0rd-xyzzy",
    "marked7token7xyzzy7plugh7",
    f"abono_{'m' * 43}",
)
MARKS = (CARD, PASSWORD, TOKEN, KEY, "m" * 43)


def test_no_kind_of_failure_tells_a_secret(database: str, tmp_path: Path) -> None:
    """Marked secrets go in at every entrance and fail in every way; none is in what is written anywhere."""
    # Nobody listens there: mails and webhooks fail in their own words.
    away = {"ABONO_SMTP_HOST": "127.0.0.1", "ABONO_SMTP_PORT": str(free_port()), "ABONO_SMTP_USER": "abono",
            "ABONO_SMTP_PASSWORD": PASSWORD, "ABONO_WEBHOOK_PRIVATE": "1"}  # fmt: skip
    with served(database, tmp_path, **away) as (_up, address, log), psycopg.connect(database, autocommit=True) as at:
        with httpx.Client(base_url=address, trust_env=False) as web:
            every_entrance(web)
            at.execute("ALTER TABLE access_user RENAME TO away")  # statements fail with what they were given
            at.execute("ALTER TABLE access_apikey RENAME TO away_too")
            every_entrance(web)
            at.execute("ALTER TABLE away RENAME TO access_user")
            at.execute("ALTER TABLE away_too RENAME TO access_apikey")
        hook = f"http://127.0.0.1:{free_port()}/hook?token={TOKEN}"
        at.execute(
            "WITH o AS (INSERT INTO operators_operator (code, name, currency, time_zone) SELECT 'x', 'X', 'EUR', 'UTC'"
            " RETURNING id), e AS (INSERT INTO webhooks_endpoint (operator_id, url, types, secret, made_by, made_at)"
            " SELECT id, %s, '{}', %s, 'x', now() FROM o RETURNING id, operator_id), v AS (INSERT INTO webhooks_event"
            " (account_id, id, operator_id, type, source_id, at, payload)"
            " SELECT 0, uuidv7(), operator_id, 'webhook.test', uuidv7(), now(), '{}' FROM e RETURNING id, operator_id)"
            " INSERT INTO webhooks_delivery (account_id, id, operator_id, event_id, endpoint_id, due_at)"
            " SELECT 0, uuidv7(), v.operator_id, v.id, e.id, now() FROM v, e",
            [hook, f"whsec_{TOKEN}"],
        )
        deadline = time.monotonic() + 90
        while "webhook_not_heard" not in log.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline
            time.sleep(0.5)
    told = log.read_text(encoding="utf-8")
    for words, where in (
        (["audit"], {"ABONO_DATABASE_URL": f"postgresql://abono:{PASSWORD}@127.0.0.1:{free_port()}/none"}),
        (["migrate"], {"ABONO_DATABASE_URL": f"postgresql://abono:{PASSWORD}@[nonsense/none"}),
        (["admin", "create", "--email", "x", "--name", "x", "--password-stdin"], {"ABONO_DATABASE_URL": database}),
    ):
        done = subprocess.run(
            [str(ABONO), *words], env={**os.environ, "ABONO_HOME": str(tmp_path), **where}, input=PASSWORD, text=True,
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        told += done.stdout + done.stderr
    assert "Traceback" in told  # it did fail, with all that is told of a failure
    assert [mark for mark in MARKS if mark in told] == []


def every_entrance(web: httpx.Client) -> None:
    """Secrets where they belong, and where people put them by mistake."""
    web.get("/sign/login/")
    form = {"csrfmiddlewaretoken": web.cookies.get("csrftoken", ""), "login": f"{CARD}@example.com"}
    web.post("/sign/login/", data={**form, "password": PASSWORD})
    web.post("/sign/login/", data={"login": PASSWORD, "password": PASSWORD})  # without the form's token
    web.post("/sign/password/reset/", data={**form, "email": f"{PASSWORD}@example.com"})
    for path in (f"/sign/invitation/{TOKEN}{TOKEN}/", f"/sign/password/reset/key/3-{TOKEN}/", f"/?password={PASSWORD}"):
        web.get(path)
    bearer = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": CARD}
    web.get("/api/v1/me", headers=bearer)
    web.post("/api/v1/accounts", json={"number": CARD, "password": PASSWORD}, headers=bearer)
    web.post("/api/v1/accounts", content=f'{{"number": "{CARD}", "password": '.encode(), headers=bearer)
    web.get("/", headers={"Cookie": f"sessionid={TOKEN}{TOKEN}"})


def it_is_well_by_any_name(address: str) -> None:
    """A load balancer asks by an address, and without TLS."""
    for host in ("billing.example", "10.0.0.7", "nobody.example:81"):
        answer = httpx.get(f"{address}/healthz", headers={"Host": host}, trust_env=False)
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert NUMBER.fullmatch(answer.headers["X-Request-Id"])
    assert httpx.get(f"{address}/", headers={"Host": "billing.example"}, trust_env=False).status_code == 301


def a_failure_is_found_by_its_number(web: httpx.Client, database: str, log: Path) -> None:
    with psycopg.connect(database, autocommit=True) as at:
        at.execute("ALTER TABLE operators_operator RENAME TO away")
        at.execute("ALTER TABLE access_apikey RENAME TO away_too")
    page = web.get("/?password=hunter2", headers={"Host": "shop.example"})
    call = web.get("/api/v1/me", headers={"Host": "billing.example", "Authorization": f"Bearer abono_{'x' * 43}"})
    with psycopg.connect(database, autocommit=True) as at:
        at.execute("ALTER TABLE away RENAME TO operators_operator")
        at.execute("ALTER TABLE away_too RENAME TO access_apikey")
    assert (page.status_code, call.status_code) == (500, 500)
    assert page.headers["X-Request-Id"] in page.text
    assert call.headers["X-Request-Id"] in call.json()["instance"]
    for answer, path in ((page, "/"), (call, "/api/v1/me")):
        (told,) = [each for each in lines(log) if each.get("request_id") == answer.headers["X-Request-Id"]]
        assert (told["level"], told["path"], told["method"]) == ("error", path, "GET")
        assert "Traceback" in told["exception"]
        assert "does not exist" in told["exception"]


def clients_do_not_fill_the_log(web: httpx.Client, log: Path) -> None:
    """1,200 requests in a row come to less than two minutes' worth of short lines."""
    web.headers["Host"] = "billing.example"
    size = log.stat().st_size
    for number in range(300):
        assert web.get("/", headers={"Host": f"{number}{'x' * 900}.example"}).status_code == 400
        assert web.get(f"/sign/invitation/{'s' * 43}{number}/").status_code < 500
        assert 400 <= web.post("/sign/login/", content=b"\xff" * 3_000).status_code < 500
        assert web.get("/api/v1/me").status_code == 401
    assert log.stat().st_size - size < 2 * 2 * 60 * 1_500
    assert "Traceback" not in log.read_text(encoding="utf-8")[size:]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("could not connect to postgresql://u:p@ss@db/x", "could not connect to postgresql://***@db/x"),
        ("Job base.send_mail[7](to='a@b.example', text='(hello)') failed", "Job base.send_mail[7] failed"),
        ("GET /sign/password/reset/key/3-abcdef-0123456789/", "GET /sign/password/reset/key/***/"),
        ("duplicate key\nDETAIL:  Key (email)=(a@b.example) already exists.\n", "duplicate key\n"),
        ("x" * 501, "x" * 500 + "…"),
        (f"key abono_ab-{'c' * 39}", "key ***"),
        ("/sign/" * 100_000, ("/sign/" * 100)[:500] + "…"),
    ],
)
def test_a_line_tells_no_secrets_and_has_an_end(event: str, told: str) -> None:
    form, record = formatter(), logging.LogRecord("procrastinate.x", logging.ERROR, "", 1, event, (), None)
    assert all(each.filter(record) for each in (Brake(), Everything()))
    assert json.loads(form.format(record))["event"] == told


def test_a_database_that_is_away_is_no_fault() -> None:
    """Who asks is told to come again, by pages and calls alike; the log has one line and no traceback."""
    request = RequestFactory().get("/")
    for cause, status in ((None, 503), ("57P01", 503), ("57014", 503), ("08006", 503), ("40P01", 500)):
        try:
            raise OperationalError("gone") from (psycopg.errors.lookup(cause)("gone") if cause else None)  # noqa: TRY301
        except OperationalError as error:
            page, call = failed(request), problems.failed(request, error)
            record = logging.LogRecord("django.request", logging.ERROR, "", 1, "failed", (), sys.exc_info())
            record.status_code = status
        assert (page.status_code, call.status_code) == (status, status)
        assert [each.get("Retry-After") for each in (page, call)] == ["5" if status == 503 else None] * 2
        assert json.loads(call.content)["code"] == ("unavailable" if status == 503 else "internal_error")
        assert Brake().filter(record)
        assert (record.exc_info is None) == (status == 503)


def test_a_failure_tells_its_frames_without_what_they_held() -> None:
    hidden = "a long secret of a frame"
    try:
        assert len(hidden) / 0
    except ZeroDivisionError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), sys.exc_info())
    told = json.loads(formatter().format(record))
    assert told["exception"].splitlines()[0] == "Traceback (most recent call last):"
    assert hidden not in str({**told, "exception": re.sub(r"(?m)^    .*$", "", told["exception"])})


def gone(processes: list[int], address: str) -> None:
    deadline = time.monotonic() + 45
    while any(running(each) for each in processes):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz", trust_env=False)


def running(process: int) -> bool:
    """Whether a process is there and no mere entry that nobody has asked about."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
