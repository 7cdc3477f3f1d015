"""Which data belong to which home: ``$ABONO_HOME`` and the data folder carry the same id.

As an ordinary user the data are in the home itself (``postgres/``). As root they are in
``/var/lib/abono/<hash of the home's path>/<id>``, where the server's user may go; the home holds
``postgres.json``, which tells where. That folder and the configuration in it belong to root, only ``data``,
``log`` and ``socket`` to the server.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from abono.base.embedded import account
from abono.base.embedded.errors import EmbeddedPostgresError

ROOT_PLACE = Path("/var/lib/abono")
ROLE = "abono"
WEB_ROLE = "abono_web"
PORT = 5432
_RECORD = "postgres.json"
_IDENTITY = "identity.json"
_FIELDS = {_RECORD: {"id", "place", "initialised"}, _IDENTITY: {"id", "home"}}
_SOCKET = f".s.PGSQL.{PORT}"
_LONGEST_SOCKET = 100  # Linux takes 107 bytes, others 103
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cluster:
    """One database server's files: `place` holds the folders, `home` is who it belongs to."""

    id: str
    home: Path
    place: Path

    @property
    def data(self) -> Path:
        """The data folder proper."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.place / "log" / "server.log"

    @property
    def socket_folder(self) -> Path:
        """Where the server listens: beside the data, or under /tmp when that path is too long."""
        folder = self.place / "socket"
        if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET and "," not in str(folder):
            return folder
        # The id is secret, so nobody else can take the name first; the home is in it because a home can be
        # copied.
        name = hashlib.sha256(f"{self.id} {self.home}".encode()).hexdigest()[:20]
        return Path("/tmp") / f"abono-{name}"  # noqa: S108 -- owner and mode are checked before it is used

    @property
    def socket(self) -> Path:
        """The socket itself."""
        return self.socket_folder / _SOCKET

    def address(self, *, user: str = ROLE, database: str = ROLE) -> str:
        """A libpq URL."""
        return f"postgresql://{user}@/{database}?" + urlencode(
            {"host": str(self.socket_folder), "port": PORT}, quote_via=quote, safe="/"
        )


def open_home(home: Path) -> Path:
    """The home's full path, made (for its owner only) when it is missing; no existing folder is touched."""
    home = home.expanduser().resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise home_trouble(home, error) from None
    return home


def home_trouble(home: Path, error: OSError) -> EmbeddedPostgresError:
    """The error for a home that cannot be read or written."""
    return EmbeddedPostgresError(
        "home_not_writable", f"The folder {home} (ABONO_HOME) cannot be used: {error.strerror or error}."
    )


def settle(home: Path) -> Cluster:
    """The cluster of this home, a new one when the home has none; its data may still have to be made.

    A home that was removed and made anew gets a fresh cluster. As root the old data stay where they are and
    are named in the log: the home may only have been a disk that was not mounted, and nobody asked for the
    books to be deleted. Refused: data that a home speaks of and that are gone (``data_missing``) or are
    another home's (``data_mismatch``), a home that is another user's (``home_of_another_user``), a copy of a
    home whose data are elsewhere (``home_copied``).
    """
    record = _read(home / _RECORD)
    if record is None:
        cluster = _new(home)
        _write(home / _RECORD, {"id": cluster.id, "place": _relative(cluster), "initialised": False})
        return cluster
    owner = (home / _RECORD).stat().st_uid
    if owner != os.geteuid():
        raise EmbeddedPostgresError(
            "home_of_another_user",
            f"The database in {home} belongs to user id {owner}; run this command as that user.",
        )
    cluster = _cluster(home, record)
    if record["initialised"]:
        _require_identity(cluster)
    return cluster


def found(home: Path) -> Cluster | None:
    """The cluster that this home speaks of, if it speaks of one; nothing is made or checked."""
    record = _read(home / _RECORD)
    return _cluster(home, record) if record else None


def sign(cluster: Cluster) -> None:
    """Writes the id into the place of the data."""
    _write(cluster.place / _IDENTITY, {"id": cluster.id, "home": str(cluster.home)})


def mark_initialised(cluster: Cluster) -> None:
    """Notes in the home that there are data; from now on their absence is an error."""
    record = _read(cluster.home / _RECORD)
    if record and not record["initialised"]:
        _write(cluster.home / _RECORD, {**record, "initialised": True})


def still_holds(cluster: Cluster) -> bool:
    """Whether the place still holds the data of this very cluster."""
    identity = _read(cluster.place / _IDENTITY)
    return identity is not None and identity["id"] == cluster.id


def secure_socket_folder(folder: Path) -> None:
    """Makes the short socket folder, or takes it when it is ours alone; refused otherwise."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        about = folder.lstat()
        private = stat.S_ISDIR(about.st_mode) and not stat.S_IMODE(about.st_mode) & 0o077
        if not private or about.st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                "socket_folder_unsafe", f"The folder {folder} is not ours alone; remove it and try again."
            ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cluster(home: Path, record: dict[str, Any]) -> Cluster:
    return Cluster(id=record["id"], home=home, place=home / record["place"])


def _new(home: Path) -> Cluster:
    fresh = uuid.uuid4().hex
    if not account.is_root():
        place = home / "postgres"
        identity = _read(place / _IDENTITY)  # there when only the record was lost
        return Cluster(id=identity["id"] if identity else fresh, home=home, place=place)
    family = ROOT_PLACE.resolve() / hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    for left in family.glob(f"*/{_IDENTITY}"):
        _log.warning("The database of a former %s is left in %s; remove it if it is not needed.", home, left.parent)
    return Cluster(id=fresh, home=home, place=family / fresh)


def _require_identity(cluster: Cluster) -> None:
    identity = _read(cluster.place / _IDENTITY)
    if identity is None or not cluster.data.is_dir():
        raise EmbeddedPostgresError(
            "data_missing",
            f"The database of {cluster.home} is no longer in {cluster.place}; bring it back,"
            f" or remove {cluster.home / _RECORD} to begin with an empty one.",
        )
    if identity["id"] != cluster.id:
        raise EmbeddedPostgresError(
            "data_mismatch",
            f"The database in {cluster.place} belongs to {identity['home']}, not to {cluster.home}.",
        )
    if identity["home"] == str(cluster.home):
        return
    origin = _read(Path(identity["home"]) / _RECORD)
    if origin and origin["id"] == cluster.id and not cluster.place.is_relative_to(cluster.home):
        raise EmbeddedPostgresError(
            "home_copied",
            f"{cluster.home} is a copy of {identity['home']} and both mean the database in {cluster.place};"
            f" remove {cluster.home / _RECORD} to give the copy an empty one.",
        )
    sign(cluster)


def _relative(cluster: Cluster) -> str:
    # Data inside the home move with it.
    inside = cluster.place.is_relative_to(cluster.home)
    return str(cluster.place.relative_to(cluster.home) if inside else cluster.place)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        content = None
    except OSError as error:
        raise home_trouble(file.parent, error) from None
    if not isinstance(content, dict) or not content.keys() >= _FIELDS[file.name]:
        raise EmbeddedPostgresError("home_damaged", f"The file {file} is damaged; restore it from a backup.")
    return content


def _write(file: Path, content: dict[str, Any]) -> None:
    """Writes the whole file or nothing, readable by its owner only."""
    partial = file.with_name(f"{file.name}.partial")
    try:
        partial.unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            json.dump(content, target, indent=2)
            target.write("\n")
            target.flush()
            os.fsync(target.fileno())
        partial.replace(file)
        _sync_folder(file.parent)
    except OSError as error:
        raise home_trouble(file.parent, error) from None
