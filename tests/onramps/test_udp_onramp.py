from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gevent import socket
from hypothesis import given, settings
from hypothesis import strategies as st

from ramps.errors import CannotOpen
from ramps.onramps.udp import UdpOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake


def udp(**options: Any) -> UdpOnramp:
    return UdpOnramp(UdpOnramp.Options(**{"address": "127.0.0.1:0", **options}))


@pytest.fixture
def sender() -> Iterator[Callable[[], Any]]:
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(
            contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        )


def test_each_datagram_is_a_frame_from_its_sender(run: Any, sender: Any, intake: Any) -> None:
    onramp = udp()
    run(onramp)
    one, two = sender(), sender()
    for client, data in ((one, b"a"), (two, b"b"), (one, b""), (one, b"c" * 60_000)):
        client.sendto(data, onramp.address)
    intake.wait_until(lambda: sum(len(stream.chunks) for stream in intake.streams) == 4)
    assert [stream.chunks for stream in intake.streams] == [[b"a", b"", b"c" * 60_000], [b"b"]]
    assert all(stream.framed for stream in intake.streams)
    assert intake.streams[1].origin == f"udp://127.0.0.1:{two.getsockname()[1]}"


def test_beyond_max_senders_the_one_that_was_silent_longest_is_forgotten(
    run: Any, sender: Any, intake: Any
) -> None:
    onramp = udp(max_senders=2)
    run(onramp)
    one, two, three = sender(), sender(), sender()
    for number, client in enumerate((one, two, one, three), 1):
        client.sendto(b"x", onramp.address)
        intake.wait_until(lambda number=number: len(intake.data) == number)
    assert [stream.open for stream in intake.streams] == [True, False, True]
    assert "max_senders" in intake.streams[1].aborted


def test_close_aborts_what_the_framing_of_each_sender_holds(run: Any, sender: Any, intake: Any) -> None:
    onramp = udp()
    runner = run(onramp)
    sender().sendto(b"x", onramp.address)
    intake.wait_until(lambda: intake.data)
    runner.close()
    assert intake.streams[0].aborted == "the onramp was closed"


def test_a_receive_buffer_that_the_system_does_not_grant_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    onramp = udp(receive_buffer="1GiB")
    with caplog.at_level(logging.WARNING):
        onramp.open()
    onramp.close()
    assert "net.core.rmem_max" in caplog.text


def test_a_port_in_use_cannot_be_opened() -> None:
    first = udp()
    first.open()
    with pytest.raises(CannotOpen, match="the port is in use by another process"):
        udp(address=str(first.address)).open()
    first.close()


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(max_examples=20, deadline=None)
def test_any_datagrams_arrive_as_they_were_sent(datagrams: list[bytes]) -> None:
    intake, onramp = RecordingIntake(), udp()
    with (
        OnrampRunner(onramp, intake),
        contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client,
    ):
        for datagram in datagrams:
            client.sendto(datagram, onramp.address)
        client.sendto(b"the last one", onramp.address)
        intake.wait_until(lambda: intake.streams and intake.streams[0].chunks[-1:] == [b"the last one"])
        assert intake.streams[0].chunks[:-1] == datagrams
