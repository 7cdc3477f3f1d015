"""PostgreSQL 18 without installing anything: a server of our own for one ``$ABONO_HOME``.

``ensure_running`` gives a connection URL and starts the server if need be; the last process that uses it
stops it.
"""

from abono.base.embedded.binaries import bin_folder
from abono.base.embedded.errors import EmbeddedPostgresError
from abono.base.embedded.supervisor import ensure_running, release, remove, running, stop

__all__ = ["EmbeddedPostgresError", "bin_folder", "ensure_running", "release", "remove", "running", "stop"]
