"""What `tcp` and `unix` promise beyond the battery."""

from __future__ import annotations

import contextlib
import os
import resource
import socket as native
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gevent.event import Event
from pydantic import ValidationError

from ramps.errors import CannotOpen, ConnectionLost
from ramps.network import listening
from ramps.onramps.tcp import TcpOnramp
from ramps.onramps.unix import UnixOnramp


def tcp(**options: Any) -> TcpOnramp:
    return TcpOnramp(TcpOnramp.Options(**{"address": "127.0.0.1:0", **options}))


def unix(path: Path, **options: Any) -> UnixOnramp:
    return UnixOnramp(UnixOnramp.Options(path=path, **options))


def test_events_name_their_peer(run: Any, dial: Any, intake: Any) -> None:
    onramp = tcp()
    run(onramp)
    client = dial(onramp.address)
    intake.wait_until(lambda: intake.streams)
    assert intake.streams[0].origin == f"tcp://127.0.0.1:{client.getsockname()[1]}"


def test_ipv6_addresses_are_written_in_brackets(run: Any, intake: Any) -> None:
    onramp = tcp(address="[::1]:0")
    try:
        run(onramp)
    except CannotOpen:
        pytest.skip("this machine has no IPv6")
    with contextlib.closing(native.create_connection(tuple(onramp.address))) as client:
        intake.wait_until(lambda: intake.streams)
        assert intake.streams[0].origin == f"tcp://[::1]:{client.getsockname()[1]}"


def test_a_port_in_use_cannot_be_opened_and_says_what_to_do() -> None:
    with contextlib.closing(native.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotOpen) as caught:
            tcp(address=f"127.0.0.1:{port}").open()
    assert str(caught.value) == (
        f"onramp cannot listen on 127.0.0.1:{port}: the port is in use by another process; "
        "choose another `address` or stop the other one"
    )


def test_an_address_of_another_machine_cannot_be_opened() -> None:
    with pytest.raises(CannotOpen, match="no network interface of this machine has that address"):
        tcp(address="192.0.2.1:0").open()


def test_a_host_name_is_resolved(run: Any, dial: Any, intake: Any) -> None:
    onramp = tcp(address="localhost:0")
    run(onramp)
    assert onramp.address.host in ("127.0.0.1", "::1")


def test_with_reuse_port_two_onramps_share_a_port() -> None:
    first = tcp(reuse_port=True)
    first.open()
    second = tcp(reuse_port=True, address=str(first.address))
    second.open()
    assert second.address == first.address
    second.close()
    first.close()


def test_a_connection_that_is_idle_for_too_long_is_closed(run: Any, dial: Any, intake: Any) -> None:
    onramp = tcp(idle_timeout="30ms")
    run(onramp)
    client = dial(onramp.address)
    client.sendall(b"half a li")
    assert client.recv(1) == b""
    assert "idle_timeout" in intake.streams[0].aborted


def test_beyond_max_connections_clients_wait_until_one_leaves(run: Any, dial: Any, intake: Any) -> None:
    onramp = tcp(max_connections=1)
    run(onramp)
    first, second = dial(onramp.address), dial(onramp.address)
    second.sendall(b"second\n")
    first.sendall(b"first\n")
    intake.wait_until(lambda: intake.data == b"first\n")
    assert len(intake.streams) == 1
    first.close()
    intake.wait_until(lambda: intake.data == b"first\nsecond\n")


def test_no_more_than_read_size_is_read_at_a_time(run: Any, dial: Any, intake: Any) -> None:
    onramp = tcp(read_size="1KiB")
    run(onramp)
    dial(onramp.address).sendall(b"x" * 100_000)
    intake.wait_until(lambda: len(intake.data) == 100_000)
    assert max(map(len, intake.streams[0].chunks)) <= 1024


class Warnings:
    """A log that a test can wait for."""

    def __init__(self) -> None:
        self.came = Event()
        self.texts: list[str] = []

    def warning(self, text: str, **_fields: Any) -> None:
        self.texts.append(text)
        self.came.set()

    info = warning


