"""Every story of tests/scenarios is played through the real engine and database, and the books prove afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from abono.features.billing.audit import audit
from abono.interfaces.cli.stories.playing import play
from abono.interfaces.cli.stories.reading import read_story

STORIES = sorted((Path(__file__).parents[1] / "scenarios").rglob("*.yaml"))


@pytest.mark.django_db
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    outcome = play(read_story(path))
    assert outcome.failures == []
    assert [finding for finding in audit(5) if finding.count] == []


def test_all_stories_are_here() -> None:
    names = {path.stem for path in STORIES}
    assert len(names) == len(STORIES)
    assert sum(name.startswith("billing-") for name in names) == 26
    assert sum(name.startswith("quota-") for name in names) == 14
