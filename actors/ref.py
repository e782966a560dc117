"""`ActorRef`: the only handle on an actor that anybody else ever holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from gevent import getcurrent

from actors.actor import MessageT
from actors.errors import ActorStopped, AskTimeout, MailboxClosed, MailboxFull, Misuse
from actors.mailbox import Lane, MailboxLimits, current_name
from actors.messages import ActorStatistics, State
from actors.reply import Reply
from actors.stack import stack_lines

if TYPE_CHECKING:
    from actors.cell import Cell

__all__ = ["ActorRef"]

_FLOW = Lane.FLOW


class ActorRef(Generic[MessageT]):
    """A handle on one actor. It stays valid when the actor is restarted, and harmless when it is gone.

    All methods must be called in the thread of the actor's system.
    """

    __slots__ = ("__weakref__", "_cell", "_mailbox")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._mailbox = cell.mailbox

    # --- messages ----------------------------------------------------------------------------------------------------

    # The options are not keyword-only, although they should be written as keywords: CPython does not specialise calls
    # of functions that have keyword-only arguments, and that is a tenth of a tell.
    def tell(
        self,
        message: MessageT,
        lane: Lane = _FLOW,
        events: int = 1,
        size: int = 0,
        timeout: float | None = None,
    ) -> None:
        """Send a message and want no answer.

        On the flow lane it blocks (cooperatively) while the mailbox is full; ``timeout`` (seconds) bounds that and
        raises `MailboxFull`. ``events`` and ``size`` (bytes) are what it counts against the bounds. It never blocks on
        the other lanes. Telling a stopped actor makes a dead letter, not an error. Telling a waiting actor a batch
        (``events`` above 1) switches to it at once, unless the time slice is over; one event lets it run when the
        caller blocks.
        """
        # What `Mailbox.put` and `rouse` do when there is room, written out once more: a call is an eighth of a tell.
        mailbox = self._mailbox
        depth = mailbox._depth + events
        if (
            depth <= mailbox._open_events
            and lane is _FLOW
            and (not size or mailbox._size + size <= mailbox._max_bytes)
        ):
            mailbox._flow.append((message, None, events, size))
            mailbox._depth = depth
            if size:
                mailbox._size += size
            taker = mailbox._taker
            if taker is not None:
                mailbox._taker = None
                if events > 1:
                    mailbox._scheduler.wake(taker)
                else:
                    mailbox._scheduler.make_ready(taker)
            return
        try:
            if lane is _FLOW:
                mailbox.put(message, None, events, size, timeout)
            else:
                mailbox.put_control(message, lane=lane)
        except MailboxClosed:
            events = events if lane is _FLOW else 0
            self._cell.to_dead_letters(message, "the actor has stopped", events=events, sender=current_name())

    def try_tell(self, message: MessageT, *, lane: Lane = _FLOW, events: int = 1, size: int = 0) -> bool:
        """Like `tell`, but never waits for room: False when there is none, and the message is not sent."""
        if lane is Lane.FLOW and not self._cell.mailbox.closed:
            return self._cell.mailbox.try_put(message, events=events, size=size)
        self.tell(message, lane=lane, events=events, size=size)
        return True

    def ask(self, message: MessageT, timeout: float | None = 5.0) -> Any:
        """Send a message by the flow lane and wait for the reply: what `on_message` returns.

        Raises what `on_message` raised; `AskTimeout` after ``timeout`` seconds (``None``: wait for ever), room in the
        mailbox included; `ActorStopped` when the actor ended, before or meanwhile; `Misuse` when an actor asks itself,
        and in a callback of the hub, which must not wait.
        """
        cell = self._cell
        current = getcurrent()
        if current is cell.greenlet:
            raise Misuse(f"{cell.name} asks itself, and would wait for ever")
        if current is cell.system.scheduler.hub:
            raise Misuse(
                f"a callback of the hub asks {cell.name}, but must not wait; tell, or start a greenlet"
            )
        clock = cell.system.clock
        reply = Reply(cell.system.scheduler)
        deadline = None if timeout is None else clock.now() + timeout
        try:
            self._mailbox.put(message, reply, 1, 0, timeout)
        except MailboxClosed:
            raise ActorStopped(f"{cell.name} has stopped and answers nothing") from None
        except MailboxFull as full:
            if deadline is None or clock.now() < deadline:
                raise
            raise AskTimeout(f"{cell.name} did not answer within {timeout:g} s: {full}") from None
        if not reply.wait_until(clock, deadline):
            raise AskTimeout(f"{cell.name} did not answer within {timeout:g} s")
        if reply.error is not None:
            raise reply.error
        return reply.value

    # --- life --------------------------------------------------------------------------------------------------------

    def wait_ready(self, timeout: float | None = None) -> bool:
        """Block until `on_start` is done. False when that took longer. Raises `StartFailed` from what it raised, and
        `ActorStopped` when the actor ended before it was ready.
        """
        return self._cell.wait_ready(timeout)

    def stop(self, *, drain: bool = False) -> None:
        """Ask the actor to stop after the message in hand; with ``drain``, when its mailbox is empty. Returns at once.

        A crashed or halted actor ends at once. What is left in the mailbox becomes dead letters, and askers get
        `ActorStopped`.
        """
        self._cell.stop(drain=drain)

    def kill(self, error: BaseException | None = None) -> None:
        """Interrupt the actor wherever it waits, as soon as the hub runs. ``error`` is recorded as the reason.

        A supervised actor may be restarted after it. An actor that computes and never waits is not interrupted.
        """
        self._cell.kill(error)

    def halt(self, timeout: float | None = None) -> bool:
        """Stop this incarnation of a supervised actor in order, keep the mailbox, wait until it is down.

        After ``timeout`` seconds it is killed; the result tells whether it went in order. Then: `restart` or `stop`.
        """
        return self._cell.halt(timeout)

    def restart(self) -> None:
        """Start a new incarnation of a crashed or halted actor, with the same mailbox. Raises `Misuse` otherwise."""
        self._cell.restart()

    def reconfigure(self, limits: MailboxLimits, poison_after: int, max_message_time: float | None) -> None:
        """Other bounds than it was spawned with, from now on; what waits in its mailbox stays."""
        cell = self._cell
        cell.mailbox.resize(limits)
        cell.poison_after, cell.max_message_time = poison_after, max_message_time

    def join(self, timeout: float | None = None) -> bool:
        """Block until the actor has ended for good; False when that took longer than ``timeout`` seconds.

        Raises `Misuse` when an actor waits for its own end.
        """
        return self._cell.join(timeout)

    # --- for people --------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._cell.name

    @property
    def state(self) -> State:
        """Where the actor is in its life."""
        return self._cell.state

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended for good."""
        return self._cell.state is not State.STOPPED

    @property
    def depth(self) -> int:
        """Events that wait in its flow lane."""
        return len(self._cell.mailbox)

    def statistics(self) -> ActorStatistics:
        """A snapshot of its counters."""
        return self._cell.statistics()

    def stacks(self) -> dict[str, list[str]]:
        """Where its greenlet is right now, and its workers: by the greenlets' names, the calls that each is in, the
        innermost last, as ``"file:line function"``.
        """
        cell = self._cell
        return {cell.name: stack_lines(cell.greenlet)} | {
            worker.name: stack_lines(worker) for worker in (cell.workers.active() if cell.workers else ())
        }

    def __repr__(self) -> str:
        return f"<ActorRef {self._cell.name}, {self._cell.state.value}>"
