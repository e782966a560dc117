from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import gevent
import pytest
from pydantic import ValidationError

from actors.testing import settle
from ramps.errors import CannotOpen
from ramps.network.tls import TlsClient, TlsServer, client_context, server_context
from ramps.onramps.tcp import TcpOnramp


def secured(certificates: Any, **options: Any) -> TcpOnramp:
    tls = {"cert": certificates.cert, "key": certificates.key, **options.pop("tls", {})}
    return TcpOnramp(TcpOnramp.Options(address="127.0.0.1:0", tls=tls, **options))


def handshake(sock: Any, **options: Any) -> Any:
    return client_context(TlsClient(**options)).wrap_socket(sock, server_hostname="127.0.0.1")


def test_a_client_that_trusts_the_authority_gets_through(
    certificates: Any, run: Any, dial: Any, intake: Any
) -> None:
    onramp = secured(certificates)
    run(onramp)
    client = handshake(dial(onramp.address), ca=certificates.ca)
    client.sendall(b"hello\n")
    intake.wait_until(lambda: intake.data == b"hello\n")
    assert client.version() in ("TLSv1.2", "TLSv1.3")
    client.close()


def test_a_client_that_trusts_another_authority_refuses_us(
    certificates: Any, run: Any, dial: Any, intake: Any
) -> None:
    onramp = secured(certificates)
    run(onramp)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(dial(onramp.address), ca=certificates.other_ca)
    assert not intake.streams


def test_a_client_may_choose_not_to_verify(certificates: Any, run: Any, dial: Any, intake: Any) -> None:
    onramp = secured(certificates)
    run(onramp)
    handshake(dial(onramp.address), verify=False).close()


def test_with_client_ca_only_clients_with_a_certificate_get_in(
    certificates: Any, run: Any, dial: Any, intake: Any
) -> None:
    onramp = secured(certificates, tls={"client_ca": certificates.ca})
    run(onramp)
    stranger = handshake(dial(onramp.address), ca=certificates.ca)
    with pytest.raises(OSError, match=r"."):
        stranger.recv(1)
    stranger.close()
    friend = handshake(dial(onramp.address), ca=certificates.ca, cert=certificates.cert, key=certificates.key)
    friend.sendall(b"hello\n")
    intake.wait_until(lambda: intake.data == b"hello\n")
    assert len(intake.streams) == 1
    friend.close()


def test_garbage_instead_of_a_handshake_costs_only_that_connection(
    certificates: Any, run: Any, dial: Any, intake: Any
) -> None:
    onramp = secured(certificates)
    run(onramp)
    rude = dial(onramp.address)
    rude.sendall(b"GET / HTTP/1.0\r\n\r\n" * 10)
    with pytest.raises(OSError, match=r"."):
        while rude.recv(100):
            pass
        raise OSError("closed")
    client = handshake(dial(onramp.address), ca=certificates.ca)
    client.sendall(b"hello\n")
    intake.wait_until(lambda: intake.data == b"hello\n")
    client.close()


def test_slow_handshakes_do_not_keep_others_from_connecting_and_are_cut_off(
    certificates: Any, run: Any, dial: Any, intake: Any
) -> None:
    onramp = secured(certificates, handshake_timeout="200ms")
    run(onramp)
    slow = [dial(onramp.address) for _ in range(20)]
    for sock in slow:
        sock.sendall(b"\x16\x03\x01")
    client = handshake(dial(onramp.address), ca=certificates.ca)
    client.sendall(b"hello\n")
    intake.wait_until(lambda: intake.data == b"hello\n")
    client.close()
    with gevent.Timeout(5.0):
        assert [sock.recv(1) for sock in slow] == [b""] * 20


def test_close_ends_a_handshake_that_hangs(certificates: Any, run: Any, dial: Any, intake: Any) -> None:
    onramp = secured(certificates)
    runner = run(onramp)
    slow = dial(onramp.address)
    slow.sendall(b"\x16\x03\x01")
    settle()
    runner.close()


def test_a_missing_certificate_is_found_by_check(certificates: Any, tmp_path: Path) -> None:
    onramp = secured(certificates, tls={"cert": tmp_path / "nowhere.pem"})
    with pytest.raises(CannotOpen, match=r"nowhere\.pem cannot be read: No such file"):
        onramp.check()


def test_an_encrypted_key_is_refused_instead_of_asking_the_terminal(certificates: Any) -> None:
    with pytest.raises(CannotOpen, match="is encrypted"):
        server_context(TlsServer(cert=certificates.cert, key=certificates.encrypted_key))


def test_a_key_of_another_certificate_is_refused(certificates: Any) -> None:
    with pytest.raises(CannotOpen, match="does not belong to the certificate"):
        server_context(TlsServer(cert=certificates.other_ca, key=certificates.key))


def test_a_file_that_is_no_certificate_is_refused(certificates: Any, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense")
    with pytest.raises(CannotOpen, match="must be PEM files"):
        server_context(TlsServer(cert=nonsense, key=certificates.key))
    with pytest.raises(CannotOpen, match="must be a PEM file"):
        client_context(TlsClient(ca=nonsense))


def test_a_certificate_without_its_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="go together"):
        TlsClient(cert=Path("cert.pem"))
