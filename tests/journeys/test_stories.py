"""Every story of tests/scenarios is played through the real engine and database, and the books prove afterwards."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from abono.features.billing.audit import audit
from abono.interfaces.cli.stories.playing import play
from abono.interfaces.cli.stories.reading import read_story

STORIES = sorted((Path(__file__).parents[1] / "scenarios").rglob("*.yaml"))
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "operator" / "stories.md"


@pytest.mark.django_db
@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path) -> None:
    outcome = play(read_story(path))
    assert outcome.failures == []
    assert [finding for finding in audit(5) if finding.count] == []


@pytest.mark.django_db
def test_the_story_of_the_guide(tmp_path: Path) -> None:
    text = GUIDE.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```\n")[0]
    (tmp_path / "camera.yaml").write_text(text, encoding="utf-8")
    story = read_story(tmp_path / "camera.yaml")
    assert [step.refused for step in story.steps if step.refused] == ["insufficient_funds"]
    assert play(story).failures == []


def test_all_stories_are_here() -> None:
    names = {path.stem for path in STORIES}
    assert len(names) == len(STORIES)
    kinds = Counter(path.stem.partition("-")[0] for path in STORIES if path.parent.name == "scenarios")
    assert kinds == {"billing": 27, "quota": 15, "faults": 16}
