"""The server's settings: full durability, and the rest sized to the machine."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

MB = 1024 * 1024
GB = 1024 * MB

_MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

# A power cut may not cost a payment: written out although they are the defaults, so that nobody need look
# them up.
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

_FIXED = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "100",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    # There is no lz4 in the wheel, and pglz made a million updates take 8.0 s instead of 5.3 s to save 15 %.
    "wal_compression": "off",
    "wal_buffers": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",
    # Mass runs touch every account: clean up and count again well before a fifth of a big table has changed.
    "autovacuum": "on",
    "autovacuum_naptime": "20s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_insert_scale_factor": "0.1",
    "autovacuum_analyze_scale_factor": "0.02",
    "autovacuum_vacuum_cost_limit": "2000",
    "max_logical_replication_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.simple",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What the settings depend on, in bytes."""

    memory: int
    free_disk: int
    shared_memory: int


def this_machine(data: Path) -> Machine:
    """The machine as it is now: memory (or the container's share), free disk, room for shared memory."""
    limits = (_memory_limit(Path(file)) for file in _MEMORY_LIMITS)
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    shm = Path("/dev/shm")  # noqa: S108 -- its size is read, nothing is put there by us
    return Machine(
        memory=min([physical, *(limit for limit in limits if limit)]),
        free_disk=shutil.disk_usage(data).free,
        shared_memory=shutil.disk_usage(shm).total if os.access(shm, os.W_OK) else 0,
    )


def settings(machine: Machine) -> dict[str, str]:
    """The settings of a server on this machine, by name.

    A quarter of the memory up to 2 GB is the server's own cache: the rest is the system's and the
    application's. The log may grow to 8 GB between checkpoints so that a mass run is not slowed down by them,
    but never past a quarter of the free disk.
    """
    log = _within(machine.free_disk // 4, GB // 2, 8 * GB)
    return {
        **_DURABLE,
        **_FIXED,
        "shared_buffers": _megabytes(_within(machine.memory // 4, 64 * MB, 2 * GB)),
        "effective_cache_size": _megabytes(_within(machine.memory // 2, 128 * MB, 64 * GB)),
        "work_mem": _megabytes(_within(machine.memory // 64, 4 * MB, 64 * MB)),
        "maintenance_work_mem": _megabytes(_within(machine.memory // 16, 64 * MB, GB)),
        "max_wal_size": _megabytes(log),
        "min_wal_size": _megabytes(log // 8),
        # A container often has 64 MB here, and a parallel query would then fail for want of room.
        "dynamic_shared_memory_type": "posix" if machine.shared_memory >= GB else "mmap",
    }


def _within(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def _megabytes(size: int) -> str:
    return f"{size // MB}MB"


def _memory_limit(file: Path) -> int | None:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
