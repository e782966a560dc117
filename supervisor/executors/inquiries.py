"""What a parent may ask an executor while it runs, and how it is answered: by name, with plain data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from supervisor.deployment.reload import ReloadFailed, ReloadRefused, WayBackFailed
from supervisor.deployment.replay import Replayed
from supervisor.deployment.steering import UnknownTarget
from supervisor.executors.control import Ask, Told
from supervisor.executors.errors import ExecutorError
from supervisor.executors.executor_deployment import ExecutorDeployment
from supervisor.supervision import SupervisionError
from supervisor.taps.taps import TapSpec

__all__ = ["INQUIRIES", "answer_to", "raise_told"]

INQUIRIES: dict[str, Callable[..., Any]] = {
    "snapshot": lambda deployment: deployment.snapshot().to_json(),
    "tree": lambda deployment: deployment.tree(),
    "hold": lambda deployment, components: deployment.hold(components),
    "under_way": lambda deployment, components: list(deployment.under_way(components)),
    "replay": lambda deployment, letters, seconds: deployment.replay(
        [Replayed(*letter) for letter in letters], seconds
    ),
    "stack": lambda deployment, component: deployment.stack(component),
    "check_reload": lambda deployment, text: deployment.plan_of_text(text) and None,
    "hurry": lambda deployment: deployment.hurry(),
    "reload": lambda deployment, text: deployment.reload_text(text),
    "steer": lambda deployment, action, target: deployment.steer(action, target),
    "tap": lambda deployment, number, *spec: deployment.taps.take(number, TapSpec(*spec)),
    "untap": lambda deployment, number: deployment.taps.close(number),
}
"""By name: what is done with the deployment and the arguments. It may block."""

_ERRORS: dict[str, type[Exception]] = {
    error.__name__: error
    for error in (UnknownTarget, SupervisionError, ReloadRefused, ReloadFailed, WayBackFailed)
}


def answer_to(ask: Ask, deployment: ExecutorDeployment) -> Told:
    """Do what is asked. Blocks for as long as that takes; raises nothing."""
    try:
        return Told(ask.number, INQUIRIES[ask.what](deployment, *ask.arguments), [])
    except Exception as error:
        kind = next(
            (name for name, known in _ERRORS.items() if isinstance(error, known)), type(error).__name__
        )
        return Told(ask.number, None, [kind, str(error)])


def raise_told(told: Told) -> None:
    """Raise here what went wrong there. Does nothing if nothing did."""
    if told.error:
        kind, text = told.error
        raise _ERRORS.get(kind, ExecutorError)(text)
