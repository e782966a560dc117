"""`Snapshot`: everything that can be seen of a running deployment at one moment, as plain data.

All counters only grow, over restarts of their component; rates are the business of whoever compares two snapshots. One
is made from what the components count anyway, so that looking costs nothing per event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any

__all__ = ["ComponentSnapshot", "LinkSnapshot", "ProcessSnapshot", "Snapshot"]


@dataclass(frozen=True, slots=True)
class LinkSnapshot:
    """One link of a component: what leaves by ``port`` goes to the component ``target``, by its ``target_port``.

    Events that left by the port are in the component's ``sent``; each link of a port gets all of them, unless ``group``
    says that several links share them.
    """

    port: str
    target: str
    target_port: str
    group: str = ""


@dataclass(frozen=True, slots=True)
class ComponentSnapshot:
    """One component. Times in seconds, sizes in bytes, all other numbers are events."""

    name: str
    """Unique in the deployment: ``"pipeline:main#2/parse"``."""
    kind: str
    """``onramp``, ``pipeline`` or ``offramp``."""
    flow: str
    instance: int
    """Counts from 1; 0 where there is one only."""
    id: str
    """Its name in the file."""
    type: str
    """What it is, in words: ``"tcp > lines > json"``."""
    executor: int
    """The process that it runs in; 0 is the command's own."""
    state: str
    """``starting``, ``running``, ``paused``, ``connecting`` (the outside is away, it tries again), ``restarting``,
    ``ended`` (its input is at its end), ``down`` (nobody restarts it) or ``stopped``."""
    reason: str = ""
    """What is the matter: the error of the last failure, or of the connection that was lost."""
    restarts: int = 0
    waiting: int = 0
    """Events in its mailbox now."""
    max_waiting: int = 0
    """How many it may hold; 0 for onramps, to which nobody sends events."""
    waiting_bytes: int = 0
    max_waiting_bytes: int = 0
    in_hand: int = 0
    """Events that it works on, holds, or has made and not sent yet."""
    blocked_on: str = ""
    """Who or what it waits for now; empty if it does not."""
    blocks: tuple[str, ...] = ()
    """Who waits for room in its mailbox now."""
    blocked_seconds: float = 0.0
    """How long others have waited for room in its mailbox."""
    cpu_seconds: float = 0.0
    """Processor time that it has used (sampled)."""
    received: int = 0
    sent: Mapping[str, int] = field(default_factory=dict)
    """Left by each port that is linked."""
    unlinked: Mapping[str, int] = field(default_factory=dict)
    """Left by each port that nobody reads."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Dropped on purpose, by operator and reason."""
    errors: int = 0
    """Left by ``err``."""
    written: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    position_bytes: int = 0
    """How many bytes of a finite input are read, as they are stored (compressed, where it is)."""
    size_bytes: int = 0
    """How many it has in all; 0 where it has no end, or nobody knows it."""
    latencies: tuple[int, ...] = ()
    """Of an offramp: events by their age when they were written, in the buckets of `ramps.latency`."""
    latency_seconds: float = 0.0
    """The sum of those ages."""
    links: tuple[LinkSnapshot, ...] = ()
    address: str = ""
    """Where it listens."""

    @property
    def events_out(self) -> int:
        """What an offramp has written, or what left any other by ports that are linked."""
        return self.written if self.kind == "offramp" else sum(self.sent.values())

    @property
    def events_dropped(self) -> int:
        """Dropped on purpose, or by ports that nobody reads."""
        return sum(self.dropped.values()) + sum(self.unlinked.values())


@dataclass(frozen=True, slots=True)
class ProcessSnapshot:
    """One process of the deployment."""

    executor: int
    pid: int
    state: str
    restarts: int
    uptime_seconds: float
    cpu_seconds: float
    memory_bytes: int
    """What it occupies now."""
    descriptors: int
    """Open files and sockets."""
    hub_lag_seconds: float
    """How late a timer came at the latest look: how long everybody else keeps everybody waiting."""
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole deployment. ``state`` is ``starting``, ``running``, ``stopping`` or ``stopped``."""

    at_ns: int
    """Wall clock, nanoseconds since 1970."""
    file: str
    state: str
    guarantees: Mapping[str, str]
    """By flow."""
    components: tuple[ComponentSnapshot, ...]
    processes: tuple[ProcessSnapshot, ...]
    dead_letters: int = 0
    kept_dead_letters: int = 0

    def component(self, name: str) -> ComponentSnapshot:
        """The component of that name. Raises ``KeyError``."""
        for component in self.components:
            if component.name == name:
                return component
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        """Plain data: what JSON and msgpack can hold. It shares what is in the snapshot, so change neither."""
        return {
            **_plain(self, _SNAPSHOT),
            "components": tuple(map(_component_to_json, self.components)),
            "processes": tuple(_plain(process, _PROCESS) for process in self.processes),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Snapshot:
        """The same again from what `to_json` gave. Raises ``KeyError`` and ``TypeError`` for others."""
        components = tuple(map(_component, plain["components"]))
        processes = tuple(ProcessSnapshot(**process) for process in plain["processes"])
        return cls(**{**plain, "components": components, "processes": processes})

    @classmethod
    def together(cls, whole: Snapshot, parts: Iterable[Snapshot]) -> Snapshot:
        """One of several processes: ``whole`` says what holds for all of them, ``parts`` what runs in each.

        What several of them have under one name (the links between them apart, which nobody named in a file) stays
        several components, told by ``executor``.
        """
        parts = list(parts)
        return replace(
            whole,
            components=tuple(component for part in parts for component in part.components),
            processes=(*whole.processes, *(process for part in parts for process in part.processes)),
            dead_letters=whole.dead_letters + sum(part.dead_letters for part in parts),
            kept_dead_letters=whole.kept_dead_letters + sum(part.kept_dead_letters for part in parts),
        )


class _Fields:
    """The fields of a dataclass, for reading all at once: `dataclasses.asdict` takes ten times as long."""

    def __init__(self, of: type) -> None:
        self.names = tuple(entry.name for entry in fields(of))
        self.values = attrgetter(*self.names)


_SNAPSHOT = _Fields(Snapshot)
_COMPONENT = _Fields(ComponentSnapshot)
_PROCESS = _Fields(ProcessSnapshot)
_LINK = _Fields(LinkSnapshot)
_NAMES = frozenset(_COMPONENT.names)


def _plain(of: Any, known: _Fields) -> dict[str, Any]:
    return dict(zip(known.names, known.values(of), strict=True))


def _component_to_json(component: ComponentSnapshot) -> dict[str, Any]:
    plain = _plain(component, _COMPONENT)
    plain["links"] = tuple(_plain(link, _LINK) for link in component.links)
    return plain


def _component(plain: Mapping[str, Any]) -> ComponentSnapshot:
    rest = {name: value for name, value in plain.items() if name in _NAMES}
    rest["links"] = tuple(LinkSnapshot(**link) for link in plain["links"])
    rest["blocks"], rest["latencies"] = tuple(plain["blocks"]), tuple(plain["latencies"])
    return ComponentSnapshot(**rest)
