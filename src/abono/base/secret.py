"""The secret of this installation, by which sessions and tokens are signed."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from abono.base.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "secret_key"  # noqa: S105 -- the name of its file


def kept_secret(home: Path) -> str:
    """The secret that is kept in a folder, made at the first call and readable by its owner alone.

    Where the folder cannot be written (a read-only image), the secret lasts as long as the process.
    """
    file = home / SECRET
    try:
        return file.read_text(encoding="ascii")
    except OSError:
        secret = secrets.token_urlsafe(50)
    try:
        draft = _draft(home, secret)
        # Of several processes that make one at once, the first wins and all use it.
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
        return file.read_text(encoding="ascii")
    except OSError:
        return secret


def keep_secret(home: Path, secret: str) -> None:
    """Put an installation's own secret in the place of one that was just made."""
    _draft(home, secret).replace(home / SECRET)


def require_kept(home: Path) -> None:
    """Refuse (``home_not_writable``) unless all processes have the same secret, as links and sessions need it."""
    if not os.environ.get("ABONO_SECRET_KEY") and not os.access(home / SECRET, os.R_OK):
        message = (
            f"The secret cannot be kept in {home.resolve()} (ABONO_HOME); make it writable, or set ABONO_SECRET_KEY."
        )
        raise Refusal(message, code="home_not_writable")


def _draft(home: Path, secret: str) -> Path:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = home / f"{SECRET}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as handle:
        handle.write(secret)
    return draft
