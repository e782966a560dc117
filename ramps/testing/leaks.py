"""`nothing_outlives`: fails a test that leaves a greenlet, thread, socket or file behind."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
from collections.abc import Iterator

import gevent

__all__ = ["nothing_outlives"]


@contextlib.contextmanager
def nothing_outlives(*, seconds: float = 2.0) -> Iterator[None]:
    """What runs or is open after the block, and was not before, must be gone within ``seconds``.

    Raises ``AssertionError`` that names it. Knows gevent's greenlets, threads of `threading`, and the file
    descriptors of Linux.
    """
    gevent.get_hub().loop.update_now()
    before = _alive()
    yield
    left: set[str] = set()
    with gevent.Timeout(seconds, False):
        while left := set(_alive() - before):
            gevent.sleep(0.005)
            gc.collect()
    assert not left, f"left behind: {', '.join(sorted(left))}"


def _alive() -> set[str]:
    return {*_greenlets(), *_threads(), *_descriptors()}


def _greenlets() -> Iterator[str]:
    current = gevent.getcurrent()
    for candidate in gc.get_objects():
        # By type, because isinstance() asks __class__, which runs the code of mocks and proxies.
        if issubclass(type(candidate), gevent.Greenlet) and candidate is not current and not candidate.dead:
            yield f"greenlet {candidate!r}"


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        yield f"thread {thread.name} {thread.ident}"


def _descriptors() -> Iterator[str]:
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            target = os.readlink(f"/proc/self/fd/{number}")
            if not target.endswith("/fd"):
                yield f"descriptor {number} of {target}"
