"""`part_of`: what one executor runs of a plan, with links where the plan crosses executors. Pure.

Two things cross, and only for what there can be one of (`Placement.crosses`):

* **An offramp that copies in several executors share.** Its owner has it, and a `LinkIntake` in front of it. The others
  have, under the same name, a link there; they encode, with the offramp's own codec and postprocessors.
* **An onramp that deals its input out to copies in several executors.** Its owner reads and frames (the *reader*, under
  the onramp's name), and deals the frames out over a link to each executor, its own included. There a `LinkOnramp`
  decodes, and deals the events out to the copies. A codec that needs all frames in order decodes in the reader.

The components that are added have a dot in their names, which no name in a file has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.retry import BackoffOptions
from ramps.codec import Codec
from ramps.codecs.binary import Binary
from ramps.give_up import GiveUpOptions
from ramps.links.link_intake import LinkIntake
from ramps.links.link_offramp import FrameLinkOfframp, LinkOfframp, LinkOptions, ValueLinkOfframp
from ramps.links.link_onramp import LinkOnramp
from ramps.offramp import Offramp
from ramps.onramp import Onramp
from supervisor.deployment.plan import (
    ComponentId,
    ComponentPlan,
    FlowPlan,
    Link,
    OfframpPlan,
    OnrampPlan,
    PartPlan,
    Plan,
)
from supervisor.deployment.schema import OfframpTable, OnrampTable
from supervisor.executors.placement import Placement

__all__ = ["part_of", "sockets_of"]

# An executor that is started anew should not be waited for longer than it takes, and a try costs next to nothing.
_RETRY = BackoffOptions.model_validate({"initial": "50ms", "maximum": "1s"})
_EXECUTORS = "executors"
_READER_BATCH = 256
_TYPE = "link"


def part_of(plan: Plan, placement: Placement, executor: int, link_directory: Path) -> Plan:
    """The part of a plan that this executor runs, as a plan of its own. The whole plan if there is one executor.

    ``link_directory`` is where the sockets of links are to be: private, and its path short (`sockets_of`).
    """
    sockets = sockets_of(plan, placement, link_directory)
    flows = (_Part(flow, placement, executor, sockets).flow() for flow in plan.flows)
    return replace(plan, flows=tuple(flow for flow in flows if flow is not None))


def sockets_of(plan: Plan, placement: Placement, link_directory: Path) -> dict[tuple[ComponentId, int], Path]:
    """Where whoever receives listens, by what crosses there and the executor that listens. The same for all executors.

    Numbered, because the path of a socket has 107 bytes at most.
    """
    ends = [
        (component.id, home)
        for flow in plan.flows
        for component in flow.shared
        if placement.crosses(component)
        for home in _receivers(component, placement)
    ]
    return {end: link_directory / str(number) for number, end in enumerate(ends, 1)}


def _receivers(component: ComponentPlan, placement: Placement) -> tuple[int, ...]:
    if isinstance(component, OfframpPlan):
        return (placement.owner(component.id),)
    return placement.homes[component.id] if _deals(component) else ()


def _deals(component: ComponentPlan) -> bool:
    """Whether an onramp that copies share sends to any of them."""
    return any(link.group for link in component.links)


@dataclass(frozen=True)
class _Part:
    """One flow, as one executor has it."""

    whole: FlowPlan
    placement: Placement
    executor: int
    sockets: dict[tuple[ComponentId, int], Path]

    def flow(self) -> FlowPlan | None:
        homes = self.placement.homes
        instances = tuple(
            instance
            for instance in self.whole.instances
            if all(homes[component.id] == (self.executor,) for component in instance.components)
        )
        shared = [part for component in self.whole.shared for part in self._shared(component)]
        copies = [component for instance in instances for component in instance.components]
        shared = list(_without_idle_links(shared, copies))
        if not shared and not copies:
            return None
        return replace(self.whole, shared=tuple(shared), instances=instances)

    def _shared(self, component: ComponentPlan) -> list[ComponentPlan]:
        homes = self.placement.homes[component.id]
        if self.executor not in homes:
            return []
        if not self.placement.crosses(component):
            return [self._at_home(component)]
        owned = homes[0] == self.executor
        if isinstance(component, OfframpPlan):
            return self._owned_offramp(component) if owned else [self._offramp_elsewhere(component)]
        assert isinstance(component, OnrampPlan)
        if not _deals(component):
            return [self._at_home(component)] if owned else []
        return [self._frames(component), *(self._reader(component, homes) if owned else [])]

    # --- an offramp that executors share -----------------------------------------------------------------------------

    def _owned_offramp(self, offramp: OfframpPlan) -> list[ComponentPlan]:
        options = LinkOptions(path=self.sockets[offramp.id, self.executor])
        intake = OnrampPlan(
            id=_beside(offramp, "links"),
            links=(Link("out", offramp.id, "in"),),
            table=OnrampTable(type=_TYPE, restart="permanent", retry=_RETRY),
            connector=PartPlan[Onramp](LinkIntake, options),
            codec=_as_it_is(),
            preprocessors=(),
        )
        return [self._at_home(offramp), intake]

    def _offramp_elsewhere(self, offramp: OfframpPlan) -> OfframpPlan:
        member = LinkOfframp if offramp.connector.member.encodes else ValueLinkOfframp
        options = LinkOptions(path=self.sockets[offramp.id, self.placement.owner(offramp.id)])
        return replace(
            offramp,
            links=self._links(offramp),
            # Its owner gives up, and says so; to wait for its answer is no stall.
            table=offramp.table.model_copy(
                update={"retry": _RETRY, "give_up": GiveUpOptions(), "stall_after": None}
            ),
            connector=PartPlan[Offramp](member, options),
        )

    # --- an onramp that deals to several executors -------------------------------------------------------------------

    def _frames(self, onramp: OnrampPlan) -> OnrampPlan:
        """Takes over what is dealt to this executor, decodes it, and deals it to the copies."""
        options = LinkOptions(path=self.sockets[onramp.id, self.executor])
        return replace(
            onramp,
            id=_beside(onramp, "frames"),
            links=self._links(onramp),
            table=onramp.table.model_copy(update={"type": _TYPE, "restart": "transient", "retry": _RETRY}),
            connector=PartPlan[Onramp](LinkOnramp, options),
            preprocessors=(),
        )

    def _reader(self, onramp: OnrampPlan, homes: Iterable[int]) -> Iterator[ComponentPlan]:
        # Nobody works on these, so they may be larger than what pipelines get: a link costs by the batch.
        decodes = onramp.codec.member.stateful
        batch_max = onramp.table.batch_max if decodes else max(onramp.table.batch_max, _READER_BATCH)
        dealt = []
        for home in homes:
            link = OfframpPlan(
                id=_beside(onramp, f"to-{home}"),
                links=(),
                # What waits here when an executor dies goes to nobody else, so it is not much.
                table=OfframpTable(type=_TYPE, mailbox_events=2 * batch_max, retry=_RETRY),
                connector=PartPlan[Offramp](
                    FrameLinkOfframp, LinkOptions(path=self.sockets[onramp.id, home])
                ),
                codec=_as_it_is(),
                postprocessors=(),
            )
            dealt.append(Link("out", link.id, "in", _EXECUTORS))
            yield link
        errors = [link for link in self._links(onramp) if link.port == "err"]
        codec: PartPlan[Codec] = onramp.codec if decodes else _as_it_is()
        table = onramp.table.model_copy(update={"batch_max": batch_max})
        yield replace(onramp, links=(*dealt, *errors), codec=codec, table=table)

    # --- links -------------------------------------------------------------------------------------------------------

    def _at_home(self, component: ComponentPlan) -> ComponentPlan:
        return replace(component, links=self._links(component))

    def _links(self, component: ComponentPlan) -> tuple[Link, ...]:
        """Those that stay in this executor."""
        homes = self.placement.homes
        links = [link for link in component.links if self.executor in homes[link.target]]
        alternatives = Counter((link.port, link.group) for link in links)
        return tuple(
            link._replace(group="") if alternatives[link.port, link.group] == 1 else link for link in links
        )


def _without_idle_links(shared: list[ComponentPlan], copies: list[ComponentPlan]) -> Iterator[ComponentPlan]:
    """Leave out the ends of links that nobody in this executor sends to."""
    fed = {link.target for component in (*shared, *copies) for link in component.links}
    for component in shared:
        forwards = isinstance(component, OfframpPlan) and component.connector.member.forwards
        if not forwards or component.id in fed:
            yield component


def _beside(component: ComponentPlan, role: str) -> ComponentId:
    return ComponentId(component.id.flow, 0, f"{component.id.name}.{role}")


def _as_it_is() -> PartPlan[Any]:
    return PartPlan(Binary, Binary.Options())
