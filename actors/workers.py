"""Helper greenlets that belong to one incarnation of an actor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gevent
from gevent import GreenletExit

from actors.loop import SYSTEM, WorkerFailed
from actors.messages import State

if TYPE_CHECKING:
    from actors.cell import Cell

__all__ = ["Worker", "Workers"]


class Worker(gevent.Greenlet):  # type: ignore[type-arg, misc, unused-ignore]
    """A helper greenlet of an actor; ``cell`` tells whose."""

    cell: Cell


class Workers:
    """The workers of one incarnation, so that they end with it, and it with them when one fails."""

    __slots__ = ("_active", "_cell", "_incarnation")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._incarnation = cell.greenlet
        self._active: set[Worker] = set()

    def start(self, function: Callable[..., Any], args: tuple[Any, ...], name: str) -> Worker:
        """Run a function in a new one. An exception in it crashes the actor as soon as it takes the next message."""
        cell = self._cell

        def work() -> None:
            try:
                function(*args)
            except (GreenletExit, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                if cell.greenlet is self._incarnation and cell.state in (State.STARTING, State.RUNNING):
                    cell.mailbox.put_control(WorkerFailed(error), SYSTEM)
            finally:
                self._active.discard(worker)

        worker = Worker(work)
        worker.cell = cell
        if name:
            worker.name = f"{cell.name} {name}"
        self._active.add(worker)
        worker.start()
        return worker

    def active(self) -> tuple[Worker, ...]:
        """Those that run now."""
        return tuple(self._active)

    def kill(self, grace_seconds: float) -> None:
        """Kill those that are left, and wait so long for them."""
        try:
            gevent.killall(list(self._active), timeout=grace_seconds)
        except GreenletExit:
            gevent.killall(list(self._active), block=False)
