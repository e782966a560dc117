"""What the tests of offramps share: real servers that can be killed, certificates, and the watch over leaks."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket as constants
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gevent
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gevent import socket, ssl
from gevent.event import Event

from pipelines.options import HostPort
from ramps.offramp import Outgoing
from ramps.testing.leaks import nothing_outlives
from ramps.testing.offramp_battery import outgoing_of


class StreamReceiver:
    """A server on TCP or a Unix socket that keeps the lines it gets, and can be killed, ended and stopped."""

    def __init__(self, path: Path | None = None, context: Any = None) -> None:
        self._path = path
        self._context = context
        self._listener: Any = None
        self._greenlets: list[gevent.Greenlet] = []
        self._connections: list[Any] = []
        self._changed = Event()
        self._reading = Event()
        self._reading.set()
        self.data: list[bytearray] = []
        self.address = HostPort("127.0.0.1", 0)
        self.accepted = 0

    def start(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._listener = socket.socket(constants.AF_UNIX)
            self._listener.bind(str(self._path))
        else:
            self._listener = socket.socket()
            self._listener.setsockopt(constants.SOL_SOCKET, constants.SO_REUSEADDR, 1)
            self._listener.bind(self.address)
            self.address = HostPort(*self._listener.getsockname())
        self._listener.listen()
        self._greenlets.append(gevent.spawn(self._accept, self._listener))

    def kill(self) -> None:
        for sock in self._connections:
            if sock.family != constants.AF_UNIX:
                sock.setsockopt(constants.SOL_SOCKET, constants.SO_LINGER, struct.pack("ii", 1, 0))
        self.end()

    def end(self) -> None:
        gevent.killall(self._greenlets)
        self._greenlets.clear()
        self._listener.close()
        for sock in self._connections:
            sock.close()
        self._connections.clear()

    def say(self, data: bytes) -> None:
        for sock in self._connections:
            sock.sendall(data)

    def stop_reading(self) -> None:
        self._reading.clear()

    def go_on_reading(self) -> None:
        self._reading.set()

    def lines(self) -> list[bytes]:
        return [line for data in self.data for line in bytes(data).split(b"\n")[:-1]]

    def wait_for(self, count: int) -> list[bytes]:
        self.wait_until(lambda: len(self.lines()) >= count)
        return self.lines()

    def wait_until(self, condition: Callable[[], object]) -> None:
        with gevent.Timeout(5.0, AssertionError(f"did not happen; there are {self.data!r:.500}")):
            while not condition():
                self._changed.clear()
                self._changed.wait()

    def _accept(self, listener: Any) -> None:
        while True:
            sock, _ = listener.accept()
            self._greenlets.append(gevent.spawn(self._serve, sock))

    def _serve(self, sock: Any) -> None:
        self._connections.append(sock)
        data = bytearray()
        self.data.append(data)
        with contextlib.suppress(OSError):
            if self._context is not None:
                plain = sock
                sock = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
                self._connections[self._connections.index(plain)] = sock
                sock.do_handshake()
            self.accepted += 1
            self._changed.set()
            while True:
                self._reading.wait()
                chunk = sock.recv(65536)
                if not chunk:
                    break
                data += chunk
                self._changed.set()
        self._connections.remove(sock)
        sock.close()
        self._changed.set()


class Certificates(NamedTuple):
    cert: Path
    key: Path


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_outlives():
        yield


@pytest.fixture
def outgoing() -> Callable[..., Outgoing]:
    """A batch of payloads with a newline behind each."""
    return lambda *payloads: outgoing_of(*payloads, terminator=b"\n")


@pytest.fixture
def receiver() -> Iterator[StreamReceiver]:
    receiver = StreamReceiver()
    receiver.start()
    yield receiver
    receiver.kill()


@pytest.fixture
def unix_receiver(tmp_path: Path) -> Iterator[StreamReceiver]:
    receiver = StreamReceiver(tmp_path / "server.sock")
    receiver.start()
    yield receiver
    receiver.kill()


@pytest.fixture
def tls_receiver(server_context: Any) -> Iterator[StreamReceiver]:
    receiver = StreamReceiver(context=server_context)
    receiver.start()
    yield receiver
    receiver.kill()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate for 127.0.0.1 that is its own authority."""
    directory = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    files = Certificates(directory / "cert.pem", directory / "key.pem")
    files.cert.write_bytes(certificate.public_bytes(pem))
    files.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
def server_context(certificates: Certificates) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.cert, certificates.key)
    return context
