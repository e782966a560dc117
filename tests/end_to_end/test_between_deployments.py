"""One deployment sends to another, in the clear and by TLS, while the other one goes and comes back."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actors.testing import wait_until
from supervisor import Deployment

Deploy = Callable[..., Deployment]

RETRY = {"initial": "5ms", "maximum": "20ms"}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Paths of a certificate for 127.0.0.1, which is its own authority, and of its key."""
    directory = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    pkcs8, clear = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (directory / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (directory / "key.pem").write_bytes(key.private_bytes(pem, pkcs8, clear))
    return str(directory / "cert.pem"), str(directory / "key.pem")


def server(kind: str, port: int = 0, **options: Any) -> dict[str, Any]:
    return {
        "onramps": {"in": {"type": kind, "address": f"127.0.0.1:{port}", **options}},
        "offramps": {"out": {"type": "memory"}},
        "flows": {"main": {"links": ["in -> out"]}},
    }


def client(offramp: dict[str, Any]) -> dict[str, Any]:
    return {
        "onramps": {"in": {"type": "memory"}},
        "offramps": {"peer": {"retry": RETRY, **offramp}},
        "flows": {"main": {"links": ["in -> peer"]}},
    }


def port_of(deployment: Deployment) -> int:
    return int(deployment.addresses()["onramp:main/in"].rpartition(":")[2])


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_events_travel_by_tls_to_another_deployment(
    deploy: Deploy, certificate: tuple[str, str], kind: str
) -> None:
    cert, key = certificate
    receiving = deploy(server(kind, tls={"cert": cert, "key": key}))
    where = f"127.0.0.1:{port_of(receiving)}"
    target = {"address": where} if kind == "tcp" else {"url": f"https://{where}/"}
    sending = deploy(client({"type": kind, **target, "tls": {"ca": cert}}))
    sending.onramp("in").put_all({"n": n} for n in range(200))
    receiving.offramp("out").wait_for(200, timeout=10.0)
    assert sorted(event["n"] for event in receiving.offramp("out").events) == list(range(200))
    assert sending.stop().equation() == "200 in = 200 written"


def test_a_peer_without_the_right_certificate_gets_nothing(
    deploy: Deploy, certificate: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = certificate
    receiving = deploy(server("tcp", tls={"cert": cert, "key": key}))
    sending = deploy(client({"type": "tcp", "address": f"127.0.0.1:{port_of(receiving)}", "tls": {}}))
    sending.onramp("in").put({"n": 1})
    wait_until(lambda: sending.actors()["offramp:main/peer"].statistics().events_in_hand)
    wait_until(lambda: any("is not trusted" in str(record.__dict__) for record in caplog.records))
    account = sending.stop(drain_timeout=0.0)
    assert account.lost == 1
    assert receiving.offramp("out").received == 0


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_server_that_goes_away_and_comes_back_gets_all_that_was_not_sent_yet(
    deploy: Deploy, kind: str
) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(Deployment.load(server(kind)))
        port = port_of(first)
        where = {"address": f"127.0.0.1:{port}"} if kind == "tcp" else {"url": f"http://127.0.0.1:{port}/"}
        sending = deploy(client({"type": kind, **where}))
        sending.onramp("in").put_all({"n": n} for n in range(100))
        first.offramp("out").wait_for(100)
    # Nobody listens now. A connection that was closed in order is noticed before the next write.
    sending.onramp("in").put_all({"n": n} for n in range(100, 200))
    offramp = sending.actors()["offramp:main/peer"]
    wait_until(lambda: offramp.statistics().in_hand)
    second = deploy(server(kind, port))
    second.offramp("out").wait_for(100, timeout=10.0)
    assert sorted({event["n"] for event in second.offramp("out").events}) == list(range(100, 200))
    account = sending.stop()
    assert (account.lost, account.difference, account.written) == (0, 0, 200)


def test_a_sender_that_starts_first_waits_for_its_server(deploy: Deploy, directory: Path) -> None:
    path = str(directory / "socket")
    sending = deploy(client({"type": "unix", "path": path}))
    sending.onramp("in").put_all({"n": n} for n in range(50))
    receiving = deploy(
        {**server("tcp"), "onramps": {"in": {"type": "unix", "path": path}}},
    )
    receiving.offramp("out").wait_for(50, timeout=10.0)
    assert sending.stop().equation() == "50 in = 50 written"
