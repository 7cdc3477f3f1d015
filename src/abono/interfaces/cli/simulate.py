"""``abono simulate``: plays stories in a scratch database of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from abono.base.scratch import scratch_database
from abono.interfaces.cli.stories.playing import Outcome, play
from abono.interfaces.cli.stories.reading import read_story
from abono.kernel.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def simulate(paths: Sequence[Path], write: Callable[[str], None], *, as_json: bool) -> int:
    """Read all the stories, then play them; answers the exit code (0 all hold, 1 not, see doors.md §3).

    Raises InvalidValue, naming the file, before anything is played.
    """
    stories = []
    for path in paths:
        try:
            stories.append(read_story(path))
        except InvalidValue as error:
            where = f"{path}: {error.field}" if error.field else str(path)
            raise InvalidValue(error.code, where, error.message) from None
    with scratch_database():
        outcomes = [play(story) for story in stories]
    if as_json:
        write(json.dumps([outcome.as_json() for outcome in outcomes], ensure_ascii=False))
    else:
        for outcome in outcomes:
            _tell(outcome, write)
        write(f"{sum(outcome.passed for outcome in outcomes)} of {len(outcomes)} stories pass.")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _tell(outcome: Outcome, write: Callable[[str], None]) -> None:
    write(f"{'passes' if outcome.passed else 'FAILS '}  {outcome.file}")
    for failure in outcome.failures:
        write(
            f"        step {failure.step}, {failure.path}: expected {json.dumps(failure.expected)}, "
            f"got {json.dumps(failure.actual)}"
        )
