"""What anybody may ask of a running supervisor: the requests, what they answer, and functions that hide both.

All functions block until the supervisor has answered, at most ``timeout_seconds`` (`actors.AskTimeout`). While a
supervisor starts or stops a child it answers nobody, so the time a child may take to start or stop is part of it.
They raise `actors.ActorStopped` when the supervisor has ended, and a `ChildRequestRefused` when the request does not
fit the child's state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from actors import ActorRef
from pipelines.retry import BackoffOptions
from supervisor.supervision.child_spec import ChildKind, ChildSpec, Restart
from supervisor.supervision.restart_intensity import RestartIntensity
from supervisor.supervision.strategies import Strategy

__all__ = [
    "BounceChild", "ChildCounts", "ChildInfo", "ChildState", "CountChildren", "DeleteChild", "ReplaceChild",
    "RestartChild", "Revise", "StartChild", "SupervisorRequest", "TerminateChild", "WhichChildren", "bounce_child",
    "count_children", "delete_child", "replace_child", "restart_child", "revise", "start_child", "terminate_child",
    "which_children",
]  # fmt: skip

_TIMEOUT_SECONDS = 60.0


class ChildState(Enum):
    """What the supervisor has decided about a child. What the child does with it, its own actor's state tells."""

    UP = "up"
    """It was started and has not failed since."""
    RESTARTING = "restarting"
    """It is down and will be started again when the backoff is over; its mailbox waits."""
    DOWN = "down"
    """It ended and is not restarted, or was terminated on request; `restart_child` starts it again."""


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """One child of a supervisor, as `which_children` answers it."""

    id: str
    state: ChildState
    kind: ChildKind
    restart: Restart
    ref: ActorRef[Any] | None
    """``None`` when it is down."""
    restarts: int
    """How often this supervisor has restarted it."""
    last_error: str
    """The error of its last failure; empty if there was none."""


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """How many children a supervisor has."""

    specs: int
    """All of them."""
    active: int
    """Those that are up."""
    supervisors: int
    workers: int


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start one more child; answers its `ActorRef`."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class TerminateChild:
    """Stop a child and do not restart it."""

    child: str


@dataclass(frozen=True, slots=True)
class RestartChild:
    """Start a child that is down; answers its `ActorRef`."""

    child: str


@dataclass(frozen=True, slots=True)
class BounceChild:
    """Stop a child in order and start it again, with the mailbox that it has."""

    child: str


@dataclass(frozen=True, slots=True)
class ReplaceChild:
    """Stop a child in order, call ``between``, and start it by another spec of the same id, with its mailbox."""

    spec: ChildSpec
    between: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Revise:
    """Other settings from now on, and the children in another order."""

    strategy: Strategy
    intensity: RestartIntensity
    backoff: BackoffOptions
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteChild:
    """Forget a child that is down."""

    child: str


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """Answers a `ChildInfo` for each child, in the order of their start."""


@dataclass(frozen=True, slots=True)
class CountChildren:
    """Answers `ChildCounts`."""


SupervisorRequest = (
    StartChild
    | TerminateChild
    | RestartChild
    | BounceChild
    | ReplaceChild
    | Revise
    | DeleteChild
    | WhichChildren
    | CountChildren
)


def start_child(
    supervisor: ActorRef[Any], spec: ChildSpec, timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> ActorRef[Any]:
    """Add a child behind the last one, and wait until it is ready.

    Raises `ChildAlreadyPresent`, and `ChildStartFailed` when it did not come up: it is not added then.
    """
    ref: ActorRef[Any] = supervisor.ask(StartChild(spec), timeout_seconds)
    return ref


def terminate_child(
    supervisor: ActorRef[Any], child: str, timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> None:
    """Stop a child, in order and then with a kill, and do not restart it. Its spec is kept, unless it is temporary.

    A child that is down already stays down. Raises `UnknownChild`.
    """
    supervisor.ask(TerminateChild(child), timeout_seconds)


def restart_child(
    supervisor: ActorRef[Any], child: str, timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> ActorRef[Any]:
    """Start a child that is down, and wait until it is ready. It gets a new ref and a new mailbox.

    Raises `UnknownChild`, `ChildRunning` and `ChildStartFailed`.
    """
    ref: ActorRef[Any] = supervisor.ask(RestartChild(child), timeout_seconds)
    return ref


def bounce_child(
    supervisor: ActorRef[Any], child: str, timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> None:
    """Stop a child in order and start it again with the mailbox that it has, and wait until it is ready. That is no
    failure, and counts as no restart. One that is down is started.

    Raises `UnknownChild`, and `ChildStartFailed` when it does not come up; its supervisor then goes on trying.
    """
    supervisor.ask(BounceChild(child), timeout_seconds)


def replace_child(
    supervisor: ActorRef[Any],
    spec: ChildSpec,
    between: Callable[[], None],
    timeout_seconds: float | None = _TIMEOUT_SECONDS,
) -> None:
    """Stop a child in order, call ``between``, start it by this spec with the mailbox that it has, and wait until it is
    ready. That is no failure, and counts as no restart. One that is down, or is none of the children, is started.

    Raises `ChildStartFailed` when it does not come up. It is left alone then, and its mailbox waits: replace it again.
    """
    supervisor.ask(ReplaceChild(spec, between), timeout_seconds)


def revise(
    supervisor: ActorRef[Any],
    strategy: Strategy,
    intensity: RestartIntensity,
    backoff: BackoffOptions,
    order: Sequence[str],
    timeout_seconds: float | None = _TIMEOUT_SECONDS,
) -> None:
    """Have a supervisor follow other settings from now on, and regard its children in this order: it stops them in
    reverse, and ``rest_for_one`` goes by it. Children that it does not name stand behind the others.
    """
    supervisor.ask(Revise(strategy, intensity, backoff, tuple(order)), timeout_seconds)


def delete_child(
    supervisor: ActorRef[Any], child: str, timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> None:
    """Forget a child that is down. Raises `UnknownChild` and `ChildRunning`."""
    supervisor.ask(DeleteChild(child), timeout_seconds)


def which_children(
    supervisor: ActorRef[Any], timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> tuple[ChildInfo, ...]:
    """All children, in the order of their start."""
    infos: tuple[ChildInfo, ...] = supervisor.ask(WhichChildren(), timeout_seconds)
    return infos


def count_children(
    supervisor: ActorRef[Any], timeout_seconds: float | None = _TIMEOUT_SECONDS
) -> ChildCounts:
    """How many children there are, by state and kind."""
    counts: ChildCounts = supervisor.ask(CountChildren(), timeout_seconds)
    return counts
