"""When to stop trying to deliver a batch while the connection is lost again and again. Pure."""

from __future__ import annotations

from pydantic import Field

from pipelines.options import Duration, Options

__all__ = ["GiveUpOptions"]


class GiveUpOptions(Options):
    """The ``give_up`` table of an offramp: without limits, it tries for ever."""

    attempts: int | None = Field(
        default=None, ge=1, description="Give a batch up after this many tries that failed."
    )
    after: Duration | None = Field(
        default=None, gt=0, description="Give a batch up when its tries have failed for this long."
    )

    def seconds_left(self, attempts: int, seconds: float) -> float | None:
        """How long a batch may still be tried, when ``attempts`` tries have failed within so many seconds; 0: it is to
        be given up; ``None``: for ever.
        """
        if self.attempts is not None and attempts >= self.attempts:
            return 0.0
        return None if self.after is None else max(0.0, self.after - seconds)
