"""Charts: where points lie, worked out by hand on a field of 720 by 240."""

from __future__ import annotations

from abono.interfaces.web import charts


def test_a_line_starts_at_the_scale_and_ends_at_the_edge() -> None:
    made = charts.lines("Balance", ["a", "b", "c"], [("Balance", [0, 50, 100])], str)
    # "100" is three letters wide: 8 + 8 + 3 * 9 = 43 for the scale; 712 - 43 = 669 for two steps. 204 high from 12 on.
    assert made.lines[0].points == "43,216 377,114 712,12"
    assert [(mark.y, mark.text) for mark in made.scale] == [
        (216, "0"),
        (175, "20"),
        (134, "40"),
        (93, "60"),
        (52, "80"),
        (12, "100"),
    ]
    assert made.summary == "Balance: a 0 … c 100"
    assert list(made.rows) == [("a", ["0"]), ("b", ["50"]), ("c", ["100"])]
    assert made.zero is None


def test_bars_below_zero_hang_from_it() -> None:
    made = charts.bars("Charges", ["a", "b"], "Charges", [100, -100], str)
    up, down = made.bars
    assert made.zero == 114
    assert (up.y, up.height, up.tone) == (12, 102, "first")
    assert (down.y, down.height, down.tone) == (114, 102, "stopped")
    assert down.said == "b: -100"


def test_an_even_pace_burns_down_to_nothing() -> None:
    made = charts.burn_down("Quota", ["a", "b", "c", "d", "e"], ("Left", "Pace"), [100, 60], str)
    pace, left = made.lines
    assert pace.points.split() == ["43,12", "210,63", "377,114", "544,165", "712,216"]
    assert left.points.split() == ["43,12", "210,93"]
    assert made.rows[1] == ("b", ["60", "75"])
    assert made.rows[4] == ("e", ["", "0"])


def test_nothing_at_all_is_a_chart() -> None:
    made = charts.lines("Balance", [], [("Balance", [])], str)
    assert (made.lines[0].points, list(made.rows), made.summary) == ("", [], "")
    flat = charts.bars("Charges", ["a"], "Charges", [0], str)
    assert (flat.bars[0].height, [mark.text for mark in flat.scale]) == (0, ["0", "1"])
