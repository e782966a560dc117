"""`Difference`: what has to be done to come from one plan to another. Pure: worked out before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel

from supervisor.deployment.closed_offramps import others_of
from supervisor.deployment.pipelines import joined_outputs
from supervisor.deployment.plan import (
    ComponentId,
    ComponentPlan,
    FlowPlan,
    Kind,
    OfframpPlan,
    OnrampPlan,
    PartPlan,
    PipelinePlan,
    Plan,
)

__all__ = ["ComponentChange", "Difference", "FlowChange", "How", "difference"]


class How(Enum):
    """What becomes of a component or a flow. The value is its mark in a printed plan."""

    COMES = "+"
    """It is new."""
    CHANGES = "~"
    """It is stopped in order and started anew as it is to be; what waits in its mailbox stays."""
    RELINKED = ">"
    """It runs on, and sends elsewhere."""
    LEAVES = "-"
    """It is stopped when what is under way to it has arrived."""
    STAYS = "="
    """It runs on."""


@dataclass(frozen=True)
class ComponentChange:
    """What becomes of one component. ``why`` says what differs, by the keys of the file."""

    name: str
    """That of its actor."""
    how: How
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowChange:
    """What becomes of one flow as a whole; ``why`` are the keys of its table that differ."""

    name: str
    how: How
    why: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """From ``old`` to ``new``. What leaves stands behind all else, and each in the order of its plan."""

    old: Plan
    new: Plan
    components: tuple[ComponentChange, ...]
    flows: tuple[FlowChange, ...]
    settings: tuple[str, ...]
    """Keys of [supervisor] that differ and take effect at once."""
    refused: tuple[str, ...]
    """What differs and cannot be changed while it runs, a sentence each. Then nothing is changed."""

    def by(self, *how: How) -> list[str]:
        """The names of the components to which that happens."""
        return [change.name for change in self.components if change.how in how]

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return not (
            self.settings
            or self.refused
            or any(flow.how is not How.STAYS for flow in self.flows)
            or any(component.how is not How.STAYS for component in self.components)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data for programs."""

        def listed(changes: Iterable[ComponentChange | FlowChange]) -> list[dict[str, Any]]:
            return [
                {"name": change.name, "change": change.how.name.lower(), "why": list(change.why)}
                for change in changes
            ]

        return {
            "same": self.is_empty,
            "refused": list(self.refused),
            "settings": list(self.settings),
            "flows": listed(self.flows),
            "components": listed(self.components),
        }

    def lines(self) -> Iterator[str]:
        """For people: a line for each change; the copies of a component that change alike are one line."""
        for reason in self.refused:
            yield f"! {reason}"
        if self.settings:
            yield f"~ [supervisor]: {', '.join(self.settings)}"
        for flow in self.flows:
            if flow.how is not How.STAYS:
                yield _line(flow.how, f"flow:{flow.name}", flow.why)
        copies: dict[tuple[How, str, tuple[str, ...]], int] = {}
        for change in self.components:
            if change.how is not How.STAYS:
                key = (change.how, _without_number(change.name), change.why)
                copies[key] = copies.get(key, 0) + 1
        for (how, name, why), count in copies.items():
            yield _line(how, f"{name} x{count}" if count > 1 else name, why)
        counts = {how: len(self.by(how)) for how in How}
        yield (
            f"{counts[How.COMES]} to start, {counts[How.CHANGES]} to change, {counts[How.RELINKED]} to link anew, "
            f"{counts[How.LEAVES]} to stop, {counts[How.STAYS]} as they are"
        )


def difference(old: Plan, new: Plan) -> Difference:
    """What has to be done to come from ``old`` to ``new``."""
    before, after = _Plans(old), _Plans(new)
    settings, refused = _settings(old, new)
    components = [
        _component(name, before, after) if name in before.plans else ComponentChange(name, How.COMES)
        for name in after.plans
    ]
    components += [ComponentChange(name, How.LEAVES) for name in before.plans if name not in after.plans]
    flows = [
        _flow(before.flows[name], flow) if name in before.flows else FlowChange(name, How.COMES)
        for name, flow in after.flows.items()
    ]
    flows += [FlowChange(name, How.LEAVES) for name in before.flows if name not in after.flows]
    return Difference(old, new, tuple(components), tuple(flows), settings, refused)


class _Plans:
    """A plan, with what is looked up in it."""

    def __init__(self, plan: Plan) -> None:
        self.flows = {flow.name: flow for flow in plan.flows}
        self.plans = {component.actor_name: component for component in plan.components()}
        self.by_id = {component.id: component for component in plan.components()}
        self.others: dict[ComponentId, frozenset[ComponentId]] = {}
        for flow in plan.flows:
            if flow.drops_when_closed:
                self.others |= others_of(flow)

    def wiring(self, component: ComponentPlan) -> list[tuple[Any, ...]]:
        """Whom it sends to, and how."""
        return [
            (
                link.port,
                self.by_id[link.target].actor_name,
                link.target_port,
                link.group,
                bool(self.others.get(link.target)) and not link.group,
            )
            for link in component.links
        ]


