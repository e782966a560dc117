"""`observe`: looks at the parts of a deployment in this process, and says what it sees. Does not block."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from actors import ActorRef, ActorSystem, MailboxLimits, State
from pipelines.actor import PipelinePart
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.account import ComponentAccount
from supervisor.deployment.build import Builder, Part
from supervisor.deployment.plan import ComponentPlan, OnrampPlan
from supervisor.deployment.summary import describe_component
from supervisor.deployment.tally import tally
from supervisor.observation.snapshot import ComponentSnapshot, LinkSnapshot, ProcessSnapshot, Snapshot

__all__ = ["observe", "observe_process"]

_RESTING = {
    State.STARTING: "starting",
    State.STOPPING: "stopping",
    State.CRASHED: "restarting",
    State.HALTED: "restarting",
    State.STOPPED: "stopped",
}


def observe(
    builder: Builder,
    system: ActorSystem,
    *,
    state: str,
    process: ProcessSnapshot,
    addresses: Mapping[str, str],
) -> Snapshot:
    """Everything that runs in this process."""
    account = tally(builder, system)
    counted = {component.name: component for component in account.components}
    components = tuple(
        _component(
            plan,
            part,
            system.find(plan.actor_name),
            counted.get(plan.actor_name) or ComponentAccount(plan.actor_name, plan.kind, plan.id.flow),
            process.executor,
            addresses.get(plan.actor_name, ""),
            builder,
        )
        for plan, part in builder.pairs()
    )
    plan = builder.plan
    return Snapshot(
        at_ns=system.clock.time_ns(),
        file=plan.file,
        state=state,
        guarantees={
            flow.name: "at-least-once" if flow.at_least_once else "best-effort" for flow in plan.flows
        },
        components=components,
        processes=(process,),
        dead_letters=account.dead_letters,
        kept_dead_letters=account.kept,
    )


def _component(
    plan: ComponentPlan,
    part: Part,
    ref: ActorRef[Any] | None,
    counted: ComponentAccount,
    executor: int,
    address: str,
    builder: Builder,
) -> ComponentSnapshot:
    seen = _actor(plan, ref)
    state, reason = _state(part, ref, counted.last_error)
    measured: dict[str, Any] = {}
    if isinstance(part, OfframpPart):
        measured["latencies"] = tuple(part.latencies.counts)
        measured["latency_seconds"] = part.latencies.total_ns / 1e9
    if isinstance(part, OnrampPart):
        measured["read_bytes"] = part.intake.bytes_in
        progress = part.connector.progress()
        if progress is not None:
            measured["position_bytes"], measured["size_bytes"] = progress
    return ComponentSnapshot(
        name=plan.actor_name,
        kind=plan.kind.value,
        flow=plan.id.flow,
        instance=plan.id.instance,
        id=plan.id.name,
        type=describe_component(plan),
        executor=executor,
        state=state,
        reason=reason,
        restarts=counted.restarts,
        in_hand=max(0, counted.left - seen.get("waiting", 0)),
        received=counted.received,
        sent=counted.sent,
        unlinked=counted.unlinked,
        dropped=counted.filtered,
        errors=counted.rejected,
        written=counted.written + counted.forwarded,
        written_bytes=counted.written_bytes,
        links=tuple(
            LinkSnapshot(link.port, builder.plan_of(link.target).actor_name, link.target_port, link.group)
            for link in plan.links
        ),
        address=address,
        **seen,
        **measured,
    )


def _actor(plan: ComponentPlan, ref: ActorRef[Any] | None) -> dict[str, Any]:
    if ref is None:
        return {}
    statistics = ref.statistics()
    mailbox = statistics.mailbox
    found: dict[str, Any] = {
        "blocked_on": statistics.blocked_on or "",
        "blocks": mailbox.blocked_senders,
        "blocked_seconds": mailbox.blocked_seconds,
        "cpu_seconds": statistics.cpu_seconds,
    }
    if not isinstance(plan, OnrampPlan):
        limits = MailboxLimits(plan.table.mailbox_events, plan.table.mailbox_bytes)  # type: ignore[attr-defined]
        found |= {
            "waiting": mailbox.depth,
            "max_waiting": limits.events,
            "waiting_bytes": mailbox.bytes,
            "max_waiting_bytes": limits.bytes,
        }
    return found


def _state(part: Part, ref: ActorRef[Any] | None, last_error: str) -> tuple[str, str]:
    if isinstance(part, OnrampPart) and part.ended:
        return "ended", ""
    if ref is None:
        return "down", last_error
    if ref.state is not State.RUNNING:
        return _RESTING[ref.state], last_error
    if not part.valve.is_open:
        return "paused", ""
    if not isinstance(part, PipelinePart) and not part.connected:
        if isinstance(part, OnrampPart) and part.closing:
            return "ended", ""
        return "connecting", part.outage
    return "running", last_error


def observe_process(
    executor: int,
    *,
    state: str,
    restarts: int,
    uptime_seconds: float,
    hub_lag_seconds: float,
    last_error: str = "",
) -> ProcessSnapshot:
    """This process as the system sees it (proc(5))."""
    times = os.times()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return ProcessSnapshot(
        executor=executor,
        pid=os.getpid(),
        state=state,
        restarts=restarts,
        uptime_seconds=uptime_seconds,
        cpu_seconds=times.user + times.system,
        memory_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        descriptors=len(os.listdir("/proc/self/fd")),
        hub_lag_seconds=hub_lag_seconds,
        last_error=last_error,
    )
