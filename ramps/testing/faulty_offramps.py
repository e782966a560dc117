"""Offramps with one fault each, for tests of whatever stands in front of an offramp. Named for their fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from gevent.event import Event

from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramp import Offramp, Outgoing

__all__ = [
    "CrashingOfframp",
    "FlakyOfframp",
    "HangingOfframp",
    "RecordingOfframp",
    "RefusingOfframp",
    "UnopenableOfframp",
    "UnreachableOfframp",
]


class RecordingOfframp(Offramp):
    """No fault. ``calls`` names every call in order, ``events`` are the values it took."""

    name: ClassVar[str] = "recording"
    summary: ClassVar[str] = "Records what it is asked to do, for tests."
    encodes: ClassVar[bool] = False

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.calls: list[str] = []
        self.events: list[Any] = []

    def open(self) -> None:
        """Record the call."""
        self.calls.append("open")

    def write(self, outgoing: Outgoing) -> None:
        """Record the call and the values."""
        self.calls.append("write")
        self.events.extend(outgoing.batch.values)

    def flush(self) -> bool | None:
        """Record the call."""
        self.calls.append("flush")
        return None

    def close(self) -> None:
        """Record the call."""
        self.calls.append("close")


class UnopenableOfframp(RecordingOfframp):
    """`open` fails for good."""

    def open(self) -> None:
        """Raises `CannotOpen`."""
        super().open()
        raise CannotOpen("this offramp cannot be opened; it is a test double")


class UnreachableOfframp(RecordingOfframp):
    """`open` loses the connection the first ``failures`` times."""

    def __init__(self, failures: int = 1) -> None:
        super().__init__()
        self.failures = failures

    def open(self) -> None:
        """Raises `ConnectionLost` while there are failures left."""
        super().open()
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionLost("nobody there yet")


class FlakyOfframp(RecordingOfframp):
    """`write` loses the connection the first ``failures`` times; ``retry_after_seconds`` is what it asks for."""

    def __init__(self, failures: int = 1, retry_after_seconds: float | None = None) -> None:
        super().__init__()
        self.failures = failures
        self.retry_after_seconds = retry_after_seconds

    def write(self, outgoing: Outgoing) -> None:
        """Raises `ConnectionLost` while there are failures left."""
        if self.failures > 0:
            self.calls.append("write")
            self.failures -= 1
            raise ConnectionLost("the connection broke", self.retry_after_seconds)
        super().write(outgoing)


class RefusingOfframp(RecordingOfframp):
    """`write` refuses the values for which ``refuses`` is true, and takes the others."""

    def __init__(self, refuses: Callable[[Any], bool] = lambda value: True) -> None:
        super().__init__()
        self.refuses = refuses

    def write(self, outgoing: Outgoing) -> None:
        """Raises `Rejected` with the indices of the refused values."""
        self.calls.append("write")
        refused = [index for index, value in enumerate(outgoing.batch.values) if self.refuses(value)]
        self.events.extend([value for value in outgoing.batch.values if not self.refuses(value)])
        if refused:
            raise Rejected("the other side does not want this", refused)


class HangingOfframp(RecordingOfframp):
    """`write` blocks until `release`. ``blocked`` is set while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked = Event()
        self._released = Event()

    def write(self, outgoing: Outgoing) -> None:
        """Blocks, then takes the batch."""
        self.calls.append("write")
        self.blocked.set()
        try:
            self._released.wait()
        finally:
            self.blocked.clear()
        self.events.extend(outgoing.batch.values)

    def release(self) -> None:
        """From now on, do not hang."""
        self._released.set()


class CrashingOfframp(RecordingOfframp):
    """`write` raises what no contract knows, for the values for which ``crashes_on`` is true."""

    def __init__(self, crashes_on: Callable[[Any], bool] = lambda value: True) -> None:
        super().__init__()
        self.crashes_on = crashes_on

    def write(self, outgoing: Outgoing) -> None:
        """Raises ``RuntimeError``."""
        if any(map(self.crashes_on, outgoing.batch.values)):
            self.calls.append("write")
            raise RuntimeError("this offramp crashes; it is a test double")
        super().write(outgoing)
