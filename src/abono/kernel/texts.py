"""Texts that people tell things apart by: one spelling of each, and no sign in it that nobody sees.

Two account numbers that look alike are one number to whoever reads them. So a text is kept composed (NFC) and with
single blanks, and one that holds a sign without a shape of its own (of control, of direction, of no width, filling) is
refused. What only looks like another letter, such as a Cyrillic one, is a letter and stays.
"""

import re
import unicodedata

from abono.kernel.errors import InvalidValue

# What `str.isprintable` lets pass and nobody sees: the default ignorable code points of Unicode, and the empty braille.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_LINE_ENDS = re.compile("[\t\n\r]")


def composed(text: str) -> str:
    """Promise the same text with every letter and its accents as one sign (NFC), as most keyboards write it."""
    return unicodedata.normalize("NFC", text)


def spelled(text: str) -> str:
    """Promise the one spelling of a text: composed, with single blanks between its words and none around it."""
    return " ".join(composed(text).split())


def one_line(value: object, field: str, most: int, *, least: int = 0) -> str:
    """Promise the one spelling of a text of `least` to `most` characters.

    Another type, a line end and a sign that is not seen are `invalid`, another length `out_of_range`.
    """
    if not isinstance(value, str):
        raise InvalidValue("invalid", field, "Write a text.")
    refuse_unseen(value, field)
    text = spelled(value)
    if not least <= len(text) <= most:
        wanted = f"{least} to {most}" if least else f"at most {most}"
        raise InvalidValue("out_of_range", field, f"Write {wanted} characters; these are {len(text)}.")
    return text


def label(value: object, field: str, most: int) -> str:
    """Promise the one spelling of a text of 1 to `most` characters that something is found by.

    As `one_line`; blanks around it and blanks that are not single, which would be found nowhere, are `invalid`.
    """
    text = one_line(value, field, most, least=1)
    if text != composed(str(value)):
        raise InvalidValue("invalid", field, "Write it without blanks around it, and one blank between words.")
    return text


def paragraphs(value: str, field: str, most: int) -> str:
    """Promise a composed text of some lines, without blanks around it, and of at most `most` characters."""
    refuse_unseen(_LINE_ENDS.sub(" ", value), field)
    text = composed(value).strip()
    if len(text) > most:
        raise InvalidValue("out_of_range", field, f"Write at most {most} characters; these are {len(text)}.")
    return text


def refuse_unseen(text: str, field: str) -> None:
    """Refuse a sign that is not seen as `invalid`, a line end among them; blanks are none."""
    unseen = next((each for each in text if not (each.isprintable() or _is_blank(each)) or _UNSEEN.match(each)), None)
    if unseen is not None:
        message = f"Take out the character U+{ord(unseen):04X}; nobody can see it."
        raise InvalidValue("invalid", field, message)


def _is_blank(sign: str) -> bool:
    return unicodedata.category(sign) == "Zs"
