"""The words by which an account's name is found."""

from __future__ import annotations

import unicodedata

_MOST_WORDS = 12
_MOST_LETTERS = 60


def words_of(text: str) -> list[str]:
    """The words of a name or of what somebody looks for: small letters without accents, each once, in order."""
    letters = "".join(
        each if each.isalnum() else " "
        for each in unicodedata.normalize("NFKD", text).casefold()
        if not unicodedata.combining(each)
    )
    return list(dict.fromkeys(word[:_MOST_LETTERS] for word in letters.split()))[:_MOST_WORDS]
