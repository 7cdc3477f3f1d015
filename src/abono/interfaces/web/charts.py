"""Charts as the server draws them: shapes on a field of 720 by 240, titled, with the table of their numbers.

A chart is worked out here and shown by ``{% chart made %}``. Values are whole numbers (minor units, counts); ``said``
writes them. Nothing but places on the field is ever rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 12, 24
_STEPS = (1, 2, 5)
_MOST_LABELS = 8


@dataclass(frozen=True)
class Mark:
    """A text on the field (and, of a scale, the height of its line)."""

    x: int
    y: int
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Line:
    """A line through points, and what it is called; ``tone`` is first, second or pace."""

    name: str
    points: str
    tone: str
    area: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar with what it says when it is pointed at."""

    x: int
    y: int
    width: int
    height: int
    said: str
    tone: str = "first"


@dataclass(frozen=True)
class Chart:
    """Everything the template draws: scale, marks, lines or bars, and the table of the numbers."""

    title: str
    summary: str
    scale: Sequence[Mark]
    labels: Sequence[Mark]
    lines: Sequence[Line]
    bars: Sequence[Bar]
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    zero: int | None


def lines(
    title: str, labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], said: Callable[[int], str]
) -> Chart:
    """Lines of one or two series over the same labels, such as balances by day."""
    field = _Field.around([value for _, values in series for value in values], len(labels), left=_room(series, said))
    drawn = [
        Line(name, field.path(values), "first" if place == 0 else "second", field.area(values) if place == 0 else "")
        for place, (name, values) in enumerate(series)
    ]
    return _chart(title, labels, series, said, field, drawn=drawn)


def bars(title: str, labels: Sequence[str], name: str, values: Sequence[int], said: Callable[[int], str]) -> Chart:
    """A bar for each label, such as charges per month."""
    series = [(name, values)]
    field = _Field.around([0, *values], len(labels), left=_room(series, said), between=True)
    width = max(field.step * 3 // 5, 2)
    drawn = [
        Bar(
            field.x(place) - width // 2,
            min(field.y(value), field.y(0)),
            width,
            max(abs(field.y(value) - field.y(0)), 1 if value else 0),
            f"{label}: {said(value)}",
            "first" if value >= 0 else "stopped",
        )
        for place, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    return _chart(title, labels, series, said, field, bars=drawn)


def burn_down(
    title: str, labels: Sequence[str], names: tuple[str, str], left: Sequence[int], said: Callable[[int], str]
) -> Chart:
    """What is left of a quota day by day (``left``, as far as it is known) against an even pace to nothing.

    ``names`` are of what is left and of the pace; the pace goes from the first value to 0 at the last label.
    """
    whole, last = left[0], max(len(labels) - 1, 1)
    pace = [whole * (last - place) // last for place in range(len(labels))]
    series: list[tuple[str, Sequence[int]]] = [(names[0], left), (names[1], pace)]
    field = _Field.around([0, *left, *pace], len(labels), left=_room(series, said))
    drawn = [
        Line(names[1], field.path(pace), "pace"),
        Line(names[0], field.path(left), "first", field.area(left)),
    ]
    return _chart(title, labels, series, said, field, drawn=drawn)


@dataclass(frozen=True)
class _Field:
    """Where values lie: ``low`` to ``high`` in ``count`` places from the left edge on."""

    low: int
    high: int
    tick: int
    count: int
    left: int
    between: bool

    @classmethod
    def around(cls, values: Sequence[int], count: int, *, left: int, between: bool = False) -> _Field:
        """A field whose scale has a few round steps and holds all values and zero if it is near."""
        low, high = min([*values, 0]), max([*values, 0])
        tick = _tick(max(high - low, 1))
        first, last = low // tick * tick, -(-high // tick) * tick
        return cls(first, last if last > first else first + tick, tick, count, left, between)

    @property
    def step(self) -> int:
        return (WIDTH - self.left - _RIGHT) // max(self.count if self.between else self.count - 1, 1)

    def x(self, place: int) -> int:
        room = WIDTH - self.left - _RIGHT
        if self.between:
            return self.left + room * (2 * place + 1) // (2 * max(self.count, 1))
        return self.left + room * place // max(self.count - 1, 1)

    def y(self, value: int) -> int:
        room = HEIGHT - _TOP - _BOTTOM
        return _TOP + room * (self.high - value) // (self.high - self.low)

    def path(self, values: Sequence[int]) -> str:
        return " ".join(f"{self.x(place)},{self.y(value)}" for place, value in enumerate(values))

    def area(self, values: Sequence[int]) -> str:
        if not values:
            return ""
        return f"{self.x(0)},{self.y(0)} {self.path(values)} {self.x(len(values) - 1)},{self.y(0)}"


def _tick(span: int) -> int:
    """A round step of which there are about four in a span."""
    power = 1
    while True:
        for each in _STEPS:
            if span <= each * power * 5:
                return each * power
        power *= 10


def _room(series: Sequence[tuple[str, Sequence[int]]], said: Callable[[int], str]) -> int:
    """The room for the scale's words at the left."""
    values = [value for _, given in series for value in given]
    longest = max((len(said(value)) for value in (max(values, default=0), min(values, default=0))), default=0)
    return _LEFT + 8 + longest * 9


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[int]]],
    said: Callable[[int], str],
    field: _Field,
    *,
    drawn: Sequence[Line] = (),
    bars: Sequence[Bar] = (),
) -> Chart:
    every = max(-(-len(labels) // _MOST_LABELS), 1)
    last = len(labels) - 1
    return Chart(
        title=title,
        summary=_summary(labels, series, said),
        scale=[
            Mark(field.left - 8, field.y(value), said(value), "end")
            for value in range(field.low, field.high + 1, field.tick)
        ],
        labels=[
            Mark(field.x(place), HEIGHT - 4, label, _anchor(place, last, field))
            for place, label in enumerate(labels)
            if place % every == 0
        ],
        lines=drawn,
        bars=bars,
        heads=[name for name, _ in series],
        rows=[
            (label, [said(values[place]) if place < len(values) else "" for _, values in series])
            for place, label in enumerate(labels)
        ],
        zero=field.y(0) if field.low < 0 < field.high else None,
    )


def _anchor(place: int, last: int, field: _Field) -> str:
    """Labels stand in the middle below their place; those at the edges keep inside."""
    if field.between or place not in {0, last}:
        return "middle"
    return "start" if place == 0 else "end"


def _summary(labels: Sequence[str], series: Sequence[tuple[str, Sequence[int]]], said: Callable[[int], str]) -> str:
    """The first and the last value of every series, for those who do not see the field."""
    return "; ".join(
        f"{name}: {labels[0]} {said(values[0])} … {labels[len(values) - 1]} {said(values[-1])}"
        for name, values in series
        if values
    )
