"""What the kernel tells actors, and the records it makes for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from actors.mailbox import MailboxStatistics

if TYPE_CHECKING:
    from actors.ref import ActorRef

__all__ = [
    "ActorStatistics",
    "Crashed",
    "DeadLetter",
    "ExitKind",
    "ExitReason",
    "Failure",
    "State",
    "Terminated",
]

_MAX_FAILURES = 5
_MAX_FAILURE_CHARACTERS = 2000


class State(Enum):
    """Where an actor is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    CRASHED = "crashed"
    """Its last incarnation crashed; the mailbox waits for the supervisor's decision."""
    HALTED = "halted"
    """Stopped in order, with its mailbox kept, to be started again."""
    STOPPED = "stopped"


class ExitKind(Enum):
    """Why an actor ended. The first two are expected, the other two are failures."""

    NORMAL = "normal"
    """It stopped itself: its work is done."""
    SHUTDOWN = "shutdown"
    """It was asked to stop."""
    CRASH = "crash"
    """An exception left `on_start` or a handler."""
    KILLED = "killed"
    """It was interrupted from outside."""


@dataclass(frozen=True, slots=True)
class ExitReason:
    """Why an actor ended."""

    kind: ExitKind
    error: BaseException | None = None
    traceback: str = ""
    during_start: bool = False

    @property
    def expected(self) -> bool:
        """Whether this end is no failure."""
        return self.kind in (ExitKind.NORMAL, ExitKind.SHUTDOWN)

    def __str__(self) -> str:
        if self.error is None:
            return self.kind.value
        return f"{type(self.error).__name__}: {self.error}"


@dataclass(frozen=True, slots=True)
class Terminated:
    """An actor that was watched (or supervised) has ended for good. Comes by the control lane."""

    ref: ActorRef[Any]
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class Crashed:
    """An incarnation of a supervised actor crashed or was killed; its mailbox is kept. To its parent only, by the
    control lane. The parent answers with ``ref.restart()`` or ``ref.stop()``.
    """

    ref: ActorRef[Any]
    reason: ExitReason


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that nobody will process."""

    message: Any
    recipient: str
    reason: str
    error: BaseException | None = None
    traceback: str = ""
    events: int = 1
    sender: str = ""
    attempts: int = 1
    """How often an actor had it in hand, where that is why nobody will process it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One end of an incarnation that nobody had asked for."""

    time_ns: int
    """Wall clock, nanoseconds since 1970."""
    error: str


def with_failure(failures: tuple[Failure, ...], time_ns: int, reason: ExitReason) -> tuple[Failure, ...]:
    """These and one more, of which the latest few are kept."""
    return (*failures, Failure(time_ns, str(reason)[:_MAX_FAILURE_CHARACTERS]))[-_MAX_FAILURES:]


@dataclass(frozen=True, slots=True)
class ActorStatistics:
    """A snapshot of one actor for people and metrics."""

    name: str
    state: State
    processed: int
    """Events taken from its flow lane, over all incarnations, the one in hand included."""
    restarts: int
    in_hand: bool
    """Whether a handler is at work now."""
    events_in_hand: int
    """Events of the message that a handler works on, or that waits to be tried again after a crash."""
    blocked_on: str | None
    """The actor whose full mailbox it waits for now."""
    cpu_seconds: float
    """Processor time that its code has used, its workers included, as the ticks of pre-emption saw it: a sample, right
    in the long run; 0 where pre-emption is off."""
    mailbox: MailboxStatistics
    last_error: str = ""
    recent_failures: tuple[Failure, ...] = ()
    """The latest few, oldest first."""
    children: tuple[str, ...] = field(default=())
