"""What every command does: bring the product up, work, and say the answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON, for programs.")]


def say(line: str) -> None:
    """A line on standard output, at once: a command that goes on for days is read through a file or a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_figures(figures: dict[str, object], *, as_json: bool) -> None:
    """Figures as one line of JSON, or a line each."""
    if as_json:
        say(json.dumps(figures))
        return
    for name, value in figures.items():
        say(f"{name:>18}  {value}")


def booted(work: Callable[[], None], *, makes: bool = False, any_build: bool = False) -> None:
    """Do a command's work with the product up. Only what ``makes`` an installation does so where there is none.

    ``any_build``: also on a database that another build of Abono made.
    """
    from abono.base.boot import boot
    from abono.base.installation import require_made

    if not makes:
        require_made()
    boot(any_build=any_build)
    work()
