"""What cannot be right in a deployment with several executors, or is surely not meant."""

from __future__ import annotations

from supervisor.deployment.plan import OfframpPlan, OnrampPlan, Plan
from supervisor.deployment.validate import Findings
from supervisor.executors.placement import Placement, place

__all__ = ["check_executors"]


def check_executors(findings: Findings, plan: Plan) -> None:
    """Note what only works within one process, and executors that would have nothing to do."""
    placement = place(plan, plan.executors)
    _check_memory_ramps(findings, plan)
    _check_metadata(findings, plan, placement)
    if not findings.errors:
        _check_idle(findings, plan, placement)


def _check_memory_ramps(findings: Findings, plan: Plan) -> None:
    """Only the program that embeds a deployment can use them, and the executors are other processes."""
    ramps = {
        (component.kind.value, component.id.name)
        for component in plan.components()
        if isinstance(component, OnrampPlan | OfframpPlan) and component.connector.member.name == "memory"
    }
    for kind, name in sorted(ramps):
        message = (
            f"the {kind} `{name}` is of type `memory`, which only works within one process; "
            f"there are {plan.executors} executors"
        )
        findings.error(
            (f"{kind}s", name, "type"), "conflict", message, "write `executors = 1` in [supervisor]"
        )


def _check_metadata(findings: Findings, plan: Plan, placement: Placement) -> None:
    """Links carry what the offramp is to write, not what stands beside it."""
    for component in plan.components():
        if not isinstance(component, OfframpPlan) or not component.connector.member.reads_meta:
            continue
        if placement.crosses(component):
            name = component.id.name
            message = (
                f"the offramp `{name}` of type `{component.connector.member.name}` reads metadata, which do not travel "
                f"between executors, and copies in several of them share it"
            )
            hint = "let it run in one executor, with a flow of its own"
            findings.error(("offramps", name, "type"), "conflict", message, hint)


def _check_idle(findings: Findings, plan: Plan, placement: Placement) -> None:
    used = {home for homes in placement.homes.values() for home in homes}
    idle = [number for number in range(1, plan.executors + 1) if number not in used]
    if not idle:
        return
    numbers = f"executor {idle[0]} has" if len(idle) == 1 else f"executors {idle[0]} to {idle[-1]} have"
    hint = (
        'a copy of a flow runs in one executor: write `instances = "auto"` in it (a flow whose copies share a pipeline '
        "stays in one), or lower `executors`"
    )
    findings.warning(
        ("supervisor", "executors"), "idle-executors", f"{numbers} nothing to do", hint, at_key=True
    )
