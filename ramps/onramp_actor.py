"""`OnrampActor`: drives any onramp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import Actor, ExitReason, MailboxFull
from actors.log import get_logger
from pipelines.batch import Batch
from pipelines.outlets import Outlets
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput, IntakeFull
from ramps.intake import StreamIntake
from ramps.onramp import Onramp
from ramps.pause import Pause
from ramps.retry import Backoff, BackoffOptions

__all__ = ["OnrampActor", "OnrampPart"]

_ENDED = "ended"

Send = Callable[[str, Batch, float | None], None]


class OnrampPart:
    """What stays of an onramp over all incarnations of its actor: the connector, the intake and its counters.

    ``on_end`` is called, in the actor's greenlet, when the input has come to its end; for a ``temporary`` onramp,
    which nobody starts again, a failure is the end too.
    """

    def __init__(
        self,
        name: str,
        connector: Onramp,
        make_intake: Callable[[Send], StreamIntake],
        outlets: Outlets,
        on_end: Callable[[], None] = lambda: None,
        backoff: BackoffOptions | None = None,
        *,
        temporary: bool = False,
    ) -> None:
        self.name = name
        self.connector = connector
        self.outlets = outlets
        self.on_end = on_end
        self.temporary = temporary
        self.backoff = Backoff(backoff)
        self.intake = make_intake(self._send)
        self.connected = False
        self.ended = False
        """Whether the input is at its end for good."""
        self.log = get_logger("ramps", component=name)
        connector.log = self.log

    def _send(self, port: str, batch: Batch, timeout: float | None) -> None:
        try:
            self.outlets.send(port, batch, timeout)
        except MailboxFull as error:
            raise IntakeFull(str(error)) from None


class OnrampActor(Actor[Any]):
    """Opens the connector at its start, reads in a worker, and ends when the input does.

    A start fails only where waiting does not help (`CannotOpen`); an outage is waited out with backoff.
    """

    def __init__(self, part: OnrampPart) -> None:
        self._part = part
        self._stopping = False
        self._pause = Pause()

    def on_start(self) -> None:
        """Open, and begin to read."""
        part = self._part
        part.connector.clock = self.clock
        try:
            self._open()
        except CannotOpen:
            raise
        except (ConnectionLost, OSError) as error:
            self._lost(error)
        self._reader = self.start_worker(self._read, name="reader")

    def on_message(self, message: Any) -> None:
        """The reader came to the end. Insights are of no use to an onramp yet: full mailboxes hold it back."""
        if message is _ENDED:
            self._end()
            self.stop()

    def on_stop(self, reason: ExitReason) -> None:
        """Close, and let the reader deliver what it has in hand; it does not read on."""
        self._stopping = True
        self._pause.end()
        self._part.connected = False
        self._part.connector.close()
        if self._part.temporary and not reason.expected:
            self._end()
        reader = getattr(self, "_reader", None)
        if reader is not None and reason.expected:
            reader.join()

    def _end(self) -> None:
        self._part.ended = True
        self._part.on_end()

    def _open(self) -> None:
        self._part.connector.open()
        self._part.connected = True

    def _read(self) -> None:
        part, connector, intake = self._part, self._part.connector, self._part.intake
        checkpoint = self.system.scheduler.checkpoint
        try:
            while not self._stopping:
                try:
                    if not part.connected:
                        self._open()
                        part.log.info("Connected again.")
                    before = intake.events
                    connector.read(intake)
                    if intake.events != before:
                        part.backoff.reset()
                except (ConnectionLost, OSError) as error:
                    if not self._stopping:
                        self._lost(error)
                else:
                    checkpoint()
        except EndOfInput:
            self.ref._cell.mailbox.put_control(_ENDED)

    def _lost(self, error: Exception) -> None:
        part = self._part
        part.connected = False
        part.connector.close()
        delay = part.backoff.next_delay(getattr(error, "retry_after_seconds", None))
        part.log.warning("Connection lost; it will be opened again.", error=str(error), in_seconds=round(delay, 3))
        self._pause.wait(self.clock, delay)
