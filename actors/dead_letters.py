"""Where messages go that nobody will process: counted all, the latest kept, and anybody may listen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from actors.log import get_logger
from actors.messages import DeadLetter

__all__ = ["DeadLetters"]

_log = get_logger("actors")


class DeadLetters:
    """The dead letters of one system. ``kept``: how many of the latest are held in memory."""

    def __init__(self, kept: int = 1000) -> None:
        self.recent: deque[DeadLetter] = deque(maxlen=kept)
        self.messages = 0
        """Dead letters ever."""
        self.events = 0
        """Events in them."""
        self._subscribers: list[Callable[[DeadLetter], None]] = []

    def subscribe(self, callback: Callable[[DeadLetter], None]) -> None:
        """Call back with each dead letter from now on. The callback must not block; what it raises is logged."""
        self._subscribers.append(callback)

    def add(self, letter: DeadLetter) -> None:
        """Count and keep one."""
        self.messages += 1
        self.events += letter.events
        self.recent.append(letter)
        for callback in self._subscribers:
            try:
                callback(letter)
            except Exception as error:
                _log.error("A dead-letter subscriber failed.", error=repr(error))

    def __len__(self) -> int:
        return self.messages
