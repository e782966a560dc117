"""`dedupe`: lets each event through once."""

from __future__ import annotations

import ast
from collections import OrderedDict
from typing import Any

from pydantic import Field

from pipelines.batch import Batch
from pipelines.errors import EventError
from pipelines.field_path import MISSING, FieldPathOption
from pipelines.operator import Kind, Operator, Scope, operators
from pipelines.options import Duration, Options
from pipelines.syntax import assign, call
from pipelines.ticket import Fate
from pipelines.values import key_of

__all__ = ["Dedupe"]


class DedupeOptions(Options):
    """What makes two events the same, and for how long."""

    key: list[FieldPathOption] = Field(
        default_factory=list,
        description="Field paths whose values make an event the same as another; the whole value if there are none.",
    )
    ttl: Duration = Field(
        default="10m",  # type: ignore[assignment]
        gt=0,
        description="How long an event is remembered, from its first occurrence on.",
    )
    max_keys: int = Field(
        default=100_000, ge=1, description="How many are remembered; beyond it the oldest is forgotten."
    )


@operators.register
class Dedupe(Operator):
    """The first event of a key leaves by ``out``, later ones by ``duplicates`` (dropped where that leads nowhere).

    A duplicate does not make the first one be remembered for longer. Time is that of the events' arrival; where it
    goes backwards, it stands still. An event that has none of the key's fields leaves by ``err``; a single one that
    is missing counts as null.

    In a flow that promises at-least-once, the first event of a key counts only while it has not failed: what its source
    sends again is no duplicate of what was not delivered.
    """

    name = "dedupe"
    summary = "Lets each event through once."
    example = """
[pipelines.once]
operators = [{ type = "dedupe", key = ["order.id"], ttl = "1h" }]
"""

    options: DedupeOptions
    Options = DedupeOptions
    kind = Kind.ROUTE
    outputs = ("out", "duplicates")
    changes_values = False

    def __init__(self, options: DedupeOptions | None = None) -> None:
        super().__init__(options)
        self._ttl_ns = round(self.options.ttl * 1e9)
        self._seen: OrderedDict[Any, int] = OrderedDict()
        self._fates: dict[Any, Fate] = {}
        """What becomes of those whose source wants to know."""
        self._now_ns = 0

    def inline_route(self, scope: Scope, port: str) -> tuple[ast.stmt, ...]:
        """With the batch, for its ticket."""
        function = scope.bind("route", self._route_of)
        return (assign(port, call(function, scope.value(), scope.batch())),)

    def _route_of(self, value: Any, batch: Batch) -> str:
        """Look the key up, and remember it."""
        key = self._key(value)
        seen, ingest_ns, ticket = self._seen, batch.ingest_ns, batch.ticket
        if ingest_ns > self._now_ns:
            self._now_ns = ingest_ns
            # The oldest comes first, since time never goes backwards here.
            while seen and next(iter(seen.values())) + self._ttl_ns <= ingest_ns:
                self._forget_oldest()
        if key in seen:
            fate = self._fates.get(key)
            if fate is None or not fate.has_failed:
                return "duplicates"
            del seen[key], self._fates[key]
        seen[key] = self._now_ns
        if ticket is not None:
            self._fates[key] = ticket.fate
        if len(seen) > self.options.max_keys:
            self._forget_oldest()
        return "out"

    def _forget_oldest(self) -> None:
        key, _since = self._seen.popitem(last=False)
        self._fates.pop(key, None)

    def _key(self, value: Any) -> Any:
        paths = self.options.key
        if not paths:
            return key_of(value)
        if len(paths) == 1:
            part = paths[0].get(value)
            if part is not MISSING:
                return key_of(part)
        parts = [path.get(value) for path in paths]
        if all(part is MISSING for part in parts):
            raise EventError(f"the event has no field {' or '.join(repr(str(path)) for path in paths)}")
        return tuple(None if part is MISSING else key_of(part) for part in parts)
