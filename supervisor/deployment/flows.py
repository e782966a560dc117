"""Checks the flows: that links name components and ports that exist, in an order that ends somewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from supervisor.deployment.flow_order import downstream_first, find_cycles
from supervisor.deployment.links import BadLink, Edge, Endpoint, parse_chain
from supervisor.deployment.plan import (
    ComponentId,
    ComponentPlan,
    FlowPlan,
    InstancePlan,
    Kind,
    Link,
    OnrampPlan,
    PipelinePlan,
)
from supervisor.deployment.ports import sharing_its_port
from supervisor.deployment.problem import KeyPath, closest
from supervisor.deployment.schema import DeadLetterOfframp, FlowTable, RestartPolicy
from supervisor.deployment.validate import Findings

__all__ = ["MAX_FLOW_COMPONENTS", "Definition", "check_flow"]

MAX_FLOW_COMPONENTS = 100_000
"""Copies included. A component takes some tens of kilobytes, so this many take a few gigabytes."""


_START_RANK = {Kind.OFFRAMP: 2, Kind.PIPELINE: 1, Kind.ONRAMP: 0}


@dataclass(frozen=True)
class Definition:
    """A component of the file by name. ``plan`` is ``None`` where its own table has errors: its ports are unknown."""

    kind: Kind
    plan: ComponentPlan | None

    def ports(self) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Input and output ports, or ``None`` where they cannot be known."""
        if self.kind is Kind.ONRAMP:
            return (), ("out", "err")
        if self.kind is Kind.OFFRAMP:
            return ("in",), ("err",)
        return (self.plan.inputs, self.plan.outputs) if isinstance(self.plan, PipelinePlan) else None


@dataclass
class _Flow:
    """One flow while it is checked."""

    name: str
    findings: Findings
    definitions: Mapping[str, Definition]
    links: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """By source: port, target, target's port."""
    used: set[str] = field(default_factory=set)
    """The components that the links name, also where a link is wrong otherwise."""
    places: dict[tuple[str, str], tuple[KeyPath, tuple[int, int]]] = field(default_factory=dict)
    """Where each pair of source and target was written first."""

    @property
    def path(self) -> KeyPath:
        return ("flows", self.name)

    @property
    def who(self) -> str:
        return f"flow `{self.name}`"

    def members(self) -> list[str]:
        """The names in the links, in the order of the file."""
        names: dict[str, None] = {}
        for source, targets in self.links.items():
            names[source] = None
            names.update((target, None) for _, target, _ in targets)
        return list(names)

    def targets(self, name: str) -> list[str]:
        return [target for _, target, _ in self.links.get(name, ())]


def check_flow(
    findings: Findings,
    name: str,
    table: dict[str, Any],
    definitions: Mapping[str, Definition],
    default_restart: RestartPolicy,
    executors: int,
) -> tuple[FlowPlan | None, set[str]]:
    """The plan of ``[flows.NAME]``, or ``None`` and problems; and the names that it uses."""
    flow = _Flow(name, findings, definitions)
    before = findings.errors
    checked = findings.validate(FlowTable, table, flow.path, flow.who)
    written = table.get("links")
    for index, text in enumerate(written if isinstance(written, list) else ()):
        if isinstance(text, str):
            _read_link(flow, (*flow.path, "links", index), text)
    if checked is not None and isinstance(checked.dead_letters, DeadLetterOfframp):
        _link_dead_letters(flow, checked.dead_letters.offramp)
    _report_cycles(flow)
    if findings.errors == before:
        _check_ends(flow)
    if checked is None:
        return None, flow.used
    _check_shared(flow, checked)
    instances = executors if checked.instances == "auto" else checked.instances
    if checked.when_closed == "drop" and min(executors, instances) > 1:
        _check_closed_elsewhere(flow, checked)
    copies = len(flow.members()) * instances
    if copies > MAX_FLOW_COMPONENTS:
        message = (
            f"{flow.who} would have {copies} components, copies included; {MAX_FLOW_COMPONENTS} is the limit"
        )
        findings.error((*flow.path, "instances"), "too-many-components", message, "lower `instances`")
    complete = all(definitions[member].plan is not None for member in flow.members())
    if not complete or findings.errors != before:
        return None, flow.used
    return _plan(flow, checked, default_restart, instances, executors), flow.used


def _read_link(flow: _Flow, path: KeyPath, text: str) -> None:
    try:
        edges = parse_chain(text)
    except BadLink as bad:
        flow.findings.error(path, "bad-link", f"{flow.who}: {bad}", bad.hint, within=bad.within)
        return
    for endpoint in (edges[0].source, *(edge.target for edge in edges)):
        _note_use(flow, path, endpoint)
    for edge in edges:
        # Both sides, so that a link with two faults shows both.
        fits = [_source_fits(flow, path, edge.source), _target_fits(flow, path, edge.target)]
        if all(fits):
            _add_edge(flow, path, edge)


