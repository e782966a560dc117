"""The shape of a deployment's supervision tree: who supervises which component, and by which settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipelines.retry import BackoffOptions
from supervisor.deployment.plan import ComponentId, FlowPlan, Plan
from supervisor.deployment.schema import RestartPolicy
from supervisor.supervision import ChildKind, ChildSpec, RestartIntensity, Strategy, Supervisor

__all__ = [
    "ROOT",
    "Settings",
    "copy_settings",
    "flow_settings",
    "is_flat",
    "make_supervisor",
    "root_settings",
    "supervisor_child",
    "supervisor_name",
]

ROOT = "root"
"""The name of the supervisor of all flows."""

_OUTER_RESTARTS = 2
_OUTER_PERIODS = 12


class Settings(NamedTuple):
    """How a supervisor treats its children."""

    strategy: Strategy
    intensity: RestartIntensity
    backoff: BackoffOptions


def root_settings(plan: Plan) -> Settings:
    """Of the supervisor of all flows."""
    policy = plan.supervisor.restart
    return Settings(Strategy.ONE_FOR_ONE, _outer_intensity(policy), policy.backoff)


def flow_settings(flow: FlowPlan) -> Settings:
    """Of the supervisor of a flow."""
    policy = flow.restart
    intensity = _intensity(policy) if is_flat(flow) else _outer_intensity(policy)
    return Settings(Strategy(policy.strategy), intensity, policy.backoff)


def copy_settings(flow: FlowPlan) -> Settings:
    """Of the supervisor of one of a flow's copies."""
    policy = flow.restart
    return Settings(Strategy(policy.strategy), _intensity(policy), policy.backoff)


def is_flat(flow: FlowPlan) -> bool:
    """Whether there is one copy only, whose components stand below the flow's supervisor itself."""
    return [instance.number for instance in flow.instances] == [0]


def supervisor_name(component: ComponentId) -> str:
    """The name of the supervisor of a component."""
    number = f"#{component.instance}" if component.instance else ""
    return f"flow:{component.flow}{number}"


def make_supervisor(children: Sequence[ChildSpec], settings: Settings) -> Supervisor:
    """One that treats its children so."""
    return Supervisor(
        children,
        strategy=settings.strategy,
        intensity=settings.intensity,
        backoff=settings.backoff,
    )


def supervisor_child(name: str, make: Callable[[], Supervisor]) -> ChildSpec:
    """The spec of a supervisor, which ``make`` makes anew at each start. Its children have timeouts of their own."""
    return ChildSpec(
        name, make, kind=ChildKind.SUPERVISOR, shutdown_timeout_seconds=None, start_timeout_seconds=None
    )


def _intensity(policy: RestartPolicy) -> RestartIntensity:
    return RestartIntensity(policy.max_restarts, policy.within)


def _outer_intensity(policy: RestartPolicy) -> RestartIntensity:
    """For a supervisor of supervisors: stricter, and with a memory that is long enough to see the inner ones fail.

    The same numbers on every level would never escalate, as the inner level takes most of a period to give up
    (``docs/supervision.md`` has the arithmetic).
    """
    return RestartIntensity(_OUTER_RESTARTS, _OUTER_PERIODS * policy.within)
