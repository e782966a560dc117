"""Wait for something to become true instead of sleeping and hoping."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent

from actors.messages import State
from actors.system import ActorSystem

__all__ = ["wait_until", "wait_until_idle"]

_LOOK_SECONDS = 0.001


def wait_until(condition: Callable[[], object], timeout: float = 5.0, what: str = "") -> None:
    """Block until the condition holds. Raises `AssertionError`, which names ``what``, after ``timeout`` seconds."""
    deadline = monotonic() + timeout
    while not condition():
        if monotonic() >= deadline:
            raise AssertionError(f"still not so after {timeout:g} s: {what or condition!r}")
        gevent.sleep(_LOOK_SECONDS)


def wait_until_idle(system: ActorSystem, timeout: float = 5.0) -> None:
    """Block until all that was sent has been handled: nobody is at work, nothing waits in a mailbox that is served.

    Timers may still be running, and handlers that block count as work. Raises `AssertionError` after ``timeout``.
    """
    wait_until(lambda: not len(system.scheduler) and not _busy(system), timeout, "the system is idle")


def _busy(system: ActorSystem) -> bool:
    for ref in system.actors():
        cell = ref._cell
        if cell.state in (State.STARTING, State.STOPPING):
            return True
        if cell.state is State.RUNNING and (cell.in_hand is not None or cell.mailbox.pending()):
            return True
    return False
