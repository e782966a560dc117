"""`Turns`: calls from several threads one at a time, and a close that waits for none of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Turns"]


class Turns:
    """For what native threads share, whose callers may leave: one that is killed leaves its call to end by itself.

    ``lock`` is one of the operating system. ``release`` lets go of what is shared; it runs once nobody is at it any
    more, perhaps more than once, and must not raise.
    """

    def __init__(self, lock: Any, release: Callable[[], None]) -> None:
        self._lock = lock
        self._release = release
        self._closed = False

    @contextlib.contextmanager
    def taking(self, refusal: Callable[[], Exception]) -> Iterator[None]:
        """Wait for one's turn, in a native thread. Raises ``refusal()`` when it is closed."""
        try:
            with self._lock:
                if self._closed:
                    raise refusal()
                yield
        finally:
            # Whoever closed meanwhile could not get the turn.
            if self._closed:
                self.close()

    def close(self) -> None:
        """Release, now or when the call under way has ended. Does not wait for it. A second call does no harm."""
        self._closed = True
        if self._lock.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._lock.release()
