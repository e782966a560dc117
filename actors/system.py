"""`ActorSystem`: where actors live. Several may live side by side in one process; nothing is global."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from gevent import getcurrent

from actors.actor import Actor, MessageT
from actors.cell import Cell
from actors.clock import Clock, HubClock
from actors.dead_letters import DeadLetters
from actors.errors import ActorStopped, Misuse, NameTaken
from actors.mailbox import MailboxLimits
from actors.messages import State
from actors.ref import ActorRef
from actors.scheduler import Scheduler

__all__ = ["ActorSystem"]


class ActorSystem:
    """Spawns actors, knows them by name, keeps their dead letters, and stops them all.

    It belongs to the thread that makes it. It changes nothing outside itself: no monkey-patching, no signals, no
    collector settings.

    ``slice_seconds``   how long chains of actors may keep I/O and timers waiting (see `Scheduler`).
    ``clock``           where all waiting takes its time from; the real one by default.
    ``dead_letters``    how many of the latest dead letters are kept in memory.
    """

    def __init__(
        self, *, slice_seconds: float = 0.005, clock: Clock | None = None, dead_letters: int = 1000
    ) -> None:
        self.scheduler = Scheduler(slice_seconds)
        self.clock: Clock = clock or HubClock()
        self.dead_letters = DeadLetters(dead_letters)
        self._cells: dict[str, Cell] = {}
        self._unnamed = 0
        self._closed = False

    def spawn(
        self,
        factory: Callable[[], Actor[MessageT]],
        *,
        name: str | None = None,
        parent: ActorRef[Any] | None = None,
        limits: MailboxLimits | None = None,
        supervised: bool = False,
        poison_after: int = 3,
        max_message_time: float | None = None,
    ) -> ActorRef[MessageT]:
        """Make an actor and return its handle at once; it starts when the hub runs. Does not block.

        ``factory``           called without arguments, in the actor's greenlet, for each incarnation.
        ``name``              unique among the living actors of the system; made from the class when not given.
        ``parent``            the actor that it belongs to (`Actor.spawn` fills it in).
        ``limits``            bounds of its mailbox.
        ``supervised``        a crash keeps the mailbox and is reported to the parent, which decides (`Crashed`).
        ``poison_after``      a message that was in hand in so many crashes in a row becomes a dead letter.
        ``max_message_time``  seconds of CPU time for one message before `HotLoop` is raised in the handler; only where
                              pre-emption is on.

        Raises `NameTaken`, and `ActorStopped` when the system, or the parent, has stopped.
        """
        if self._closed:
            raise ActorStopped("the actor system has been shut down")
        if supervised and parent is None:
            raise Misuse("a supervised actor needs a parent that decides about its crashes")
        if poison_after < 1:
            raise ValueError("poison_after must be at least 1")
        if name is None:
            self._unnamed += 1
            name = f"{getattr(factory, '__name__', 'actor')}-{self._unnamed}"
        if name in self._cells:
            raise NameTaken(f"there is an actor called {name!r} already; choose another name")
        parent_cell = None if parent is None else parent._cell
        if parent_cell is not None and parent_cell.state not in (State.STARTING, State.RUNNING):
            raise ActorStopped(
                f"{parent_cell.name} is {parent_cell.state.value} and can have no new children"
            )
        cell = Cell(self, factory, name, parent_cell, limits, supervised, poison_after, max_message_time)
        self._cells[name] = cell
        if parent_cell is not None:
            parent_cell.add_child(cell)
        return cell.ref

    def find(self, name: str) -> ActorRef[Any] | None:
        """The living actor of that name, or ``None``."""
        cell = self._cells.get(name)
        return None if cell is None else cell.ref

    def actors(self) -> list[ActorRef[Any]]:
        """All living actors, oldest first."""
        return [cell.ref for cell in self._cells.values()]

    def call_threadsafe(self, callback: Callable[..., Any], *args: Any) -> None:
        """From another thread: call back in the hub of this system, soon. The callback must not block.

        The only method that other threads may use.
        """
        self.scheduler.hub.loop.run_callback_threadsafe(callback, *args)

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Stop all actors, those without parents youngest first, and wait; kill what has not ended in ``timeout``
        seconds. Returns whether all ended in order. Blocks. A second call does nothing. Raises `Misuse` in an actor of
        this system, which would wait for its own end.
        """
        caller = getattr(getcurrent(), "cell", None)
        if caller is not None and caller.system is self:
            raise Misuse(
                f"{caller.name} would wait for its own end; let the program that made the system shut it down"
            )
        if self._closed:
            return True
        self._closed = True
        roots = [cell for cell in self._cells.values() if cell.parent is None]
        for cell in reversed(roots):
            cell.stop(drain=False)
        deadline = self.clock.now() + timeout
        in_time = [cell.join(max(0.0, deadline - self.clock.now())) for cell in roots]
        orderly = all(in_time)
        if not orderly:
            left = [cell for cell in self._cells.values() if cell.state is not State.STOPPED]
            for cell in left:
                cell.stop_requested = True
                cell.kill(None)
            for cell in left:
                cell.join(timeout)
        self.scheduler.close()
        return orderly

    def forget(self, cell: Cell) -> None:
        """For the kernel: an actor has ended."""
        self._cells.pop(cell.name, None)
        if cell.parent is not None:
            cell.parent.remove_child(cell)

    def __enter__(self) -> ActorSystem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
