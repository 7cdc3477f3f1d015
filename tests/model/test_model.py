"""The model is held against every story with its numbers; it never sees the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from abono.interfaces.cli.yaml import read_yaml
from tests.model.world import World

STORIES = sorted((Path(__file__).parents[1] / "scenarios").rglob("*.yaml"))
BEYOND = {"use-aggregations", "use-filters", "seats-by-time"}
"""Ways of counting that are not in semantics.md; the model counts by adding up."""


def differences(path: str, expected: Any, actual: Any) -> Iterator[str]:
    """Where an expectation does not hold: maps are partial, lists whole and in order."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, wanted in expected.items():
            yield from differences(f"{path}.{name}", wanted, actual.get(str(name)))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for n, wanted in enumerate(expected):
            yield from differences(f"{path}.{n}", wanted, actual[n])
    elif expected != actual and not (isinstance(expected, dict) and not expected):
        yield f"{path}: expected {expected!r}, the model says {actual!r}"


@pytest.mark.parametrize("path", [each for each in STORIES if each.stem not in BEYOND], ids=lambda path: path.stem)
def test_the_model_agrees_with_a_story(path: Path) -> None:
    story: Any = read_yaml(path)
    world, found = World(story), []
    for number, step in enumerate(story["steps"], 1):
        refused = world.take(step)
        if refused != step.get("refused"):
            found.append(f"step {number}: refused {refused}")
        if "expect" in step:
            found += differences(f"step {number}", step["expect"], world.snapshot())
    assert found == []
