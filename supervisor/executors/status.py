"""`ExecutorStatus`: how one executor is, for people and dashboards."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ExecutorStatus", "usage_of"]


@dataclass(frozen=True, slots=True)
class ExecutorStatus:
    """One executor as it is now. What is not known, because it has no process, is ``None``, or empty."""

    number: int
    state: str
    """``starting``, ``running``, ``stopping``, ``restarting`` (waits out its backoff) or ``stopped``."""
    pid: int | None
    cores: tuple[int, ...]
    """Where it may run."""
    restarts: int
    last_error: str
    heartbeat_age_seconds: float | None
    cpu_seconds: float | None
    """Processor time of this process so far, user and system."""
    rss_bytes: int | None
    """Memory that it occupies now."""
    components: int
    """How many components it runs, those that others run too included."""


def usage_of(pid: int) -> tuple[tuple[int, ...], float | None, int | None]:
    """Cores, processor seconds and bytes of memory of a process (proc(5)); empty and ``None`` when it is gone."""
    try:
        cores = tuple(sorted(os.sched_getaffinity(pid)))
        # The second field is the program's name, which may have anything in it, in brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return (), None, None
    seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return cores, seconds, pages * os.sysconf("SC_PAGE_SIZE")
