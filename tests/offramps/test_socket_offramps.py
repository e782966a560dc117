from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import gevent
import pytest

from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramps.tcp import TcpOfframp
from ramps.offramps.udp import UdpOfframp
from ramps.offramps.unix import UnixOfframp
from ramps.testing.offramp_battery import outgoing_of


def make_tcp(address: object, **options: Any) -> TcpOfframp:
    return TcpOfframp(TcpOfframp.Options.model_validate({"address": str(address), **options}))


def test_a_server_that_takes_nothing_for_too_long_is_lost(receiver: Any) -> None:
    offramp = make_tcp(receiver.address, write_timeout="50ms")
    offramp.open()
    receiver.stop_reading()
    with pytest.raises(ConnectionLost, match=r"took nothing for 0\.05 s"):
        for _ in range(1000):
            offramp.write(outgoing_of(b"x" * 100_000))
    offramp.close()


def test_a_server_that_talks_back_is_listened_to_and_ignored(receiver: Any) -> None:
    offramp = make_tcp(receiver.address)
    offramp.open()
    receiver.wait_until(lambda: receiver.accepted)
    for number in range(20):
        receiver.say(b"hello " * 1000)
        offramp.write(outgoing_of(b"%d" % number, terminator=b"\n"))
    receiver.say(b"unread when we close")
    offramp.close()
    assert receiver.wait_for(20) == [b"%d" % number for number in range(20)]


def test_after_a_failed_write_nothing_more_goes_to_the_same_connection(receiver: Any) -> None:
    offramp = make_tcp(receiver.address)
    offramp.open()
    receiver.wait_until(lambda: receiver.accepted)
    receiver.stop_reading()
    writer = gevent.spawn(offramp.write, outgoing_of(b"x" * 50_000_000))
    gevent.idle()
    writer.kill(timeout=5.0)
    with pytest.raises(ConnectionLost, match="not connected"):
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
    offramp.close()


def test_nodelay_and_keepalive_are_set_as_configured(receiver: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    offramp = make_tcp(receiver.address, nodelay=False, keepalive="20s")
    offramp.open()
    sock = offramp._stream._socket  # type: ignore[union-attr]
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 0
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20
    offramp.close()


def test_a_name_that_does_not_resolve_is_a_lost_connection_that_names_it() -> None:
    with pytest.raises(ConnectionLost, match=r"tcp://no-such-host\.invalid:1: cannot connect"):
        make_tcp("no-such-host.invalid:1").open()


def test_a_certificate_of_an_unknown_authority_says_what_to_configure(tls_receiver: Any) -> None:
    offramp = make_tcp(tls_receiver.address, tls={})
    with pytest.raises(ConnectionLost, match=r"not trusted.*tls\.ca"):
        offramp.open()
    offramp.close()


def test_a_certificate_for_another_name_is_not_trusted(tls_receiver: Any, certificates: Any) -> None:
    offramp = make_tcp(tls_receiver.address, tls={"ca": certificates.cert, "server_name": "example.org"})
    with pytest.raises(ConnectionLost, match="not trusted"):
        offramp.open()


def test_a_server_that_does_not_speak_tls_is_a_lost_connection_in_time(
    receiver: Any, certificates: Any
) -> None:
    offramp = make_tcp(receiver.address, tls={"ca": certificates.cert}, connect_timeout="50ms")
    with pytest.raises(ConnectionLost, match="no TLS handshake within"):
        offramp.open()


def test_a_missing_certificate_is_found_by_the_check(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match=r"missing\.pem"):
        make_tcp("127.0.0.1:1", tls={"ca": tmp_path / "missing.pem"}).check()


def test_an_open_that_is_killed_in_the_handshake_leaves_nothing(receiver: Any, certificates: Any) -> None:
    offramp = make_tcp(receiver.address, tls={"ca": certificates.cert})
    opener = gevent.spawn(offramp.open)
    receiver.wait_until(lambda: receiver.accepted)
    opener.kill(timeout=5.0)
    offramp.close()
    assert opener.dead


def test_tls_says_goodbye_so_that_the_server_knows_the_stream_is_whole(
    server_context: Any, certificates: Any
) -> None:
    from gevent import socket as gevent_socket

    with gevent_socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        offramp = make_tcp("{}:{}".format(*listener.getsockname()), tls={"ca": certificates.cert})

        def serve() -> bytes:
            sock, _ = listener.accept()
            with server_context.wrap_socket(sock, server_side=True, suppress_ragged_eofs=False) as tls:
                data = b""
                while chunk := tls.recv(100):
                    data += chunk
                return data

        server = gevent.spawn(serve)
        offramp.open()
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
        offramp.close()
        # Without a goodbye this raises ssl.SSLEOFError.
        assert server.get(timeout=5.0) == b"1\n"


def test_a_path_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    offramp = UnixOfframp(UnixOfframp.Options(path=tmp_path / ("x" * 200)))
    with pytest.raises(CannotOpen, match="too long"):
        offramp.check()


def test_a_unix_socket_of_another_kind_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "datagrams"))
        with pytest.raises(CannotOpen, match="wrong type"):
            UnixOfframp(UnixOfframp.Options(path=tmp_path / "datagrams")).open()


def make_udp(address: object, **options: Any) -> UdpOfframp:
    offramp = UdpOfframp(UdpOfframp.Options.model_validate({"address": str(address), **options}))
    offramp.open()
    return offramp


def test_what_is_too_large_for_a_datagram_is_refused_and_the_others_are_sent() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5.0)
        offramp = make_udp("{}:{}".format(*server.getsockname()), max_datagram="10B")
        with pytest.raises(Rejected, match="10 bytes") as caught:
            offramp.write(outgoing_of(b"1", b"x" * 11, b"2"))
        assert caught.value.indices == [1]
        assert [server.recv(100), server.recv(100)] == [b"1", b"2"]
        offramp.close()


def test_a_port_where_nobody_listens_is_a_lost_connection_as_soon_as_it_is_known() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*server.getsockname())
    offramp = make_udp(address)
    with pytest.raises(ConnectionLost, match="refused"):
        for _ in range(100):
            offramp.write(outgoing_of(b"1"))
    offramp.close()


def test_a_broadcast_address_must_be_allowed() -> None:
    with pytest.raises(CannotOpen, match="broadcast = true"):
        make_udp("255.255.255.255:9")


def test_a_source_address_that_is_taken_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(CannotOpen, match="cannot bind"):
            make_udp("127.0.0.1:9", bind="{}:{}".format(*other.getsockname()))
