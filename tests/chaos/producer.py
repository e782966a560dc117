"""`Producer`: sends events, each chunk again and again until it is acknowledged, in a thread of its own."""

from __future__ import annotations

import random
import threading

from tests.chaos.events import line
from tests.chaos.sources import Source

__all__ = ["Producer"]

_CHUNK_EVENTS = 40
_LONGEST_PAUSE_SECONDS = 0.02


class Producer:
    """Begins at once, and ends when all ``count`` events are acknowledged, or at `stop`."""

    def __init__(self, source: Source, seed: int, first: int, count: int) -> None:
        self.acknowledged: set[int] = set()
        self.sent: set[int] = set()
        self._source = source
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
                if self._stop.wait(_LONGEST_PAUSE_SECONDS):
                    return
            self.acknowledged.update(chunk)
            self._stop.wait(chance.random() * _LONGEST_PAUSE_SECONDS)
