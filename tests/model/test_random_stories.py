"""Random stories, played by the engine and by the model; after every step they must show the same.

What is yet to come takes long to work out: the few stories of every run are asked for it after each sixth step only.

HYPOTHESIS_PROFILE=deep plays many, new ones each time, and shortens what differs; STORIES_BESIDE says how many. A
difference prints its story as a file of tests/scenarios and what each of the two says; DIFFERENCES names a folder in
which the shortest story of each kind is kept.

They are split into parts, so that xdist can play them side by side.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings

from abono.base.trail import acting
from abono.interfaces.cli.stories.playing import Stage
from abono.interfaces.cli.stories.reading import read_story
from tests.model.strategies import Script, scripts, worlds
from tests.model.telling import Telling

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(7200)]

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
PARTS = 10 if DEEP else 1
KINDS = {
    "billing": {},
    "downtimes": {"downtimes": True},
    "usage": {"usage": True},
    "both": {"downtimes": True, "usage": True},
}
EXAMPLES = int(os.environ.get("STORIES_BESIDE", "2000" if DEEP else "40")) // (PARTS * len(KINDS))


def differences(path: str, model: Any, engine: Any) -> Iterator[str]:
    """Where the two differ."""
    if isinstance(model, dict) and isinstance(engine, dict):
        for name in sorted({*model, *engine}):
            yield from differences(f"{path}.{name}", model.get(name), engine.get(name))
    elif isinstance(model, list) and isinstance(engine, list) and len(model) == len(engine):
        if path.endswith(".entries"):  # in which order the entries of one instant are written is not promised
            model, engine = sorted(model, key=str), sorted(engine, key=str)
        for n, (one, other) in enumerate(zip(model, engine, strict=True)):
            yield from differences(f"{path}.{n}", one, other)
    elif model != engine:
        yield f"{path}: the model says {model!r}, the engine {engine!r}"


def beside(telling: Telling) -> list[str]:
    """Play what was told through the engine, up to the first step at which the two differ."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "story.yaml")
        path.write_text(json.dumps(telling.whole()), encoding="utf-8")
        story = read_story(path)
    with transaction.atomic(), acting("story", "simulate"):
        try:
            stage = Stage.build(story)
            for step, seen in zip(story.steps, telling.seen, strict=True):
                found = [f"{each.path}: the model says {each.expected!r}, the engine {each.actual!r}"
                         for each in stage.take(step)]  # fmt: skip
                shown = stage.view().whole() if "forecast" in seen else stage.view().settled()
                found = found or list(differences("", seen, shown))
                if found:
                    return [f"step {step.number}, {json.dumps(telling.steps[step.number - 1])}", *found]
        finally:
            transaction.set_rollback(True)
    return []


def compare(world: dict[str, Any], script: Script) -> None:
    """Tell it, play it, and say where they differ."""
    telling = Telling(world, every=1 if DEEP else 6)
    telling.tell(script)
    try:
        found = beside(telling)
    except Exception as error:  # noqa: BLE001 -- whatever breaks the engine is a difference
        found = [f"the engine fails: {type(error).__name__}: {error}"]
    if found:
        text = telling.text() + "".join(f"# {line}\n" for line in "\n".join(found).splitlines())
        note(text)
        keep(text, found)
        raise AssertionError("\n".join(found))


def keep(text: str, found: list[str]) -> None:
    """Where DIFFERENCES names a folder, the shortest story of each kind is kept there."""
    folder = os.environ.get("DIFFERENCES")
    if folder:
        kind = re.sub(r"[^a-z_]+", "-", re.sub(r"\b[abs]?\d+\b|'[^']*'", "", found[-1 if len(found) == 1 else 1]))[:70]
        path = Path(folder, f"{kind.strip('-')}.yaml")
        if not path.exists() or len(path.read_text(encoding="utf-8")) > len(text):
            path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_engine_and_the_model_show_the_same(kind: str, part: int) -> None:
    del part  # each is a run of its own, with examples of its own

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False, database=None,
        phases=[Phase.generate, *([Phase.shrink] if DEEP else [])],
    )  # fmt: skip
    @given(worlds(usage="usage" in KINDS[kind]), scripts(**KINDS[kind]))
    def play(world: dict[str, Any], script: Script) -> None:
        compare(world, script)

    play()
