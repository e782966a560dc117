"""How many restarts a supervisor may do within a period before it gives up itself (OTP: intensity and period)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from supervisor.supervision.errors import InvalidSupervision

__all__ = ["RestartHistory", "RestartIntensity"]


@dataclass(frozen=True, slots=True)
class RestartIntensity:
    """At most ``max_restarts`` restarts within any ``within_seconds``; one more, and the supervisor itself fails.

    ``docs/supervision.md`` says what the two numbers mean, and why nested supervisors multiply them. Raises
    `InvalidSupervision` for a negative count or a period that is not above zero.
    """

    max_restarts: int = 5
    within_seconds: float = 10.0

    def __post_init__(self) -> None:
        count = self.max_restarts
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise InvalidSupervision(
                f"max_restarts is {count!r}; write a whole number, 0 or more (0: give up at the first failure)"
            )
        if not 0 < self.within_seconds < float("inf"):
            raise InvalidSupervision(
                f"within_seconds is {self.within_seconds!r}; write a number of seconds above 0"
            )

    def __str__(self) -> str:
        return f"{self.max_restarts} within {self.within_seconds:g} s"


class RestartHistory:
    """Counts restarts against a `RestartIntensity`. Pure: whoever calls brings the time (monotonic seconds)."""

    def __init__(self, intensity: RestartIntensity) -> None:
        self.intensity = intensity
        # One more than allowed is enough to know that it is too many, whatever the rate.
        self._times: deque[float] = deque(maxlen=intensity.max_restarts + 1)

    def record(self, now: float) -> int:
        """Note one restart; returns how many lie within the period, this one included, counted up to max + 1.

        A restart that is exactly one period old still counts, as in OTP.
        """
        while self._times and now - self._times[0] > self.intensity.within_seconds:
            self._times.popleft()
        self._times.append(now)
        return len(self._times)

    def revise(self, intensity: RestartIntensity) -> None:
        """Count against another one from now on; the latest restarts are remembered."""
        self.intensity = intensity
        self._times = deque(self._times, maxlen=intensity.max_restarts + 1)

    @property
    def exceeded(self) -> bool:
        """Whether the last `record` was one too many."""
        return len(self._times) > self.intensity.max_restarts
