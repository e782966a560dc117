"""`nothing_outlives`: fails a test that leaves a greenlet, thread, socket or file behind."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import weakref
from collections.abc import Iterable, Iterator

import gevent

__all__ = ["nothing_outlives"]


@contextlib.contextmanager
def nothing_outlives(*, seconds: float = 2.0) -> Iterator[None]:
    """What runs or is open after the block, and was not before, must be gone within ``seconds``.

    Raises ``AssertionError`` that names it. Knows gevent's greenlets, threads of `threading`, and the file
    descriptors of Linux.
    """
    spawned: weakref.WeakSet[gevent.Greenlet] = weakref.WeakSet()
    gevent.get_hub()
    before = {*_threads(), *_descriptors()}
    gevent.Greenlet.add_spawn_callback(spawned.add)
    try:
        yield
    finally:
        gevent.Greenlet.remove_spawn_callback(spawned.add)
    left: list[str] = []
    with gevent.Timeout(seconds, False):
        while left := _left(spawned, before):
            gevent.sleep(0.005)
            gc.collect()
    assert not left, f"left behind: {', '.join(left)}"


def _left(spawned: Iterable[gevent.Greenlet], before: set[str]) -> list[str]:
    greenlets = [f"greenlet {greenlet!r}" for greenlet in spawned if not greenlet.dead]
    return greenlets + sorted({*_threads(), *_descriptors()} - before)


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        yield f"thread {thread.name} {thread.ident}"


def _descriptors() -> Iterator[str]:
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{number}")
            if not target.endswith("/fd"):
                yield f"descriptor {number} of {target}"
