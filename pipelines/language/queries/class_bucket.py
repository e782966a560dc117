"""`ClassBucket`: ``grouper::bucket``, which limits the rate of events by what a script wrote into their metadata."""

from __future__ import annotations

import ast
from collections import OrderedDict
from typing import Any

from pipelines.errors import EventError
from pipelines.operator import Operator, Scope
from pipelines.operators.bucket import Bucket, BucketOptions
from pipelines.sliding_window import SlidingWindow

__all__ = ["ClassBucket"]

_UNLIMITED = "no class or rate"


class ClassBucket(Bucket):
    """As our own ``bucket`` without options, but of dimensions it forgets those that were not used for longest.

    An event without class or rate leaves by ``err`` as it is, if something is ``linked`` to that; otherwise it is
    dropped, and counted. Ours only approximates the order of use, and is several times as fast for it: where that
    counts, define ``aftershock::bucket``.
    """

    outputs = ("out", "overflow", _UNLIMITED)
    emits_errors = True

    def __init__(self, options: BucketOptions | None = None, *, linked: bool = False) -> None:
        super().__init__(options)
        self._without_limit = "err" if linked else _UNLIMITED

    def inline_route(self, scope: Scope, port: str) -> tuple[ast.stmt, ...]:
        """A call: each use changes the order."""
        return Operator.inline_route(self, scope, port)

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Count the event in its window."""
        try:
            return super().route(value, meta, ingest_ns)
        except EventError:
            return self._without_limit

    def _window_that_is_there(self, group: Any, dimensions: Any) -> SlidingWindow | None:
        window = super()._window_that_is_there(group, dimensions)
        if window is not None:
            self._classes[group].move_to_end(dimensions)
        return window

    def _remember(self, own: tuple[Any, ...], window: SlidingWindow) -> None:
        """Nothing looks windows up by the event's own fields."""

    def _forget_a_window(self, windows: OrderedDict[Any, SlidingWindow]) -> None:
        windows.popitem(last=False)
