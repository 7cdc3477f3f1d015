"""Tax: every line adds up, and is rounded once."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel.money import share
from abono.kernel.tax import TaxLine, split_tax, tax_lines

from .conftest import Refused

amounts = st.integers(-(10**12), 10**12)
rates = st.decimals(0, 1000, allow_nan=False, places=3)


@given(amounts, rates, st.booleans())
def test_net_and_tax_are_the_gross_and_the_tax_is_the_nearest(amount: int, rate: Decimal, inclusive: bool) -> None:
    net, tax, gross = split_tax(amount, rate, inclusive)
    assert net + tax == gross
    assert amount == (gross if inclusive else net)
    base, percent = (100 + Fraction(rate) if inclusive else Fraction(100)), Fraction(rate)
    assert abs(tax - amount * percent / base) <= Fraction(1, 2)


@given(amounts, rates, st.booleans())
def test_a_credit_mirrors_its_charge(amount: int, rate: Decimal, inclusive: bool) -> None:
    assert split_tax(-amount, rate, inclusive) == tuple(-part for part in split_tax(amount, rate, inclusive))


def test_an_exact_half_goes_up() -> None:
    assert split_tax(50, Decimal(19), inclusive=False) == TaxLine(net=50, tax=10, gross=60)


@given(st.integers(0, 10**12), st.lists(st.tuples(rates, st.integers(1, 99)), min_size=1, max_size=5), st.booleans())
def test_lines_are_shares_taxed_each(amount: int, categories: list[tuple[Decimal, int]], inclusive: bool) -> None:
    weights = [Fraction(weight) for _, weight in categories]
    lines = tax_lines(amount, inclusive, [rate for rate, _ in categories], weights)
    assert [line.gross if inclusive else line.net for line in lines] == share(amount, weights)
    assert [line.tax for line in lines] == [
        split_tax(line.gross if inclusive else line.net, rate, inclusive).tax
        for line, (rate, _) in zip(lines, categories, strict=True)
    ]


@pytest.mark.parametrize("rate", ["-0.1", "1000.001"])
def test_a_rate_beyond_reason_is_refused(rate: str, refused: Refused) -> None:
    with refused("out_of_range", "rate"):
        split_tax(100, Decimal(rate), inclusive=True)


def test_what_cannot_be_shared_cannot_be_taxed(refused: Refused) -> None:
    with refused("out_of_range", "weights"):
        tax_lines(100, True, [Decimal(19)], [Fraction(0)])
    with pytest.raises(ValueError, match="zip"):
        tax_lines(100, True, [Decimal(19)], [Fraction(1), Fraction(1)])
