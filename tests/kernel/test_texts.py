"""One spelling of every text, no sign that nobody sees, and no formula in a spreadsheet."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abono.kernel import spreadsheets, texts

from .conftest import Refused

UNSEEN = (
    *(
        "\0",
        "\x07",
        "\x0b",
        "\u2028",
        "\u2029",
        "\x1f",
        "\x7f",
        "\x85",
        "\xad",
        "\u200b",
        "\u200d",
        "\u200e",
        "\u202e",
        "\u2066",
        "\ufeff",
    ),
    *("\u034f", "\u115f", "\u2800", "\u3164", "\ufe0f", "\U000e0041", "\U000e0101", "\ud800", "\udfff", "\ue000"),
)


@pytest.mark.parametrize("sign", UNSEEN)
def test_what_nobody_sees_is_refused(sign: str, refused: Refused) -> None:
    for text in (f"a{sign}b", sign, f"a{sign}"):
        with refused("invalid", "f"):
            texts.one_line(text, "f", 10)
        with refused("invalid", "f"):
            texts.paragraphs(text, "f", 10)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("Ivanov & Sons", "Ivanov & Sons"),
        ("  Anna   Mu\N{COMBINING DIAERESIS}ller\xa0", "Anna M\xfcller"),
        ("東京\u3000一", "東京 一"),
        ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
    ],
)
def test_a_text_has_one_spelling(written: str, kept: str) -> None:
    assert texts.one_line(written, "f", 20) == kept
    assert texts.one_line(unicodedata.normalize("NFD", kept), "f", 20) == kept


@pytest.mark.parametrize("end", ["\n", "\r\n", "\t"])
def test_one_line_has_no_line_ends(end: str, refused: Refused) -> None:
    with refused("invalid", "f"):
        texts.one_line(f"a{end}b", "f", 10)


def test_a_label_is_written_exactly_but_for_its_accents(refused: Refused) -> None:
    assert texts.label("e\N{COMBINING ACUTE ACCENT} 7", "f", 3) == "\xe9 7"
    for text in (" 1", "1 ", "1  2", "1\n2", "1\xa02"):
        with refused("invalid", "f"):
            texts.label(text, "f", 10)
    for text in ("", "x" * 11):
        with refused("out_of_range", "f"):
            texts.label(text, "f", 10)
    for value in (7, None, True, ["a"]):
        with refused("invalid", "f"):
            texts.label(value, "f", 10)


def test_paragraphs_keep_their_lines(refused: Refused) -> None:
    assert texts.paragraphs("\n One\r\n\tTwo \n", "f", 20) == "One\r\n\tTwo"
    with refused("out_of_range", "f"):
        texts.paragraphs("x" * 21, "f", 20)


SIGNS = "=+-@%\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{MINUS SIGN}\N{FULLWIDTH COMMERCIAL AT}"
ODD = st.text(st.sampled_from(f"{SIGNS};,|\t\n\r \"'\xa01a.") | st.characters(exclude_categories=["Cs"]), max_size=12)


@given(ODD)
def test_a_guarded_text_is_read_back_as_it_was(text: str) -> None:
    assert spreadsheets.unguarded(spreadsheets.guarded(text)) == text


@given(st.lists(ODD, min_size=1, max_size=3), st.sampled_from(",;\t"), st.sampled_from(",;\t|"))
def test_no_cell_is_a_formula_whatever_separates_cells(row: list[str], written_by: str, read_by: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=written_by).writerow([spreadsheets.guarded(each) for each in row])
    cells = [cell for line in csv.reader(file.getvalue().splitlines(), delimiter=read_by) for cell in line]
    for cell in (each.strip(' \t\r\n\xa0"') for each in cells):
        first = cell.split(written_by)[0] if read_by != written_by else cell
        assert not cell.startswith(tuple(SIGNS)) or _is_number(first), (row, file.getvalue())


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "").replace(",", "").isdecimal()
