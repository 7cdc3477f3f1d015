"""SQL files and the Python that runs them agree: nothing is lost, doubled, unused or missing.

Statement files are in ``sql/``. What a migration installs is in a file beside it, which is as frozen as the migration.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pglast.parser import ParseError

from abono.base.sql import split, statements

from .statements import parse

SOURCE = Path(__file__).parents[2] / "src"
INSTALLED = sorted(SOURCE.rglob("migrations/*.sql"))
FILES = sorted(SOURCE.rglob("sql/*.sql"))
"""Layers of a statement lie a folder deeper (test_statement_layers.py)."""
EVERY_FILE = [*FILES, *INSTALLED]
RUNS = {"run", "rows", "row", "run_many"}

_HEADING = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)
_MEANT = re.compile(r"^[ \t]*--[ \t]*name\b.*$", re.MULTILINE | re.IGNORECASE)


@dataclass
class Use:
    """How one module uses statement files: which it loads under which name, what it says, what it runs."""

    loads: dict[str, Path] = field(default_factory=dict)
    literals: set[str] = field(default_factory=set)
    runs: list[tuple[str, str]] = field(default_factory=list)
    takes_all: bool = False


def file_problems(text: str) -> list[str]:
    """What is wrong with a statement file's text."""
    headings = list(_HEADING.finditer(text))
    found = [f"{name} is named {times} times" for name, times in Counter(h[1] for h in headings).items() if times > 1]
    found += [f"not a heading: {each[0].strip()}" for each in _MEANT.finditer(text) if not _HEADING.match(each[0])]
    before = text[: headings[0].start()] if headings else text
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        found.append("SQL before the first name belongs to no statement")
    for name, body in split(text).items():
        try:
            if not parse(body):
                found.append(f"{name} is empty")
        except ParseError as error:
            found.append(f"{name} is not SQL: {error}")
    return found


def usage(text: str) -> Use:
    """What a module's text does with statement files."""
    use = Use()
    tree = ast.parse(text)
    use.literals = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    named: set[ast.Call] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="statements")) as call):
                use.loads[name] = loaded(call)
                named.add(call)
            case ast.Call(func=ast.Name(id="statements")) as call if call not in named:
                use.loads[ast.unparse(call)] = loaded(call)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr=verb), args=[ast.Constant(value=str(said)), *_]
            ) if verb in RUNS:
                use.runs.append((name, said))
            case ast.Attribute(attr="texts"):
                use.takes_all = True
            case _:
                pass
    return use


def loaded(call: ast.Call) -> Path:
    """The file that a call of ``statements`` names, which it must do in plain letters."""
    package, topic = (
        each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    )
    return SOURCE.joinpath(*package.split("."), "sql", f"{topic}.sql")


USES = {
    path: usage(text)
    for path in sorted(SOURCE.rglob("*.py"))
    if "statements(" in (text := path.read_text(encoding="utf-8")) and path != SOURCE / "abono" / "base" / "sql.py"
}
NAMES = {path: set(split(path.read_text(encoding="utf-8"))) for path in EVERY_FILE}


@pytest.mark.parametrize("path", EVERY_FILE, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_is_well_made(path: Path) -> None:
    assert path.parent.name in {"sql", "migrations"}
    assert (path.parents[1] / "__init__.py").exists()
    assert NAMES[path]
    assert file_problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_statement_is_used(path: Path) -> None:
    """A name counts as used where a module that loads its file says it, or takes all of the file."""
    users = [use for use in USES.values() if path in use.loads.values()]
    said = set[str]().union(*(NAMES[path] if use.takes_all else use.literals for use in users))
    assert NAMES[path] - said == set()


def test_what_is_installed_is_installed_by_the_migration_of_its_number_alone() -> None:
    read = [
        path.with_name(name)
        for path in sorted(SOURCE.rglob("migrations/*.py"))
        for name in re.findall(r'text_beside\(__file__, "([^"]+)"\)', path.read_text(encoding="utf-8"))
        if name[:5] == path.name[:5]
    ]
    assert sorted(read) == INSTALLED


def test_a_statement_has_one_name_in_the_whole_product() -> None:
    names = Counter(f"{path.parents[1].name}.{name}" for path in FILES for name in NAMES[path])
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_statement_is_sent_under_its_name(path: Path) -> None:
    package = path.parents[1]
    for name, text in statements(".".join(package.relative_to(SOURCE).parts), path.stem).texts.items():
        assert text.startswith(f"/* {package.name}.{name} */\n")


def test_every_file_that_is_loaded_exists() -> None:
    assert {path for use in USES.values() for path in use.loads.values()} == set(FILES)


def test_every_statement_that_is_run_exists() -> None:
    missing = defaultdict(list)
    for path, use in USES.items():
        for name, said in use.runs:
            if name in use.loads and said not in NAMES.get(use.loads[name], set()):
                missing[str(path.relative_to(SOURCE))].append(said)
    assert missing == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", "a is named 2 times"),
        ("-- name: a\nSELECT 1;\n--name: b\nSELECT 2;", "not a heading: --name: b"),
        ("-- name: a\nSELECT 1;\n-- name: b c\nSELECT 2;", "not a heading: -- name: b c"),
        ("SELECT 1;\n-- name: a\nSELECT 2;", "SQL before the first name belongs to no statement"),
        ("-- name: a\n-- nothing\n", "a is empty"),
        ("-- name: a\nSELEKT 1;", "a is not SQL: syntax error"),
    ],
)
def test_a_bad_file_is_found(text: str, problem: str) -> None:
    (found,) = file_problems(text)
    assert found.startswith(problem)


def test_what_a_module_uses_is_seen() -> None:
    use = usage('_sql = statements("abono.base", "once")\n_sql.run("keep", a=1)\nread("find")\n')
    assert use.loads == {"_sql": SOURCE / "abono" / "base" / "sql" / "once.sql"}
    assert use.runs == [("_sql", "keep")]
    assert {"keep", "find"} <= use.literals
    assert not use.takes_all
    assert usage('statements("abono.base", "functions").texts').takes_all
