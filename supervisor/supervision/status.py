"""The supervision tree as plain data: for printing, for JSON, for the dashboard."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from actors import ActorError, ActorRef
from supervisor.supervision.child_spec import ChildKind
from supervisor.supervision.requests import ChildInfo, which_children

__all__ = ["ActorStatus", "FailureStatus", "failures_of", "status"]


class FailureStatus(TypedDict):
    """One failure of an actor."""

    time_ns: int
    """Wall clock, nanoseconds since 1970."""
    error: str


class ActorStatus(TypedDict):
    """One node of the tree. Events are counted over the life of its mailbox."""

    name: str
    kind: str
    """``worker`` or ``supervisor``."""
    state: str
    """``starting``, ``running``, ``stopping``, ``restarting`` (waits out its backoff), ``down``, ``stopped``."""
    restarts: int
    last_error: str
    recent_failures: list[FailureStatus]
    """The latest few, oldest first."""
    processed: int
    waiting: int
    blocked_on: str | None
    """The actor for whose room it waits now."""
    children: list[ActorStatus]


def status(supervisor: ActorRef[Any], timeout_seconds: float = 5.0) -> ActorStatus:
    """The tree below and with a supervisor. The caller walks it, so a busy part of it keeps no supervisor waiting.

    Blocks at most ``timeout_seconds`` for each supervisor in the tree. One that is busy for longer, or gone, is shown
    without children and with the error in ``last_error``.
    """
    node = _node(supervisor, ChildKind.SUPERVISOR)
    try:
        children = which_children(supervisor, timeout_seconds)
    except ActorError as error:
        return {**node, "last_error": str(error)}
    node["children"] = [_child(child, timeout_seconds) for child in children]
    return node


def failures_of(ref: ActorRef[Any]) -> list[FailureStatus]:
    """The latest few of an actor, oldest first."""
    failures = ref.statistics().recent_failures
    return [{"time_ns": failure.time_ns, "error": failure.error} for failure in failures]


def _child(info: ChildInfo, timeout_seconds: float) -> ActorStatus:
    if info.ref is None:
        return {
            "name": info.id,
            "kind": info.kind.value,
            "state": info.state.value,
            "restarts": info.restarts,
            "last_error": info.last_error,
            "recent_failures": [],
            "processed": 0,
            "waiting": 0,
            "blocked_on": None,
            "children": [],
        }
    node = (
        status(info.ref, timeout_seconds) if info.kind is ChildKind.SUPERVISOR else _node(info.ref, info.kind)
    )
    node["restarts"] = info.restarts
    node["last_error"] = node["last_error"] or info.last_error
    return node


def _node(ref: ActorRef[Any], kind: ChildKind) -> ActorStatus:
    statistics = ref.statistics()
    state = statistics.state.value
    return {
        "name": statistics.name,
        "kind": kind.value,
        "state": "restarting" if state in ("crashed", "halted") else state,
        "restarts": statistics.restarts,
        "last_error": statistics.last_error,
        "recent_failures": failures_of(ref),
        "processed": statistics.processed,
        "waiting": statistics.mailbox.depth,
        "blocked_on": statistics.blocked_on,
        "children": [],
    }
