"""Settings from environment variables: what cannot be read is refused by one clear sentence, never guessed.

Read before Django is there, by the settings module and by what starts Abono.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from abono.base.refusal import InvalidRequest


class InvalidSetting(InvalidRequest):
    """An environment variable that cannot be read; ``field`` is its name."""


def home() -> Path:
    """The folder where everything of this installation lives: ``.abono`` of the current one where none is written."""
    return Path(os.environ.get("ABONO_HOME") or ".abono")


def whole_number(name: str, default: int, least: int, most: int) -> int:
    """A whole number from ``least`` to ``most``; the default where nothing is written. Raises InvalidSetting."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        message = f"Write a whole number from {least} to {most}, not {text!r}, or leave it out for {default}."
        raise InvalidSetting(message, field=name)
    return int(text)


def choice(name: str, *choices: str) -> str:
    """One of some words, in small letters; empty where nothing is written. Raises InvalidSetting."""
    text = os.environ.get(name, "").strip().lower()
    if text and text not in choices:
        message = f"Write {' or '.join(choices)}, not {text!r}, or leave it out."
        raise InvalidSetting(message, field=name)
    return text


def words(name: str, default: str = "") -> list[str]:
    """Words separated by commas, without blanks around them; empty ones are left out."""
    return [each for part in os.environ.get(name, default).split(",") if (each := part.strip())]


def web_address(name: str, default: str) -> str:
    """An address with ``http://`` or ``https://`` and a host. Raises InvalidSetting."""
    text = os.environ.get(name, "").strip() or default
    try:
        parts = urlsplit(text)
        readable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        message = f"Write an address such as https://billing.example.org, not {text!r}."
        raise InvalidSetting(message, field=name)
    return text
