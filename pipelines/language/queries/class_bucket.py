"""`ClassBucket`: ``grouper::bucket``, which limits the rate of events by what a script wrote into their metadata."""

from __future__ import annotations

import ast
import heapq
import itertools
from collections import OrderedDict
from typing import Any

from pipelines.errors import EventError
from pipelines.operator import Scope
from pipelines.operators.bucket import Bucket, BucketOptions
from pipelines.sliding_window import SlidingWindow
from pipelines.syntax import call

__all__ = ["ClassBucket"]

_UNLIMITED = "no class or rate"


class ClassBucket(Bucket):
    """As our own ``bucket`` without options, with two differences.

    An event without class or rate leaves by ``err`` as it is, if something is ``linked`` to that; otherwise it is
    dropped, and counted. And of a class's dimensions those are forgotten that were not used for longest: each use is
    numbered, and a heap has each window by the number that it had when somebody last looked.
    """

    outputs = ("out", "overflow", _UNLIMITED)
    emits_errors = True

    def __init__(self, options: BucketOptions | None = None, *, linked: bool = False) -> None:
        super().__init__(options)
        self._without_limit = "err" if linked else _UNLIMITED
        self._use = itertools.count(1).__next__

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str:
        """Count the event in its window."""
        try:
            return super().route(value, meta, ingest_ns)
        except EventError:
            return self._without_limit

    def _mark(self, scope: Scope) -> ast.expr:
        return call(scope.bind("use", self._use))

    def _window_that_is_there(self, group: Any, dimensions: Any) -> SlidingWindow | None:
        window = super()._window_that_is_there(group, dimensions)
        if window is not None:
            window.used = self._use()
        return window

    def _new_window(self, group: Any, dimensions: Any, limit: Any, ingest_ns: int) -> SlidingWindow:
        window = super()._new_window(group, dimensions, limit, ingest_ns)
        window.used = self._use()
        windows = self._classes[group]
        assert isinstance(windows, _Windows)
        heapq.heappush(windows.heap, (window.used, window.used, dimensions))
        return window

    def _new_class(self) -> _Windows:
        return _Windows()

    def _forget_a_window(self, windows: OrderedDict[Any, SlidingWindow]) -> None:
        assert isinstance(windows, _Windows)
        while True:
            number, made, dimensions = windows.heap[0]
            used = windows[dimensions].used
            if used == number:
                break
            heapq.heapreplace(windows.heap, (used, made, dimensions))
        heapq.heappop(windows.heap)
        del windows[dimensions]
        self._forget_found()


class _Windows(OrderedDict[Any, SlidingWindow]):
    """The windows of one class. ``heap``: for each the number of a use, the number of its first use, its key."""

    def __init__(self) -> None:
        super().__init__()
        self.heap: list[tuple[int, int, Any]] = []
