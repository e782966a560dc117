"""`Plan`: what is to run, as plain data that can be printed and compared.

Two plans of the same file are equal; where they differ, their differing components are what a reload has to swap.
Building it is one loop over `FlowPlan.components`, which has them in the order in which they start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from pipelines.options import Options
from pipelines.registry import Component
from ramps.codec import Codec
from ramps.offramp import Offramp
from ramps.onramp import Onramp
from ramps.postprocessor import Postprocessor
from ramps.preprocessor import Preprocessor
from supervisor.deployment.schema import (
    OfframpTable,
    OnrampTable,
    PipelineTable,
    RestartPolicy,
    SupervisorTable,
)

if TYPE_CHECKING:
    from supervisor.deployment.language_pipelines import CompiledText

__all__ = [
    "ComponentId",
    "ComponentPlan",
    "FlowPlan",
    "InstancePlan",
    "Kind",
    "Link",
    "OfframpPlan",
    "OnrampPlan",
    "PartPlan",
    "PipelinePlan",
    "Plan",
]


class Kind(Enum):
    """What a component is."""

    ONRAMP = "onramp"
    PIPELINE = "pipeline"
    OFFRAMP = "offramp"


class ComponentId(NamedTuple):
    """Which component: its flow, the number of its instance, its name in the file.

    Instances count from 1; 0 means that there is only one: the flow has one instance, or all share it.
    """

    flow: str
    instance: int
    name: str

    def __str__(self) -> str:
        return (
            f"{self.flow}/{self.name}" if self.instance == 0 else f"{self.flow}#{self.instance}/{self.name}"
        )


class Link(NamedTuple):
    """Events that leave by ``port`` go to ``target`` and come in there by ``target_port``.

    Links of one port with the same ``group`` are alternatives: each batch goes to one of their targets. Without a
    group, every event goes there.
    """

    port: str
    target: ComponentId
    target_port: str
    group: str = ""


Member = TypeVar("Member", bound=Component)


@dataclass(frozen=True)
class PartPlan(Generic[Member]):
    """A member of a registry and its checked options."""

    member: type[Member]
    options: Options

    def build(self) -> Member:
        """A new instance. Raises what its constructor raises; the check has made one already."""
        return self.member(self.options)


@dataclass(frozen=True)
class ComponentPlan:
    """What onramps, pipelines and offramps have in common.

    ``table`` of the subclasses holds the checked common keys of the file, without those that have a place of their
    own here (codec, processors, operators). ``links`` are in the order of the file; a port that is not in it leads
    nowhere.
    """

    id: ComponentId
    links: tuple[Link, ...]

    @property
    def kind(self) -> Kind:
        """Which of the three subclasses this is."""
        raise NotImplementedError

    @cached_property
    def actor_name(self) -> str:
        """The name of its actor, unique in the deployment: ``"pipeline:main#2/parse"``."""
        return f"{self.kind.value}:{self.id}"

    def targets(self, port: str) -> tuple[Link, ...]:
        """Where the events that leave by this port go."""
        return tuple(link for link in self.links if link.port == port)


@dataclass(frozen=True)
class OnrampPlan(ComponentPlan):
    """An onramp, with what stands between its bytes and its events.

    ``copies_share_port``: it listens with SO_REUSEPORT only because there are several of it. Whoever else listens there
    is not meant to get a share.
    """

    table: OnrampTable
    connector: PartPlan[Onramp]
    codec: PartPlan[Codec]
    preprocessors: tuple[PartPlan[Preprocessor], ...]
    copies_share_port: bool = field(default=False, compare=False)

    @property
    def kind(self) -> Kind:
        """An onramp."""
        return Kind.ONRAMP


@dataclass(frozen=True)
class PipelinePlan(ComponentPlan):
    """A pipeline: ``table.python`` names its function, ``operators`` is its chain, or ``text`` is its script or query.

    ``search_path`` is the directory where the function's module is looked for first. ``open_outputs``: a script that
    computes names of ports, so that links may name any; ``outputs`` then has those that its flow's links do name.
    """

    table: PipelineTable
    operators: tuple[PartPlan[Any], ...]
    search_path: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    open_outputs: bool = False
    text: CompiledText | None = field(default=None, repr=False)
    """Compiled once, for all copies and incarnations."""
    modules: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """The user's files that its Python function comes from, and their digests."""

    @property
    def kind(self) -> Kind:
        """A pipeline."""
        return Kind.PIPELINE

    @property
    def steps(self) -> tuple[str, ...]:
        """What it consists of, in words: its function, its operators' names, or ``script enrich.tremor``."""
        if self.table.python is not None:
            return (self.table.python,)
        if self.text is None:
            return tuple(part.member.name for part in self.operators)
        language, file, _ = self.table.pipeline_kind.partition("_file")
        return (f"{language} {getattr(self.table, language + file)}" if file else language,)


