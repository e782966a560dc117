"""`Query`: a compiled query, which makes the same `pipelines.Graph` that operators in TOML do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipelines.batch import Batch
from pipelines.compiler import Codes, compile_graph, generated_source
from pipelines.graph import Graph
from pipelines.language.diagnostic import Diagnostic
from pipelines.values import copy_value

if TYPE_CHECKING:
    from pipelines.language.queries.plan import Plan
    from pipelines.pipeline import Results

__all__ = ["Query", "QueryInstance"]

Result = tuple[str, Any, dict[str, Any]]
"""The port, the value, the metadata."""


class Query:
    """A compiled query. Made by `compile_query`."""

    warnings: tuple[Diagnostic, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __init__(self, plan: Plan, warnings: Iterable[Diagnostic] = ()) -> None:
        self._plan = plan
        self._codes: Codes = {}
        self.warnings = tuple(warnings)
        self.inputs = tuple(plan.inputs)
        self.outputs = tuple(plan.outputs)

    def graph(self) -> Graph:
        """A new graph of new operators, with a state of their own."""
        return self._plan.graph()

    def python_source(self) -> str:
        """The Python that it was compiled to, for reading only: the function that runs a batch through the whole graph
        for each input, and the functions that it calls for scripts and selects.
        """
        graph = self.graph()
        parts = [f"# events from `{port}`\n\n{generated_source(graph, entry=port)}\n" for port in self.inputs]
        known: set[str] = set()
        for step in self._plan.steps:
            text = "" if step.python is None else step.python()
            if text and text not in known:
                known.add(text)
                parts.append(f"# {step.id}\n\n{text}")
        return "\n\n".join(parts)

    def start(self) -> QueryInstance:
        """An instance for one event at a time, without any actors: for tests and for embedding."""
        return QueryInstance(self._plan, self._codes)


class QueryInstance:
    """A query with its windows and states, on top of a `pipelines.Pipeline`. Its clock is the time that it is told."""

    def __init__(self, plan: Plan, codes: Codes) -> None:
        self._now_ns = 0
        graph = plan.labelled_graph()
        self._pipeline = compile_graph(graph, name="query", clock_ns=lambda: self._now_ns, codes=codes)

    def push(
        self,
        port: str,
        value: Any,
        meta: dict[str, Any] | None = None,
        event_id: int = 0,
        ingest_ns: int = 0,
        origin: str | None = None,
    ) -> list[Result]:
        """Send one event in by ``port``: what leaves, as port, value and metadata. An event that is a batch of others
        (`generic::batch`) comes out as those. Events that leave by ``err`` because something failed are among them.

        Neither ``value`` nor ``meta`` is changed or kept. ``event_id`` is not looked at: our events have none. Raises
        `PipelineError` for a port that the query does not have.
        """
        self._now_ns = max(self._now_ns, ingest_ns)
        batch = Batch(
            [copy_value(value)],
            metas=[copy_value(meta)] if meta else None,
            ingest_ns=ingest_ns,
            origin=origin or "",
        )
        return _apart(self._pipeline.process(batch, port))

    def tick(self, now_ns: int) -> list[Result]:
        """Time has come to ``now_ns``: what windows and operators give out because of that."""
        self._now_ns = max(self._now_ns, now_ns)
        return _apart(self._pipeline.tick(now_ns))

    def finish(self) -> list[Result]:
        """The stream is at its end: what windows and operators still hold and give out then."""
        return _apart(self._pipeline.finish())


def _apart(results: Results) -> list[Result]:
    from pipelines.language.queries.event_list import events_of

    found: list[Result] = []
    for _, batch in results:
        for index, (port, value) in enumerate(batch.values):
            events = events_of(value)
            if events is None:
                meta = batch.metas[index] if batch.metas is not None else None
                found.append((port, value, meta or {}))
            else:
                found += [(port, part, meta) for part, meta in events]
    return found
