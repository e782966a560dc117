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
from gevent import pywsgi, socket, ssl
from gevent.event import Event
from gevent.pool import Pool
from gevent.server import StreamServer

from pipelines.options import HostPort
from ramps.offramp import Outgoing
from ramps.testing.leaks import nothing_outlives
from ramps.testing.offramp_battery import outgoing_of


class StreamReceiver:
    """A server on TCP or a Unix socket that keeps the lines it gets, and can be killed, ended and stopped.

    With ``acknowledges`` it says after each chunk how much it has, in whole lines; one that does not says nothing.
    """

    def __init__(self, path: Path | None = None, context: Any = None, *, acknowledges: bool = False) -> None:
        self.acknowledges = acknowledges
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
        self._line_count = 0

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
        self.wait_until(lambda: self._line_count >= count)
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
                self._line_count += chunk.count(b"\n")
                self._changed.set()
                if self.acknowledges:
                    sock.sendall(b"ACK %d\n" % (data.rfind(b"\n") + 1))
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
def acknowledging_receiver() -> Iterator[StreamReceiver]:
    receiver = StreamReceiver(acknowledges=True)
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


class HttpReceiver:
    """A real HTTP server that keeps the bodies it gets. ``answers`` are given in turn, then 200 for ever."""

    def __init__(self, context: Any = None) -> None:
        self._context = context
        self._server: Any = None
        self._changed = Event()
        self.address = HostPort("127.0.0.1", 0)
        self.requests: list[tuple[dict[str, Any], bytes]] = []
        self.answers: list[tuple[str, dict[str, str]]] = []
        self.answer_for: dict[bytes, str] = {}
        self.connections = 0
        self.gate = Event()
        self.gate.set()
        self.most_at_once = 0
        self._at_once = 0

    @property
    def url(self) -> str:
        return f"{'http' if self._context is None else 'https'}://{self.address}/events?key=1"

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.requests]

    def start(self) -> None:
        receiver = self

        class Server(pywsgi.WSGIServer):  # type: ignore[misc]
            def handle(self, sock: Any, address: Any) -> None:
                receiver.connections += 1
                sock.setsockopt(constants.IPPROTO_TCP, constants.TCP_NODELAY, 1)
                with contextlib.suppress(OSError):
                    super().handle(sock, address)

        tls = {} if self._context is None else {"ssl_context": self._context}
        self._pool = Pool(100)
        self._server = Server(self.address, self._answer, log=None, error_log=None, spawn=self._pool, **tls)
        self._server.start()
        self.address = HostPort("127.0.0.1", self._server.server_port)

    def stop(self) -> None:
        self._server.stop(timeout=0)
        self._pool.kill()

    def wait_for(self, count: int) -> list[bytes]:
        with gevent.Timeout(5.0, AssertionError(f"did not happen; there are {self.requests!r:.500}")):
            while len(self.requests) < count:
                self._changed.clear()
                self._changed.wait()
        return self.bodies

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read()
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self._changed.set()
        self.gate.wait()
        self._at_once -= 1
        status, headers = self.answers.pop(0) if self.answers else (self.answer_for.get(body, "200 OK"), {})
        self.requests.append((environ, body))
        self._changed.set()
        start_response(status, [*headers.items(), ("Content-Length", "10")])
        return [b"the\x1banswer"]


@pytest.fixture
def http_receiver() -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()
    receiver.start()
    yield receiver
    receiver.gate.set()
    receiver.stop()


@pytest.fixture
def https_receiver(server_context: Any) -> Iterator[HttpReceiver]:
    receiver = HttpReceiver(server_context)
    receiver.start()
    yield receiver
    receiver.stop()


@pytest.fixture
def canned_server() -> Iterator[Callable[[bytes], str]]:
    """A server that answers every request with these bytes and hangs up, whatever HTTP says; its URL."""
    with contextlib.ExitStack() as stack:

        def start(answer: bytes) -> str:
            def serve(sock: Any, address: Any) -> None:
                with contextlib.suppress(OSError):
                    sock.recv(65536)
                    sock.sendall(answer)

            server = StreamServer(("127.0.0.1", 0), serve, spawn=Pool(10))
            server.start()
            stack.callback(server.stop, timeout=0)
            return f"http://127.0.0.1:{server.server_port}/"

        yield start
