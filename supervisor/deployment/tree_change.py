"""`TreeChange`: brings the supervisors of a running deployment into the shape that another plan wants."""

from __future__ import annotations

from typing import Any

from actors import ActorError, ActorRef, ActorSystem
from actors.log import get_logger
from supervisor.deployment.build import Builder
from supervisor.deployment.plan import ComponentId, FlowPlan, Plan
from supervisor.deployment.tree import (
    ROOT,
    Settings,
    copy_settings,
    flow_settings,
    is_flat,
    root_settings,
    supervisor_name,
)
from supervisor.supervision import (
    SupervisionError,
    delete_child,
    revise,
    start_child,
    terminate_child,
    which_children,
)

__all__ = ["TreeChange"]

_log = get_logger("supervisor")

_ASK_SECONDS = 120.0


class TreeChange:
    """Starts supervisors before they are filled, and stops them when they are empty. All methods block."""

    def __init__(self, builder: Builder, system: ActorSystem) -> None:
        self._builder = builder
        self._system = system

    def supervisor(self, component: ComponentId) -> ActorRef[Any]:
        """That of a component. Raises `SupervisionError` where it is gone."""
        return self._find(supervisor_name(component))

    def open(self, flow: FlowPlan) -> None:
        """Have all supervisors of a flow, empty where there was none. Raises `SupervisionError`."""
        name = f"flow:{flow.name}"
        if self._system.find(name) is None:
            self._builder.unfilled[name] = flow_settings(flow)
            start_child(self._find(ROOT), self._builder.flow_child(flow), _ASK_SECONDS)
        for number in () if is_flat(flow) else [copy.number for copy in flow.instances]:
            own = f"{name}#{number}"
            if self._system.find(own) is None:
                self._builder.unfilled[own] = copy_settings(flow)
                start_child(self._find(name), self._builder.copy_child(flow, number), _ASK_SECONDS)

    def close(self, plan: Plan) -> None:
        """Stop the supervisors that have nothing to supervise in this plan, and have the others follow it."""
        flows = {f"flow:{flow.name}": flow for flow in plan.flows}
        self._keep_only(ROOT, [*flows], root_settings(plan))
        for name, flow in flows.items():
            if is_flat(flow):
                self._keep_only(name, [each.actor_name for each in flow.components()], flow_settings(flow))
                continue
            copies = {f"{name}#{each.number}": each for each in flow.instances}
            before = [each.actor_name for each in flow.shared_sinks]
            behind = [each.actor_name for each in flow.shared_sources]
            self._keep_only(name, [*before, *copies, *behind], flow_settings(flow))
            for copy_name, copy in copies.items():
                self._keep_only(copy_name, [each.actor_name for each in copy.components], copy_settings(flow))

    def _keep_only(self, name: str, children: list[str], settings: Settings) -> None:
        try:
            self._fit(name, children, settings)
        except (ActorError, SupervisionError) as error:
            # It gives up just now, or is busy starting. There is no way back any more, and all that was to run does.
            _log.warning("A supervisor keeps its earlier settings until the next reload.",
                         supervisor=name, error=str(error))  # fmt: skip

    def _fit(self, name: str, children: list[str], settings: Settings) -> None:
        supervisor = self._system.find(name)
        if supervisor is None:
            return
        for child in which_children(supervisor, _ASK_SECONDS):
            if child.id not in children:
                terminate_child(supervisor, child.id, _ASK_SECONDS)
                delete_child(supervisor, child.id, _ASK_SECONDS)
        revise(supervisor, *settings, children, _ASK_SECONDS)

    def _find(self, name: str) -> ActorRef[Any]:
        ref = self._system.find(name)
        if ref is None:
            raise SupervisionError(f"{name} is not there: it has given up, or is about to start")
        return ref
