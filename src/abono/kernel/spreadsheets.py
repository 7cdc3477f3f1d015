"""Texts in the cells of a table that people open in a spreadsheet, and that nobody may use to run anything there.

A spreadsheet takes a cell for a formula by its first sign. Which text is a cell it decides itself: opened with another
separator, `Ivanov;=1+1` is two. So an apostrophe goes before every sign that could begin a formula, at the beginning
of a text and after whatever may separate cells, be there blanks or quotes between. The apostrophe is what spreadsheets
know for "this is a text"; who reads the file again takes one away where one was put.

`defusedcsv` looks at the first sign only, and rewrites what it finds so that nobody can read it back.
"""

import re

_BEGINS = r"(?P<before>(?:^|[,;|\t\r\n\v\f\0])[\s\"\ufeff]*)"
_SIGNS = r"[=+\-@%\uff1d\uff0b\uff0d\uff20\uff05\u2212]"
_FORMULA = re.compile(rf"{_BEGINS}(?P<rest>'*{_SIGNS})")
_GUARDED = re.compile(rf"{_BEGINS}'(?P<rest>'*{_SIGNS})")
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?")


def guarded(text: str) -> str:
    """Promise a text that no spreadsheet takes for a formula, whatever it separates cells by; numbers stay numbers."""
    return text if _NUMBER.fullmatch(text) else _FORMULA.sub(r"\g<before>'\g<rest>", text)


def unguarded(text: str) -> str:
    """Promise the text that was guarded; a text without guards comes back as it is."""
    return _GUARDED.sub(r"\g<before>\g<rest>", text)
