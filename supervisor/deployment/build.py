"""From a `Plan` to the parts that run, and the supervision tree that runs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from actors import Actor, ActorRef, ActorSystem, MailboxLimits
from actors.reply import Reply
from pipelines.actor import PipelineActor, PipelinePart
from pipelines.compiler import Codes
from pipelines.outlets import Outlets
from pipelines.pipeline import Pipeline
from ramps.encoder import Encoder
from ramps.intake import StreamIntake
from ramps.links.link_intake import LinkIntake
from ramps.offramp_actor import END_OF_INPUT, OfframpActor, OfframpPart
from ramps.onramp_actor import OnrampActor, OnrampPart
from supervisor.deployment.closed_offramps import DroppingTarget, others_of
from supervisor.deployment.dead_letters import DeadLetterKeeper
from supervisor.deployment.dealing import Dealer, Standing
from supervisor.deployment.json_engine import codec_by_name
from supervisor.deployment.pipelines import make_pipeline
from supervisor.deployment.plan import (
    ComponentId,
    ComponentPlan,
    FlowPlan,
    Kind,
    OfframpPlan,
    OnrampPlan,
    PipelinePlan,
    Plan,
)
from supervisor.deployment.schema import RestartPolicy
from supervisor.supervision import (
    ChildSpec,
    Restart,
    RestartIntensity,
    Strategy,
    Supervisor,
    supervisor_spec,
)

__all__ = ["Builder", "Part"]

_OUTER_RESTARTS = 2
_OUTER_PERIODS = 12

Part = OnrampPart | PipelinePart | OfframpPart


class Builder:
    """Makes the parts of a plan, once, and the child specs that start actors for them, as often as needed.

    ``stop_deployment(exit_code, why)`` is what an offramp calls that wants an orderly stop; ``onramp_ended()`` is
    called when an input came to its end, and again and again while one is read and only waits to be delivered.
    """

    def __init__(
        self,
        plan: Plan,
        system: ActorSystem,
        stop_deployment: Callable[[int, str], None],
        onramp_ended: Callable[[], None],
    ) -> None:
        self.plan = plan
        self._system = system
        self._stop_deployment = stop_deployment
        self._onramp_ended = onramp_ended
        self._codes: dict[tuple[str, str], Codes] = {}
        self._others: dict[ComponentId, frozenset[ComponentId]] = {}
        """For each offramp for whose sake, when it is closed, these others must not be held back."""
        self.parts: dict[str, Part] = {}
        """By actor name, in the order of the plan."""
        self.plans: dict[str, ComponentPlan] = {}
        self.incarnations: Counter[str] = Counter()
        """How often an actor was started for each part."""
        self.replayed: Counter[str] = Counter()
        """Events that were put into a component once more, from a store of dead letters."""
        self._outlets: dict[str, Outlets] = {}
        self.dead_letters = DeadLetterKeeper(plan, system, self.plans, self._outlets)
        for flow in plan.flows:
            if flow.drops_when_closed:
                self._others |= others_of(flow)
            for component in flow.components():
                self.plans[component.actor_name] = component
                part = self.parts[component.actor_name] = self._part(component)
                if isinstance(part, OnrampPart):
                    part.connector.at_least_once = flow.at_least_once

    # --- the tree ----------------------------------------------------------------------------------------------------

    def root(self) -> Supervisor:
        """The supervisor of all flows. A factory: each call makes a new one."""
        policy = self.plan.supervisor.restart
        children = [self._flow(flow) for flow in self.plan.flows]
        return Supervisor(
            children,
            strategy=Strategy.ONE_FOR_ONE,
            intensity=_outer_intensity(policy),
            backoff=policy.backoff,
        )

    def open_gates(self) -> None:
        """Let onramps read: everything has started."""
        for part in self.parts.values():
            if isinstance(part, OnrampPart) and part.gate is not None:
                part.gate.set()

    def _flow(self, flow: FlowPlan) -> ChildSpec:
        intensity = _intensity(flow.restart)
        if len(flow.instances) == 1:
            children = [self._child(component) for component in flow.components()]
            return _supervisor_child(f"flow:{flow.name}", children, flow.restart, intensity)
        children = [self._child(component) for component in flow.shared_sinks]
        children += [
            _supervisor_child(
                f"flow:{flow.name}#{instance.number}",
                [self._child(component) for component in instance.components],
                flow.restart,
                intensity,
            )
            for instance in flow.instances
        ]
        children += [self._child(component) for component in flow.shared_sources]
        return _supervisor_child(f"flow:{flow.name}", children, flow.restart, _outer_intensity(flow.restart))

    def _child(self, component: ComponentPlan) -> ChildSpec:
        table: Any = component.table  # type: ignore[attr-defined]
        limits = MailboxLimits()
        if not isinstance(component, OnrampPlan):
            limits = MailboxLimits(events=table.mailbox_events, bytes=table.mailbox_bytes)
        spec = ChildSpec(
            id=component.actor_name,
            factory=partial(self._actor, component),
            restart=Restart(table.restart),
            shutdown_timeout_seconds=table.shutdown_timeout,
            limits=limits,
            poison_after=getattr(table, "poison_after", 3),
            max_message_time_seconds=getattr(table, "max_message_time", None),
            stall_after_seconds=getattr(table, "stall_after", None),
            # With tickets or links, whoever sent what it works on may wait for its answer, not for room.
            counts_in_hand=isinstance(component, OfframpPlan),
        )
        if isinstance(component, PipelinePlan) and any(
            part.member.takes_over for part in component.operators
        ):
            # It looks at all that it has stored, which takes as long as the disk does.
            return replace(spec, start_timeout_seconds=None)
        return spec

    def _actor(self, component: ComponentPlan) -> Actor[Any]:
        """Runs in the actor's own greenlet, at each start: everything downstream has been started by then."""
        part = self.parts[component.actor_name]
        self.incarnations[component.actor_name] += 1
        self._connect(component, part)
        if isinstance(part, OnrampPart):
            return OnrampActor(part)
        if isinstance(part, PipelinePart):
            return PipelineActor(part)
        return OfframpActor(part)

    def _connect(self, component: ComponentPlan, part: Part) -> None:
        # By name and anew at each start: where a whole supervisor was restarted, its children have new mailboxes.
        part.outlets.unlink_all()
        dealers: dict[tuple[str, str], Dealer] = {}
        for link in component.links:
            target = self.plan_of(link.target)
            ref = self._system.find(target.actor_name)
            if ref is None:
                raise RuntimeError(
                    f"{component.actor_name} started before {target.actor_name}, which it sends to"
                )
            changes_values = isinstance(target, PipelinePlan)
            target_part = self.parts[target.actor_name]
            if self._others.get(link.target) and not link.group:
                may_drop = partial(self._may_drop, link.target)
                dropping = DroppingTarget(ref, target.actor_name, may_drop, part.outlets, self._system.clock)
                part.outlets.link(link.port, dropping, link.target_port, changes_values=changes_values)
            elif not link.group:
                part.outlets.link(link.port, ref, link.target_port, changes_values=changes_values)
            else:
                dealer = dealers.get((link.port, link.group))
                if dealer is None:
                    dealer = dealers[link.port, link.group] = Dealer(self._system.clock)
                    part.outlets.link(link.port, dealer, link.target_port, changes_values=changes_values)
                dealer.add(ref, partial(_standing, ref, target_part))
            if isinstance(part, PipelinePart) and not isinstance(target_part, OnrampPart):
                own = self._system.find(component.actor_name)
                if own is not None and own not in target_part.upstream:
                    target_part.upstream = [old for old in target_part.upstream if old.is_alive] + [own]

            if isinstance(part, OnrampPart) and isinstance(part.connector, LinkIntake):
                assert isinstance(target_part, OfframpPart)
                part.connector.follow(target_part)

    def _may_drop(self, offramp: ComponentId) -> bool:
        return self._is_closed(offramp) and not all(map(self._is_closed, self._others[offramp]))

    def _is_closed(self, offramp: ComponentId) -> bool:
        part = self.parts[f"{Kind.OFFRAMP.value}:{offramp}"]
        return isinstance(part, OfframpPart) and part.outage_told

    def plan_of(self, target: Any) -> ComponentPlan:
        """The plan of a component by its id, of whatever kind it is. Raises ``KeyError``."""
        for kind in ("offramp", "pipeline", "onramp"):
            plan = self.plans.get(f"{kind}:{target}")
            if plan is not None:
                return plan
        raise KeyError(target)

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _part(self, component: ComponentPlan) -> Part:
        name = component.actor_name
        outlets = self._outlets[name] = Outlets(partial(self.dead_letters.unlinked, name))
        match component:
            case OnrampPlan():
                return OnrampPart(
                    name,
                    component.connector.build(),
                    partial(self._intake, component),
                    outlets,
                    partial(self._input_ended, component),
                    component.table.retry,
                    restart=component.table.restart,
                    # Links are open from the beginning: somebody waits for their greeting while he starts.
                    gate=None if _is_inner(component) else Reply(self._system.scheduler),
                    on_awaiting=self._onramp_ended,
                )
            case PipelinePlan():
                return PipelinePart(name, partial(self._pipeline, component), outlets)
            case OfframpPlan():
                encoder = Encoder(
                    component.codec.build(), [processor.build() for processor in component.postprocessors]
                )
                return OfframpPart(
                    name,
                    component.connector.build(),
                    encoder,
                    outlets,
                    self._stop_deployment,
                    component.table.retry,
                    component.table.give_up,
                )
        raise TypeError(component)

    def _pipeline(self, component: PipelinePlan) -> Pipeline:
        pipeline = make_pipeline(
            component,
            component.actor_name,
            self.plan_of,
            self._codes.setdefault((component.id.flow, component.id.name), {}),
        )
        for link in component.links:
            # So that an offramp's lost connection reaches the operator that sends to it.
            pipeline.connect(link.port, self.plan_of(link.target).actor_name)
        return pipeline

    def _intake(self, component: OnrampPlan, send: Any) -> StreamIntake:
        return StreamIntake(
            component.actor_name,
            make_codec=component.codec.build,
            send=send,
            clock=self._system.clock,
            make_preprocessors=[processor.build for processor in component.preprocessors],
            codec_named=partial(codec_by_name, engine=self.plan.supervisor.json_),
            batch_max=component.table.batch_max,
        )

    def _input_ended(self, component: OnrampPlan) -> None:
        """In the onramp's greenlet, behind the last that it has sent."""
        for target in dict.fromkeys(link.target for link in component.links):
            name = self.plan_of(target).actor_name
            part, ref = self.parts[name], self._system.find(name)
            if ref is not None and isinstance(part, OfframpPart) and part.connector.wants_end:
                ref.tell(END_OF_INPUT, events=0)
        self._onramp_ended()


