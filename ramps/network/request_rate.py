"""`RequestRate`: how long to wait so that requests do not come faster than they may. Pure.

The generic cell rate algorithm (ITU-T I.371), which is a token bucket that keeps one number: when the next request
would be due if all came evenly.
"""

from __future__ import annotations

__all__ = ["RequestRate"]

_BURST_SECONDS = 0.1


class RequestRate:
    """At most ``per_second`` requests, as many at once as are due in a tenth of a second, and at least one."""

    def __init__(self, per_second: float) -> None:
        self._interval_seconds = 1.0 / per_second
        self._slack_seconds = max(0.0, _BURST_SECONDS - self._interval_seconds)
        self._due = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the place of one request; answer how many seconds from now it may be sent, 0 for at once."""
        wait_seconds = max(0.0, self._due - self._slack_seconds - now)
        self._due = max(self._due, now) + self._interval_seconds
        return wait_seconds
