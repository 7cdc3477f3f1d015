"""The web as ``abono up`` serves it: a process that answers ends with the server that started it, killed or not."""

from __future__ import annotations

import os

from abono.base.processes import follow

follow(os.getppid())

from abono.project.rsgi import application  # noqa: E402 -- an orphan must not hold the port, not even while it comes up

__all__ = ["application"]
