"""``abono where``: which installation a command would work on; nothing is made or started."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from abono.base.environment import home
from abono.base.installation import is_demo, is_made, served_at
from abono.base.postgres import described
from abono.interfaces.cli.saying import say

if TYPE_CHECKING:
    from pathlib import Path

_KINDS = {
    "demo": "a demo, removed by `abono demo --forget`",
    "installation": "an installation",
    "nothing": "nothing is there yet, `abono up` begins an installation",
}


def show_where(*, as_json: bool) -> None:
    """The home, what it is, the database and the address."""
    url, folder = os.environ.get("ABONO_DATABASE_URL"), home().resolve()
    kind = "demo" if is_demo(folder) else "installation" if url or is_made(folder) else "nothing"
    database = described(url) if url else "embedded"
    others = [str(each) for each in _others(folder)]
    if as_json:
        told = {"home": str(folder), "kind": kind, "database": database, "served": served_at(), "others": others}
        say(json.dumps(told))
        return
    say(f"The home is {folder}: {_KINDS[kind]}. The database is {database}.")
    say(f"It is served at {served_at()}." if served_at() else "It is not served from this home at the moment.")
    if others:
        say(f"There are also {', '.join(others)}: name one by ABONO_HOME, or go to its folder.")


def _others(here: Path) -> list[Path]:
    """Homes in the folders above and beside: what may have been meant."""
    above = [folder / ".abono" for folder in (here.parent, *here.parent.parents)]
    found = [each for folder in above for each in (folder, folder / "demo") if is_made(each)]
    return [each for each in found if each != here]