def test_accepting_survives_a_shortage_of_file_descriptors(run: Any, intake: Any) -> None:
    onramp = tcp()
    onramp.log = warnings = Warnings()
    run(onramp)
    with no_more_descriptors():
        # It gets the last descriptor, and accept none.
        client = native.socket(native.AF_INET, native.SOCK_STREAM)
        client.connect(tuple(onramp.address))
        assert warnings.came.wait(5.0)
        assert "cannot accept connections for now" in warnings.texts[0]
    client.sendall(b"patience\n")
    intake.wait_until(lambda: intake.data == b"patience\n")
    client.close()


@contextlib.contextmanager
def no_more_descriptors() -> Iterator[None]:
    """One descriptor is left; whoever takes it leaves none for accept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_crash_in_the_intake_crashes_the_onramp(run: Any, dial: Any, intake: Any) -> None:
    def crash(data: bytes) -> str | None:
        raise RuntimeError("a bug")

    intake.find_fault = crash
    onramp = tcp()
    runner = run(onramp)
    dial(onramp.address).sendall(b"x\n")
    with pytest.raises(RuntimeError, match="a bug"):
        runner.wait_for_end()


def test_reading_an_onramp_that_is_not_open_asks_to_be_opened(intake: Any) -> None:
    with pytest.raises(ConnectionLost):
        tcp().read(intake)


def test_a_listening_socket_that_fails_is_a_lost_connection(
    run: Any, intake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Any] = []

    def listen_and_tell(*args: Any, **options: Any) -> Any:
        taken.append(original(*args, **options))
        return taken[-1]

    original = listening.listen
    monkeypatch.setattr(listening, "listen", listen_and_tell)
    runner = run(tcp())
    # What a network namespace that goes away, or another program with our descriptors, does.
    raw = native.socket(fileno=os.dup(taken[0].fileno()))
    raw.shutdown(native.SHUT_RDWR)
    raw.close()
    with pytest.raises(ConnectionLost, match="the listening socket failed"):
        runner.wait_for_end()


def test_a_stale_unix_socket_is_replaced(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "in.sock"
    with contextlib.closing(native.socket(native.AF_UNIX, native.SOCK_STREAM)) as dead:
        dead.bind(str(path))
    run(unix(path))


def test_a_unix_socket_that_somebody_listens_on_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    with contextlib.closing(native.socket(native.AF_UNIX, native.SOCK_STREAM)) as other:
        other.bind(str(path))
        other.listen(1)
        with pytest.raises(CannotOpen, match="another process listens there"):
            unix(path).open()
    assert path.exists()


def test_a_file_in_the_place_of_a_unix_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    onramp = unix(path)
    with pytest.raises(CannotOpen, match="something else of that name"):
        onramp.open()
    onramp.close()
    assert path.read_text() == "data"


def test_the_unix_socket_has_the_mode_that_was_asked_for_and_is_gone_after_close(tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    onramp = unix(path, mode="660")
    onramp.open()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    onramp.close()
    assert not path.exists()


def test_close_leaves_a_socket_that_another_process_has_made_in_our_place(tmp_path: Path) -> None:
    path = tmp_path / "in.sock"
    onramp = unix(path)
    onramp.open()
    path.unlink()
    path.write_text("not ours")
    onramp.close()
    assert path.exists()


@pytest.mark.parametrize("mode", ["rw", "0o660", "6666", 660, "888"])
def test_a_mode_that_is_none_is_refused(mode: Any) -> None:
    with pytest.raises(ValidationError, match="write three octal digits"):
        UnixOnramp.Options(path="x", mode=mode)


def test_a_path_that_is_too_long_for_a_socket_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="longer than 107 bytes"):
        unix(tmp_path / ("x" * 120)).open()


def test_a_directory_that_does_not_exist_says_so(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="No such file or directory"):
        unix(tmp_path / "nowhere" / "in.sock").open()
