"""Every text is translated into every language, whole, and every refusal has a sentence."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abono.base.refusal import Refusal
from abono.interfaces.web.refusing import SENTENCES
from abono.interfaces.web.words import ACTIONS
from abono.project import urls  # noqa: F401 -- imports every door, and with them every refusal

from .messages import LANGUAGES, compiled, file_of, is_complete, translated, used, written

if TYPE_CHECKING:
    from babel.messages import Catalog, Message

_HOLES = re.compile(r"%\([a-z_]+\)[sd]|\{[a-z_]*\}")


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return used()


def identity(message: Message) -> tuple[object, str | None]:
    return (tuple(message.id) if isinstance(message.id, list | tuple) else message.id, message.context)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing_or_guessed_and_none_is_left_over(texts: Catalog, language: str) -> None:
    known = translated(language)
    wanted = {identity(message) for message in texts if message.id}
    assert {identity(message) for message in known if message.id} == wanted
    assert [message.id for message in known if message.id and not is_complete(message)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_fill_the_same_holes(language: str) -> None:
    wrong = []
    for message in translated(language):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, list | tuple) else [message.id]
        strings = message.string if isinstance(message.string, list | tuple) else [message.string]
        allowed = Counter(_HOLES.findall(ids[-1]))
        for string in strings:
            holes = Counter(_HOLES.findall(string or ""))
            # A form for one may leave the number out; a plain text has all it was given.
            if holes - allowed or (len(ids) == 1 and holes != allowed):
                wrong.append((message.id, string))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_product_reads_is_what_was_translated(language: str) -> None:
    catalog = translated(language)
    assert file_of(language, "mo").read_bytes() == compiled(catalog)
    assert file_of(language, "po").read_bytes() == written(catalog)


def refusals(of: type[Refusal]) -> set[str]:
    return {of.code}.union(*(refusals(each) for each in of.__subclasses__()))


def test_every_refusal_has_a_sentence() -> None:
    ours = set(refusals(Refusal))
    assert ours - set(SENTENCES) == set()


def test_every_action_of_the_trail_has_a_word() -> None:
    found = {
        word.value
        for path in Path("src/abono/features").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"record", "_record"}
        for word in call.args
        if isinstance(word, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(word.value))
    }
    assert len(found) > 40
    assert found - set(ACTIONS) == set()
