"""Supervision trees with OTP's semantics on top of `actors`. ``docs/supervision.md`` explains the numbers."""

from supervisor.supervision.child_spec import ChildKind, ChildSpec, Restart
from supervisor.supervision.errors import (
    ChildAlreadyPresent,
    ChildRequestRefused,
    ChildRunning,
    ChildStartFailed,
    InvalidSupervision,
    RestartIntensityExceeded,
    StartTimeout,
    SupervisionError,
    UnknownChild,
)
from supervisor.supervision.requests import (
    ChildCounts,
    ChildInfo,
    ChildState,
    bounce_child,
    count_children,
    delete_child,
    replace_child,
    restart_child,
    revise,
    start_child,
    terminate_child,
    which_children,
)
from supervisor.supervision.restart_intensity import RestartIntensity
from supervisor.supervision.status import ActorStatus, FailureStatus, failures_of, status
from supervisor.supervision.strategies import Strategy
from supervisor.supervision.supervisor_actor import Supervisor, supervisor_spec

__all__ = [
    # what to supervise, and how
    "ChildKind", "ChildSpec", "Restart", "RestartIntensity", "Strategy", "Supervisor", "supervisor_spec",
    # asking a running supervisor
    "ActorStatus", "ChildCounts", "ChildInfo", "ChildState", "FailureStatus", "bounce_child", "count_children",
    "delete_child", "failures_of", "replace_child", "restart_child", "revise", "start_child", "status",
    "terminate_child", "which_children",
    # errors
    "ChildAlreadyPresent", "ChildRequestRefused", "ChildRunning", "ChildStartFailed", "InvalidSupervision",
    "RestartIntensityExceeded", "StartTimeout", "SupervisionError", "UnknownChild",
]  # fmt: skip
