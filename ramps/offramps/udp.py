"""The `udp` offramp: one datagram per packet."""

from __future__ import annotations

import errno
import socket as native_socket
from typing import Any, ClassVar

from gevent import socket
from pydantic import Field

from pipelines.options import Address, Duration, Options, Size
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.network.outbound_stream import reason
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["UdpOfframp"]


class UdpOptions(Options):
    """Options of `udp`."""

    address: Address = Field(description="Where to send, as HOST:PORT.")
    bind: Address | None = Field(
        default=None, description="Send from this address; without it the system chooses."
    )
    max_datagram: Size = Field(
        default="65507B",
        validate_default=True,
        gt=0,
        le=65507,
        description="Larger packets are refused; 1472B fits into an Ethernet frame unfragmented.",
    )
    write_timeout: Duration = Field(
        default="30s",
        validate_default=True,
        gt=0,
        description="How long the system may have no room for a datagram.",
    )
    broadcast: bool = Field(default=False, description="Allow a broadcast address.")


@offramps.register
class UdpOfframp(Offramp):
    """One datagram per packet, from a connected socket.

    UDP confirms nothing. All that can be noticed is that nobody listens there (an ICMP message after the fact, on
    the same machine or network): it counts as a lost connection, and the datagrams before it are gone.
    """

    name: ClassVar[str] = "udp"
    summary: ClassVar[str] = "Sends each event as a datagram; nothing tells whether it arrives."
    example: ClassVar[str] = """
        [offramps.out]
        type = "udp"
        address = "127.0.0.1:12201"
        """
    single_owner: ClassVar[bool] = False
    Options = UdpOptions
    options: UdpOptions

    def __init__(self, options: UdpOptions) -> None:
        super().__init__(options)
        self._socket: Any = None
        self._peer = f"udp://{options.address}"

    def open(self) -> None:
        """Look the address up and make the socket. Blocks for the name server."""
        self.close()
        host, port = self.options.address
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=native_socket.SOCK_DGRAM
            )[0]
            self._socket = sock = socket.socket(family, kind, protocol)
            if self.options.broadcast:
                sock.setsockopt(native_socket.SOL_SOCKET, native_socket.SO_BROADCAST, 1)
            if self.options.bind is not None:
                sock.bind(self.options.bind)
            sock.settimeout(self.options.write_timeout)
            sock.connect(address)
        except OSError as error:
            self.close()
            if error.errno == errno.EACCES and not self.options.broadcast:
                raise CannotOpen(
                    f"{self._peer}: a broadcast address; set `broadcast = true` to allow it"
                ) from None
            if error.errno in {errno.EADDRINUSE, errno.EADDRNOTAVAIL}:
                raise CannotOpen(
                    f"{self._peer}: cannot bind to {self.options.bind}: {reason(error)}"
                ) from None
            raise ConnectionLost(f"{self._peer}: cannot open: {reason(error)}") from error

    def write(self, outgoing: Outgoing) -> None:
        """Send every packet. Blocks while the system has no room."""
        if self._socket is None:
            raise ConnectionLost(f"{self._peer}: not open")
        send, max_datagram = self._socket.send, self.options.max_datagram
        too_large: list[int] = []
        for index, packets in enumerate(outgoing.packets):
            if max(map(len, packets), default=0) > max_datagram:
                too_large.append(index)
                continue
            try:
                for packet in packets:
                    send(packet)
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise ConnectionLost(f"{self._peer}: {reason(error)}") from error
                too_large.append(index)
        if too_large:
            raise Rejected(
                f"{self._peer}: larger than a datagram may be ({max_datagram} bytes, or less on this network); "
                "split them with a postprocessor such as gelf-chunking",
                too_large,
            )

    def close(self) -> None:
        """Close the socket."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()
