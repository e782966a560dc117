"""The `tcp` onramp: listens on a port; each connection is a stream of its own."""

from __future__ import annotations

import ssl
from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Address, Duration, HostPort
from ramps.network import listening
from ramps.network.stream_server import StreamServerOnramp, StreamServerOptions
from ramps.network.tls import TlsServer, server_context
from ramps.onramp import onramps

__all__ = ["TcpOnramp"]


class TcpOptions(StreamServerOptions):
    """Options of `tcp`."""

    address: Address = Field(description="where to listen; port 0 lets the system choose")
    tls: TlsServer | None = Field(
        default=None, description="certificate and key; without them it is plain TCP"
    )
    handshake_timeout: Duration = Field(  # type: ignore[assignment] # text, as in a file
        default="10s",
        gt=0,
        description="how long a TLS handshake may take",
    )
    reuse_port: bool = Field(default=False, description="let several processes share the port (SO_REUSEPORT)")


@onramps.register
class TcpOnramp(StreamServerOnramp):
    """Bytes from TCP connections, with or without TLS."""

    name: ClassVar[str] = "tcp"
    summary: ClassVar[str] = "Listens on a TCP port; each connection is a stream of frames, lines by default."
    example: ClassVar[str] = """
        [onramps.in]
        type = "tcp"
        address = "127.0.0.1:5044"
        """
    single_owner: ClassVar[bool] = False
    Options = TcpOptions
    options: TcpOptions

    address: HostPort
    """Where it listens, once it is open."""

    def check(self) -> None:
        """Read the certificates."""
        self._tls()

    def _listen(self) -> Any:
        sock = listening.listen(self.options.address, reuse_port=self.options.reuse_port)
        self.address = listening.bound_address(sock)
        return sock

    def _origin(self, peer: Any) -> str:
        return f"tcp://{HostPort(*peer[:2])}"

    def _tls(self) -> ssl.SSLContext | None:
        return None if self.options.tls is None else server_context(self.options.tls)
