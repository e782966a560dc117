"""What a closed offramp costs the others of its flow: ``when_closed = "drop"``.

Events that go to several offramps go as fast as the slowest of them takes them. One whose connection is lost keeps what
it is sent until its mailbox is full, and then holds back whoever sends to it, and so all others. In a flow that says
``drop``, what does not fit into the mailbox of a closed offramp is dropped instead and counted, as long as another
offramp that gets events from the same source is not closed. If all are, the source is held back: nobody would gain
anything by dropping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from actors import ActorRef, Clock, Lane, MailboxFull
from actors.log import get_logger
from pipelines.batch import Batch
from pipelines.contraflow import Insight, InsightKind
from pipelines.outlets import Outlets
from supervisor.deployment.plan import ComponentId, ComponentPlan, FlowPlan, Kind, Link, Plan

__all__ = ["DroppingTarget", "others_of", "tolerated"]

_log = get_logger("supervisor")

# While the sender waits for room, so that it hears of a connection that is lost meanwhile.
_LOOK_AGAIN_SECONDS = 0.05


def tolerated(plan: Plan, states: Mapping[str, str]) -> frozenset[str]:
    """The offramps that are closed, and need not be open for the deployment to do its work: their flow drops what is
    for them, and another offramp gets the same events. ``states``: of components, by their actors' names.
    """
    offramps = Kind.OFFRAMP.value
    return frozenset(
        name
        for flow in plan.flows
        if flow.drops_when_closed
        for offramp, others in others_of(flow).items()
        if states.get(name := f"{offramps}:{offramp}") == "connecting"
        and any(states.get(f"{offramps}:{other}") == "running" for other in others)
    )


def others_of(flow: FlowPlan) -> dict[ComponentId, frozenset[ComponentId]]:
    """For each offramp, the others that get events from a source of its own. One that gets nothing but errors is not
    among them: that it is open does nobody any good. Copies that a shared onramp deals its events out to are sources
    of their own, as each event goes to one of them.
    """
    plans = {component.id: component for component in flow.components()}
    shares: dict[ComponentId, set[ComponentId]] = {}
    for source in plans.values():
        if source.kind is Kind.ONRAMP:
            for group in _alternatives(source):
                reached = set(_offramps(plans, [link.target for link in group]))
                useful = set(
                    _offramps(plans, [link.target for link in group if link.port != "err"], errors=False)
                )
                for offramp in reached:
                    shares.setdefault(offramp, set()).update(useful)
    return {offramp: frozenset(others - {offramp}) for offramp, others in shares.items()}


def _alternatives(source: ComponentPlan) -> Iterator[list[Link]]:
    common = [link for link in source.links if not link.group]
    dealt = [link for link in source.links if link.group]
    copies = {link.target.instance for link in dealt}
    if not copies:
        yield common
    for copy in copies:
        yield common + [link for link in dealt if link.target.instance == copy]


def _offramps(
    plans: Mapping[ComponentId, ComponentPlan], targets: Iterable[ComponentId], *, errors: bool = True
) -> Iterator[ComponentId]:
    """The offramps that events from these components reach, with or without those that leave by ``err``."""
    pending, seen = list(targets), set[ComponentId]()
    while pending:
        target = pending.pop()
        if target in seen:
            continue
        seen.add(target)
        if plans[target].kind is Kind.OFFRAMP:
            yield target
        pending += [link.target for link in plans[target].links if errors or link.port != "err"]


class DroppingTarget:
    """Stands in the sender's `Outlets` for an offramp that may be closed: what does not fit then is dropped.

    ``may_drop`` tells whether it is closed, and another offramp is not.
    """

    def __init__(
        self, ref: ActorRef[Any], name: str, may_drop: Callable[[], bool], outlets: Outlets, clock: Clock
    ) -> None:
        self._ref = ref
        self._name = name
        self._may_drop = may_drop
        self._discarded = outlets.discarded
        self._clock = clock
        self._dropping = False

    def leads_to(self, ref: ActorRef[Any]) -> bool:
        """Whether it is that one that it stands for."""
        return self._ref is ref

    def tell(self, message: Any, *, events: int = 1, size: int = 0, timeout: float | None = None) -> None:
        """Deliver, or drop. Blocks while there is no room and it may not be dropped; raises `MailboxFull` after
        ``timeout`` seconds of that.
        """
        deadline = None if timeout is None else self._clock.now() + timeout
        while not self._ref.try_tell(message, events=events, size=size):
            if self._may_drop():
                self._drop(message[1], events)
                return
            wait = _LOOK_AGAIN_SECONDS
            if deadline is not None:
                wait = min(wait, max(0.0, deadline - self._clock.now()))
            try:
                self._ref.tell(message, events=events, size=size, timeout=wait)
            except MailboxFull:
                if deadline is not None and self._clock.now() >= deadline:
                    raise
            else:
                break
        if self._dropping:
            self._dropping = False
            _log.info(
                "The offramp takes events again.", offramp=self._name, dropped=self._discarded[self._name]
            )

    def _drop(self, batch: Batch, events: int) -> None:
        self._discarded[self._name] = self._discarded.get(self._name, 0) + events
        if batch.route is not None:
            insight = Insight(InsightKind.FAIL, self._name, batch.route, events=events, error="closed")
            batch.route.owner.tell(insight, lane=Lane.CONTRAFLOW)
        if not self._dropping:
            self._dropping = True
            _log.warning(
                "The offramp is closed and its mailbox is full; what is for it is dropped, and others go on.",
                offramp=self._name,
            )
