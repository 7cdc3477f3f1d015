"""The secret of this installation, by which sessions and tokens are signed."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "secret_key"


def kept_secret(home: Path) -> str:
    """The secret that is kept in a folder, made at the first call and readable by its owner alone.

    Where the folder cannot be written (a read-only image), the secret lasts as long as the process.
    """
    file = home / _FILE
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        secret = secrets.token_urlsafe(50)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = home / f"{_FILE}.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as handle:
            handle.write(secret)
        # Of several processes that make one at once, the first wins and all use it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
        return file.read_text(encoding="ascii")
    except OSError:
        return secret
