"""The `udp` onramp: each datagram is a frame of its own."""

from __future__ import annotations

import errno
import socket as constants
from collections import OrderedDict
from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Address, HostPort, Options, Size
from ramps.errors import ConnectionLost
from ramps.network import listening
from ramps.onramp import InboundStream, Intake, Onramp, onramps
from ramps.time_slice import TimeSlice

__all__ = ["UdpOnramp"]

# The largest payload that UDP over IPv4 can carry is 65,507 bytes; one more would tell truncation.
_DATAGRAM_BYTES = 65536


class UdpOptions(Options):
    """Options of `udp`."""

    address: Address = Field(description="where to listen; port 0 lets the system choose")
    receive_buffer: Size | None = Field(
        default=None,
        description="bytes that the kernel holds for us while we are busy (SO_RCVBUF); beyond them it drops",
    )
    max_senders: int = Field(
        default=256,
        ge=1,
        description="senders whose framing state is kept (half a message of gelf-chunking); senders can be forged",
    )
    reuse_port: bool = Field(default=False, description="let several processes share the port (SO_REUSEPORT)")


@onramps.register
class UdpOnramp(Onramp):
    """Datagrams. While downstream is full nothing is read, and what the kernel cannot hold is lost: that is
    UDP.
    """

    name: ClassVar[str] = "udp"
    summary: ClassVar[str] = "Listens on a UDP port; each datagram is one frame."
    example: ClassVar[str] = """
        [onramps.in]
        type = "udp"
        address = "127.0.0.1:8125"
        codec = "string"
        """
    default_codec: ClassVar[str] = "string"
    feeds_frames: ClassVar[bool] = True
    listens: ClassVar[bool] = True
    single_owner: ClassVar[bool] = False
    Options = UdpOptions
    options: UdpOptions

    address: HostPort
    """Where it listens, once it is open."""

    _socket: Any = None

    def open(self) -> None:
        """Bind. Raises `CannotOpen` with the reason and the remedy."""
        self.close()
        sock = listening.bind(self.options.address, constants.SOCK_DGRAM, reuse_port=self.options.reuse_port)
        wanted = self.options.receive_buffer
        if wanted is not None:
            sock.setsockopt(constants.SOL_SOCKET, constants.SO_RCVBUF, min(wanted, 2**31 - 1))
            # Linux doubles the number for its own bookkeeping, and caps it silently.
            granted = sock.getsockopt(constants.SOL_SOCKET, constants.SO_RCVBUF) // 2
            if granted < wanted:
                self.log.warning(
                    "the system granted a smaller receive buffer; raise net.core.rmem_max",
                    wanted_bytes=wanted,
                    granted_bytes=granted,
                )
        self.address = listening.bound_address(sock)
        self._socket = sock

    def read(self, intake: Intake) -> None:
        """Receive until closed."""
        sock = self._socket
        if sock is None:
            raise ConnectionLost("the udp onramp is not open")
        streams: OrderedDict[Any, InboundStream] = OrderedDict()
        time_slice = TimeSlice()
        while self._socket is sock:
            try:
                data, sender = sock.recvfrom(_DATAGRAM_BYTES)
            except OSError as error:
                if self._socket is not sock:
                    break
                if error.errno == errno.ECONNREFUSED:
                    continue
                raise
            stream = streams.get(sender)
            if stream is None:
                stream = streams[sender] = intake.stream(f"udp://{HostPort(*sender[:2])}", framed=True)
                if len(streams) > self.options.max_senders:
                    _, oldest = streams.popitem(last=False)
                    oldest.abort("too many other senders sent since (`max_senders`)")
            else:
                streams.move_to_end(sender)
            stream.feed(data)
            time_slice.give_way()
        for stream in streams.values():
            stream.abort("the onramp was closed")

    def close(self) -> None:
        """Stop listening."""
        sock, self._socket = self._socket, None
        if sock is not None:
            sock.close()