@dataclass(frozen=True)
class OfframpPlan(ComponentPlan):
    """An offramp, with what stands between its events and its bytes."""

    table: OfframpTable
    connector: PartPlan[Offramp]
    codec: PartPlan[Codec]
    postprocessors: tuple[PartPlan[Postprocessor], ...]

    @property
    def kind(self) -> Kind:
        """An offramp."""
        return Kind.OFFRAMP


@dataclass(frozen=True)
class InstancePlan:
    """One copy of a flow's components, downstream first: each stands behind all that it sends to.

    ``number`` counts from 1, and is 0 where there is only one copy.
    """

    number: int
    components: tuple[ComponentPlan, ...]


@dataclass(frozen=True)
class FlowPlan:
    """A flow: what all its copies share is started first, then the copies, then the onramps that they share."""

    name: str
    restart: RestartPolicy
    shared: tuple[ComponentPlan, ...]
    instances: tuple[InstancePlan, ...]
    at_least_once: bool = False
    drops_when_closed: bool = False
    dead_letters: Path | None = None
    """The file for what it cannot process; without one, that of [supervisor]."""
    dead_letter_offramp: str = ""

    def components(self) -> Iterator[ComponentPlan]:
        """All components in the order in which they start."""
        yield from self.shared_sinks
        for instance in self.instances:
            yield from instance.components
        yield from self.shared_sources

    @property
    def shared_sinks(self) -> tuple[ComponentPlan, ...]:
        """What the copies share and send to, or what comes behind that."""
        return tuple(component for component in self.shared if not _is_source(component))

    @property
    def shared_sources(self) -> tuple[ComponentPlan, ...]:
        """What the copies share and get events from: onramps, and what only those send to."""
        return tuple(component for component in self.shared if _is_source(component))


def _is_source(component: ComponentPlan) -> bool:
    return isinstance(component, OnrampPlan) or (
        isinstance(component, OfframpPlan) and component.connector.member.wants_end
    )


@dataclass(frozen=True)
class Plan:
    """A whole deployment, checked. ``file`` is the name of the file it came from, for messages.

    ``executors`` is how many worker processes run it, 1 for none; ``text`` is what the file said, from which each of
    them makes the same plan.
    """

    file: str
    supervisor: SupervisorTable
    flows: tuple[FlowPlan, ...]
    executors: int = 1
    text: str = field(default="", compare=False, repr=False)

    def components(self) -> Iterator[ComponentPlan]:
        """All components of all flows in the order in which they start."""
        for flow in self.flows:
            yield from flow.components()

    @property
    def at_least_once(self) -> tuple[str, ...]:
        """The names of the flows that promise it."""
        return tuple(flow.name for flow in self.flows if flow.at_least_once)

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data: options as a file would write them, secrets as references only."""
        return {
            "supervisor": {
                **self.supervisor.model_dump(mode="json", by_alias=True),
                "executors": self.executors,
            },
            "flows": [
                {
                    "name": flow.name,
                    "restart": flow.restart.model_dump(mode="json", by_alias=True),
                    "guarantee": "at-least-once" if flow.at_least_once else "best-effort",
                    "dead_letters": flow.dead_letter_offramp
                    or (flow.dead_letters and str(flow.dead_letters)),
                    "when_closed": "drop" if flow.drops_when_closed else "wait",
                    "instances": len(flow.instances),
                    "components": [_component_to_json(component) for component in flow.components()],
                }
                for flow in self.flows
            ],
        }


def _component_to_json(component: ComponentPlan) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": str(component.id),
        "kind": component.kind.value,
        "links": [f"{link.port} -> {link.target}/{link.target_port}" for link in component.links],
    }
    match component:
        case OnrampPlan() | OfframpPlan():
            processors = (
                component.preprocessors if isinstance(component, OnrampPlan) else component.postprocessors
            )
            plain["type"] = component.connector.member.name
            plain["options"] = component.connector.options.model_dump(mode="json", by_alias=True)
            plain["codec"] = component.codec.member.name
            plain["processors"] = [part.member.name for part in processors]
        case PipelinePlan():
            plain["outputs"] = list(component.outputs)
    return plain
