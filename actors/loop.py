"""Drives one incarnation of an actor: start, take, dispatch, end."""

from __future__ import annotations

import traceback
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import gevent
from gevent import GreenletExit

from actors.errors import ActorStopped
from actors.messages import ExitKind, ExitReason, State
from actors.reply import Reply
from actors.timers import OneShotTimer, PeriodicTimer

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell

__all__ = ["SYSTEM", "ActorGreenlet", "Stop", "WorkerFailed", "exit_reason"]

# Eight messages that were this short together may be followed by one more such run before the clock is seen again.
_SHORT_SECONDS: Final = 0.0005
_MESSAGES_A_LOOK: Final = 7

SYSTEM: Final = object()
"""In the reply's place of an envelope: the message is for the loop, not for the actor."""


class Stop:
    """End the loop with this kind of exit."""

    __slots__ = ("kind",)

    def __init__(self, kind: ExitKind) -> None:
        self.kind = kind


class WorkerFailed:
    """A worker of the actor raised this."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class ActorGreenlet(gevent.Greenlet):  # type: ignore[type-arg, misc, unused-ignore]
    """The greenlet of one incarnation. ``cell`` tells the kernel and monitors whose it is."""

    # Without slots each instance has a dict, and gevent keeps the stack of whoever spawned it: 1 KiB an actor together.
    __slots__ = ("cell",)
    takes_messages = True
    """For the scheduler: what takes messages goes before what makes them."""
    spawning_stack_limit = 0

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def _run(self) -> None:
        cell = self.cell
        try:
            reason = _live(cell)
        except GreenletExit:
            reason = ExitReason(ExitKind.KILLED, cell.kill_error, during_start=cell.state is State.STARTING)
        except (KeyboardInterrupt, SystemExit):
            # Ctrl-C reached the program while this actor happened to run: not the actor's failure. gevent takes it on
            # to the main greenlet.
            cell.finish(ExitReason(ExitKind.KILLED))
            raise
        except BaseException as error:
            reason = exit_reason(error, during_start=cell.state is State.STARTING)
        cell.finish(reason)


def exit_reason(error: BaseException, *, during_start: bool = False) -> ExitReason:
    """A crash with this error, its traceback as text without the kernel's own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))
    return ExitReason(ExitKind.CRASH, error, text, during_start)


def _live(cell: Cell) -> ExitReason:
    cell.entered = True
    if cell.kill_requested:
        raise GreenletExit
    actor = cell.make_actor()
    actor.on_start()
    cell.started()
    return _serve(cell, actor)


def _serve(cell: Cell, actor: Actor[Any]) -> ExitReason:
    # The hottest loop of the kernel: local names, no call and no store that is not needed. A look at the clock costs a
    # tenth of a short message, so while messages are short only every eighth is followed by one.
    mailbox = cell.mailbox
    take, wait, on_message = mailbox.take_nowait, mailbox.wait, actor.on_message
    scheduler = cell.system.scheduler
    now = perf_counter
    unseen, seen = 0, now()
    if cell.retry is not None:
        cell.in_hand = cell.retry
        on_message(cell.retry[0])
        cell.in_hand = cell.retry = None
    while True:
        envelope = take()
        if envelope is None:
            cell.in_hand = None
            if cell.draining:
                return ExitReason(ExitKind.SHUTDOWN)
            wait()
            continue
        cell.in_hand = envelope
        reply = envelope[1]
        if reply is None:
            on_message(envelope[0])
        elif type(reply) is Reply:
            _answer(cell, on_message, envelope[0], reply)
        else:
            reason = _dispatch(cell, on_message, envelope[0], reply)
            if reason is not None:
                return reason
        if unseen:
            unseen -= 1
            continue
        before, seen = seen, now()
        unseen = _MESSAGES_A_LOOK if seen - before < _SHORT_SECONDS else 0
        if seen >= scheduler.slice_end and scheduler.spent():
            # Whoever waits for its turn keeps hold of nothing.
            cell.in_hand = envelope = None
            scheduler.yield_now()


def _dispatch(cell: Cell, on_message: Any, message: Any, reply: Any) -> ExitReason | None:
    """A timer's message, or an order to the loop. Returns the reason to end, if it is one."""
    if isinstance(reply, PeriodicTimer | OneShotTimer):
        if reply.accept():
            on_message(message)
    elif type(message) is Stop:
        cell.in_hand = None
        return ExitReason(message.kind)
    else:
        cell.in_hand = None
        raise message.error
    return None


def _answer(cell: Cell, on_message: Any, message: Any, reply: Reply) -> None:
    """A failure while answering belongs to the asker, and the actor goes on. A kill in between is told to both."""
    try:
        value = on_message(message)
    except Exception as error:
        reply.set(error=error)
    except BaseException:
        cell.in_hand = None
        reply.set(error=ActorStopped(f"{cell.name} was interrupted while it worked on the answer"))
        raise
    else:
        reply.set(value)
