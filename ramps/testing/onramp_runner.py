"""`OnrampRunner`: drives an onramp in a test as the engine would, without actors."""

from __future__ import annotations

from types import TracebackType

import gevent

from ramps.errors import EndOfInput
from ramps.onramp import Intake, Onramp

__all__ = ["OnrampRunner"]


class OnrampRunner:
    """Opens an onramp and reads it in a greenlet until its end, an error or `close`::

    with OnrampRunner(onramp, intake) as runner:
        ...
        runner.wait_for_end()
    """

    def __init__(self, onramp: Onramp, intake: Intake) -> None:
        self.onramp = onramp
        self.intake = intake
        self.ended = False
        """Whether the onramp said that nothing more will come."""
        self.error: Exception | None = None
        """What `Onramp.read` raised, other than `EndOfInput`."""
        self._closed = False
        self._greenlet: gevent.Greenlet | None = None

    def open(self) -> None:
        """Open the onramp and begin to read. Raises what `Onramp.open` does."""
        self._closed = self.ended = False
        self.error = None
        self.onramp.open()
        self._greenlet = gevent.spawn(self._read)

    def close(self, *, seconds: float = 5.0) -> None:
        """Close the onramp, and wait until the read under way has returned: ``AssertionError`` if it does
        not.
        """
        self._closed = True
        self.onramp.close()
        self.join(seconds)

    def join(self, seconds: float = 5.0) -> None:
        """Wait until nothing is read any more: ``AssertionError`` after this long."""
        if self._greenlet is not None:
            self._greenlet.join(seconds)
            assert self._greenlet.dead, f"read() of {self.onramp.name} did not return within {seconds} s"

    def wait_for_end(self, seconds: float = 5.0) -> None:
        """Wait for the end of the input. Raises what `Onramp.read` raised instead."""
        self.join(seconds)
        if self.error is not None:
            raise self.error
        assert self.ended, f"{self.onramp.name} was closed before the end of its input"

    def kill(self) -> None:
        """Interrupt the read under way with ``GreenletExit``."""
        if self._greenlet is not None:
            self._greenlet.kill(timeout=5.0)
            assert self._greenlet.dead, f"read() of {self.onramp.name} swallowed GreenletExit"

    def _read(self) -> None:
        try:
            while not self._closed:
                self.onramp.read(self.intake)
        except EndOfInput:
            self.ended = True
        except Exception as error:
            self.error = error

    def __enter__(self) -> OnrampRunner:
        try:
            self.open()
        except BaseException:
            self.onramp.close()
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()
