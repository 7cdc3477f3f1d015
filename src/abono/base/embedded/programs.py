"""Running the programs of PostgreSQL as the user who may."""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from abono.base.embedded import account, binaries
from abono.base.embedded.cluster import ROOT_PLACE
from abono.base.embedded.errors import EmbeddedPostgresError
from abono.base.embedded.locks import alone

if TYPE_CHECKING:
    from pathlib import Path

    from abono.base.embedded.account import Account


@dataclass(frozen=True, slots=True)
class Programs:
    """The server's programs and the user who runs them."""

    folder: Path
    account: Account

    def run(self, name: str, *arguments: str, place: Path) -> subprocess.CompletedProcess[str]:
        """Runs one program in the folder `place` and waits for it.

        Give paths among the arguments relative to `place`: ``pg_ctl`` passes them through a shell. Raises
        EmbeddedPostgresError ``wrong_architecture`` or ``binaries_unusable`` when it cannot even be started.
        """
        identity: dict[str, Any] = {}
        if account.is_root():
            identity = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        try:
            return subprocess.run(
                [str(self.folder / name), *arguments],
                cwd=place,
                # Nothing of ours: PG… variables change what the programs do, and our secrets are not for
                # them.
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                umask=0o077,
                check=False,
                **identity,
            )
        except OSError as error:
            raise _unusable(self.folder / name, error) from None


def usable_programs() -> Programs:
    """The programs, and a user who may run them.

    As root this makes ``/var/lib/abono``, the system user and the copy of the programs if they are missing.
    """
    if not account.is_root():
        return Programs(binaries.bin_folder(), account.server_account())
    root = _root_place()
    with alone(root / ".lock"):  # another home's command may be at it too
        return Programs(binaries.shared_bin_folder(root), account.server_account())


def make_open_folder(folder: Path) -> None:
    """Makes a folder that everybody may enter, whatever the umask; one that exists is left as it is."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def _root_place() -> Path:
    try:
        make_open_folder(ROOT_PLACE)
        about = ROOT_PLACE.stat()
    except OSError as error:
        raise EmbeddedPostgresError(
            "place_not_writable", f"The folder {ROOT_PLACE} cannot be made: {error.strerror or error}."
        ) from None
    if about.st_uid != 0 or about.st_mode & 0o022:
        raise EmbeddedPostgresError(
            "place_unsafe",
            f"The folder {ROOT_PLACE} can be changed by others than root; give it back to root.",
        )
    return ROOT_PLACE.resolve()


def _unusable(program: Path, error: OSError) -> EmbeddedPostgresError:
    if isinstance(error, FileNotFoundError) or error.errno == errno.ENOEXEC:
        return EmbeddedPostgresError(
            "wrong_architecture",
            f"{program} is for another kind of machine; set ABONO_DATABASE_URL to a server of your own.",
        )
    return EmbeddedPostgresError("binaries_unusable", f"{program} cannot be run: {error.strerror or error}.")
