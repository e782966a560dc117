"""Wait for something to become true instead of sleeping and hoping."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent

from actors.messages import State
from actors.system import ActorSystem

__all__ = ["wait_until", "wait_until_at_rest", "wait_until_idle"]

_LOOK_SECONDS = 0.001
_PASS_SECONDS = 1e-6
_PASSES = 3


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


def wait_until_at_rest(
    system: ActorSystem, progress: Callable[[], object] = lambda: None, timeout: float = 1.0
) -> None:
    """Block until nothing goes on unless the system's clock is moved, or more is sent.

    In contrast to `wait_until_idle`, an actor may be in the middle of a message: one that says what it waits for, that
    waits for room in a mailbox, or has children (and so may wait for one of them). ``progress`` is compared to know
    whether anything goes on outside of actors. An actor that is still at work after ``timeout`` real seconds is taken
    for one that waits for the clock.
    """
    deadline = monotonic() + timeout
    seen: object = None
    quiet_passes = 0
    while quiet_passes < _PASSES:
        gevent.sleep(_PASS_SECONDS)
        now = _trace(system), progress()
        if now != seen or len(system.scheduler):
            seen, quiet_passes = now, 0
        elif _at_work(system) and monotonic() < deadline:
            gevent.sleep(_LOOK_SECONDS)
            quiet_passes = 0
        else:
            quiet_passes += 1


def _trace(system: ActorSystem) -> list[object]:
    """Something that changes whenever an actor gets on."""
    cells = [ref._cell for ref in system.actors()]
    return [
        (cell.name, cell.state, cell.mailbox.taken, len(cell.mailbox), id(cell.in_hand)) for cell in cells
    ]


def _at_work(system: ActorSystem) -> bool:
    for ref in system.actors():
        cell = ref._cell
        if cell.blocked_on is not None or cell.child_refs():
            continue
        if cell.state in (State.STARTING, State.STOPPING):
            return True
        if cell.state is State.RUNNING and (cell.in_hand is not None or cell.mailbox.pending()):
            return True
    return False


def _busy(system: ActorSystem) -> bool:
    for ref in system.actors():
        cell = ref._cell
        if cell.state in (State.STARTING, State.STOPPING):
            return True
        if cell.state is State.RUNNING and (cell.in_hand is not None or cell.mailbox.pending()):
            return True
    return False