def _component(name: str, before: _Plans, after: _Plans) -> ComponentChange:
    old, new = before.plans[name], after.plans[name]
    why = list(_differing(old, new))
    if (
        new.kind is Kind.ONRAMP
        and before.flows[old.id.flow].at_least_once != after.flows[new.id.flow].at_least_once
    ):
        why.append("guarantee")
    relinked = before.wiring(old) != after.wiring(new)
    if (
        isinstance(old, PipelinePlan)
        and isinstance(new, PipelinePlan)
        and joined_outputs(old) != joined_outputs(new)
    ):
        # Its counters know which outputs lead to one place.
        why.append("links")
    if why:
        return ComponentChange(name, How.CHANGES, tuple(dict.fromkeys(why)))
    return ComponentChange(name, How.RELINKED, ("links",)) if relinked else ComponentChange(name, How.STAYS)


def _differing(old: ComponentPlan, new: ComponentPlan) -> Iterator[str]:
    """The keys of its table in the file that say something else, as far as it makes a difference."""
    match old, new:
        case OnrampPlan(), OnrampPlan():
            yield from _part(old.connector, new.connector)
            yield from _tables(old.table, new.table, without=("type", "codec", "preprocessors"))
            if old.codec != new.codec:
                yield "codec"
            if old.preprocessors != new.preprocessors:
                yield "preprocessors"
        case OfframpPlan(), OfframpPlan():
            yield from _part(old.connector, new.connector)
            yield from _tables(old.table, new.table, without=("type", "codec", "postprocessors"))
            if old.codec != new.codec:
                yield "codec"
            if old.postprocessors != new.postprocessors:
                yield "postprocessors"
        case PipelinePlan(), PipelinePlan():
            yield from _tables(old.table, new.table, without=("operators",))
            if old.operators != new.operators:
                yield "operators"
            if old.text != new.text:
                yield (old if new.text is None else new).table.pipeline_kind
            if new.table.python is not None and _reads_other_code(old, new):
                yield "python"
            if (old.inputs, old.outputs) != (new.inputs, new.outputs):
                yield "ports"


def _reads_other_code(old: PipelinePlan, new: PipelinePlan) -> bool:
    before, after = dict(old.modules), dict(new.modules)
    # A function may import more while it runs; a module that it needs no more is told by one that it still has.
    return old.search_path != new.search_path or any(
        before[file] != after[file] for file in before.keys() & after.keys()
    )


def _part(old: PartPlan[Any], new: PartPlan[Any]) -> Iterator[str]:
    if old.member is not new.member:
        yield "type"
    else:
        yield from _tables(old.options, new.options)


def _tables(old: BaseModel, new: BaseModel, without: Iterable[str] = ()) -> Iterator[str]:
    for key, field in type(new).model_fields.items():
        if key not in without and getattr(old, key) != getattr(new, key):
            yield field.alias or key


def _flow(old: FlowPlan, new: FlowPlan) -> FlowChange:
    why = []
    if old.restart != new.restart:
        why.append("restart")
    if old.at_least_once != new.at_least_once:
        why.append("guarantee")
    if old.drops_when_closed != new.drops_when_closed:
        why.append("when_closed")
    if (old.dead_letters, old.dead_letter_offramp) != (new.dead_letters, new.dead_letter_offramp):
        why.append("dead_letters")
    if [each.number for each in old.instances] != [each.number for each in new.instances]:
        why.append("instances")
    return FlowChange(new.name, How.CHANGES if why else How.STAYS, tuple(why))


_AT_START = {
    "executors": "how many processes there are is decided when they start",
    "pin": "processes are pinned when they start",
    "heartbeat_timeout": "processes are told at their start how often to report",
    "api": "the API listens from the start",
    "otlp": "where metrics are pushed to is decided at the start",
    "logs": "logs are set up at the start",
}


def _settings(old: Plan, new: Plan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    differing = list(_tables(old.supervisor, new.supervisor))
    if old.executors != new.executors and "executors" not in differing:
        differing.append("executors")
    refused = tuple(
        f"`{key}` of [supervisor] differs, and {_AT_START[key]}; stop the deployment and start it again"
        for key in differing
        if key in _AT_START
    )
    return tuple(key for key in differing if key not in _AT_START), refused


def _line(how: How, name: str, why: tuple[str, ...]) -> str:
    return f"{how.value} {name}: {', '.join(why)}" if why else f"{how.value} {name}"


def _without_number(name: str) -> str:
    """``"pipeline:main#2/parse"`` as ``"pipeline:main/parse"``."""
    head, _, short = name.rpartition("/")
    return f"{head.partition('#')[0]}/{short}"
