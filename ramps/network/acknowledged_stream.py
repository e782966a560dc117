"""`AcknowledgedStream`: a connection whose client hears how much of what it has sent is delivered.

The onramp answers on the same connection, with lines::

    ACK 1280\\n     the first 1280 bytes of this connection are delivered: the client may forget them
    NAK 1280\\n     no more than those are, and no more will be: the connection ends, and the client sends
                   everything behind them again, on a new one, which counts from 0 again

The numbers never fall, and stand at the end of a whole frame. A line covers all before it; while something is under
way, the latest is repeated, so that silence means that nobody is there. An end without ``NAK`` means the same as one.
"""

from __future__ import annotations

import socket as native_socket
from time import monotonic
from typing import Any

import gevent
from gevent.event import Event
from structlog.stdlib import BoundLogger

from ramps.network.connections import stop_reading
from ramps.onramp import InboundStream
from ramps.time_slice import TimeSlice
from ramps.tracker import Tracker

__all__ = ["AcknowledgedStream"]

_REPEAT_SECONDS = 5.0
# How long what is under way may take when the onramp stops. The server waits longer before it kills.
_GRACE_SECONDS = 0.3
_DRAIN_ROUNDS = 16


class AcknowledgedStream:
    """Serves one connection: whoever calls `serve` reads, and a greenlet of its own answers.

    At most ``most`` bytes are under way: beyond that the socket is not read. A client that does not read its
    acknowledgements for ``write_timeout`` seconds is disconnected. Without ``at_least_once`` nobody says what becomes
    of events, and what was taken in counts as delivered.
    """

    def __init__(
        self,
        sock: Any,
        stream: InboundStream,
        *,
        at_least_once: bool,
        most: int,
        write_timeout: float,
        log: BoundLogger,
    ) -> None:
        if sock.family != native_socket.AF_UNIX:
            # Two short lines in a row: the second would wait until the client's system has confirmed the first.
            sock.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_NODELAY, 1)
        self._socket = sock
        self._stream = stream
        self._at_least_once = at_least_once
        self._write_timeout = write_timeout
        self._log = log
        self._news = news = Event()
        self._tracker = Tracker(0, most=most, on_confirmed=lambda _count: news.set(), on_failed=news.set)
        self._fed = 0
        self._whole = 0
        """How many of the first bytes that were fed are whole frames."""
        self._at_end = False
        """Whether the client sends nothing more."""
        self._stops = False
        self._stops_at = float("inf")
        self._told = 0
        self.answerer = gevent.Greenlet(self._answer)
        """Runs within `serve`. After `stop`, it ends when the client was told."""

    def serve(self, read_size: int) -> None:
        """Read until the client ends, something fails, or `stop`; then say what is delivered. Blocks.

        Raises ``OSError`` where the connection broke off.
        """
        self.answerer.start()
        try:
            self._read(read_size)
            self._at_end = not self._stops
            self._news.set()
            self.answerer.join()
            self._drain(read_size)
        finally:
            self.answerer.kill(block=False)

    def finish(self) -> None:
        """Take nothing more in, and end when what is under way is delivered. Does not block."""
        self._stops = True
        self._tracker.wake()
        self._news.set()

    def stop(self) -> None:
        """The same, but what is under way has only a moment. Does not block."""
        self._stops_at = min(self._stops_at, monotonic() + _GRACE_SECONDS)
        self.finish()

    @property
    def confirmed_events(self) -> int:
        """Events that are delivered, as the client was, or is being, told."""
        return self._tracker.confirmed_events

    @property
    def unconfirmed_events(self) -> int:
        """Events that the client is to send again, should the connection end now."""
        return self._tracker.unconfirmed_events

    def _read(self, read_size: int) -> None:
        tracker, time_slice = self._tracker, TimeSlice()
        while True:
            tracker.wait_for_room()
            if tracker.failed or self._stops:
                return
            try:
                data = self._socket.recv(read_size)
            except TimeoutError:
                if not tracker.is_settled:
                    # It waits for us.
                    continue
                self._log.info("A connection was idle for too long and is closed.")
                self.stop()
                return
            if not data or tracker.failed or self._stops:
                return
            self._feed(data)
            if self._stream.held is None:
                self._log.warning(
                    "What a client sends cannot be split into frames any more, so its connection is closed.",
                    reasons=self._stream.reasons,
                )
                self.stop()
                return
            time_slice.give_way()

    def _feed(self, data: bytes) -> None:
        ticket = self._tracker.ticket(self._whole, len(data))
        # The piece must not be settled before it is known how far it reaches.
        own = ticket.fork()
        try:
            if self._at_least_once:
                self._tracker.count(sum(self._stream.feed(data, ticket=ticket)))
            else:
                self._stream.feed(data)
                ticket.answer()
        finally:
            self._fed += len(data)
            held = self._stream.held
            if held is not None:
                self._whole = max(self._whole, self._fed - held)
            self._tracker.reach(self._whole)
            own.answer()

    def _answer(self) -> None:
        """Write all that is written to the client, until there is nothing more to say."""
        try:
            while not self._is_over():
                if self._tracker.confirmed > self._told:
                    self._say("ACK")
                self._wait_for_news()
            complete = self._at_end and self._tracker.confirmed == self._fed and not self._tracker.failed
            self._say("ACK" if complete else "NAK")
        except OSError as error:
            self._log.info("A client took no acknowledgements and is disconnected.", error=str(error))
        # Whoever reads may wait for the client, or for room.
        self.stop()
        stop_reading(self._socket)

    def _is_over(self) -> bool:
        tracker = self._tracker
        if tracker.failed or monotonic() >= self._stops_at:
            return True
        return (self._at_end or self._stops) and tracker.is_settled

    def _wait_for_news(self) -> None:
        seconds = max(0.0, min(_REPEAT_SECONDS, self._stops_at - monotonic()))
        if not self._news.wait(seconds) and not self._is_over() and not self._tracker.is_settled:
            self._say("ACK")
        self._news.clear()

    def _say(self, word: str) -> None:
        self._told = self._tracker.confirmed
        # Not the socket's own: that is how long the client may say nothing.
        with gevent.Timeout(self._write_timeout, TimeoutError(f"for {self._write_timeout:g} s")):
            self._socket.sendall(b"%s %d\n" % (word.encode(), self._told))

    def _drain(self, read_size: int) -> None:
        """Closing a socket with unread bytes resets it, and the reset overtakes what we wrote last."""
        self._socket.settimeout(0.0)
        try:
            for _ in range(_DRAIN_ROUNDS):
                if not self._socket.recv(read_size):
                    return
        except OSError:
            pass
