"""Where messages go that nobody will process: counted all, the latest kept, and anybody may listen."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from actors.log import get_logger
from actors.messages import Crashed, DeadLetter, Terminated

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
        self._subscribers: list[Callable[[Sequence[DeadLetter]], None]] = []

    def subscribe(self, callback: Callable[[Sequence[DeadLetter]], None]) -> None:
        """Call back with the dead letters from now on, with all that come at a time. The callback must not block; what
        it raises is logged.
        """
        self._subscribers.append(callback)

    def add(self, letters: Sequence[DeadLetter]) -> None:
        """Count and keep these. The kernel's own news are left out: a supervisor that stops hears of each of its
        children, and that is nobody's loss.
        """
        letters = [letter for letter in letters if not isinstance(letter.message, Crashed | Terminated)]
        if not letters:
            return
        self.messages += len(letters)
        self.events += sum(letter.events for letter in letters)
        self.recent.extend(letters)
        for callback in self._subscribers:
            try:
                callback(letters)
            except Exception as error:
                _log.error("A dead-letter subscriber failed.", error=repr(error))

    def __len__(self) -> int:
        return self.messages
