"""Every acceptance case answers what it must; of an error, the fields the case names."""

import json
from pathlib import Path
from typing import Any

import pytest

from abono.kernel.quotes import answer

CASES = [
    pytest.param(case["in"], case["out"], id=f"{path.stem}-{case['id']}")
    for path in sorted((Path(__file__).parents[1] / "cases").glob("*.jsonl"))
    for case in map(json.loads, path.read_text(encoding="utf-8").splitlines())
]


def named(told: Any, wanted: Any) -> Any:
    """Of an object, only what `wanted` names, at the top and within an error."""
    if not isinstance(wanted, dict) or not isinstance(told, dict):
        return told
    return {name: named(told.get(name), part) if name == "error" else told.get(name) for name, part in wanted.items()}


def test_there_are_cases() -> None:
    """A moved folder would otherwise pass in silence."""
    assert len(CASES) > 100


@pytest.mark.parametrize(("request_", "wanted"), CASES)
def test_case(request_: object, wanted: dict[str, object]) -> None:
    """The answer has every field of the case, equal."""
    told = answer(request_)
    assert named(told, wanted) == wanted
    assert ("error" in told) == ("error" in wanted)
