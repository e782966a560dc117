"""From a `Plan` to the parts that run, and the supervision tree that runs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any

from actors import Actor, ActorRef, ActorSystem, MailboxLimits
from actors.reply import Reply
from pipelines.actor import PipelineActor, PipelinePart
from pipelines.compiler import Codes
from pipelines.outlets import FormerLink, NewLink, Outlets
from pipelines.pipeline import Pipeline
from ramps.encoder import Encoder
from ramps.intake import StreamIntake
from ramps.links.link_intake import LinkIntake
from ramps.offramp_actor import END_OF_INPUT, OfframpActor, OfframpPart
from ramps.onramp_actor import OnrampActor, OnrampPart
from supervisor.deployment.awaited_target import AwaitedTarget
from supervisor.deployment.closed_offramps import DroppingTarget, others_of
from supervisor.deployment.component_account import ComponentAccount
from supervisor.deployment.dead_letters import DeadLetterKeeper
from supervisor.deployment.dealing import Dealer, Standing
from supervisor.deployment.json_engine import codec_by_name
from supervisor.deployment.pipelines import compiles_alike, ends_of, make_pipeline
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
from supervisor.deployment.tree import (
    Settings,
    copy_settings,
    flow_settings,
    is_flat,
    make_supervisor,
    root_settings,
    supervisor_child,
    supervisor_name,
)
from supervisor.supervision import ChildSpec, Restart, Supervisor

__all__ = ["Builder", "Part"]

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
        self._codes: dict[tuple[str, str], tuple[PipelinePlan, Codes]] = {}
        self._others: dict[ComponentId, frozenset[ComponentId]] = {}
        """For each offramp for whose sake, when it is closed, these others must not be held back."""
        self._by_id: dict[ComponentId, ComponentPlan] = {}
        self.awaited: dict[str, AwaitedTarget] = {}
        """By actor name: what is sent to and starts only later, in a reload."""
        self.retired: dict[str, ComponentAccount] = {}
        """What was counted by parts that are gone, by actor name."""
        self.past_promises: set[str] = set()
        """Flows that are gone, and promised at-least-once."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when there is another part, or one less, before anything comes to it."""
        self.parts: dict[str, Part] = {}
        """By actor name, in the order of the plan. This and `plans` are never changed, but replaced by others: whoever
        goes through them may be interrupted by a reload."""
        self.unfilled: dict[str, Settings] = {}
        """Supervisors that a reload has just begun to fill, by name."""
        self.plans: dict[str, ComponentPlan] = {}
        self.incarnations: Counter[str] = Counter()
        """How often an actor was started for each part."""
        self.replayed: Counter[str] = Counter()
        """Events that were put into a component once more, from a store of dead letters."""
        self._outlets: dict[str, Outlets] = {}
        self.dead_letters = DeadLetterKeeper(plan, system, lambda: self.plans, self._outlets)
        self.regard(plan)
        self.plans = {component.actor_name: component for component in plan.components()}
        for flow in plan.flows:
            for component in flow.components():
                part = self.parts[component.actor_name] = self.make(component, flow)
                self._outlets[component.actor_name] = part.outlets

    def pairs(self) -> list[tuple[ComponentPlan, Part]]:
        """Each component with its part, as they are now: whoever looks can be pre-empted by a reload amid a loop."""
        plans, parts = self.plans, self.parts
        return [(plan, parts[name]) for name, plan in plans.items() if name in parts]

    def make(self, component: ComponentPlan, flow: FlowPlan) -> Part:
        """A new part, which nobody knows yet. Raises what the constructors of its connector and codec raise."""
        part = self._part(component)
        if isinstance(part, OnrampPart):
            part.connector.at_least_once = flow.at_least_once
        return part

    def add(self, component: ComponentPlan, part: Part) -> None:
        """Have this part from now on, instead of one of the same name if there is one."""
        name = component.actor_name
        before = self.parts.get(name)
        self._outlets[name] = part.outlets
        self.plans = {**self.plans, name: component}
        self.parts = {**self.parts, name: part}
        if part is not before:
            self.on_change()

    def forget(self, gone: Collection[str]) -> None:
        """Have these components no more."""
        self.plans = {name: plan for name, plan in self.plans.items() if name not in gone}
        self.parts = {name: part for name, part in self.parts.items() if name not in gone}
        for name in gone:
            self._outlets.pop(name, None)
            self.incarnations.pop(name, None)
        self.on_change()

    def regard(self, plan: Plan) -> None:
        """Find the targets of links in this plan from now on, and know whose events may be dropped. Until `in_order`,
        what is about to leave finds its own, too.
        """
        self._by_id |= {component.id: component for component in plan.components()}
        self._others = {}
        for flow in plan.flows:
            if flow.drops_when_closed:
                self._others |= others_of(flow)

    def in_order(self) -> None:
        """Bring all components into the order of the plan."""
        self._by_id = {component.id: component for component in self.plan.components()}
        names = [component.actor_name for component in self.plan.components()]
        self.plans = {name: self.plans[name] for name in names}
        self.parts = {name: self.parts[name] for name in names}
        known = {(plan.id.flow, plan.id.name) for plan in self.plans.values()}
        self._codes = {key: codes for key, codes in self._codes.items() if key in known}

    # --- the tree ----------------------------------------------------------------------------------------------------

    def root(self) -> Supervisor:
        """The supervisor of all flows. A factory: each call makes a new one."""
        return make_supervisor([self.flow_child(flow) for flow in self.plan.flows], root_settings(self.plan))

    def open_gates(self) -> None:
        """Let onramps read: everything has started."""
        for part in self.parts.values():
            if isinstance(part, OnrampPart) and part.gate is not None:
                part.gate.set()

    def flow_child(self, flow: FlowPlan) -> ChildSpec:
        """The spec of the supervisor of a flow. It finds its children, and how it is to treat them, in the plan that
        runs when it starts.
        """
        return supervisor_child(f"flow:{flow.name}", partial(self._flow, flow.name))

    def _flow(self, name: str) -> Supervisor:
        if f"flow:{name}" in self.unfilled:
            return make_supervisor((), self.unfilled[f"flow:{name}"])
        flow = self._flow_called(name)
        children = [self.child(component) for component in flow.shared_sinks]
        if is_flat(flow):
            children = [self.child(component) for component in flow.components()]
        else:
            children += [self.copy_child(flow, instance.number) for instance in flow.instances]
            children += [self.child(component) for component in flow.shared_sources]
        return make_supervisor(children, flow_settings(flow))

    def copy_child(self, flow: FlowPlan, number: int) -> ChildSpec:
        """The spec of the supervisor of one copy of a flow."""
        return supervisor_child(f"flow:{flow.name}#{number}", partial(self._copy, flow.name, number))

    def _copy(self, name: str, number: int) -> Supervisor:
        if f"flow:{name}#{number}" in self.unfilled:
            return make_supervisor((), self.unfilled[f"flow:{name}#{number}"])
        flow = self._flow_called(name)
        copy = next(instance for instance in flow.instances if instance.number == number)
        return make_supervisor([self.child(component) for component in copy.components], copy_settings(flow))

    def _flow_called(self, name: str) -> FlowPlan:
        return next(flow for flow in self.plan.flows if flow.name == name)

    def child(self, component: ComponentPlan) -> ChildSpec:
        """The spec of a component's actor."""
        table: Any = component.table  # type: ignore[attr-defined]
        limits = MailboxLimits()
        if not isinstance(component, OnrampPlan):
            limits = MailboxLimits(events=table.mailbox_events, bytes=table.mailbox_bytes)
        spec = ChildSpec(
            id=component.actor_name,
            factory=partial(self._actor, component.actor_name),
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

    def _actor(self, name: str) -> Actor[Any]:
        """Runs in the actor's own greenlet, at each start: everything downstream has been started by then."""
        part = self.parts[name]
        self.incarnations[name] += 1
        # By name and anew at each start: where a whole supervisor was restarted, its children have new mailboxes.
        self.connect(name)
        if isinstance(part, OnrampPart):
            return OnrampActor(part)
        if isinstance(part, PipelinePart):
            return PipelineActor(part)
        return OfframpActor(part)

    def connect(self, name: str) -> list[FormerLink]:
        """Link a component to those that its plan names, between two sends. Returns the links that it had."""
        component, part = self.plans[name], self.parts[name]
        dealers: dict[tuple[str, str], Dealer] = {}
        links: list[NewLink] = []
        for link in component.links:
            target = self.plan_of(link.target)
            changes_values = isinstance(target, PipelinePlan)
            awaited = self.awaited.get(target.actor_name)
            if awaited is not None:
                links.append(NewLink(link.port, awaited, link.target_port, changes_values))
                continue
            ref = self._system.find(target.actor_name)
            if ref is None:
                raise RuntimeError(f"{name} started before {target.actor_name}, which it sends to")
            target_part = self.parts[target.actor_name]
            if self._others.get(link.target) and not link.group:
                may_drop = partial(self._may_drop, link.target)
                dropping = DroppingTarget(ref, target.actor_name, may_drop, part.outlets, self._system.clock)
                links.append(NewLink(link.port, dropping, link.target_port, changes_values))
            elif not link.group:
                links.append(NewLink(link.port, ref, link.target_port, changes_values))
            else:
                dealer = dealers.get((link.port, link.group))
                if dealer is None:
                    dealer = dealers[link.port, link.group] = Dealer(self._system.clock)
                    links.append(NewLink(link.port, dealer, link.target_port, changes_values))
                dealer.add(ref, partial(_standing, ref, target_part))
            if isinstance(part, PipelinePart) and not isinstance(target_part, OnrampPart):
                own = self._system.find(name)
                if own is not None and own not in target_part.upstream:
                    target_part.upstream = [old for old in target_part.upstream if old.is_alive] + [own]

            if isinstance(part, OnrampPart) and isinstance(part.connector, LinkIntake):
                assert isinstance(target_part, OfframpPart)
                part.connector.follow(target_part)
        return part.outlets.relink(links)

    def _may_drop(self, offramp: ComponentId) -> bool:
        return self._is_closed(offramp) and not all(map(self._is_closed, self._others[offramp]))

    def _is_closed(self, offramp: ComponentId) -> bool:
        part = self.parts[f"{Kind.OFFRAMP.value}:{offramp}"]
        return isinstance(part, OfframpPart) and part.outage_told

    def plan_of(self, target: ComponentId) -> ComponentPlan:
        """The plan of a component by its id, of whatever kind it is. Raises ``KeyError``."""
        return self._by_id[target]

    def supervisor_of(self, name: str) -> ActorRef[Any] | None:
        """The supervisor of a component, if it lives."""
        return self._system.find(supervisor_name(self.plans[name].id))

    # --- the parts ---------------------------------------------------------------------------------------------------

    def _part(self, component: ComponentPlan) -> Part:
        name = component.actor_name
        outlets = Outlets(partial(self.dead_letters.unlinked, name))
        match component:
            case OnrampPlan():
                return OnrampPart(
                    name,
                    component.connector.build(),
                    partial(self._intake, component),
                    outlets,
                    partial(self._input_ended, name),
                    component.table.retry,
                    restart=component.table.restart,
                    # Links are open from the beginning: somebody waits for their greeting while he starts.
                    gate=None if _is_inner(component) else Reply(self._system.scheduler),
                    on_awaiting=self._onramp_ended,
                )
            case PipelinePlan():
                return PipelinePart(name, partial(self._pipeline, name), outlets)
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

    def _pipeline(self, name: str) -> Pipeline:
        component = self.plans[name]
        assert isinstance(component, PipelinePlan)
        pipeline = make_pipeline(
            component,
            name,
            self.plan_of,
            self._codes_of(component),
        )
        # So that an offramp's lost connection reaches the operator that sends to it.
        pipeline.reconnect(ends_of(component, self.plan_of).without_meta, self.senders(component))
        return pipeline

    def _codes_of(self, component: PipelinePlan) -> Codes:
        """What copies and incarnations of a pipeline share."""
        key = (component.id.flow, component.id.name)
        known = self._codes.get(key)
        if known is None or not compiles_alike(known[0], component):
            known = self._codes[key] = (component, {})
        return known[1]

    def senders(self, component: ComponentPlan) -> list[tuple[str, str]]:
        """Who answers for what leaves by which port."""
        return [(link.port, self.plan_of(link.target).actor_name) for link in component.links]

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

    def _input_ended(self, onramp: str) -> None:
        """In the onramp's greenlet, behind the last that it has sent."""
        component = self.plans[onramp]
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
