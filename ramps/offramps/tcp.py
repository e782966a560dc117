"""The `tcp` offramp: writes a stream of bytes to a TCP server, with or without TLS."""

from __future__ import annotations

import socket as native_socket
import ssl
from typing import Any, ClassVar

from gevent import socket
from pydantic import Field

from pipelines.options import Address, Duration, Options
from ramps.errors import ConnectionLost
from ramps.network.acknowledgements import ConfirmedStream
from ramps.network.outbound_stream import OutboundStream, reason
from ramps.network.tls import TlsClient, client_context
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["TcpOfframp"]


class TcpOptions(Options):
    """Options of `tcp`."""

    address: Address = Field(description="The server, as HOST:PORT.")
    tls: TlsClient | None = Field(
        default=None, description="Speak TLS; an empty table trusts the system's authorities."
    )
    connect_timeout: Duration = Field(
        default="10s",
        validate_default=True,
        gt=0,
        description="How long connecting may take; the TLS handshake has as long again.",
    )
    write_timeout: Duration = Field(
        default="30s",
        validate_default=True,
        gt=0,
        description="How long the server may take nothing at all before it counts as lost.",
    )
    nodelay: bool = Field(default=True, description="Send small packets at once (TCP_NODELAY).")
    keepalive: Duration = Field(
        default="60s",
        validate_default=True,
        description="Probe a connection that was idle this long; 0s never probes.",
    )
    acknowledge: bool = Field(
        default=False,
        description="A batch is written when the server has said that all of it is delivered, as the onramp `tcp` with "
        "`acknowledge` does; an at-least-once flow needs it.",
    )
    acknowledge_timeout: Duration = Field(
        default="30s",
        validate_default=True,
        gt=0,
        description="With `acknowledge`: how long the server may say nothing before it counts as lost.",
    )


@offramps.register
class TcpOfframp(Offramp):
    """Bytes to one TCP connection.

    With ``acknowledge`` one batch is under way at a time, and the next one waits for its acknowledgement. What is not
    acknowledged is sent again on a new connection.
    """

    name: ClassVar[str] = "tcp"
    summary: ClassVar[str] = "Writes to a TCP server, one line an event by default, with TLS if wanted."
    example: ClassVar[str] = """
        [offramps.out]
        type = "tcp"
        address = "127.0.0.1:5044"
        """
    default_postprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    single_owner: ClassVar[bool] = False
    Options = TcpOptions
    options: TcpOptions

    def __init__(self, options: TcpOptions) -> None:
        super().__init__(options)
        self._stream: OutboundStream | None = None
        scheme = "tcp" if options.tls is None else "tcp+tls"
        self._peer = f"{scheme}://{options.address}"
        self.confirms = "write" if options.acknowledge else "never"

    def check(self) -> None:
        """Read the certificates."""
        if self.options.tls is not None:
            client_context(self.options.tls)

    def open(self) -> None:
        """Connect. Blocks up to the connect timeout, and as long again for TLS."""
        self.close()
        tls = self.options.tls
        context = None if tls is None else client_context(tls)
        try:
            sock = socket.create_connection(self.options.address, timeout=self.options.connect_timeout)
        except TimeoutError:
            seconds = self.options.connect_timeout
            raise ConnectionLost(f"{self._peer}: no connection within {seconds:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"{self._peer}: cannot connect: {reason(error)}") from error
        try:
            self._set_options(sock)
            if context is not None and tls is not None:
                name = tls.server_name or self.options.address.host
                # The handshake comes apart from it, because what interrupts it would leave the socket to nobody.
                sock = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
                self._handshake(sock)
        except BaseException:
            sock.close()
            raise
        stream_type = ConfirmedStream if self.options.acknowledge else OutboundStream
        self._stream = stream_type(sock, self._peer)

    def write(self, outgoing: Outgoing) -> None:
        """Write the batch to the connection. Blocks while the server does not read, or has not delivered it."""
        stream, options = self._stream, self.options
        if stream is None:
            raise ConnectionLost(f"{self._peer}: not connected")
        if isinstance(stream, ConfirmedStream):
            stream.deliver(outgoing.joined(), options.write_timeout, options.acknowledge_timeout)
        else:
            stream.send(outgoing.joined(), options.write_timeout)

    def close(self) -> None:
        """Close the connection; waits for nothing."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _set_options(self, sock: Any) -> None:
        options = self.options
        sock.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_NODELAY, options.nodelay)
        if options.keepalive > 0:
            idle = max(1, int(options.keepalive))
            sock.setsockopt(native_socket.SOL_SOCKET, native_socket.SO_KEEPALIVE, 1)
            sock.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_KEEPIDLE, idle)
            sock.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_KEEPINTVL, max(1, idle // 4))
        # Without it the kernel retries for a quarter of an hour before it says that the other machine is gone.
        patience_ms = max(1, int(options.write_timeout * 1000))
        sock.setsockopt(native_socket.IPPROTO_TCP, native_socket.TCP_USER_TIMEOUT, patience_ms)

    def _handshake(self, sock: Any) -> None:
        sock.settimeout(self.options.connect_timeout)
        try:
            sock.do_handshake()
        except ssl.SSLCertVerificationError as error:
            # Retried, not refused: a certificate may be renewed while we wait, and the events are kept meanwhile.
            raise ConnectionLost(
                f"{self._peer}: its certificate is not trusted: {error.verify_message}; "
                "set `tls.ca` to the authority's file, or `tls.server_name` to the name it bears"
            ) from None
        except TimeoutError:
            seconds = self.options.connect_timeout
            raise ConnectionLost(f"{self._peer}: no TLS handshake within {seconds:g} s") from None
        except OSError as error:
            raise ConnectionLost(f"{self._peer}: the TLS handshake failed: {reason(error)}") from error
