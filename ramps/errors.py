"""The error tree of `ramps`, sorted by what the caller does next.

::

    RampError                      root
    ├── CannotOpen                 will not open by waiting (a missing file, a port in use): the start fails, says why
    ├── ConnectionLost             may work later: close, wait (backoff with jitter), open, try again
    ├── Rejected                   the outside refuses these payloads for good: they leave by ``err``
    ├── EndOfInput                 an onramp has nothing more and never will: it ends (no error at all)
    ├── StopDeployment             an offramp asks for an orderly stop with an exit code (no error at all)
    ├── IntakeFull                 downstream had no room within the time given, nothing was taken in
    └── BadData                    these bytes or this value, not the ramp: one ``err`` event, the ramp goes on
        ├── FrameError             bytes that cannot be framed, decompressed, or are too long
        ├── DecodeError            a frame that is not in the codec's format
        └── EncodeError            a value that the codec cannot write
"""

from __future__ import annotations

__all__ = [
    "BadData",
    "CannotOpen",
    "ConnectionLost",
    "DecodeError",
    "EncodeError",
    "EndOfInput",
    "FrameError",
    "IntakeFull",
    "RampError",
    "Rejected",
    "StopDeployment",
]


class RampError(Exception):
    """Root of the errors that `ramps` raises on purpose."""


class CannotOpen(RampError):
    """The ramp cannot open and waiting will not help. The message names the thing, the reason and the remedy.

    An offramp that was open before is waited for nevertheless, as after `ConnectionLost`.
    """


class ConnectionLost(RampError):
    """The other side is gone or not there yet. The driver closes, backs off, reopens; an offramp's batch is kept.

    ``retry_after_seconds`` is what the other side asked for, if it did. ``expected`` means that it has never been
    there, and comes if all goes well: nobody needs to be warned.
    """

    def __init__(
        self, message: str, retry_after_seconds: float | None = None, *, expected: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.expected = expected


class Rejected(RampError):
    """The other side understood and refuses for good. ``indices`` are the payloads meant; ``None`` means all."""

    def __init__(self, message: str, indices: list[int] | None = None) -> None:
        super().__init__(message)
        self.indices = indices


class EndOfInput(RampError):
    """The input is at its end for good. Steers; is never logged as an error."""


class StopDeployment(RampError):
    """An offramp has seen the end of the work: the deployment drains, stops and exits with ``exit_code``.

    Steers; is never logged as an error. From `Offramp.flush` it comes with nothing in hand. From `Offramp.write` it
    means that the batch was *not* taken and never will be (the reader of a pipe went away on purpose).
    """

    def __init__(self, message: str, exit_code: int = 0) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class IntakeFull(RampError):
    """Downstream had no room in time. Nothing of the data was taken in; the sender may try again."""


class BadData(RampError):
    """Root of the errors that are about bytes or a value, and cost nothing but that event.

    ``position`` is the offset in bytes within the frame where the format broke, if the format tells.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position

    def forget_traceback(self) -> None:
        """Let go of the frames that it passed through.

        Whoever collects errors in a list is in one of those frames, so that the list would hold itself: such a cycle,
        with the bytes of all its frames, waits for the garbage collector, which a busy process puts off.
        """
        self.__traceback__ = self.__context__ = None


class FrameError(BadData):
    """Bytes that cannot be split, decompressed or joined into frames, or that go beyond a limit."""


class DecodeError(BadData):
    """A frame that is not in the codec's format."""


class EncodeError(BadData):
    """A value that the codec cannot write."""
