"""`Sampler`: picks, for one who looks, some of the events that pass, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors import Clock
from pipelines.batch import Batch
from pipelines.expression import Expression
from supervisor.taps.feed import TapFeed
from supervisor.taps.shown import Shown

__all__ = ["Sampler"]


@dataclass(slots=True)
class Sampler:
    """At most ``per_second`` events, of those for which ``wanted`` holds, go as copies into ``feed``."""

    feed: TapFeed
    wanted: Expression | None
    per_second: float
    shown: Shown
    clock: Clock
    executor: int
    _left: float = 0.0
    _looked_at: float = float("-inf")

    def look(self, edge: str, batch: Batch, has_time: Callable[[], bool]) -> None:
        """At a batch that passes there, for as long as ``has_time()``, asked before each event. Does not block, and
        raises nothing, whatever the values are.
        """
        values, metas = batch.values, batch.metas
        now = self.clock.now()
        most = max(1.0, self.per_second)
        self._left = min(most, self._left + (now - self._looked_at) * self.per_second)
        self._looked_at = now
        for index, value in enumerate(values):
            if self._left < 1.0 or self.feed.is_full or not has_time():
                self.feed.miss(len(values) - index)
                return
            try:
                meta = None if metas is None else metas[index]
                if self.wanted is not None and not self.wanted(value, meta):
                    continue
                self.feed.put(self._event(edge, batch, value, meta))
            except Exception:
                # A value of a user's own type, which does what it likes.
                self.feed.miss(1)
            self._left -= 1.0

    def _event(self, edge: str, batch: Batch, value: Any, meta: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "at_ns": self.clock.time_ns(),
            "edge": edge,
            "value": self.shown(value),
            "meta": self.shown(meta),
            "origin": batch.origin,
            "ingest_ns": batch.ingest_ns,
            "executor": self.executor,
        }
