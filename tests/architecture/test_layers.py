"""Who may import whom, where import-linter's layers do not say it (architecture.md §2), proved on the import graph."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import grimp
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from grimp import ImportGraph

DOORS = {"web", "api", "soap", "cli", "integrators"}


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    return grimp.build_graph("abono", include_external_packages=True, cache_dir=None)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def strangers_to_models(graph: ImportGraph, root: str) -> list[str]:
    """Imports of a feature's models from outside the feature; Django's registry finds them without an import."""
    return [
        f"{importer} imports {models}"
        for feature in sorted(graph.find_children(f"{root}.features"))
        for models in sorted(each for each in graph.modules if within(each, f"{feature}.models"))
        for importer in sorted(graph.find_modules_that_directly_import(models))
        if not within(importer, feature)
    ]


def doors_that_know_each_other(graph: ImportGraph, root: str) -> list[str]:
    """Imports from one door into another."""
    doors = graph.find_children(f"{root}.interfaces")
    return [
        f"{importer} imports {imported}"
        for door in sorted(doors)
        for importer in sorted(each for each in graph.modules if within(each, door))
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if any(within(imported, other) for other in doors - {door})
    ]


def impurities(graph: ImportGraph, root: str) -> list[str]:
    """What the kernel imports beside itself and the standard library."""
    kernel = f"{root}.kernel"
    return [
        f"{importer} imports {imported}"
        for importer in sorted(each for each in graph.modules if within(each, kernel))
        for imported in sorted(graph.find_modules_directly_imported_by(importer))
        if not within(imported, kernel) and imported.partition(".")[0] not in sys.stdlib_module_names
    ]


def test_a_features_models_are_private(graph: ImportGraph) -> None:
    assert strangers_to_models(graph, "abono") == []


def test_doors_do_not_know_each_other(graph: ImportGraph) -> None:
    assert doors_that_know_each_other(graph, "abono") == []


def test_every_door_is_known(graph: ImportGraph) -> None:
    assert {each.rpartition(".")[2] for each in graph.find_children("abono.interfaces")} <= DOORS


def test_the_kernel_imports_the_standard_library_only(graph: ImportGraph) -> None:
    assert impurities(graph, "abono") == []


def test_the_graph_sees_what_there_is_to_see(graph: ImportGraph) -> None:
    assert {"abono.kernel.money", "abono.features.ledger.models", "abono.interfaces.cli.main"} <= graph.modules
    assert "fractions" in graph.find_modules_directly_imported_by("abono.kernel.money")


BAD = {
    "features/ledger/models.py": "",
    "features/ledger/queries.py": "from badhouse.features.ledger import models",
    "features/billing/queries.py": "from badhouse.features.ledger.models import Account",
    "interfaces/api/door.py": "import typing\nif typing.TYPE_CHECKING:\n    from badhouse.interfaces.web import pages",
    "interfaces/web/pages.py": "",
    "kernel/money.py": "import datetime\nimport django.db\nfrom badhouse.base import sql",
    "base/sql.py": "",
}


@pytest.fixture
def bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImportGraph:
    """A package that breaks each rule once."""
    for name, text in BAD.items():
        path = tmp_path / "badhouse" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(tmp_path).parents:
            if folder.name:
                (tmp_path / folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return grimp.build_graph("badhouse", include_external_packages=True, cache_dir=None)


def test_each_rule_can_fail(bad: ImportGraph) -> None:
    assert strangers_to_models(bad, "badhouse") == [
        "badhouse.features.billing.queries imports badhouse.features.ledger.models"
    ]
    assert doors_that_know_each_other(bad, "badhouse") == [
        "badhouse.interfaces.api.door imports badhouse.interfaces.web.pages"
    ]
    assert impurities(bad, "badhouse") == [
        "badhouse.kernel.money imports badhouse.base.sql",
        "badhouse.kernel.money imports django",
    ]
