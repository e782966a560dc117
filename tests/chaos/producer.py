"""`Producer`: sends events, each chunk again and again until it is acknowledged, in a thread of its own."""

from __future__ import annotations

import random
import threading

from tests.chaos.events import line
from tests.chaos.sources import Source

__all__ = ["Producer"]

_CHUNK_EVENTS = 40
_PAUSE_SECONDS = 0.02


class Producer:
    """Begins at once, and ends when all ``count`` events are acknowledged, or at `stop`. At most ``pause_seconds`` are
    between two chunks.
    """

    def __init__(
        self, source: Source, seed: int, first: int, count: int, pause_seconds: float = _PAUSE_SECONDS
    ) -> None:
        self.acknowledged: set[int] = set()
        self.sent: set[int] = set()
        self._source = source
        self._pause_seconds = pause_seconds
        self._seed = seed
        self._numbers = range(first, first + count)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether everything is acknowledged."""
        return len(self.acknowledged) == len(self._numbers)

    def stop(self) -> None:
        """Give up what is not acknowledged; waits until nothing is sent any more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        chance = random.Random(self._seed)
        numbers = self._numbers
        while numbers and not self._stop.is_set():
            size = chance.randint(1, _CHUNK_EVENTS)
            chunk, numbers = numbers[:size], numbers[size:]
            self.sent.update(chunk)
            lines = [line(self._seed, number) for number in chunk]
            while not self._source.send(lines):
                if self._stop.wait(_PAUSE_SECONDS):
                    return
            self.acknowledged.update(chunk)
            self._stop.wait(chance.random() * self._pause_seconds)
