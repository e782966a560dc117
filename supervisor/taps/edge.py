"""`Edge`: a place of a deployment where events pass, by its name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from supervisor.deployment.plan import ComponentPlan, Kind, OfframpPlan, OnrampPlan, PipelinePlan

__all__ = ["BadEdge", "Edge", "Place", "parse_edge"]

_MAX_CHARACTERS = 500
_WORD = r"[A-Za-z0-9_.-]+"
_EDGE = re.compile(
    rf"(?P<incoming>>\s*)?(?:(?P<kind>onramp|pipeline|offramp):)?(?P<flow>{_WORD})(?:#(?P<instance>[0-9]{{1,6}}))?"
    rf"/(?P<name>{_WORD})(?:/(?P<port>{_WORD}))?"
)

FRAMES = ".frames"
"""Ends the name of the component that decodes, in each executor, what one of them reads for all
(`supervisor.executors.subplan`)."""


class BadEdge(ValueError):
    """What is written is no edge. The text says what can be written."""


class Place(NamedTuple):
    """Where a component's events are looked at: as they come in, or as they leave. No ``port`` means any."""

    component: str
    incoming: bool
    port: str


@dataclass(frozen=True, slots=True)
class Edge:
    """``pipeline:main/parse`` is what leaves that component by ``out``, ``pipeline:main/parse/err`` by ``err``, and
    ``> pipeline:main/parse`` what comes in to it.

    The kind may be left out. Without a number, as in ``main#2/parse``, all copies are meant. From an offramp, nothing
    leaves by ``out``: it stands for what comes in to it.
    """

    flow: str
    name: str
    kind: str = ""
    instance: int | None = None
    incoming: bool = False
    port: str = ""

    def __str__(self) -> str:
        kind = f"{self.kind}:" if self.kind else ""
        copy = "" if self.instance is None else f"#{self.instance}"
        port = f"/{self.port}" if self.port else ""
        return f"{'> ' if self.incoming else ''}{kind}{self.flow}{copy}/{self.name}{port}"

    def places(self, components: Iterable[ComponentPlan]) -> list[Place]:
        """Where to look, of these components that run in one process."""
        found = [component for component in components if self._is_at(component)]
        decoders = {component.id.name for component in found if component.id.name != self.name}
        return [
            place
            for component in found
            for place in self._place(component)
            # What one reads for all is not decoded yet.
            if not decoders or component.id.name in decoders or place.port == "err"
        ]

    def why_absent(self, components: Iterable[ComponentPlan]) -> str:
        """Why there is no such place, for people; empty if there is one."""
        components = list(components)
        found = [component for component in components if self._is_at(component)]
        if not found:
            asked = str(Edge(self.flow, self.name, self.kind, self.instance))
            names = [component.actor_name for component in components]
            close = difflib.get_close_matches(
                asked, [*names, *(name.partition(":")[2] for name in names)], n=1
            )
            hint = f"; did you mean {close[0]!r}?" if close else ""
            return f"there is no component called {asked!r} now{hint}"
        if self.places(found):
            return ""
        name = found[0].actor_name
        if isinstance(found[0], OnrampPlan) and self.incoming:
            return f"to {name} come bytes, no events; {name!r} is what leaves it"
        return f"{name} has no port {self.port!r} now; it has {', '.join(_ports(found[0], self.incoming))}"

    def _is_at(self, component: ComponentPlan) -> bool:
        flow, instance, name = component.id
        return (
            flow == self.flow
            and (name == self.name or (name == self.name + FRAMES and component.kind is Kind.ONRAMP))
            and self.instance in (None, instance)
            and self.kind in ("", component.kind.value)
        )

    def _place(self, component: ComponentPlan) -> Iterator[Place]:
        incoming = self.incoming or (isinstance(component, OfframpPlan) and not self.port)
        port = self.port if incoming else self.port or "out"
        if incoming and isinstance(component, OnrampPlan):
            return
        if not port or port in _ports(component, incoming) or (_is_open(component) and not incoming):
            yield Place(component.actor_name, incoming, port)


def _ports(component: ComponentPlan, incoming: bool) -> list[str]:
    linked = [link.port for link in component.links]
    match component:
        case PipelinePlan():
            known = component.inputs if incoming else (*component.outputs, "err", *linked)
        case OnrampPlan():
            known = () if incoming else ("out", "err", *linked)
        case _:
            known = ("in",) if incoming else ("err", *linked)
    return list(dict.fromkeys(known))


def _is_open(component: ComponentPlan) -> bool:
    return isinstance(component, PipelinePlan) and component.open_outputs


def parse_edge(text: str) -> Edge:
    """The edge that is meant. Raises `BadEdge`."""
    found = _EDGE.fullmatch(text.strip()) if len(text) <= _MAX_CHARACTERS else None
    if found is None:
        raise BadEdge(
            f"{text[:100]!r} is no edge; write `pipeline:main/parse` for what leaves by `out`, "
            "`pipeline:main/parse/err` for what leaves by `err`, `> pipeline:main/parse` for what comes in"
        )
    return Edge(
        found["flow"],
        found["name"],
        found["kind"] or "",
        None if found["instance"] is None else int(found["instance"]),
        found["incoming"] is not None,
        found["port"] or "",
    )
