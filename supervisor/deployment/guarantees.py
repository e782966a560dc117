"""Checks that a flow can keep what it promises: each component by itself, and that no failure can get lost."""

from __future__ import annotations

from typing import Any

from pipelines.graph import GRAPH, Endpoint
from pipelines.operator import Kind
from supervisor.deployment.pipelines import graph_of
from supervisor.deployment.plan import (
    ComponentPlan,
    FlowPlan,
    OfframpPlan,
    OnrampPlan,
    PartPlan,
    PipelinePlan,
    Plan,
)
from supervisor.deployment.validate import Findings

__all__ = ["check_guarantees"]

_CODE = "no-guarantee"


def check_guarantees(findings: Findings, plan: Plan) -> None:
    """Refuse flows with ``guarantee = "at-least-once"`` through a component that cannot keep it, and flows without it
    through one that depends on it.
    """
    for flow in plan.flows:
        if flow.at_least_once:
            has_store = (flow.dead_letters or plan.supervisor.dead_letters) is not None
            _check_flow(findings, flow, has_store=has_store)
        else:
            _check_that_nothing_depends_on_it(findings, flow)


def _check_that_nothing_depends_on_it(findings: Findings, flow: FlowPlan) -> None:
    for component in {component.id.name: component for component in flow.components()}.values():
        if isinstance(component, PipelinePlan) and _takes_over(component):
            message = (
                f"flow `{flow.name}` does not promise at-least-once, but the operator `wal` of pipeline "
                f"`{component.id.name}` would never hear what was delivered"
            )
            hint = 'write `guarantee = "at-least-once"` into the flow'
            findings.error(("flows", flow.name), _CODE, message, hint)


def _check_flow(findings: Findings, flow: FlowPlan, *, has_store: bool) -> None:
    if flow.drops_when_closed:
        message = f"flow `{flow.name}` promises at-least-once, but drops what is for a closed offramp"
        findings.error(
            ("flows", flow.name, "when_closed"),
            _CODE,
            message,
            'write `when_closed = "wait"`, and give that offramp a larger mailbox, or leave the guarantee out',
        )
    # Copies of a component are alike.
    components = {component.id.name: component for component in flow.components()}
    last_resorts = _last_resorts(components)
    for component in components.values():
        why = _why_not(component)
        if isinstance(component, OnrampPlan) and _is_taken_over(component, components):
            why = None
        if why is not None:
            reason, hint = why
            _refuse(findings, flow, f"{component.kind.value} `{component.id.name}` {reason}", hint)
        if not has_store and not component.targets("err") and component.id.name not in last_resorts:
            reason = "has no reader for its `err` port, so events that fail would be lost"
            hint = f"link `{component.id.name}/err` to an offramp, or set `dead_letters` in the flow or in [supervisor]"
            _refuse(findings, flow, f"{component.kind.value} `{component.id.name}` {reason}", hint)
        if isinstance(component, PipelinePlan):
            for operator in _overflows_unread(component):
                reason = f"sends events by the `overflow` port of `{operator}` while offramps fail, and nobody reads it"
                hint = f"link `{component.id.name}/overflow` to an offramp, or leave `{operator}` out: then they wait"
                _refuse(findings, flow, f"pipeline `{component.id.name}` {reason}", hint)
            if _takes_over(component) and _may_overflow(component) and not component.targets("overflow"):
                reason = "lets events leave by `overflow` when its `wal` is full, and nobody reads it"
                hint = f'link `{component.id.name}/overflow` to an offramp, or write `when_full = "wait"`'
                _refuse(findings, flow, f"pipeline `{component.id.name}` {reason}", hint)


def _may_overflow(pipeline: PipelinePlan) -> bool:
    return any(getattr(part.options, "when_full", None) == "overflow" for part in pipeline.operators)


def _overflows_unread(component: PipelinePlan) -> list[str]:
    """The operators that would drop what offramps do not take, which is nobody's purpose."""
    graph = graph_of(component)
    return [
        node.operator.name
        for node in graph.in_order()
        if node.operator.wants_contraflow
        and "overflow" in node.operator.outputs
        and not any(
            target.node != GRAPH or component.targets(target.port)
            for target in graph.targets(Endpoint(node.id, "overflow"))
        )
    ]


def _last_resorts(components: dict[str, ComponentPlan]) -> set[str]:
    """The offramps that get nothing but errors. What one of them refuses has failed, and its source sends it again."""
    ports: dict[str, set[str]] = {}
    for component in components.values():
        for link in component.links:
            ports.setdefault(link.target.name, set()).add(link.port)
    return {
        name
        for name, found in ports.items()
        if found == {"err"} and isinstance(components[name], OfframpPlan)
    }


def _refuse(findings: Findings, flow: FlowPlan, what: str, hint: str) -> None:
    message = f"flow `{flow.name}` promises at-least-once, but the {what}"
    findings.error(("flows", flow.name, "guarantee"), _CODE, message, hint)


def _is_taken_over(onramp: OnrampPlan, components: dict[str, ComponentPlan]) -> bool:
    """Whether all that it has read is stored before it goes anywhere else."""
    targets = [components[link.target.name] for link in onramp.targets("out")]
    return bool(targets) and all(
        isinstance(target, PipelinePlan) and graph_of(target).takes_over() for target in targets
    )


def _takes_over(pipeline: PipelinePlan) -> bool:
    return any(node.operator.takes_over for node in graph_of(pipeline).in_order())


def _why_not(component: ComponentPlan) -> tuple[str, str] | None:
    """Why a component cannot keep the promise, and what would."""
    match component:
        case OnrampPlan(connector=part):
            if not part.build().replays:
                return (
                    f"of type `{part.member.name}` cannot send again what is lost",
                    f"{_what_would(part)}put a pipeline with a `wal` operator before all behind it, use an onramp that "
                    "can, such as `file` or `http`, or leave the guarantee out",
                )
        case OfframpPlan(connector=part):
            if part.build().confirms == "never":
                return (
                    f"of type `{part.member.name}` cannot tell whether the outside has what it was given",
                    f"{_what_would(part)}use an offramp that can, such as `file`, `http` or `sqlite`, "
                    "or leave the guarantee out",
                )
        case PipelinePlan():
            for node in graph_of(component).in_order():
                operator = node.operator
                if operator.kind is Kind.HOLD and not operator.holds_tickets:
                    return (
                        f"holds events in the operator `{operator.name}`, which does not keep track of them",
                        "leave the operator out, or use one that does, such as `batch`",
                    )
    return None


def _what_would(part: PartPlan[Any]) -> str:
    """The option that makes it keep the promise, if it has one."""
    return "set `acknowledge = true`, or " if "acknowledge" in part.member.Options.model_fields else ""
