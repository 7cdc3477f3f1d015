"""Nothing grows past what can be read at once, and money never meets a float (architecture.md §3), by syntax tree."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from abono.base.sql import split

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src" / "abono"
FILES = [path for path in sorted(SOURCE.rglob("*.py")) if "migrations" not in path.parts]
MONEY = [path for path in FILES if path.relative_to(SOURCE).parts[0] in {"kernel", "features"}]
"""Every feature, so that none has to be remembered: a folder that handles no money today may do so tomorrow."""

STATEMENTS = sorted(SOURCE.rglob("*.sql"))

MOST_FUNCTION_LINES = 70
MOST_MODULE_LINES = 400
MOST_STATEMENT_LINES = 70

_REASON = re.compile(r"#.*\bfloat: \w+ \w+")
"""A line may be let off by a comment ``# float: <why this never touches an amount>``."""


def long_functions(text: str) -> Iterator[str]:
    """Functions over the limit, decorators and docstring counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            lines = (node.end_lineno or first) - first + 1
            if lines > MOST_FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def long_statements(text: str) -> Iterator[str]:
    """Statements and functions of a statement file that are over the limit, or the layer that the file is."""
    for name, body in (split(text) or {"the layer": text.strip()}).items():
        lines = len(body.splitlines())
        if lines > MOST_STATEMENT_LINES:
            yield f"{name} has {lines} lines"


def floats(text: str) -> Iterator[str]:
    """Float literals, and ``float`` or ``round`` called or handed on; asking ``isinstance(…, float)`` is allowed."""
    tree = ast.parse(text)
    lines = text.splitlines()
    allowed = {id(each) for node in ast.walk(tree) for each in _judged(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            found = f"the float {node.value}"
        elif isinstance(node, ast.Name) and node.id in {"float", "round"} and id(node) not in allowed:
            found = f"{node.id}"
        else:
            continue
        if not _REASON.search(lines[node.lineno - 1]):
            yield f"line {node.lineno}: {found}"


def _judged(node: ast.AST) -> Iterator[ast.AST]:
    """The classes that ``isinstance`` asks for."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
        yield from ast.walk(node.args[1])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_MODULE_LINES
    assert list(long_functions(text)) == []


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_statements_and_layers_stay_short(path: Path) -> None:
    assert list(long_statements(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("path", MONEY, ids=lambda path: str(path.relative_to(SOURCE)))
def test_money_never_meets_a_float(path: Path) -> None:
    assert list(floats(path.read_text(encoding="utf-8"))) == []


def test_there_is_something_to_judge() -> None:
    assert {"kernel", "features"} == {path.relative_to(SOURCE).parts[0] for path in MONEY}


def test_a_long_function_is_found() -> None:
    body = "    x = 1\n" * (MOST_FUNCTION_LINES - 1)
    assert list(long_functions(f"def short():\n{body}")) == []
    assert list(long_functions(f"def long():\n{body}    y = 2\n")) == ["long has 71 lines"]
    assert list(long_functions(f"class A:\n @made\n async def long():\n{body}")) == ["long has 71 lines"]


def test_a_long_statement_is_found() -> None:
    body = "SELECT\n" + "    1,\n" * (MOST_STATEMENT_LINES - 2)
    assert list(long_statements(f"-- name: short\n{body}    2;\n\n-- name: other\n{body}    2;\n")) == []
    assert list(long_statements(f"-- name: long\n-- Why.\n{body}    2;\n")) == ["long has 71 lines"]
    assert list(long_statements(f"-- A layer.\n{body}    2\n")) == ["the layer has 71 lines"]


@pytest.mark.parametrize(
    "text",
    ["float(a)", "round(a, 2)", "x = 0.1", "x = 1e3", "map(float, rows)", "f(key=round)", "x = float(a)  # float: why"],
)
def test_a_float_is_found(text: str) -> None:
    assert len(list(floats(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "isinstance(a, float)",
        "isinstance(a, (int, float))",
        "x = 10",
        'x = "0.1"',
        "round_half_up(a)",
        "x = float(a)  # float: seconds of a clock",
    ],
)
def test_what_is_no_float_is_left_alone(text: str) -> None:
    assert list(floats(text)) == []
