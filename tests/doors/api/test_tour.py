"""The tour of the page on the API, call by call, as a reader would make it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.features.worlds import operator

from .conftest import Caller, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = Path(__file__).parents[3] / "docs" / "api" / "README.md"


def calls() -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    """Method, path, body and headers of every call in the page's first block."""
    block = re.findall(r"^```sh$(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)[0]
    words = shlex.split(block[block.index("\napi ") :], comments=True)
    starts = [place for place, word in enumerate(words) if word == "api"]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        method, path, body, headers = "", "", None, {}
        rest = iter(words[start + 1 : end])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-d":
                body = json.loads(next(rest))
            elif word == "-H":
                name, _colon, value = next(rest).partition(": ")
                headers[name] = value
            else:
                path = word.removeprefix("$ABONO")
        yield method or ("GET" if body is None else "POST"), path, body, headers


def test_every_call_of_the_tour_does_what_it_says() -> None:
    seller = operator({})
    call, account, told = Caller(key_of(seller)), "", []
    for method, path, body, headers in calls():
        here = path.replace("/operators/1/", f"/operators/{seller.id}/").replace(
            "/accounts/1024/", f"/accounts/{account}/"
        )
        answer = call(method, here, body, **headers)
        told.append((method, path, answer.status))
        if path == "/accounts":
            account = answer.body["id"]
    assert told == [
        ("GET", "/me", 200),
        ("PUT", "/operators/1/catalogue", 200),
        ("POST", "/accounts", 201),
        ("POST", "/accounts/1024/payments", 201),
        ("POST", "/accounts/1024/previews", 200),
        ("POST", "/accounts/1024/subscriptions", 201),
        ("GET", "/accounts/1024/upcoming", 200),
        ("GET", "/accounts/1024/statement", 200),
    ]
    balance = call("GET", f"/accounts/{account}/balance").body
    assert (balance["balance"], balance["available"]) == ("20.00", "20.00")
