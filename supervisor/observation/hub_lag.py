"""`HubLag`: how late timers come, which is how long everybody keeps everybody else waiting."""

from __future__ import annotations

from actors import Cancellable, Clock

__all__ = ["HubLag"]

_EVERY_SECONDS = 0.25


class HubLag:
    """Sets a timer four times a second, and notes how late it came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = 0.0
        self._latest_seconds = 0.0
        self._timer: Cancellable | None = None

    def start(self) -> None:
        """Begin. A second call changes nothing."""
        if self._timer is None:
            self._set()

    def stop(self) -> None:
        """End. A second call changes nothing."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    @property
    def seconds(self) -> float:
        """How late the latest timer came, or is by now."""
        late = self._clock.now() - self._due if self._timer is not None else 0.0
        return max(self._latest_seconds, late)

    def _set(self) -> None:
        self._due = self._clock.now() + _EVERY_SECONDS
        self._timer = self._clock.call_later(_EVERY_SECONDS, self._tick)

    def _tick(self) -> None:
        self._latest_seconds = max(0.0, self._clock.now() - self._due)
        self._set()
