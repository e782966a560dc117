"""The part of a plan that one executor runs. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from supervisor.deployment.plan import ComponentId, ComponentPlan, FlowPlan, InstancePlan, Plan
from supervisor.executors.errors import CannotCross
from supervisor.executors.placement import Placement

__all__ = ["part_of"]


def part_of(plan: Plan, placement: Placement, executor: int, link_directory: Path) -> Plan:
    """What this executor runs of the plan: its copies of the flows, and its own of what the copies share.

    A flow of which nothing is here is left out; a plan without any flow runs idle. ``link_directory`` is where the
    sockets of links may be. Raises `CannotCross` for a plan with components that can be there only once, in flows that
    are in several executors.
    """
    for component in plan.components():
        if placement.crosses(component):
            homes = placement.homes[component.id]
            raise CannotCross(
                f"{component.actor_name} can be there only once, and its flow would be in the executors "
                f"{', '.join(map(str, homes))}, between which no events can travel yet",
                component.actor_name,
            )
    here = placement.of_executor(executor)
    flows = [_flow(flow, here) for flow in plan.flows]
    return replace(plan, flows=tuple(flow for flow in flows if any(True for _ in flow.components())))


def _flow(flow: FlowPlan, here: Collection[ComponentId]) -> FlowPlan:
    def those(components: tuple[ComponentPlan, ...]) -> tuple[ComponentPlan, ...]:
        return tuple(component for component in components if component.id in here)

    instances = tuple(
        InstancePlan(instance.number, components)
        for instance in flow.instances
        if (components := those(instance.components))
    )
    return replace(flow, shared=those(flow.shared), instances=instances)