def _add_edge(flow: _Flow, path: KeyPath, edge: Edge) -> None:
    links = flow.links.setdefault(edge.source.name, [])
    link = (edge.source.port, edge.target.name, edge.target.port)
    if link in links:
        arrow = f"{edge.source.name}/{edge.source.port} -> {edge.target.name}/{edge.target.port}"
        message = f"{flow.who}: `{arrow}` is there twice"
        flow.findings.error(
            path,
            "duplicate-link",
            message,
            "remove one; each event would go there twice",
            within=edge.target.within,
        )
        return
    links.append(link)
    flow.places.setdefault((edge.source.name, edge.target.name), (path, edge.target.within))


def _note_use(flow: _Flow, path: KeyPath, endpoint: Endpoint) -> None:
    if endpoint.name in flow.definitions:
        flow.used.add(endpoint.name)
        return
    hint = closest(endpoint.name, flow.definitions) or "declare it under [onramps], [pipelines] or [offramps]"
    message = f"{flow.who}: there is no component called `{endpoint.name}`"
    flow.findings.error(path, "unknown-component", message, hint, within=endpoint.within)


def _source_fits(flow: _Flow, path: KeyPath, source: Endpoint) -> bool:
    definition = flow.definitions.get(source.name)
    if definition is None:
        return False
    ports = definition.ports()
    if ports is None or source.port in ports[1]:
        return True
    if isinstance(definition.plan, PipelinePlan) and definition.plan.open_outputs:
        return True
    if definition.kind is Kind.OFFRAMP and source.port == "out":
        message = (
            f"{flow.who}: the offramp `{source.name}` ends a link; only `{source.name}/err` comes out of it"
        )
        hint = f"let the link end with `{source.name}`, or write `{source.name}/err` for the events it could not write"
        flow.findings.error(path, "unknown-port", message, hint, within=source.within)
        return False
    _unknown_port(flow, path, source, "output", ports[1])
    return False


def _target_fits(flow: _Flow, path: KeyPath, target: Endpoint) -> bool:
    definition = flow.definitions.get(target.name)
    if definition is None:
        return False
    ports = definition.ports()
    if ports is None or target.port in ports[0]:
        return True
    if definition.kind is Kind.ONRAMP:
        message = f"{flow.who}: the onramp `{target.name}` begins a link; nothing can be sent to it"
        flow.findings.error(
            path, "unknown-port", message, "write it in front of the first arrow", within=target.within
        )
        return False
    _unknown_port(flow, path, target, "input", ports[0])
    return False


def _unknown_port(
    flow: _Flow, path: KeyPath, endpoint: Endpoint, direction: str, ports: Iterable[str]
) -> None:
    kind = flow.definitions[endpoint.name].kind.value
    message = f"{flow.who}: the {kind} `{endpoint.name}` has no {direction} port `{endpoint.port}`"
    flow.findings.error(path, "unknown-port", message, closest(endpoint.port, ports), within=endpoint.within)


def _report_cycles(flow: _Flow) -> None:
    for circle in find_cycles({source: flow.targets(source) for source in flow.links}):
        path, within = flow.places[circle[-2], circle[-1]]
        flow.findings.error(
            path,
            "cycle",
            f"{flow.who}: the links go round in a circle: {' -> '.join(circle)}",
            "remove one of these links; with bounded mailboxes a circle comes to a standstill",
            within=within,
        )


def _check_ends(flow: _Flow) -> None:
    """Warn of components that get no events, or whose events go nowhere."""
    fed = {target for source in flow.links for target in flow.targets(source)}
    for name in flow.members():
        definition = flow.definitions[name]
        kind = definition.kind
        if kind is not Kind.ONRAMP and name not in fed:
            message = (
                f"{flow.who}: nothing is linked to the {kind.value} `{name}`; it will never get an event"
            )
            flow.findings.warning(
                (*flow.path, "links"), "not-linked", message, f'add a link such as "… -> {name}"', at_key=True
            )
        if kind is Kind.PIPELINE and not flow.targets(name):
            message = (
                f"{flow.who}: the pipeline `{name}` is linked to nothing; what comes out of it is dropped"
            )
            flow.findings.warning(
                (*flow.path, "links"), "not-linked", message, f'add a link such as "{name} -> …"', at_key=True
            )


