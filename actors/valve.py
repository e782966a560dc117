"""`Valve`: lets everybody through until it is closed, and then holds them back until it is opened."""

from __future__ import annotations

from gevent.event import Event

__all__ = ["Valve"]


class Valve:
    """Open when it is made. For a component that people may pause: asking ``is_open`` costs an attribute."""

    __slots__ = ("_opened", "is_open")

    def __init__(self) -> None:
        self.is_open = True
        self._opened: Event | None = None

    def close(self) -> None:
        """Hold back whoever comes from now on."""
        if self.is_open:
            self.is_open = False
            self._opened = Event()

    def open(self) -> None:
        """Let everybody through."""
        self.is_open = True
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.set()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Block until it is open; False if it was not within the timeout. Blocks cooperatively."""
        while not self.is_open and self._opened is not None:
            if not self._opened.wait(timeout_seconds):
                return False
        return True