def _standing(ref: ActorRef[Any], part: Part) -> Standing:
    if not ref.is_alive or (isinstance(part, OfframpPart) and part.connector.sated):
        return Standing.OVER
    return Standing.CLOSED if isinstance(part, OfframpPart) and part.outage_told else Standing.OPEN


def _is_inner(component: OnrampPlan) -> bool:
    """Whether its events come from other executors of the same deployment."""
    return component.connector.member.passive or component.connector.member.takes_over


def _intensity(policy: RestartPolicy) -> RestartIntensity:
    return RestartIntensity(policy.max_restarts, policy.within)


def _outer_intensity(policy: RestartPolicy) -> RestartIntensity:
    """For a supervisor of supervisors: stricter, and with a memory that is long enough to see the inner ones fail.

    The same numbers on every level would never escalate, as the inner level takes most of a period to give up
    (``docs/supervision.md`` has the arithmetic).
    """
    return RestartIntensity(_OUTER_RESTARTS, _OUTER_PERIODS * policy.within)


def _supervisor_child(
    name: str, children: list[ChildSpec], policy: RestartPolicy, intensity: RestartIntensity
) -> ChildSpec:
    return supervisor_spec(
        name,
        children,
        strategy=Strategy(policy.strategy),
        intensity=intensity,
        backoff=policy.backoff,
    )
