"""How a deployment's life can end: it did not start, or it stopped, and why."""

from __future__ import annotations

from dataclasses import dataclass

from actors import ActorError
from pipelines.errors import PipelineError
from ramps.errors import RampError
from supervisor.supervision import ChildStartFailed, RestartIntensityExceeded, SupervisionError

__all__ = ["Outcome", "StartRefused", "describe_failure", "refusal_of"]


class StartRefused(Exception):
    """A component could not start, and what had been started was stopped again. The message says which and why.

    ``component`` is its actor's name, empty where none is to blame.
    """

    def __init__(self, message: str, component: str = "") -> None:
        super().__init__(message)
        self.component = component


@dataclass(frozen=True, slots=True)
class Outcome:
    """Why a deployment stopped.

    ``failed``: a supervisor gave up, and ``why`` tells on what. ``exit_code`` is what an offramp asked for, if one did.
    """

    why: str
    failed: bool = False
    exit_code: int = 0


def refusal_of(error: BaseException) -> StartRefused:
    """What a failed start of the root means to people. The worker of an executor may have put it into words already."""
    component, cause = _innermost(error)
    if isinstance(cause, StartRefused):
        return cause
    return StartRefused(_line(component, cause), component)


def describe_failure(error: BaseException | None) -> str:
    """What went wrong first, with the name of the component that it went wrong in."""
    return "" if error is None else _line(*_innermost(error))


def _innermost(error: BaseException) -> tuple[str, BaseException]:
    """What went wrong first, and the name of the component that it went wrong in."""
    component = ""
    while True:
        if isinstance(error, ChildStartFailed | RestartIntensityExceeded):
            component = error.child
        if error.__cause__ is None:
            return component, error
        error = error.__cause__


def _line(component: str, error: BaseException) -> str:
    # Only messages that we wrote are sentences; `KeyError: 'x'` says more than `'x'`.
    ours = isinstance(error, RampError | PipelineError | ActorError | SupervisionError | StartRefused)
    text = str(error) if ours else f"{type(error).__name__}: {error}"
    return f"{component}: {text}" if component and not text.startswith(component) else text
