"""`Passage`: brings what runs to another plan, step by step. `reload` decides what happens if a step fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import gevent

from actors import ActorError, ActorRef, ActorSystem, Lane, State
from actors.log import get_logger
from pipelines.actor import PipelinePart
from pipelines.contraflow import Insight, InsightKind
from pipelines.outlets import FormerLink
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.awaited_target import AwaitedTarget
from supervisor.deployment.build import Builder, Part
from supervisor.deployment.claims import contend
from supervisor.deployment.closed_offramps import DroppingTarget
from supervisor.deployment.dealing import Dealer
from supervisor.deployment.drain import is_busy, is_inner
from supervisor.deployment.pipelines import ends_of
from supervisor.deployment.plan import Kind, PipelinePlan, Plan
from supervisor.deployment.tally import retire
from supervisor.deployment.tree_change import TreeChange
from supervisor.supervision import (
    SupervisionError,
    UnknownChild,
    delete_child,
    replace_child,
    start_child,
    terminate_child,
)

__all__ = ["InterruptedByStop", "Passage"]

_log = get_logger("supervisor")

_LOOK_SECONDS = 0.005
_ASK_SECONDS = 120.0
_SILENCE_SECONDS = 1.0


class InterruptedByStop(Exception):
    """There is no more time for what waits for something to leave."""

    def __init__(self) -> None:
        super().__init__("the deployment is about to stop")


class Passage:
    """From what a builder has to the plan ``to``, in an order in which nothing is lost and little waits:

    1. what comes is started, downstream first; onramps do not read yet;
    2. what changes is stopped in order and started anew; its mailbox waits meanwhile;
    3. what stays is linked to what there is now;
    4. what leaves is stopped when all that is under way to it has arrived.

    What comes, or changes, and wants the port or the file of something that leaves has to wait for 4: its senders are
    held back by an `AwaitedTarget` meanwhile. All methods block; ``is_over()`` is true when nobody has time for that
    any more.
    """

    def __init__(
        self,
        builder: Builder,
        system: ActorSystem,
        to: Plan,
        *,
        coming: Iterable[str],
        changing: Iterable[str],
        relinking: Iterable[str],
        leaving: Iterable[str],
        patience_seconds: float,
        is_over: Callable[[], bool],
    ) -> None:
        self._builder = builder
        self._system = system
        self._to = to
        self._tree = TreeChange(builder, system)
        self._flows = {flow.name: flow for flow in to.flows}
        self._plans = {component.actor_name: component for component in to.components()}
        self._before = builder.plans
        self._past_promises = {
            flow.name for flow in builder.plan.flows if flow.at_least_once
        } - self._flows.keys()
        renewed = [name for name in changing if self._loses_inputs(name)]
        self.coming = [name for name in self._plans if name in {*coming, *renewed}]
        self.changing = [name for name in self._plans if name in {*changing} and name not in renewed]
        self.leaving = [name for name in self._before if name in {*leaving, *renewed}]
        self._relinking = {*relinking}
        self._patience_seconds = patience_seconds
        self._is_over = is_over
        self.late = self._waits_for_room()
        self.touched: set[str] = set()
        """What was replaced, or was about to be."""
        self.dropped: dict[str, Part] = {}
        """The parts that were replaced or stopped."""
        self._former: list[FormerLink] = []
        self._made: dict[str, Part] = {}

    # --- before anything is touched ----------------------------------------------------------------------------------

    def prepare(self, earlier: dict[str, Part]) -> None:
        """Make what is new. Raises what constructors raise. ``earlier`` are parts whose connectors are used again."""
        for name in (*self.coming, *self.changing):
            plan = self._plans[name]
            if isinstance(plan, PipelinePlan) and name in self.changing:
                continue
            part = self._builder.make(plan, self._flows[plan.id.flow])
            old = earlier.get(name)
            if isinstance(part, OfframpPart) and isinstance(old, OfframpPart):
                part.connector, part.encoder, part.was_open = old.connector, old.encoder, old.was_open
            self._made[name] = part

    def _loses_inputs(self, name: str) -> bool:
        old, new = self._before.get(name), self._plans.get(name)
        return (
            isinstance(old, PipelinePlan)
            and isinstance(new, PipelinePlan)
            and not set(old.inputs) <= set(new.inputs)
        )

    def _waits_for_room(self) -> dict[str, str]:
        """What cannot start before something else has stopped, and what that is."""
        late: dict[str, str] = {name: name for name in self.coming if name in self.leaving}
        going = [*self.leaving, *self.changing]
        for name in (*self.coming, *self.changing):
            rivals = self.leaving if name in self.changing else going
            rival = next((each for each in rivals if contend(self._plans[name], self._before[each])), None)
            if rival is not None:
                late.setdefault(name, rival)
        return late

    # --- the steps ---------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Steps 1 to 3, and 4 where something waits for it. Raises what kept a component from starting."""
        builder = self._builder
        builder.regard(self._to)
        builder.awaited = {
            name: AwaitedTarget()
            for name in self.late
            if name in self.coming and self._plans[name].kind is not Kind.ONRAMP
        }
        for flow in self._to.flows:
            self._tree.open(flow)
        self._start(name for name in self.coming if name not in self.late)
        self._change(name for name in self.changing if name not in self.late and not self._reads(name))
        self.relink()
        if self.late:
            self.let_leave()
            if self.leaving:
                raise InterruptedByStop
        self._change(name for name in self.changing if name in self.late and not self._reads(name))
        self._start(name for name in self.late if name in builder.awaited)
        self.resolve(self.late)
        self._change_onramps([name for name in self.changing if self._reads(name)])
        self._start(name for name in self.coming if name in self.late and self._reads(name))

    def finish(self) -> None:
        """There is no way back from here: let onramps read, and step 4, if it was not."""
        builder = self._builder
        builder.plan = self._to
        builder.unfilled.clear()
        builder.open_gates()
        self.let_leave()
        if self.leaving:
            # The stop that is about to come brings them to their end, with the time that it has.
            return
        self._tree.close(self._to)
        builder.in_order()
        self._note_upstream()

    def _reads(self, name: str) -> bool:
        return self._plans[name].kind is Kind.ONRAMP

    def _start(self, names: Iterable[str]) -> None:
        for name in names:
            plan = self._plans[name]
            self._builder.add(plan, self._made[name])
            try:
                start_child(self._tree.supervisor(plan.id), self._builder.child(plan), _ASK_SECONDS)
            except BaseException:
                self._builder.forget([name])
                raise

    def _change(self, names: Iterable[str]) -> None:
        for name in names:
            plan = self._plans[name]
            self.touched.add(name)
            # One that waits there with a batch in its hand could not stop in order.
            self._builder.parts[name].valve.open()
            spec = self._builder.child(plan)
            replace_child(self._tree.supervisor(plan.id), spec, partial(self._swap, name), _ASK_SECONDS)

    def _swap(self, name: str) -> None:
        """While its actor is down."""
        old, plan = self._builder.parts[name], self._plans[name]
        made = self._made.get(name)
        if made is None:
            self._builder.add(plan, old)
            return
        if isinstance(old, OnrampPart) and isinstance(made, OnrampPart):
            old.connector.close()
            made.intake.undelivered.extend(old.intake.undelivered)
            old.intake.undelivered.clear()
        elif isinstance(old, OfframpPart) and isinstance(made, OfframpPart):
            made.upstream = old.upstream
            made.outage_told = old.outage_told
            while old.outbox:
                # The batch that they are of comes again.
                old.outlets.call_off(old.outbox.popleft())
        self.dropped[name] = old
        retire(self._builder, self._system, [name])
        self._builder.add(plan, made)

    def _change_onramps(self, names: list[str]) -> None:
        # All at once: one may want the port of another.
        for name in names:
            self.touched.add(name)
        self._stop_reading(names)
        self._wait_for_answers(names)
        self._change(names)

    # --- links -------------------------------------------------------------------------------------------------------

    def relink(self) -> None:
        """Link all that stays to what it is to send to."""
        fresh = {*self.coming, *self.changing}
        for name, plan in self._plans.items():
            if name in self._builder.plans and name not in fresh:
                if name in self._relinking or any(
                    self._builder.plan_of(link.target).actor_name in self._builder.awaited
                    for link in plan.links
                ):
                    self._relink(name)
                else:
                    self._builder.add(plan, self._builder.parts[name])

    def _relink(self, name: str) -> None:
        builder, plan = self._builder, self._plans[name]
        before = {link.target: self._before_of(link.target) for link in builder.plans[name].links}
        builder.add(plan, builder.parts[name])
        self._former += builder.connect(name)
        part, own = builder.parts[name], self._system.find(name)
        if isinstance(part, PipelinePart) and isinstance(plan, PipelinePlan) and own is not None:
            if part.pipeline is not None:
                part.pipeline.reconnect(ends_of(plan, builder.plan_of).without_meta, builder.senders(plan))
            now = {builder.plan_of(link.target).actor_name for link in plan.links}
            for target in before.values():
                if target not in now:
                    _tell_outage(own, target, builder.parts.get(target), InsightKind.OPEN)
            for target in now - set(before.values()):
                _tell_outage(own, target, builder.parts.get(target), InsightKind.CLOSE)

    def _before_of(self, target: Any) -> str:
        return next((name for name, plan in self._before.items() if plan.id == target), "")

    def resolve(self, instead: dict[str, str]) -> None:
        """What was awaited is there, or what ``instead`` names: link everybody to it who was held back."""
        awaited, self._builder.awaited = self._builder.awaited, {}
        for name, target in awaited.items():
            ref = self._system.find(name) or self._system.find(instead.get(name, name))
            if ref is not None:
                target.resolve(ref)
        if awaited:
            for name, plan in self._builder.plans.items():
                if name not in self.leaving and any(
                    self._builder.plan_of(link.target).actor_name in awaited for link in plan.links
                ):
                    self._builder.connect(name)

    def _note_upstream(self) -> None:
        upstream: dict[str, list[ActorRef[Any]]] = {}
        for name, plan in self._builder.plans.items():
            ref = self._system.find(name)
            if plan.kind is Kind.PIPELINE and ref is not None:
                for link in plan.links:
                    known = upstream.setdefault(self._builder.plan_of(link.target).actor_name, [])
                    if ref not in known:
                        known.append(ref)
        for name, part in self._builder.parts.items():
            if not isinstance(part, OnrampPart):
                part.upstream = upstream.get(name, [])

    # --- what leaves -------------------------------------------------------------------------------------------------

    def let_leave(self) -> None:
        """Step 4. A second call does nothing. When ``is_over()``, what has not left by then stays in `leaving`."""
        leaving, builder = self.leaving, self._builder
        builder.past_promises |= self._past_promises
        onramps = [name for name in leaving if builder.plans[name].kind is Kind.ONRAMP]
        gone: list[str] = []
        self._stop_reading(onramps)
        for name in [name for name in reversed(leaving) if name not in onramps]:
            builder.parts[name].valve.open()
            self._wait(partial(self._nothing_comes, name))
            if self._is_over():
                break
            self._terminate(name)
            gone.append(name)
        else:
            self._wait_for_answers(onramps)
            if not self._is_over():
                self._end_onramps(onramps)
                gone += onramps
        self.leaving = [name for name in leaving if name not in gone]
        self.dropped |= {name: builder.parts[name] for name in gone}
        retire(builder, self._system, gone)
        builder.forget(gone)

    def _end_onramps(self, names: Iterable[str]) -> None:
        for name in names:
            self._terminate(name)
            part = self._builder.parts[name]
            assert isinstance(part, OnrampPart)
            # Once more: it keeps what was confirmed since.
            part.connector.close()

    def _stop_reading(self, names: Iterable[str]) -> None:
        parts = [part for name in names if isinstance(part := self._builder.parts[name], OnrampPart)]
        for part in parts:
            part.stop_reading(self._system.find(part.name))
        self._wait(
            lambda: all(
                part.at_rest or part.connector.awaits_delivery or self._is_down(part.name)
                for part in parts
                if not is_inner(part)
            )
        )

    def _is_down(self, name: str) -> bool:
        ref = self._system.find(name)
        return ref is None or ref.state is State.HALTED

    def _wait_for_answers(self, onramps: Iterable[str]) -> None:
        """Until these know of all that they have sent what became of it, so that nothing need be sent again; or until
        they hear nothing any more, because operators hold it.
        """
        clock = self._system.clock
        parts = [part for name in onramps if isinstance(part := self._builder.parts[name], OnrampPart)]
        sources = [part.connector for part in parts if part.connector.at_least_once]
        before, since = -1, clock.now()

        def is_quiet() -> bool:
            nonlocal before, since
            open_ones = sum(source.confirmations().unconfirmed for source in sources)
            if open_ones != before:
                before, since = open_ones, clock.now()
            return not open_ones or clock.now() - since > _SILENCE_SECONDS

        self._wait(is_quiet)

    def _nothing_comes(self, name: str) -> bool:
        ref = self._system.find(name)
        return ref is None or not (
            is_busy(self._builder.parts[name], ref)
            or any(former.in_use and _leads_to(former.target, ref) for former in self._former)
        )

    def _terminate(self, name: str) -> None:
        supervisor = self._builder.supervisor_of(name)
        if supervisor is None:
            return
        try:
            terminate_child(supervisor, name, _ASK_SECONDS)
            delete_child(supervisor, name, _ASK_SECONDS)
        except UnknownChild:
            # A temporary one that has ended.
            pass
        except (ActorError, SupervisionError) as error:
            _log.error("What was to leave could not be stopped.", component=name, error=str(error))

    def _wait(self, condition: Callable[[], bool]) -> None:
        clock = self._system.clock
        deadline = clock.now() + self._patience_seconds
        while not condition() and clock.now() < deadline and not self._is_over():
            gevent.sleep(_LOOK_SECONDS)


def _leads_to(target: Any, ref: ActorRef[Any]) -> bool:
    if isinstance(target, DroppingTarget | Dealer):
        return target.leads_to(ref)
    return target is ref


def _tell_outage(pipeline: ActorRef[Any], name: str, part: Part | None, kind: InsightKind) -> None:
    """An offramp that is closed leads there no more, or newly."""
    if isinstance(part, OfframpPart) and part.outage_told:
        pipeline.tell(Insight(kind, name, error=part.outage), lane=Lane.CONTRAFLOW)
