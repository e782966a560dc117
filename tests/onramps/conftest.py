"""What the tests of onramps share: certificates, clients, and the watch over what they leave behind."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gevent import socket

from ramps.onramp import Onramp
from ramps.onramps.http import HttpOnramp
from ramps.testing.leaks import nothing_outlives
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake


class Certificates(NamedTuple):
    ca: Path
    cert: Path
    key: Path
    encrypted_key: Path
    other_ca: Path


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_outlives():
        yield


@pytest.fixture
def intake() -> RecordingIntake:
    return RecordingIntake()


@pytest.fixture
def run(intake: RecordingIntake) -> Iterator[Callable[[Onramp], OnrampRunner]]:
    """Opens an onramp and reads it into `intake` until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda onramp: stack.enter_context(OnrampRunner(onramp, intake))


@pytest.fixture
def dial() -> Iterator[Callable[[Any], Any]]:
    """Connects to a host and port, or to a Unix socket's path. Everything has five seconds."""
    with contextlib.ExitStack() as stack:

        def connect(address: Any) -> Any:
            family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
            sock = stack.enter_context(contextlib.closing(socket.socket(family, socket.SOCK_STREAM)))
            sock.settimeout(5.0)
            sock.connect(address)
            return sock

        yield connect


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    document: Any


class Client:
    """One connection that speaks HTTP, byte by byte as the test says."""

    def __init__(self, sock: Any) -> None:
        self.sock = sock
        self.file = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> Response:
        status_line = self.file.readline()
        assert status_line.startswith(b"HTTP/1.1 "), status_line
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = self.file.read(int(headers.get("content-length", 0)))
        return Response(int(status_line.split()[1]), headers, json.loads(body) if body else None)

    def post(self, body: bytes, *headers: str, method: str = "POST", path: str = "/") -> Response:
        lines = [f"{method} {path} HTTP/1.1", "Host: here", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.receive()

    def at_end(self) -> bool:
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@pytest.fixture(scope="session")
def make_client() -> Callable[[Any], Client]:
    """Makes an HTTP client of a connected socket."""
    return Client


@pytest.fixture
def serve(run: Any, dial: Any) -> Iterator[Callable[..., Client]]:
    """Starts the server with these options and connects to it."""
    clients: list[Client] = []

    def start(**options: Any) -> Client:
        onramp = HttpOnramp(HttpOnramp.Options(**{"address": "127.0.0.1:0", **options}))
        run(onramp)
        clients.append(Client(dial(onramp.address)))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    directory = tmp_path_factory.mktemp("certificates")
    authority_key, authority = _authority("test authority")
    _, other_authority = _authority("another authority")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder("localhost", authority.subject, key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    contents = {
        "ca": authority.public_bytes(pem),
        "cert": certificate.public_bytes(pem),
        "key": key.private_bytes(pem, pkcs8, serialization.NoEncryption()),
        "encrypted_key": key.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"secret")),
        "other_ca": other_authority.public_bytes(pem),
    }
    for name, content in contents.items():
        (directory / f"{name}.pem").write_bytes(content)
    return Certificates(**{name: directory / f"{name}.pem" for name in contents})


def _authority(name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _builder(name: str, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
