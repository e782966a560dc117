"""How long to wait before the next try: exponential backoff with jitter. Pure: it waits for nothing itself.

The formula is "full jitter" from M. Brooker, *Exponential Backoff And Jitter* (AWS Architecture Blog, 2015)::

    ceiling(n) = min(maximum, initial * factor ** n)        n = failures in a row, from 0
    delay(n)   = ceiling(n) * (1 - jitter * random())       random() in [0, 1)

With ``jitter = 1`` a crowd that failed together spreads over the whole interval; with ``jitter = 0`` the delays
are exact, for tests and for those who want them.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from pydantic import Field, model_validator

from pipelines.options import Duration, Options

__all__ = ["Backoff", "BackoffOptions"]


class BackoffOptions(Options):
    """The ``retry`` or ``backoff`` table of a part that tries again."""

    initial: Duration = Field(
        default="100ms", validate_default=True, description="The longest wait before the first retry."
    )
    factor: float = Field(
        default=2.0,
        ge=1.0,
        le=100.0,
        allow_inf_nan=False,
        description="By how much the wait grows with each failure in a row.",
    )
    maximum: Duration = Field(
        default="30s", validate_default=True, description="The wait never grows beyond this."
    )
    jitter: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="The share of the wait that is left to chance: 1 spreads retries out fully, 0 not at all.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> BackoffOptions:
        if self.initial <= 0:
            raise ValueError('initial must be longer than nothing; write for instance "100ms"')
        if self.maximum < self.initial:
            raise ValueError("maximum is shorter than initial; raise maximum or lower initial")
        return self


class Backoff:
    """Delays for one thing that fails and is tried again: `next_delay` after a failure, `reset` after a success.

    Call `reset` when the thing has *worked* (a batch was written, a child ran for a while), not when it only
    started: a server that accepts and hangs up at once would otherwise be tried without any wait.
    ``random_source`` gives numbers in [0, 1); tests pass their own.
    """

    __slots__ = ("_random", "failures", "options")

    def __init__(
        self, options: BackoffOptions | None = None, random_source: Callable[[], float] = random.random
    ) -> None:
        self.options = BackoffOptions() if options is None else options
        self._random = random_source
        self.failures = 0
        """Failures in a row since the last `reset`."""

    def ceiling(self) -> float:
        """The longest that `next_delay` could answer now, in seconds."""
        options = self.options
        try:
            grown = options.initial * options.factor**self.failures
        except OverflowError:
            return options.maximum
        return min(options.maximum, grown)

    def next_delay(self, at_least_seconds: float | None = None) -> float:
        """Seconds to wait after one more failure.

        ``at_least_seconds`` is what the other side asked for (``Retry-After``); whoever read it has limited it.
        """
        ceiling = self.ceiling()
        self.failures += 1
        delay = ceiling * (1.0 - self.options.jitter * self._random())
        return delay if at_least_seconds is None else max(delay, at_least_seconds)

    def reset(self) -> None:
        """It worked: the next failure starts from ``initial`` again."""
        self.failures = 0