def _check_shared(flow: _Flow, table: FlowTable) -> None:
    shared = set(table.shared)
    members = flow.members()
    for index, name in enumerate(table.shared):
        path = (*flow.path, "shared", index)
        if name not in members:
            message = f"{flow.who}: `{name}` is shared, but not in the flow's links"
            flow.findings.error(path, "unknown-component", message, closest(name, members))
            continue
        if flow.definitions[name].kind is Kind.ONRAMP:
            # It deals its events out to the copies.
            continue
        for target in dict.fromkeys(flow.targets(name)):
            if target not in shared:
                kind = flow.definitions[name].kind.value
                message = (
                    f"{flow.who}: the {kind} `{name}` is shared and sends to `{target}`, which is not: "
                    f"each copy of `{target}` would get every event, as only an onramp deals its events out"
                )
                flow.findings.error(
                    path, "shared-upstream", message, f"share `{target}` too, or do not share `{name}`"
                )


def _link_dead_letters(flow: _Flow, name: str) -> None:
    """Link every ``err`` port without a reader there, but for those of what stands behind that offramp."""
    path = (*flow.path, "dead_letters", "offramp")
    definition = flow.definitions.get(name)
    if definition is None or definition.kind is not Kind.OFFRAMP:
        names = [known for known, each in flow.definitions.items() if each.kind is Kind.OFFRAMP]
        message = f"{flow.who}: there is no offramp called `{name}` for its dead letters"
        flow.findings.error(
            path, "unknown-component", message, closest(name, names) or "declare it under [offramps]"
        )
        return
    flow.used.add(name)
    behind, pending = set[str](), [name]
    while pending:
        target = pending.pop()
        if target not in behind:
            behind.add(target)
            pending += flow.targets(target)
    for member in flow.members():
        links = flow.links.setdefault(member, [])
        if member not in behind and all(port != "err" for port, _target, _port in links):
            links.append(("err", name, "in"))


def _check_closed_elsewhere(flow: _Flow, table: FlowTable) -> None:
    for name in table.shared:
        definition = flow.definitions.get(name)
        if definition is not None and definition.kind is Kind.OFFRAMP:
            message = (
                f"{flow.who}: the offramp `{name}` is shared by several executors, of which only one knows when it is "
                'closed; `when_closed = "drop"` needs to know it'
            )
            hint = f'do not share `{name}`, or write `executors = 1`, or `when_closed = "wait"`'
            flow.findings.error((*flow.path, "when_closed"), "closed-elsewhere", message, hint)


def _plan(
    flow: _Flow, table: FlowTable, default_restart: RestartPolicy, instances: int, executors: int
) -> FlowPlan:
    shared = set(table.shared)
    copies = list(range(1, instances + 1)) if instances > 1 else [0]
    names = flow.members()
    order = downstream_first(
        names,
        {name: flow.targets(name) for name in names},
        # Where the graph leaves a choice, read backwards: by kind from onramps to offramps, and by name.
        lambda name: (_START_RANK[flow.definitions[name].kind], name),
    )

    def place(name: str, instance: int) -> ComponentPlan:
        template = flow.definitions[name].plan
        assert template is not None
        links: list[Link] = []
        for port, target, target_port in flow.links.get(name, ()):
            if target in shared:
                links.append(Link(port, ComponentId(flow.name, 0, target), target_port))
            elif name not in shared:
                links.append(Link(port, ComponentId(flow.name, instance, target), target_port))
            else:
                group = f"{target}/{target_port}" if len(copies) > 1 else ""
                links += [
                    Link(port, ComponentId(flow.name, copy, target), target_port, group) for copy in copies
                ]
        if isinstance(template, OnrampPlan) and instances > 1 and (name not in shared or executors > 1):
            template = sharing_its_port(template)
        if isinstance(template, PipelinePlan) and template.open_outputs:
            outputs = dict.fromkeys((*template.outputs, *(link.port for link in links)))
            template = replace(template, outputs=tuple(outputs))
        return replace(template, id=ComponentId(flow.name, instance, name), links=tuple(links))

    path = table.dead_letters
    if isinstance(path, Path):
        path = flow.findings.document.directory.joinpath(path)
    restart = default_restart
    if table.restart is not None:
        given = {key: getattr(table.restart, key) for key in table.restart.model_fields_set}
        restart = default_restart.model_copy(update=given)
    return FlowPlan(
        name=flow.name,
        restart=restart,
        shared=tuple(place(name, 0) for name in order if name in shared),
        instances=tuple(
            InstancePlan(number, tuple(place(name, number) for name in order if name not in shared))
            for number in copies
        ),
        at_least_once=table.guarantee == "at-least-once",
        dead_letters=path if isinstance(path, Path) else None,
        dead_letter_offramp="" if path is None or isinstance(path, Path) else path.offramp,
        drops_when_closed=table.when_closed == "drop",
    )
