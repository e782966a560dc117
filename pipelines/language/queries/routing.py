"""From the links of a query to the edges of its graph: streams vanish, what passes them goes straight on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.graph import GRAPH, Endpoint
from pipelines.language.diagnostic import Problems
from pipelines.language.queries.plan import Plan, Step
from pipelines.language.queries.select_operators import Pass
from pipelines.language.source import Span

__all__ = ["Link", "order_nodes", "route"]

_MOST_WAYS = 8
"""A stream from which more ways lead on stays in the graph, or streams in a row could multiply them without end."""


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A select: where it reads, what it does, where it writes."""

    source: Endpoint
    steps: tuple[Step, ...]
    sink: Endpoint
    span: Span


def order_nodes(links: Iterable[Link], problems: Problems) -> list[str]:
    """The names of all nodes, each after those that it leads to. Notes an error for each circle."""
    after: dict[str, dict[str, Span]] = {}
    for link in links:
        leads = after.setdefault(link.source.node, {})
        if link.source.node and link.sink.node:
            leads.setdefault(link.sink.node, link.span)
    done: dict[str, None] = {}
    for start in after:
        walk = [(start, list(after[start]))] if start not in done else []
        on_walk = {start: None}
        while walk:
            node, left = walk[-1]
            if not left:
                walk.pop()
                del on_walk[node]
                done[node] = None
                continue
            following = left.pop(0)
            if following in on_walk:
                names = list(on_walk)
                circle = " -> ".join([*names[names.index(following) :], following])
                message = f"events would go round in a circle: {circle}"
                hint = "take one of these selects away"
                problems.error(message, after[node][following], hint, "cycle")
            elif following not in done:
                walk.append((following, list(after.get(following, ()))))
                on_walk[following] = None
    return list(done)


def route(plan: Plan, links: list[Link], streams: dict[str, Span], order: list[str]) -> None:
    """Add the links' steps and all edges to a plan. ``order`` is what `order_nodes` gave; there must be no circles."""
    _Router(plan, links, streams).route(order)


class _Router:
    def __init__(self, plan: Plan, links: list[Link], streams: dict[str, Span]) -> None:
        self._plan = plan
        self._streams = streams
        self._onward: dict[str, list[Endpoint]] = {}
        self._by_source: dict[Endpoint, list[Link]] = {}
        for link in links:
            self._by_source.setdefault(link.source, []).append(link)
            plan.steps += link.steps

    def route(self, order: list[str]) -> None:
        for name in order:
            if name in self._streams:
                self._onward[name] = self._from_stream(name)
        for source, links in self._by_source.items():
            for link in links:
                self._chain(link)
            if source.node not in self._streams:
                targets = self._targets(source)
                if not targets and source.node == GRAPH:
                    # What comes in must lead somewhere, if only to where it is dropped and counted.
                    targets = [self._keep(links[0].sink.node)]
                self._connect(source, targets, links[0].span)

    def _from_stream(self, name: str) -> list[Endpoint]:
        source = Endpoint(name, "out")
        targets = self._targets(source)
        if len(targets) <= _MOST_WAYS:
            return targets
        self._connect(source, targets, self._streams[name])
        return [self._keep(name)]

    def _targets(self, source: Endpoint) -> list[Endpoint]:
        found: list[Endpoint] = []
        for link in self._by_source.get(source, ()):
            found += [Endpoint(link.steps[0].id, "in")] if link.steps else self._behind(link.sink)
        return found

    def _behind(self, sink: Endpoint) -> list[Endpoint]:
        return self._onward.get(sink.node, []) if sink.node in self._streams else [sink]

    def _chain(self, link: Link) -> None:
        for step, following in zip(link.steps, link.steps[1:], strict=False):
            self._plan.edges.append((Endpoint(step.id, "out"), Endpoint(following.id, "in")))
        if link.steps:
            self._connect(Endpoint(link.steps[-1].id, "out"), self._behind(link.sink), link.span)

    def _keep(self, stream: str) -> Endpoint:
        if all(step.id != stream for step in self._plan.steps):
            self._plan.steps.append(Step(stream, Pass, self._streams[stream]))
        return Endpoint(stream, "in")

    def _connect(self, source: Endpoint, targets: list[Endpoint], span: Span) -> None:
        known: set[Endpoint] = set()
        for target in targets:
            if target not in known:
                known.add(target)
                self._plan.edges.append((source, target))
                continue
            # An edge is there once only, but the query says that the event goes there twice.
            again = Step(f"again@{span.line}.{len(self._plan.steps)}", Pass, span)
            self._plan.steps.append(again)
            self._plan.edges += [(source, Endpoint(again.id, "in")), (Endpoint(again.id, "out"), target)]
