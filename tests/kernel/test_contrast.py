"""Contrast ratios against the figures that WCAG itself gives."""

from __future__ import annotations

from decimal import Decimal

import pytest

from abono.kernel.contrast import contrast, mixed, parse_colour
from abono.kernel.errors import InvalidValue


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", "21.00"),
        ("#ffffff", "#ffffff", "1.00"),
        ("#777777", "#ffffff", "4.47"),
        ("#767676", "#ffffff", "4.54"),
        ("#ff0000", "#ffffff", "3.99"),
        ("#0000ff", "#ffffff", "8.59"),
    ],
)
def test_ratio(one: str, other: str, ratio: str) -> None:
    assert contrast(one, other) == contrast(other, one) == Decimal(ratio)


def test_colours_are_read_and_written_one_way() -> None:
    assert [parse_colour(text) for text in ("#0B5FFF", " #abc ")] == ["#0b5fff", "#aabbcc"]
    for text in ("", "red", "#12", "#12345g", "rgb(1,2,3)", "#0b5fff;x", None, 7):
        with pytest.raises(InvalidValue) as refused:
            parse_colour(text)
        assert (refused.value.code, refused.value.field) == ("invalid", "colour")


def test_a_mix_goes_all_the_way() -> None:
    assert [mixed("#102030", "#ffffff", percent) for percent in (0, 50, 100)] == ["#102030", "#878f97", "#ffffff"]
