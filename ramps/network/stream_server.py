"""`StreamServerOnramp`: what the onramps that read byte streams from connections have in common."""

from __future__ import annotations

import ssl
from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Duration, Options, Size
from ramps.errors import ConnectionLost
from ramps.network.connections import ConnectionServer
from ramps.onramp import InboundStream, Intake, Onramp
from ramps.time_slice import TimeSlice

__all__ = ["StreamServerOnramp", "StreamServerOptions"]


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
        tls = self._tls()
        self._server = ConnectionServer(
            self._listen(),
            log=self.log,
            max_connections=self.options.max_connections,
            tls=tls,
            handshake_timeout=getattr(self.options, "handshake_timeout", 10.0),
        )

    def read(self, intake: Intake) -> None:
        """Serve until closed."""
        server = self._server
        if server is None:
            raise ConnectionLost(f"the {self.name} onramp is not open")
        server.serve(lambda sock, peer: self._serve(server, intake, sock, peer))

    def close(self) -> None:
        """Stop listening and end all connections."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _serve(self, server: ConnectionServer, intake: Intake, sock: Any, peer: Any) -> None:
        stream = intake.stream(self._origin(peer))
        sock.settimeout(self.options.idle_timeout)
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

    def _pump(self, server: ConnectionServer, sock: Any, stream: InboundStream) -> None:
        size = self.options.read_size
        time_slice = TimeSlice()
        while not server.closing:
            data = sock.recv(size)
            if not data:
                return
            stream.feed(data)
            time_slice.give_way()
