"""`Actor`: what a user of the kernel subclasses. The contract only; `actors.cell` drives it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from actors.reply import Reply

if TYPE_CHECKING:
    from gevent import Greenlet

    from actors.cell import Cell
    from actors.clock import Cancellable, Clock
    from actors.messages import ExitReason
    from actors.ref import ActorRef
    from actors.system import ActorSystem

__all__ = ["Actor", "MessageT"]

MessageT = TypeVar("MessageT", default=Any, contravariant=True)


class Actor(Generic[MessageT]):
    """State that only one greenlet touches, and a handler for the messages that come in, one after the other.

    Subclass it and write the hooks. All hooks run in the actor's own greenlet, and may block: others run meanwhile,
    and messages wait in the mailbox. An object serves one incarnation: after a crash a new one is made.

    ``__init__`` runs in the actor's greenlet too, just before `on_start`, but `ref` and its friends are not there yet.
    """

    _cell: Cell

    # --- hooks -------------------------------------------------------------------------------------------------------

    def on_start(self) -> None:
        """Get ready. Called once, before the first message. Raising means that the start failed."""

    def on_message(self, message: MessageT) -> Any:
        """Handle one message. What it returns is the reply if somebody asked, and is dropped otherwise.

        Raising `Exception` while somebody asked gives the exception to the asker, and the actor goes on; while nobody
        asked it is a crash. Not called after `stop`, or while the actor is in another hook.
        """
        raise NotImplementedError(f"{type(self).__name__} has no on_message")

    def on_crash(self, error: BaseException, message: Any) -> None:
        """A handler, a worker or `on_start` raised. Called before `on_stop`; save what should not be lost.

        ``message`` is what was in hand, or ``None``. What this hook raises is logged and changes nothing.
        """

    def on_stop(self, reason: ExitReason) -> None:
        """Release everything. Called once for each incarnation whose `on_start` was entered, however it ends.

        Workers still run, so that it can end them in order; those that are left are killed after it. After a kill it
        has one second. What it raises is logged and changes nothing.
        """

    # --- at hand from on_start on ------------------------------------------------------------------------------------

    @property
    def ref(self) -> ActorRef[MessageT]:
        """The handle that others may hold."""
        return self._cell.ref

    @property
    def name(self) -> str:
        """The actor's name, unique in its system."""
        return self._cell.name

    @property
    def system(self) -> ActorSystem:
        """The system that the actor lives in."""
        return self._cell.system

    @property
    def clock(self) -> Clock:
        """The system's clock."""
        return self._cell.system.clock

    @property
    def children(self) -> tuple[ActorRef[Any], ...]:
        """The actors that this one spawned and that have not ended, oldest first."""
        return self._cell.child_refs()

    def spawn(self, factory: Callable[[], Actor[Any]], **options: Any) -> ActorRef[Any]:
        """Spawn a child (options as for `ActorSystem.spawn`). It ends before this actor is gone."""
        return self._cell.system.spawn(factory, parent=self.ref, **options)

    def watch(self, ref: ActorRef[Any]) -> None:
        """Have `Terminated` delivered when that actor ends for good, at once if it has."""
        ref._cell.add_watcher(self._cell)

    def unwatch(self, ref: ActorRef[Any]) -> None:
        """Undo `watch`. A `Terminated` that is under way may still arrive."""
        ref._cell.remove_watcher(self._cell)

    def send_after(self, seconds: float, message: Any) -> Cancellable:
        """Deliver a message to this actor once, by the control lane. Cancelled when the incarnation ends."""
        return self._cell.timers().after(seconds, message)

    def send_every(self, seconds: float, message: Any) -> Cancellable:
        """Deliver a message to this actor periodically, by the control lane. Cancelled when the incarnation ends.

        Keeps to its schedule (no drift), skips what it missed, and never has two waiting.
        """
        return self._cell.timers().every(seconds, message)

    def start_worker(self, function: Callable[..., Any], *args: Any, name: str = "") -> Greenlet[..., Any]:
        """Run a function in a greenlet that belongs to this actor.

        An exception in it crashes the actor; it is killed when the incarnation ends.
        """
        return self._cell.start_worker(function, args, name)

    def sleep(self, seconds: float) -> None:
        """Block this greenlet for so long on the system's clock, while all others run and messages wait."""
        Reply(self._cell.system.scheduler).wait(self._cell.system.clock, seconds)

    def waits_for(self, what: str | None) -> None:
        """Say that this actor rightly waits for something outside (``"its connection"``), until it says ``None``:
        whoever looks for stalls does not blame it, and can tell others what they wait for.
        """
        self._cell.blocked_on = what

    def release_message(self) -> None:
        """The message in hand is dealt with: a crash from here on in its handler does not bring it again, nor make it
        a dead letter. For handlers that have taken over its content and go on with something that may block.
        """
        cell = self._cell
        cell.in_hand = cell.retry = None

    def stop(self) -> None:
        """End normally after the message in hand."""
        self._cell.stop_self()
