"""The layers of long statements: each is listed by one statement, says which rows it holds, and is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abono.base.sql import layers, read, split

from .equality import expressions
from .statements import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src"
FRAMES = {
    path.parent / name: frame
    for path in sorted(SOURCE.rglob("sql/*.sql"))
    for name, frame in split(path.read_text(encoding="utf-8")).items()
    if layers(frame)
}
"""The text that lists and reads the layers, by the folder of them."""
LISTED = {folder / f"{name}.sql" for folder, frame in FRAMES.items() for name in layers(frame)}
JOINED = {
    path.parent / name: text
    for path in sorted(SOURCE.rglob("sql/*.sql"))
    for name, text in read(path.parent, path.stem).items()
    if path.parent / name in FRAMES
}


def layer_problems(text: str) -> list[str]:
    """What is wrong with a layer's text."""
    found = [] if re.match(r"-- [A-Z]", text) else ["has no sentence at its head"]
    trees = parse(text)
    if len(trees) != 1:
        found.append(f"is {len(trees)} statements instead of one")
    found += ["has common table expressions of its own" for each in trees if each.withClause]
    return found


def frame_problems(frame: str) -> list[str]:
    """What is wrong with the text that reads the layers."""
    found = [f"lists {words} after {name}" for name, words in layers(frame).items() if words not in MATERIALIZED]
    marks = frame.count("-- layers:")
    lines = len(re.findall(r"^--   \w", frame, re.MULTILINE))
    if marks != 1 or lines != len(layers(frame)):
        found.append("lists a layer twice, or beside the list")
    return found + ["has a WITH of its own" for each in parse(frame) if each.withClause]


MATERIALIZED: list[list[str]] = [[], ["MATERIALIZED"], ["NOT", "MATERIALIZED"]]


def unread(text: str) -> Iterator[str]:
    """Layers of a joined statement that change nothing and that nothing reads."""
    (tree,) = parse(text)
    names = [each.relname for each in expressions(tree, "RangeVar")]
    for each in tree.withClause.ctes:
        if type(each.ctequery).__name__ == "SelectStmt" and each.ctename not in names:
            yield each.ctename


def test_every_layer_is_listed_and_every_listed_one_exists() -> None:
    assert {path for path in SOURCE.rglob("*.sql") if path.parent.name not in {"sql", "migrations"}} == LISTED
    assert LISTED


@pytest.mark.parametrize("path", sorted(LISTED), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_layer_is_one_statement_under_a_sentence(path: Path) -> None:
    assert layer_problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("folder", FRAMES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_what_reads_layers_lists_each_once(folder: Path) -> None:
    assert frame_problems(FRAMES[folder]) == []


@pytest.mark.parametrize("folder", JOINED, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_layer_is_read(folder: Path) -> None:
    assert list(unread(JOINED[folder])) == []


def test_layers_are_joined_in_the_order_of_the_list(tmp_path: Path) -> None:
    (tmp_path / "pay").mkdir()
    (tmp_path / "pay" / "due.sql").write_text("-- What is due.\nSELECT 1 AS id\n")
    (tmp_path / "pay" / "paid.sql").write_text("-- Pays it.\nUPDATE a SET b = 1\nFROM due\nRETURNING due.id\n")
    frame = "-- Pays.\n-- layers:\n--   due NOT MATERIALIZED\n--   paid\nSELECT count(*) FROM paid;"
    (tmp_path / "money.sql").write_text(f"-- name: pay\n{frame}\n\n-- name: other\nSELECT 2;\n")
    assert read(tmp_path, "money") == {
        "pay": (
            "-- Pays.\n"
            "WITH due AS NOT MATERIALIZED (\n    -- What is due.\n    SELECT 1 AS id\n),\n\n"
            "paid AS (\n    -- Pays it.\n    UPDATE a SET b = 1\n    FROM due\n    RETURNING due.id\n)\n\n"
            "SELECT count(*) FROM paid"
        ),
        "other": "SELECT 2",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1", "has no sentence at its head"),
        ("-- Two.\nSELECT 1;\nSELECT 2", "is 2 statements instead of one"),
        ("-- None.\n", "is 0 statements instead of one"),
        ("-- Ones.\nWITH a AS (SELECT 1) SELECT * FROM a", "has common table expressions of its own"),
    ],
)
def test_a_bad_layer_is_found(text: str, problem: str) -> None:
    assert layer_problems(text) == [problem]


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ("-- layers:\n--   a AS MATERIALIZED\nSELECT 1", "lists ['AS', 'MATERIALIZED'] after a"),
        ("-- layers:\n--   a\n--   a\nSELECT 1", "lists a layer twice, or beside the list"),
        ("-- layers:\n--   a\n-- why\n--   b\nSELECT 1", "lists a layer twice, or beside the list"),
        ("-- layers:\n--   a\nWITH b AS (SELECT 1) SELECT * FROM b", "has a WITH of its own"),
    ],
)
def test_a_bad_list_is_found(frame: str, problem: str) -> None:
    assert frame_problems(frame) == [problem]


def test_a_layer_that_nothing_reads_is_found() -> None:
    assert list(unread("WITH a AS (SELECT 1), b AS (SELECT 2), c AS (DELETE FROM t) SELECT * FROM b")) == ["a"]
