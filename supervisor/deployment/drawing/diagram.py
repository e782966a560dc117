"""`Diagram`: the boxes and arrows of a plan, once for all formats. Copies of a flow are drawn once, with a count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
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
    """One flow. ``where`` says in which processes it runs, if there are several."""

    id: str
    name: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    where: str = ""
    drops_when_closed: bool = False

    @property
    def title(self) -> str:
        """Its name, where it runs, and whether an offramp of it may lose events for the sake of others."""
        return " · ".join(
            filter(None, [self.name, self.where, "drops when closed" if self.drops_when_closed else ""])
        )


def diagram_of(plan: Plan, places: Mapping[tuple[str, str], str] = {}) -> list[Cluster]:
    """The flows of a plan in the order of the file, the boxes upstream first.

    ``places`` says by flow and name of a component where it runs. A flow says it for all of its components; only those
    that are elsewhere say it themselves.
    """
    return [_cluster(index, flow, places) for index, flow in enumerate(plan.flows)]


def _cluster(index: int, flow: FlowPlan, places: Mapping[tuple[str, str], str]) -> Cluster:
    placed = [(component, 1) for component in flow.shared_sinks]
    placed += [(component, len(flow.instances)) for component in flow.instances[0].components]
    placed += [(component, 1) for component in flow.shared_sources]
    ids = {component.id.name: f"f{index}n{number}" for number, (component, _) in enumerate(reversed(placed))}
    wheres = {component.id.name: places.get((flow.name, component.id.name), "") for component, _ in placed}
    usual = Counter(wheres.values()).most_common(1)[0][0]

    def detail(component: ComponentPlan) -> str:
        where = wheres[component.id.name]
        return _detail(component) if where == usual else f"{_detail(component)} · {where}"

    boxes = tuple(
        Box(ids[component.id.name], component.id.name, detail(component), component.kind, copies)
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
    return Cluster(f"f{index}", flow.name, boxes, arrows, usual, flow.drops_when_closed)


def _detail(component: ComponentPlan) -> str:
    if isinstance(component, OnrampPlan | OfframpPlan):
        return f"{component.connector.member.name} · {component.codec.member.name}"
    if isinstance(component, PipelinePlan):
        return " → ".join(component.steps)
    return ""


def _label(port: str, target_port: str) -> str:
    if target_port != "in":
        return f"{port} → {target_port}"
    return "" if port == "out" else port
