"""`OfframpActor`: drives any offramp."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from actors import Actor, ActorRef, ExitReason, Lane
from actors.log import get_logger
from actors.valve import Valve
from pipelines.batch import Batch
from pipelines.contraflow import Insight, InsightKind
from pipelines.outlets import Outlets
from pipelines.retry import Backoff, BackoffOptions
from pipelines.ticket import Outcome, Ticket, answer_all, forked_into, settle_batch
from ramps.encoder import Encoder
from ramps.errors import CannotOpen, ConnectionLost, Rejected, StopDeployment
from ramps.formats.codec_values import find_fault
from ramps.give_up import GiveUpOptions
from ramps.latency import Latencies
from ramps.links.linked_batch import LinkedBatch
from ramps.offramp import Offramp, Outgoing

__all__ = ["END_OF_INPUT", "OfframpActor", "OfframpPart"]

END_OF_INPUT = "end of input"
"""Told by the flow lane to an offramp whose connector wants to hear that all has come."""

_TICK = "tick"
_TICK_SECONDS = 0.1
_REOPEN = "reopen"
_SHOWN_DEPTH = 100
_SHOWN_CHARACTERS = 65_536


class OfframpPart:
    """What stays of an offramp over all incarnations of its actor: the connector, the counters.

    ``stop_deployment(exit_code, why)`` is called when the connector asks for an orderly stop.
    """

    def __init__(
        self,
        name: str,
        connector: Offramp,
        encoder: Encoder,
        outlets: Outlets,
        stop_deployment: Callable[[int, str], None],
        backoff: BackoffOptions | None = None,
        give_up: GiveUpOptions | None = None,
    ) -> None:
        self.name = name
        self.give_up = give_up or GiveUpOptions()
        self.connector = connector
        self.encoder = encoder
        self.outlets = outlets
        self.stop_deployment = stop_deployment
        self.backoff = Backoff(backoff)
        self.upstream: list[ActorRef[Any]] = []
        """Pipelines that want to hear of closed and reopened connections."""
        self.connected = False
        self.was_open = False
        """Whether it could be opened once."""
        self.outage = ""
        """Why it is not connected."""
        self.valve = Valve()
        """Closed while somebody has paused it."""
        self.watch: Callable[[str, Batch], None] | None = None
        """Shown each batch before it is written, with its port. Must not block, change or keep what it is shown."""
        self.latencies = Latencies()
        """Ages of what was written."""
        self.outage_told = False
        """Whether the pipelines upstream have been told that the connection is closed, and not yet that it is open."""
        self.written = 0
        """Events that the outside took."""
        self.written_bytes = 0
        self.unconfirmed: list[Ticket] = []
        """Of what was written, for a connector that confirms when it flushes."""
        self.outbox: deque[Batch] = deque()
        """Error events that are being sent."""
        self.failed = 0
        """Events that could not be encoded, or were refused for good; they left by ``err``."""
        self.log = get_logger("ramps", component=name)
        connector.log = self.log


class OfframpActor(Actor[Any]):
    """Encodes and writes batch after batch; while the outside is gone it holds on to the batch in hand, and the full
    mailbox behind it holds back whoever sends.
    """

    def __init__(self, part: OfframpPart) -> None:
        self._part = part
        self._written_since_flush = part.connector.wants_end
        self._stop_asked = False

    def on_start(self) -> None:
        """Open. A start fails only where waiting does not help, and it was never open; otherwise it is tried again."""
        part = self._part
        part.connector.clock = self.clock
        self._now = self.clock.now
        while part.outbox:
            # The batch that they are of comes again, and they are made anew.
            part.outlets.call_off(part.outbox.popleft())
        # An incarnation that was killed while it closed has left them; the next flush says nothing about those.
        self._confirm(Outcome.FAILED)
        self._try_open()
        if type(part.connector).flush is not Offramp.flush:
            self.send_every(_TICK_SECONDS, _TICK)

    def on_message(self, message: Any) -> None:
        """One batch, or a time to flush, or to open again."""
        if message is _TICK:
            if self._written_since_flush and self._part.connected:
                self._try_flush()
            if self._part.connector.sated and not self.ref.depth:
                self._end_input()
        elif message is _REOPEN:
            if not self._part.connected:
                self._try_open()
        elif message is END_OF_INPUT:
            self._end_input()
        else:
            if not self._part.valve.is_open:
                self.waits_for("somebody to resume it")
                self._part.valve.wait()
                self.waits_for(None)
            port, batch = message
            if self._part.watch is not None:
                self._part.watch(port, batch)
            self._deliver(batch)

    def on_stop(self, reason: ExitReason) -> None:
        """Flush if the stop is in order, and close."""
        part = self._part
        try:
            # A link holds nothing back, and the other side may have ended before us.
            if reason.expected and part.connected and not part.connector.forwards:
                while part.connector.flush() and part.unconfirmed:
                    self.sleep(_TICK_SECONDS)
                self._confirm()
        except StopDeployment:
            pass
        except Exception as error:
            part.log.error("The last flush failed.", error=str(error))
        finally:
            part.connected = False
            part.connector.close()
            # What was written and not flushed may be gone.
            self._confirm(Outcome.FAILED)

    def _deliver(self, batch: Batch) -> None:
        part = self._part
        connector = part.connector
        started = self._now()
        # Encoded once: the same object is written until it is taken, so that a connector that sends event by event
        # can remember how far it came.
        outgoing, errors = self._encoded(batch)
        refused, refused_bytes = len(errors), 0
        if errors:
            self._refuse(batch, [(index, "encode", str(error)) for index, error in errors])
        # Of tries in a row that came to nothing: one that got some of the batch out begins the count anew.
        failures, progress, since = 0, 0, started
        while outgoing.batch.values:
            try:
                if not part.connected:
                    self._open()
                if connector.forwards:
                    # For as long as it takes there: who hangs is found where it is.
                    self.waits_for("the executor that has it")
                connector.write(outgoing)
            except Rejected as error:
                indices = range(len(outgoing.batch)) if error.indices is None else error.indices
                refused += len(indices)
                refused_bytes = self._bytes_of(outgoing, indices)
                why = outgoing.refusals
                self._refuse(
                    outgoing.batch, [(index, "rejected", why.get(index, str(error))) for index in indices]
                )
            except StopDeployment as error:
                refused = len(batch)
                self._turn_away(outgoing.batch, error)
                self._ask_to_stop(error)
            except (ConnectionLost, OSError) as error:
                ended = len(outgoing.taken) + len(outgoing.refusals)
                if ended > progress:
                    failures, progress, since = 0, ended, self._now()
                    part.backoff.reset()
                failures += 1
                if self._wait_for_next_try(error, failures, since):
                    continue
                given_up = [*outgoing.pending, *outgoing.refusals]
                refused += len(given_up)
                refused_bytes = self._bytes_of(outgoing, given_up)
                self._give_up(outgoing, error, failures, since)
                # Whoever sends nothing to a closed one would otherwise wait for ever to hear that it is open.
                self.send_after(0.0, _REOPEN)
                break
            # Not when it could be opened: a server that accepts and then fails each write would flap.
            if part.outage_told:
                self._outage_over()
            break
        if failures or connector.forwards:
            self.waits_for(None)
        self._settle(batch, len(batch.values) - refused, refused, started)
        if connector.encodes and refused < len(batch.values):
            part.written_bytes += outgoing.size - refused_bytes

    def _encoded(self, batch: Batch) -> tuple[Outgoing, list[Any]]:
        part = self._part
        shipped = batch.outgoing if isinstance(batch, LinkedBatch) else None
        if shipped is not None:
            return shipped, []
        return part.encoder.encode(batch) if part.connector.encodes else (Outgoing([], batch), [])

    def _settle(self, batch: Batch, taken: int, refused: int, started: float) -> None:
        part = self._part
        if isinstance(batch, LinkedBatch):
            # What was refused is counted where it is reported.
            batch.settle()
        else:
            part.failed += refused
        if taken:
            part.written += taken
            part.latencies.record(self.clock.time_ns() - batch.ingest_ns, taken)
            self._written_since_flush = True
            if part.backoff.failures:
                part.backoff.reset()
        if batch.ticket is not None:
            if part.connector.confirms == "flush" and taken:
                part.unconfirmed.append(batch.ticket)
            else:
                settle_batch(batch)
        if batch.route is not None:
            kind = InsightKind.ACK if taken or not refused else InsightKind.FAIL
            insight = Insight(kind, part.name, batch.route, self._now() - started, len(batch.values))
            batch.route.owner.tell(insight, lane=Lane.CONTRAFLOW)

    def _wait_for_next_try(self, error: Exception, failures: int, started: float) -> bool:
        """Whether to try the batch in hand again after so many failures, now that it was waited for; the events of one
        that is given up leave by ``err``.
        """
        delay = self._lost(error)
        seconds_left = self._part.give_up.seconds_left(failures, self._now() - started)
        if seconds_left is not None:
            # Also for the last one: the next batch is not to be tried at once.
            delay = min(delay, seconds_left or delay)
        self.waits_for("its connection")
        self.sleep(delay)
        return seconds_left != 0

    def _give_up(self, outgoing: Outgoing, error: Exception, failures: int, since: float) -> None:
        """Send what was not taken to ``err``, and what was refused before the rest failed."""
        why = f"given up after {failures} {'try' if failures == 1 else 'tries'}: {error}"
        first_ns = self.clock.time_ns() - round((self._now() - since) * 1e9)
        reasons = [(index, "rejected", text) for index, text in outgoing.refusals.items()]
        reasons += [(index, "given up", why) for index in outgoing.pending]
        # At once: a batch of another process is told of them in one answer.
        self._refuse(outgoing.batch, reasons, {"attempts": failures, "first_attempt_ns": first_ns})

    def _bytes_of(self, outgoing: Outgoing, indices: Iterable[int]) -> int:
        if not self._part.connector.encodes:
            return 0
        return sum(len(packet) for index in indices for packet in outgoing.packets[index])

    def _refuse(
        self, batch: Batch, reasons: list[tuple[int, str, str]], tried: dict[str, int] | None = None
    ) -> None:
        """Send what the outside will never take to ``err``; that of another process leaves there."""
        if isinstance(batch, LinkedBatch):
            batch.refuse([index for index, _kind, _why in reasons], reasons[0][2] if reasons else "")
            return
        name = self._part.name
        values = [
            {"error": why, "kind": kind, "component": name, **_shown(batch.values[index])}
            | (tried if tried and kind == "given up" else {})
            for index, kind, why in reasons
        ]
        indices = [index for index, _kind, _why in reasons]
        metas = None if batch.metas is None else [batch.metas[index] for index in indices]
        errors = batch.part_of_errors(values, metas, list[int | None](indices))
        if batch.ticket is not None:
            forked_into(batch.ticket, errors, self._part.outbox)
        else:
            self._part.outbox.append(errors)
        # Removed only when they have arrived, so that the next incarnation finds what a killed one did not send.
        self._part.outlets.send("err", errors)
        self._part.outbox.popleft()

    def _turn_away(self, batch: Batch, error: StopDeployment) -> None:
        if isinstance(batch, LinkedBatch):
            batch.stop(error.exit_code, str(error))
        else:
            self._refuse(batch, [(index, "stopped", str(error)) for index in range(len(batch))])

    def _end_input(self) -> None:
        part = self._part
        while True:
            try:
                if not part.connected:
                    self._open()
                part.connector.end_input()
            except (ConnectionLost, OSError) as error:
                self.sleep(self._lost(error))
            else:
                self._outage_over()
                self._written_since_flush = True
                return

    def _try_flush(self) -> None:
        try:
            self._written_since_flush = bool(self._part.connector.flush())
            if not self._written_since_flush:
                self._confirm()
        except StopDeployment as error:
            self._written_since_flush = False
            self._confirm(Outcome.FAILED)
            self._ask_to_stop(error)
        except (ConnectionLost, OSError) as error:
            self._try_again_later(error)

    def _confirm(self, outcome: Outcome = Outcome.DELIVERED) -> None:
        answer_all(self._part.unconfirmed, outcome)

    def _ask_to_stop(self, error: StopDeployment) -> None:
        if not self._stop_asked:
            self._stop_asked = True
            self._part.stop_deployment(error.exit_code, f"{self._part.name}: {error}")

    def _open(self) -> None:
        part = self._part
        try:
            part.connector.open()
        except CannotOpen as error:
            if not part.was_open:
                raise
            # What was there may come back (a directory that was moved away), and other flows go on meanwhile.
            raise ConnectionLost(str(error)) from error
        part.connected = part.was_open = True
        part.outage = ""

    def _try_open(self) -> None:
        """With nothing in hand: nobody may send anything to write before we say that we are open again."""
        try:
            self._open()
        except StopDeployment as error:
            self._ask_to_stop(error)
        except (ConnectionLost, OSError) as error:
            self._try_again_later(error)
        else:
            self._outage_over()

    def _try_again_later(self, error: Exception) -> None:
        self.send_after(self._lost(error), _REOPEN)

    def _outage_over(self) -> None:
        if self._part.outage_told:
            self._part.outage_told = False
            self._part.log.info("Connected again.")
            self._tell_upstream(InsightKind.OPEN)

    def _lost(self, error: Exception) -> float:
        """Close, tell everybody, and answer how many seconds to wait before the next try."""
        part = self._part
        part.connected, part.outage = False, str(error)
        part.connector.close()
        # What was written and not flushed may be gone with the connection.
        self._confirm(Outcome.FAILED)
        delay = part.backoff.next_delay(getattr(error, "retry_after_seconds", None))
        tell = part.log.debug if getattr(error, "expected", False) else part.log.warning
        tell("Cannot deliver; it will be tried again.", error=str(error), in_seconds=round(delay, 3))
        if not part.outage_told:
            part.outage_told = True
            self._tell_upstream(InsightKind.CLOSE, str(error))
        return delay

    def _tell_upstream(self, kind: InsightKind, error: str = "") -> None:
        for ref in self._part.upstream:
            ref.tell(Insight(kind, self._part.name, error=error), lane=Lane.CONTRAFLOW)


def _shown(value: Any) -> dict[str, Any]:
    """The event of an error event: as it is, unless that could not be encoded either."""
    if find_fault(value, _SHOWN_DEPTH, with_bytes=False) is None:
        return {"event": value}
    try:
        text = repr(value)
    except Exception:
        # Nested too deeply, or an object of a user's that cannot say what it is.
        text = f"<{type(value).__name__} that cannot be shown>"
    return {"event_repr": text[:_SHOWN_CHARACTERS]}
