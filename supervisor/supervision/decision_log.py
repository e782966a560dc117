"""One log line for each decision about a child: what happened to it, and what follows."""

from __future__ import annotations

from typing import Final

from structlog.stdlib import BoundLogger

from actors import ExitKind, ExitReason
from supervisor.supervision.child_spec import ChildSpec
from supervisor.supervision.restart_intensity import RestartIntensity

__all__ = ["describe_end", "log_not_restarted", "log_restart"]

_VERBS: Final = {
    ExitKind.NORMAL: "ended",
    ExitKind.SHUTDOWN: "was stopped",
    ExitKind.CRASH: "crashed",
    ExitKind.KILLED: "was killed",
}


def describe_end(child: str, reason: ExitReason) -> str:
    """For instance ``pipeline:main crashed: ValueError: x``."""
    text = f"{child} {_VERBS[reason.kind]}"
    return text if reason.error is None else f"{text}: {reason}"


def log_restart(
    log: BoundLogger,
    spec: ChildSpec,
    reason: ExitReason,
    number: int,
    intensity: RestartIntensity,
    delay: float,
) -> None:
    """It will be started again, after ``delay`` seconds."""
    log.warning(
        f"{describe_end(spec.id, reason)}; restart {number} of {intensity}, in {round(delay, 3):g} s",
        child=spec.id,
        delay_seconds=delay,
        traceback=reason.traceback,
    )


def log_not_restarted(log: BoundLogger, spec: ChildSpec, reason: ExitReason) -> None:
    """It stays down. Somebody must know if that was a failure; an intended end is of no interest to anybody else."""
    line = f"{describe_end(spec.id, reason)}; not restarted, it is {spec.restart.value}"
    if reason.expected:
        log.debug(line, child=spec.id)
    else:
        log.error(line, child=spec.id, traceback=reason.traceback)
