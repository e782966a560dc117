"""`StreamServerOnramp`: what the onramps that read byte streams from connections have in common."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from typing import Any, ClassVar

import gevent
from pydantic import Field

from pipelines.options import Duration, Options, Size
from ramps.confirmations import Confirmations
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput
from ramps.network.acknowledged_stream import AcknowledgedStream
from ramps.network.connections import ConnectionServer
from ramps.onramp import InboundStream, Intake, Onramp
from ramps.time_slice import TimeSlice

__all__ = ["StreamServerOnramp", "StreamServerOptions"]

_ANSWER_SECONDS = 0.5


class StreamServerOptions(Options):
    """The limits of a listening onramp."""

    max_connections: int = Field(
        default=1024, ge=1, description="connections at a time; further clients wait until one is free"
    )
    idle_timeout: Duration = Field(  # type: ignore[assignment] # text, as in a file
        default="1h",
        gt=0,
        description="a connection that has sent nothing for this long is closed",
    )
    read_size: Size = Field(  # type: ignore[assignment]
        default="64KiB",
        ge=1,
        le=16 << 20,
        description="bytes read from a connection at a time; what the framing holds comes on top of them",
    )
    acknowledge: bool = Field(
        default=False,
        description="answer each connection with lines that say how many of its bytes are delivered, so that the "
        "client can send again what is not (docs/delivery.md has the protocol); an at-least-once flow needs it",
    )
    max_in_flight: Size = Field(  # type: ignore[assignment]
        default="1MiB",
        ge=1,
        description="with `acknowledge`: bytes of a connection that may be read and not delivered yet",
    )
    write_timeout: Duration = Field(  # type: ignore[assignment]
        default="30s",
        gt=0,
        description="with `acknowledge`: a client that reads no acknowledgements for this long is disconnected",
    )


class StreamServerOnramp(Onramp):
    """Accepts connections; each is one stream.

    A connection whose peer ends it in good order ends its stream, so a last line without a newline counts.
    One that breaks off (reset, an end without TLS's goodbye, idle for too long) aborts its stream, and so
    does `close`: bytes that were read are delivered, half a frame leaves by ``err``.
    """

    listens: ClassVar[bool] = True
    default_preprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    options: StreamServerOptions

    _server: ConnectionServer | None = None

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.replays = self.counts_bytes = self.options.acknowledge
        self._acknowledged: set[AcknowledgedStream] = set()
        self._ends = False
        self._confirmed = self._sent_again = 0
        """Events of connections that have ended."""

    @abstractmethod
    def _listen(self) -> Any:
        """The listening socket. Raises `CannotOpen`."""

    @abstractmethod
    def _origin(self, peer: Any) -> str:
        """What events from this peer name as their origin."""

    def _tls(self) -> ssl.SSLContext | None:
        return None

    def open(self) -> None:
        """Listen. Raises `CannotOpen` with the reason and the remedy."""
        self.close()
        self._ends = False
        tls = self._tls()
        self._server = ConnectionServer(
            self._listen(),
            log=self.log,
            max_connections=self.options.max_connections,
            tls=tls,
            handshake_timeout=getattr(self.options, "handshake_timeout", 10.0),
        )

    def read(self, intake: Intake) -> None:
        """Serve until closed. Raises `EndOfInput` when the last client has been told after `end_input`."""
        server = self._server
        if server is None:
            raise ConnectionLost(f"the {self.name} onramp is not open")
        server.serve(lambda sock, peer: self._serve(server, intake, sock, peer))
        if self._ends:
            raise EndOfInput("the last client was told what is delivered")

    def end_input(self) -> bool:
        """Take nothing more in, and tell clients what becomes of that which is under way."""
        server = self._server
        if server is None or not self._acknowledged:
            return False
        self._ends = True
        server.stop_accepting()
        for acknowledged in self._acknowledged:
            acknowledged.finish()
        return True

    @property
    def awaits_delivery(self) -> bool:
        """Whether it takes nothing more in, and clients wait to be told."""
        return self._ends and bool(self._acknowledged)

    def confirmations(self) -> Confirmations:
        """What clients were told. That they send again what was not acknowledged is taken for granted."""
        unconfirmed = sum(each.unconfirmed_events for each in self._acknowledged)
        return Confirmations(
            self._confirmed + sum(each.confirmed_events for each in self._acknowledged),
            self._sent_again,
            unconfirmed,
            "clients have not been told yet that they are delivered" if unconfirmed else "",
        )

    def close(self) -> None:
        """Stop listening and end all connections. Clients that are to hear what is delivered are told, if they take it
        within half a second.
        """
        server, self._server = self._server, None
        for acknowledged in self._acknowledged:
            acknowledged.stop()
        try:
            gevent.joinall([each.answerer for each in self._acknowledged], timeout=_ANSWER_SECONDS)
        finally:
            if server is not None:
                server.close()

    def _serve(self, server: ConnectionServer, intake: Intake, sock: Any, peer: Any) -> None:
        stream = intake.stream(self._origin(peer))
        sock.settimeout(self.options.idle_timeout)
        if self.options.acknowledge:
            self._serve_acknowledged(server, sock, stream)
            return
        try:
            self._pump(server, sock, stream)
        except TimeoutError:
            stream.abort(f"nothing came for {self.options.idle_timeout:g} s (`idle_timeout`)")
        except OSError as error:
            stream.abort(f"the connection broke off: {error.strerror or error}")
        else:
            if server.closing:
                stream.abort("the onramp was closed")
            else:
                stream.end()

    def _serve_acknowledged(self, server: ConnectionServer, sock: Any, stream: InboundStream) -> None:
        if stream.held is None:
            raise CannotOpen(
                f"the {self.name} onramp cannot acknowledge what its preprocessors or its codec join, decompress or "
                "read a header of; use others, or leave `acknowledge` out"
            )
        acknowledged = AcknowledgedStream(
            sock,
            stream,
            at_least_once=self.at_least_once,
            most=self.options.max_in_flight,
            write_timeout=self.options.write_timeout,
            log=self.log,
        )
        if self._ends:
            return
        self._acknowledged.add(acknowledged)
        try:
            acknowledged.serve(self.options.read_size)
        finally:
            self._acknowledged.discard(acknowledged)
            self._confirmed += acknowledged.confirmed_events
            self._sent_again += acknowledged.unconfirmed_events
            if self._ends and not self._acknowledged:
                server.finish()

    def _pump(self, server: ConnectionServer, sock: Any, stream: InboundStream) -> None:
        size = self.options.read_size
        time_slice = TimeSlice()
        while not server.closing:
            data = sock.recv(size)
            if not data:
                return
            stream.feed(data)
            time_slice.give_way()
