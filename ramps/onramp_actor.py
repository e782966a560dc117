"""`OnrampActor`: drives any onramp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from actors import Actor, ActorRef, ExitReason, Lane, MailboxFull
from actors.log import get_logger
from actors.reply import Reply
from actors.valve import Valve
from pipelines.batch import Batch
from pipelines.outlets import Outlets
from pipelines.retry import Backoff, BackoffOptions
from ramps.errors import ConnectionLost, EndOfInput, IntakeFull
from ramps.intake import StreamIntake
from ramps.onramp import Onramp
from ramps.pause import Pause

__all__ = ["OnrampActor", "OnrampPart"]

_STOP_READING = "stop reading"
_LOOK = "look"
_LOOK_SECONDS = 0.1

Send = Callable[[str, Batch, float | None], None]


class OnrampPart:
    """What stays of an onramp over all incarnations of its actor: the connector, the intake and its counters.

    ``restart`` is the restart type in the file. ``on_end`` is called, in the actor's greenlet, when the input has come
    to its end for good; for a ``temporary`` onramp, which nobody starts again, a failure is the end too. ``gate`` is
    waited for before anything is read: where many flows start, the first would otherwise work at full speed while the
    last are still being made. ``on_awaiting`` is called, in the actor's greenlet, when all is read and only waits to be
    delivered.
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
        restart: Literal["permanent", "transient", "temporary"] = "transient",
        gate: Reply | None = None,
        on_awaiting: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.gate = gate
        self.connector = connector
        self.outlets = outlets
        self.on_end = on_end
        self.on_awaiting = on_awaiting
        self.restart = restart
        self.backoff = Backoff(backoff)
        self.intake = make_intake(self._send)
        self.connected = False
        self.outage = ""
        """Why it is not connected."""
        self.valve = Valve()
        """Closed while somebody has paused it: what it has read waits, so that it reads no more."""
        self.ended = False
        """Whether the input is at its end for good."""
        self.closing = False
        """Whether it takes nothing in any more, however often its actor is restarted."""
        self.at_rest = False
        """Whether nothing more will come from it: it has ended or was closed, and delivered all that it had."""
        self.log = get_logger("ramps", component=name)
        connector.log = self.log

    def stop_reading(self, ref: ActorRef[Any] | None) -> None:
        """Take nothing more in, deliver what was taken in, and let the actor live on. Does not block.

        ``ref`` is its actor, if there is one now.
        """
        self.closing = True
        self.valve.open()
        if self.gate is not None:
            self.gate.set()
        if ref is None:
            self.at_rest = True
        else:
            ref.tell(_STOP_READING, lane=Lane.CONTROL)

    def _send(self, port: str, batch: Batch, timeout: float | None) -> None:
        if not self.valve.is_open and not self.valve.wait(timeout):
            raise IntakeFull(f"{self.name} is paused")
        if batch.taken:
            self.outlets.note_sent(port, batch)
            return
        try:
            self.outlets.send(port, batch, timeout)
        except MailboxFull as error:
            raise IntakeFull(str(error)) from None


class _Ended(NamedTuple):
    part: OnrampPart


class OnrampActor(Actor[Any]):
    """Opens the connector at its start, reads in a worker, and ends when the input does.

    A start fails only where waiting does not help (`CannotOpen`); an outage is waited out with backoff.
    """

    def __init__(self, part: OnrampPart) -> None:
        self._part = part
        self._stopping = False
        self._pause = Pause()
        self._reader: Any = None

    def on_start(self) -> None:
        """Open, and begin to read, unless there is nothing more to read: then its whole flow was started anew."""
        part = self._part
        part.connector.clock = self.clock
        delay_seconds = 0.0
        self._stopping = part.ended or (part.closing and not part.connector.end_input())
        if not self._stopping:
            try:
                self._open()
            except (ConnectionLost, OSError) as error:
                delay_seconds = self._lost(error)
        self._reader = self.start_worker(self._read, delay_seconds, name="reader")
        if part.connector.at_least_once:
            self.send_every(_LOOK_SECONDS, _LOOK)

    def on_message(self, message: Any) -> None:
        """The reader came to the end, or is to. Insights are of no use to an onramp: full mailboxes hold it back."""
        if message is _LOOK:
            self._part.connector.keep_place()
            if self._part.connector.awaits_delivery:
                self._part.on_awaiting()
        elif isinstance(message, _Ended):
            # Another part may have taken the place of the one that has ended, with the mailbox.
            if message.part is self._part:
                self._end()
                self.stop()
        elif message is _STOP_READING and self._part.closing and not self._part.connector.end_input():
            # It may have been for a part whose place another one has taken.
            self._stop_reading()

    def on_stop(self, reason: ExitReason) -> None:
        """Close, and let the reader deliver what it has in hand; it does not read on."""
        self._stop_reading()
        if self._part.restart == "temporary" and not reason.expected:
            self._end()
        if self._reader is not None and reason.expected:
            if self._part.gate is not None and not self._part.gate.is_set:
                self._reader.kill()
            self._reader.join()

    def _stop_reading(self) -> None:
        self._stopping = True
        self._pause.end()
        self._part.connected = False
        self._part.connector.close()

    def _end(self) -> None:
        part = self._part
        part.at_rest = True
        if part.restart != "permanent":
            part.ended = True
            part.on_end()

    def _open(self) -> None:
        self._part.connector.open()
        self._part.connected, self._part.outage = True, ""

    def _read(self, delay_seconds: float) -> None:
        part, intake = self._part, self._part.intake
        if part.gate is not None:
            part.gate.wait(self.clock)
        intake.deliver_again()
        at_end = part.ended
        try:
            self._read_until_stopped(delay_seconds)
        except EndOfInput:
            at_end = True
            # At once: whatever happens to this incarnation, the next one must not read the same again.
            part.ended = part.restart != "permanent"
        # What connections still had when closing cut them off.
        intake.deliver_again()
        if at_end:
            self.ref.tell(_Ended(part), lane=Lane.CONTROL)
        elif part.closing:
            part.at_rest = True

    def _read_until_stopped(self, delay_seconds: float) -> None:
        part, connector, intake = self._part, self._part.connector, self._part.intake
        checkpoint = self.system.scheduler.checkpoint
        while not self._stopping:
            try:
                if not part.connected:
                    self._pause.wait(self.clock, delay_seconds)
                    if self._stopping:
                        return
                    self._open()
                    if self._stopping:
                        # The stop has closed it while it was opened, and will not come again.
                        self._stop_reading()
                        return
                    part.log.info("Connected again.")
                before = intake.events
                connector.read(intake)
                if intake.events != before:
                    part.backoff.reset()
            except (ConnectionLost, OSError) as error:
                if not self._stopping:
                    delay_seconds = self._lost(error)
            else:
                checkpoint()

    def _lost(self, error: Exception) -> float:
        """Close, and answer how many seconds to wait before the next try."""
        part = self._part
        part.connected, part.outage = False, str(error)
        part.connector.close()
        delay_seconds = part.backoff.next_delay(getattr(error, "retry_after_seconds", None))
        part.log.warning(
            "Cannot read; it will be opened again.", error=str(error), in_seconds=round(delay_seconds, 3)
        )
        return delay_seconds
