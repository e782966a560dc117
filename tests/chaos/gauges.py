"""What a process of the engine uses, measured from inside and outside: memory, file descriptors, greenlets."""

from __future__ import annotations

import gc
import json
import os
from collections import Counter
from pathlib import Path

import gevent
from greenlet import greenlet

__all__ = ["install", "read"]

_EVERY_SECONDS = 1.0


def install(directory: str) -> None:
    """Write ``gauges-PID.json`` every second, from a greenlet of this process."""
    path = Path(directory) / f"gauges-{os.getpid()}.json"
    gevent.spawn(_write, path)


def _write(path: Path) -> None:
    beginning = path.with_suffix(".new")
    while True:
        gc.collect()
        # In one go: while somebody holds on to all objects, a tuple that another greenlet is making cannot grow.
        types = Counter(map(type, gc.get_objects()))
        figures = {
            "memory_bytes": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"),
            "descriptors": len(os.listdir("/proc/self/fd")),
            "greenlets": sum(count for kind, count in types.items() if issubclass(kind, greenlet)),
        }
        beginning.write_text(json.dumps(figures))
        beginning.replace(path)
        gevent.sleep(_EVERY_SECONDS)


def read(directory: Path, pid: int) -> dict[str, int] | None:
    """The latest figures of a process, if it has written any."""
    path = directory / f"gauges-{pid}.json"
    return json.loads(path.read_text()) if path.exists() else None
