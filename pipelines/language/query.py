"""`Query`: a compiled query, which makes the same `pipelines.Graph` that operators in TOML do."""

from __future__ import annotations

from typing import Any

from pipelines.graph import Graph
from pipelines.language.diagnostic import Diagnostic

__all__ = ["Query", "QueryInstance"]


class Query:
    """A compiled query. Made by `compile_query`."""

    warnings: tuple[Diagnostic, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def graph(self) -> Graph:
        """A new graph of new operators, with a state of their own."""
        raise NotImplementedError

    def start(self) -> QueryInstance:
        """An instance for one event at a time, without any actors: for tests and for embedding."""
        raise NotImplementedError


class QueryInstance:
    """A query with its windows and states, on top of a `pipelines.Pipeline`."""

    def push(
        self,
        port: str,
        value: Any,
        meta: dict[str, Any] | None = None,
        event_id: int = 0,
        ingest_ns: int = 0,
        origin: str | None = None,
    ) -> list[tuple[str, Any, dict[str, Any]]]:
        """Send one event in by ``port``: what leaves, as port, value and metadata. An event that is a batch of others
        (`generic::batch`) comes out as those. Events that leave by ``err`` because something failed are among them.
        """
        raise NotImplementedError

    def tick(self, now_ns: int) -> list[tuple[str, Any, dict[str, Any]]]:
        """Time has come to ``now_ns``: what windows and operators give out because of that."""
        raise NotImplementedError
