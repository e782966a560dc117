"""What weighs events within a query, where a row of scripts and selects could make a small one stand for a huge one.

Each of them may make of an event what is some times as large (see `pipelines.language.codegen.growth`), by holding the
same parts many times. One that is followed by others multiplies with them, so from where the product is more than
`MOST_IN_A_ROW` each result is weighed before it goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from typing import Any, Final

from pipelines.emit import Emit
from pipelines.failure import error_event
from pipelines.language.diagnostic import Diagnostic, ScriptError
from pipelines.language.faults import Fault
from pipelines.language.library.function import Occasion
from pipelines.language.limits import Limits
from pipelines.language.queries.plan import Step
from pipelines.language.queries.routing import Link
from pipelines.language.runtime.leaving import weighing
from pipelines.language.source import Span
from pipelines.operator import Kind, Operator

__all__ = ["MOST_IN_A_ROW", "Weigh", "weigh"]

MOST_IN_A_ROW: Final = 1024.0


class Weigh(Operator):
    """Lets events pass that stand for no more than the limits allow. The others leave by ``err``, as null."""

    name = "weigh"
    summary = "Refuses values that hold the same parts too many times."
    kind = Kind.EVENT
    changes_values = False
    emits_errors = True
    reads_meta = True
    writes_meta = True
    reads_batch = True

    def __init__(self, node_id: str, limits: Limits, span: Span) -> None:
        super().__init__(None)
        self._node_id = node_id
        self._bounded = weighing(limits)["bounded"]
        self._span = span

    def event_function(self) -> Callable[..., Any]:
        """A look at the value and the metadata."""
        bounded = self._bounded

        def run(event: Any, meta: dict[str, Any], _batch: Occasion) -> Any:
            try:
                return bounded(event, meta)
            except Fault as fault:
                error = ScriptError(Diagnostic(fault.message, self._span, fault.hint, fault.code))
                # Neither the event nor its metadata may go on.
                return Emit(error_event(self.component, self._node_id, error, None), "err", {})

        return run


def weigh(
    links: Sequence[Link], growth_of: Mapping[str, float], order: Sequence[str], limits: Limits
) -> list[Link]:
    """The links, with a step `Weigh` in those that need one. ``growth_of`` are the nodes that make anything larger;
    ``order`` is what `order_nodes` gave.
    """
    from_node: defaultdict[str, list[Link]] = defaultdict(list)
    for link in links:
        from_node[link.source.node].append(link)
    sizes: defaultdict[str, float] = defaultdict(lambda: 1.0)
    found: dict[Link, Link] = {}
    # The ends of the pipeline have no name.
    for node in ["", *(name for name in reversed(order) if name)]:
        growth = growth_of.get(node, 1.0)
        size = sizes[node] * growth
        for link in from_node[node]:
            factor = prod(step.growth for step in link.steps)
            steps = list(link.steps)
            if growth > 1.0 and size > MOST_IN_A_ROW:
                steps.insert(0, _step(f"{link.span.line}.{len(found)}", limits, link.span))
            if factor > 1.0 and size * factor > MOST_IN_A_ROW:
                steps.append(_step(f"{link.span.line}.{len(found)}+", limits, link.span))
            sizes[link.sink.node] = max(sizes[link.sink.node], size * factor)
            found[link] = replace(link, steps=tuple(steps))
    return [found[link] for link in links]


def _step(place: str, limits: Limits, span: Span) -> Step:
    node_id = f"weigh@{place}"
    return Step(node_id, partial(Weigh, node_id, limits, span), span)
