"""Every offramp passes the battery, against the real thing."""

from __future__ import annotations

import os
import socket as native_socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import gevent
import pytest
from gevent import os as gevent_os
from gevent.event import Event

from ramps.offramp import Offramp, Outgoing
from ramps.offramps.file import FileOfframp
from ramps.offramps.http import HttpOfframp
from ramps.offramps.memory import MemoryOfframp
from ramps.offramps.stdout import StdoutOfframp
from ramps.offramps.tcp import TcpOfframp
from ramps.offramps.udp import UdpOfframp
from ramps.offramps.unix import UnixOfframp
from ramps.testing.offramp_battery import (
    ConnectedOfframpBattery,
    OfframpBattery,
    SaturationBattery,
    outgoing_of,
)


class _StreamServer(ConnectedOfframpBattery, SaturationBattery):
    server: Any

    def received(self, count: int) -> list[bytes]:
        return self.server.wait_for(count)  # type: ignore[no-any-return]

    def start_server(self) -> None:
        self.server.start()

    def kill_server(self) -> None:
        self.server.kill()

    def hang_up(self) -> None:
        self.server.end()

    def stop_reading(self) -> None:
        self.server.stop_reading()

    def go_on_reading(self) -> None:
        self.server.go_on_reading()


class TestTcp(_StreamServer):
    @pytest.fixture(autouse=True)
    def _server(self, receiver: Any) -> None:
        self.server = receiver

    def make(self) -> Offramp:
        return TcpOfframp(TcpOfframp.Options.model_validate({"address": str(self.server.address)}))


class TestTcpWithAcknowledgements(_StreamServer):
    @pytest.fixture(autouse=True)
    def _server(self, acknowledging_receiver: Any) -> None:
        self.server = acknowledging_receiver

    def make(self) -> Offramp:
        options = {"address": str(self.server.address), "acknowledge": True}
        return TcpOfframp(TcpOfframp.Options.model_validate(options))


class TestTcpWithTls(_StreamServer):
    @pytest.fixture(autouse=True)
    def _server(self, tls_receiver: Any, certificates: Any) -> None:
        self.server = tls_receiver
        self.tls = {"ca": certificates.cert}

    def make(self) -> Offramp:
        options = {"address": str(self.server.address), "tls": self.tls}
        return TcpOfframp(TcpOfframp.Options.model_validate(options))


class TestUnix(_StreamServer):
    @pytest.fixture(autouse=True)
    def _server(self, unix_receiver: Any, tmp_path: Path) -> None:
        self.server = unix_receiver
        self.path = tmp_path / "server.sock"

    def make(self) -> Offramp:
        return UnixOfframp(UnixOfframp.Options.model_validate({"path": self.path}))


class TestHttp(ConnectedOfframpBattery):
    @pytest.fixture(autouse=True)
    def _server(self, http_receiver: Any) -> None:
        self.server = http_receiver

    def make(self) -> Offramp:
        return HttpOfframp(HttpOfframp.Options(url=self.server.url, max_in_flight=1))

    def received(self, count: int) -> list[bytes]:
        return self.server.wait_for(count)  # type: ignore[no-any-return]

    def start_server(self) -> None:
        self.server.start()

    def kill_server(self) -> None:
        self.server.stop()

    def hang_up(self) -> None:
        self.server.stop()


class TestUdp(OfframpBattery):
    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with native_socket.socket(type=native_socket.SOCK_DGRAM) as self.socket:
            self.socket.setsockopt(native_socket.SOL_SOCKET, native_socket.SO_RCVBUF, 4 << 20)
            self.socket.bind(("127.0.0.1", 0))
            self.socket.settimeout(5.0)
            self.datagrams: list[bytes] = []
            yield

    def make(self) -> Offramp:
        host, port = self.socket.getsockname()
        return UdpOfframp(UdpOfframp.Options.model_validate({"address": f"{host}:{port}"}))

    def received(self, count: int) -> list[bytes]:
        while len(self.datagrams) < count:
            self.datagrams.append(self.socket.recv(65536))
        return self.datagrams

    def test_what_was_written_before_close_arrives(self) -> None:
        # Fewer than the battery's thousand: the kernel drops what does not fit into the receiver's buffer.
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp, *[b"%d" % number for number in range(100)]))
        assert self.received(100) == [b"%d" % number for number in range(100)]


class TestFile(OfframpBattery):
    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "out"

    def make(self) -> Offramp:
        return FileOfframp(FileOfframp.Options.model_validate({"path": self.path}))

    def received(self, count: int) -> list[bytes]:
        return self.path.read_bytes().splitlines()


class TestMemory(OfframpBattery):
    def make(self) -> Offramp:
        self.offramp = MemoryOfframp()
        return self.offramp

    def received(self, count: int) -> list[bytes]:
        return [value.encode() for value in self.offramp.wait_for(count)]

    @staticmethod
    def outgoing(offramp: Offramp, *payloads: bytes) -> Outgoing:
        return Outgoing([], outgoing_of(*payloads).batch)


class TestStdoutOnAPipe(SaturationBattery):
    @pytest.fixture(autouse=True)
    def _pipe(self) -> Iterator[None]:
        reading_end, self.writing_end = os.pipe()
        gevent_os.make_nonblocking(reading_end)
        self.data = bytearray()
        self.lines = 0
        self.changed = Event()
        self.reading = Event()
        self.reading.set()
        reader = gevent.spawn(self._read, reading_end)
        yield
        reader.kill()
        os.close(reading_end)
        os.close(self.writing_end)

    def make(self) -> Offramp:
        class Pipe(StdoutOfframp):
            descriptor: ClassVar[int] = self.writing_end

        return Pipe()

    def received(self, count: int) -> list[bytes]:
        with gevent.Timeout(5.0):
            while self.lines < count:
                self.changed.clear()
                self.changed.wait()
        return bytes(self.data).splitlines()

    def stop_reading(self) -> None:
        self.reading.clear()

    def go_on_reading(self) -> None:
        self.reading.set()

    def _read(self, descriptor: int) -> None:
        while True:
            self.reading.wait()
            chunk = gevent_os.nb_read(descriptor, 65536)
            self.data += chunk
            self.lines += chunk.count(b"\n")
            self.changed.set()
