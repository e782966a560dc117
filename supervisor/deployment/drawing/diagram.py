"""`Diagram`: the boxes and arrows of a plan, once for all formats. Copies of a flow are drawn once, with a count."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.deployment.plan import (
    ComponentPlan,
    FlowPlan,
    Kind,
    OfframpPlan,
    OnrampPlan,
    PipelinePlan,
    Plan,
)

__all__ = ["Arrow", "Box", "Cluster", "diagram_of"]


@dataclass(frozen=True, slots=True)
class Box:
    """A component; ``detail`` is its type, ``copies`` how many there are."""

    id: str
    name: str
    detail: str
    kind: Kind
    copies: int


@dataclass(frozen=True, slots=True)
class Arrow:
    """A link between two boxes by their ids; ``label`` names the ports that are not the usual ones."""

    source: str
    target: str
    label: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """One flow."""

    id: str
    name: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def diagram_of(plan: Plan) -> list[Cluster]:
    """The flows of a plan in the order of the file, the boxes upstream first."""
    return [_cluster(index, flow) for index, flow in enumerate(plan.flows)]


def _cluster(index: int, flow: FlowPlan) -> Cluster:
    placed = [(component, 1) for component in flow.shared_sinks]
    placed += [(component, len(flow.instances)) for component in flow.instances[0].components]
    placed += [(component, 1) for component in flow.shared_sources]
    ids = {component.id.name: f"f{index}n{number}" for number, (component, _) in enumerate(reversed(placed))}
    boxes = tuple(
        Box(ids[component.id.name], component.id.name, _detail(component), component.kind, copies)
        for component, copies in reversed(placed)
    )
    # A shared onramp has a link to each copy of a target, which are drawn as one.
    arrows = tuple(
        dict.fromkeys(
            Arrow(ids[component.id.name], ids[link.target.name], _label(link.port, link.target_port))
            for component, _ in reversed(placed)
            for link in component.links
        )
    )
    return Cluster(f"f{index}", flow.name, boxes, arrows)


def _detail(component: ComponentPlan) -> str:
    if isinstance(component, OnrampPlan | OfframpPlan):
        return f"{component.connector.member.name} · {component.codec.member.name}"
    if isinstance(component, PipelinePlan):
        return component.table.python or " → ".join(part.member.name for part in component.operators)
    return ""


def _label(port: str, target_port: str) -> str:
    if target_port != "in":
        return f"{port} → {target_port}"
    return "" if port == "out" else port
