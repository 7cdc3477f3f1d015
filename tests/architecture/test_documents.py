"""What the pages name is there: links, commands, settings, layers, gates, endpoints, steps, buttons, names."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from abono.features.access.rights import OF_ROLE, Role
from abono.features.webhooks.types import TYPES
from abono.interfaces.api.calls import ENDPOINTS
from abono.interfaces.cli.main import app
from abono.interfaces.cli.quote import run as quote
from abono.interfaces.cli.stories.reading import ACTIONS, LATER
from abono.project import urls  # noqa: F401 -- imports every door, and with them every endpoint

from .messages import LANGUAGES, translated, used

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(path for path in DOCS.rglob("*.md") if "specification" not in path.parts),
]
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]
ELSEWHERE = {"abono_scratch_", "low_balance", "full_page_writes", "unknown_", "duplicate_"}
"""Beginnings of names, PostgreSQL's own, and one notice that the glossary marks as not built."""
NO_PATHS = {"sql/*.sql", "migrations/", "text/csv"}
"""What every feature has, and a kind of text."""
BESIDE = {"Own", "the rows alone"}
"""Emphasis that is no text of the web."""


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def prose_of(path: Path) -> str:
    """A page without what stands in fences."""
    return re.sub(r"^```.*?^```$", "", text_of(path), flags=re.MULTILINE | re.DOTALL)


@cache
def words_of_the_code() -> frozenset[str]:
    kinds = {".py", ".sql", ".html", ".txt", ".yaml", ".jsonl", ".js", ".css"}
    files = [path for folder in ("src", "tests") for path in sorted((ROOT / folder).rglob("*")) if path.suffix in kinds]
    here = Path(__file__)
    texts = [text_of(path) for path in files if path != here]
    return frozenset(re.findall(r"\w+", "\n".join([*texts, *map(str, files), text_of(ROOT / "Makefile")])))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", prose_of(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"\]\s+\(", "](", prose_of(page))):
        if target.startswith("https://"):
            continue
        file, _hash, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", NAMES)
def test_names_between_backticks_are_names_of_the_code(name: str) -> None:
    unknown = [
        word
        for span in re.findall(r"`([^`]+)`", prose_of(ROOT / name))
        for word in re.findall(r"\w+", span)
        if "_" in word and word not in ELSEWHERE and word not in words_of_the_code()
    ]
    assert unknown == []


@pytest.mark.parametrize("name", NAMES)
def test_paths_between_backticks_are_there(name: str) -> None:
    places = (
        ROOT,
        ROOT / "src" / "abono",
        ROOT / "src" / "abono" / "features",
        ROOT / "src" / "abono" / "features" / "billing",
    )
    spans = re.findall(r"`([a-z_]+/[\w./*-]*|\.ci/run)`", prose_of(ROOT / name))
    missing = [
        span
        for span in spans
        if not any(next(place.glob(span.rstrip("/")), None) for place in places) and span not in NO_PATHS
    ]
    assert missing == []


def commands() -> set[str]:
    """Every command with what stands before it: ``import usage``."""
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]  # typer's own is a group
        below = getattr(command, "commands", None)
        found |= {f"{name} {each}" for each in below} if below else {name}
    return found


def test_the_table_of_commands_has_every_command() -> None:
    rows = re.findall(r"^\| `abono ([a-z ]+?)(?: [A-Z].*?)?` \|", text_of(ROOT / "README.md"), flags=re.MULTILINE)
    assert sorted(rows) == sorted(commands())


@pytest.mark.parametrize("name", NAMES)
def test_commands_that_pages_name_exist(name: str) -> None:
    known = commands()
    groups = {each.partition(" ")[0] for each in known if " " in each}
    called = re.findall(r"(?:`|    |bin/)abono ([a-z]+)(?: ([a-z]+)\b)?", text_of(ROOT / name))
    unknown = [
        f"{first} {second}".strip()
        for first, second in called
        if (f"{first} {second}" if first in groups and second else first) not in known | groups
    ]
    assert unknown == []


def test_the_table_of_settings_has_every_setting() -> None:
    rows = re.findall(r"^\| (`ABONO_.*?) \|", text_of(DOCS / "operating" / "settings.md"), flags=re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(ABONO_[A-Z_]+)`", row)}
    code = "\n".join(text_of(path) for path in sorted((ROOT / "src").rglob("*.py")))
    assert told == set(re.findall(r"\"(ABONO_[A-Z_]+)\"", code))


def test_the_chains_are_those_that_are_held() -> None:
    contracts = tomllib.loads(text_of(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    for contract in contracts[:2]:
        assert f"\n{' > '.join(contract['layers'])}\n" in text_of(ROOT / "CONTRIBUTING.md")


def test_the_versions_of_python_are_one_list() -> None:
    told = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    head = "Programming Language :: Python :: "
    versions = [each.removeprefix(head) for each in told["project"]["classifiers"] if each.startswith(head)]
    first, last = versions[0], versions[-1]
    assert versions == [f"3.{minor}" for minor in range(int(first[2:]), int(last[2:]) + 1)]
    assert told["project"]["requires-python"] == f">={first}"
    assert told["tool"]["mypy"]["python_version"] == first
    assert told["tool"]["ruff"]["target-version"] == f"py{first.replace('.', '')}"
    assert f"`python3` ({first} to {last})" in text_of(ROOT / "README.md")
    assert ".".join(map(str, sys.version_info[:2])) in versions
    said = subprocess.run(["make", "--dry-run", "lock", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"--python-version (\S+)", said)) == {first}


def test_every_gate_is_told() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    told = set(re.findall(r"make ([a-z-]+)", text_of(ROOT / "CONTRIBUTING.md")))
    assert told == targets - {"help", "setup", "demo", "run", "clean"}


def test_endpoints_that_pages_name_exist() -> None:
    known = {(each.method, re.sub(r"\{\w+\}", "{}", each.path)) for each in ENDPOINTS}
    named = re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (…?)(/[^`?]+)`", "\n".join(prose_of(page) for page in PAGES))
    unknown = []
    for method, before, path in named:
        plain = re.sub(r"\{\w+\}", "{}", path)
        if not any(method == each and (there.endswith(plain) if before else there == plain) for each, there in known):
            unknown.append(f"{method} {path}")
    assert named
    assert unknown == []


def test_every_type_of_event_is_told() -> None:
    assert [each for each in TYPES if f"`{each}`" not in text_of(DOCS / "api" / "README.md")] == []


def test_the_steps_of_stories_are_told_with_their_fields() -> None:
    page = text_of(DOCS / "guide" / "operator" / "stories.md")
    steps = page[page.index("## Steps") : page.index("**`refused: CODE`**")]
    told: dict[str, set[str]] = {}
    for names, cells in re.findall(r"^\| (`[a-z_`, ]+`) \| (.*?) \|", steps, flags=re.MULTILINE):
        told |= {name: set(re.findall(r"`(\w+)", cells)) for name in re.findall(r"\w+", names)}
    assert set(told) == {*ACTIONS, "expect"}
    assert {name: told[name] for name in ACTIONS if name not in {"resume", "advance"}} == {
        name: set(fields) for name, (_needed, fields) in ACTIONS.items() if name not in {"resume", "advance"}
    }
    assert [name for name in LATER if f"`{name}`" not in page] == []


def test_buttons_and_places_that_the_guides_name_are_texts_of_the_web() -> None:
    texts = {str(message.id[0] if isinstance(message.id, list | tuple) else message.id) for message in used()}
    named = []
    for page in sorted((DOCS / "guide" / "operator").glob("*.md")):
        prose = re.sub(r"`[^`]*`", "", " ".join(prose_of(page).split()))
        named += re.findall(r"(?<![*\w])\*([A-Z][^*]+)\*(?![*\w])", prose)
        named += [part for each in re.findall(r"\*\*([^*]+ → [^*]+)\*\*", prose) for part in each.split(" → ")]
    assert len(named) > 30
    assert sorted({each for each in named if each not in texts | BESIDE}) == []


def test_the_table_of_roles_says_what_roles_may_do() -> None:
    """A cell of a row with several rights has an answer for each; a manager's ``own`` is a yes within own accounts."""
    rights = {
        "Accounts": ("account.view", "account.create", "account.change", "account.block"),
        "Subscriptions": ("subscription.view", "subscription.create"),
        "Usage": ("usage.view", "usage.record"),
        "Payments": ("payment.view", "payment.create", "payment.adjust"),
        "Promised payments": ("promise.create",),
        "Catalogue": ("plan.view", "plan.change", "price.change"),
        "Runs": ("run.view", "run.start"),
        "Forecast, audit trail": ("forecast.view",),
        "Operators": ("operator.view", "operator.change"),
        "People": ("person.view", "person.change"),
        "API keys and webhooks": ("key.view", "key.change"),
    }
    page = text_of(DOCS / "guide" / "operator" / "people.md")
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in re.findall(r"^\| [A-Z].*\|$", page, re.MULTILINE)
    ]
    told = {row[0].partition(":")[0]: row[1:] for row in rows}
    assert set(told) == set(rights)
    for name, cells in told.items():
        for role, cell in zip(Role, cells, strict=True):
            answers = [each != "–" for each in cell.split(" / ")]
            holds = [right in OF_ROLE[role] for right in rights[name]]
            assert holds == (answers if len(answers) > 1 else answers * len(holds)), (name, role)


PHRASES = {"available", "charged", "pause", "short by", "offer", "filter"}
"""What the web says by these words beside figures and on buttons is a phrase or a verb, not the term."""


def small(text: str) -> str:
    return text.replace("İ", "i").lower()


def test_the_web_says_the_terms_of_the_glossary() -> None:
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in re.findall(r"^\| .*\|$", text_of(DOCS / "glossary.md"), flags=re.MULTILINE)
    ]
    terms = {row[0].removesuffix(" °"): row[2:] for row in rows if row[0] != "English"}
    assert {len(terms_of) for terms_of in terms.values()} == {len(LANGUAGES)}
    differing, seen = [], set()
    for place, language in enumerate(LANGUAGES):  # the columns stand in this order
        for message in translated(language):
            term = message.id.lower() if isinstance(message.id, str) else ""
            if term in terms and term not in PHRASES and message.context is None:
                seen.add(term)
                if small(str(message.string)) != small(terms[term][place]):
                    differing.append((language, term, message.string, terms[term][place]))
    assert differing == []
    assert len(seen) > 40


def test_the_question_of_the_readme_has_the_answer_beside_it() -> None:
    asked, told = re.findall(
        r"^\$ echo '(.*)' \| .*abono quote\n(.*)$", text_of(ROOT / "README.md"), flags=re.MULTILINE
    )[0]
    written: list[str] = []
    assert quote([asked], written.append) == 0
    assert written == [told + "\n"]
