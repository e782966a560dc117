"""What the `tcp` offramp makes of what a peer says that is to acknowledge."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramps.errors import ConnectionLost
from ramps.network.acknowledgements import Acknowledgements
from ramps.offramps.tcp import TcpOfframp
from ramps.testing.offramp_battery import outgoing_of

BATCH = outgoing_of(b"one", b"two", terminator=b"\n")
SENT = 8


def tcp(address: object, **options: Any) -> TcpOfframp:
    options = {"address": str(address), "acknowledge": True, **options}
    return TcpOfframp(TcpOfframp.Options.model_validate(options))


def lost(offramp: TcpOfframp) -> str:
    """What the failure of a write says."""
    with pytest.raises(ConnectionLost) as caught:
        offramp.write(BATCH)
    return str(caught.value)


def test_it_confirms_only_if_the_peer_acknowledges() -> None:
    assert tcp("127.0.0.1:1").confirms == "write"
    assert tcp("127.0.0.1:1", acknowledge=False).confirms == "never"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"NAK 4\n", r"it ended the connection with 'NAK 4'; what is behind that is sent again"),
        (b"NAK 4\nACK 8\n", r"it answered 'ACK 8', which is no acknowledgement"),
        (b"ACK 4\nACK 3\n", r"it answered 'ACK 3' when it had 8 bytes, and had acknowledged 4"),
        (b"ACK 9\n", r"it answered 'ACK 9' when it had 8 bytes"),
        (
            b"HTTP/1.1 400 Bad Request\r\n",
            r"it answered 'HTTP/1.1 400 Bad Request\\r', which is no acknowledgement",
        ),
        (b"\x00\xff\n", r"it answered '\\x00\\xff', which is no acknowledgement"),
        (b"x" * 5000, r"it answered 'x{64}'…, which is no acknowledgement"),
        (b"ACK 08\n", "which is no acknowledgement"),
        (b"ACK -1\n", "which is no acknowledgement"),
        (b"ACK " + b"9" * 30 + b"\n", "which is no acknowledgement"),
    ],
)
def test_anything_but_an_acknowledgement_is_a_lost_connection_that_says_what_came(
    receiver: Any, said: bytes, why: str
) -> None:
    offramp = tcp(receiver.address)
    offramp.open()
    writer = gevent.spawn(lost, offramp)
    receiver.wait_for(2)
    receiver.say(said)

    assert re.search(why, writer.get(timeout=5.0))
    with pytest.raises(ConnectionLost, match="not connected"):
        offramp.write(BATCH)
    offramp.close()


def test_silence_is_a_lost_connection(receiver: Any) -> None:
    offramp = tcp(receiver.address, acknowledge_timeout="20ms")
    offramp.open()
    with pytest.raises(ConnectionLost, match=r"acknowledged nothing for 0\.02 s; does it `acknowledge`"):
        offramp.write(BATCH)
    offramp.close()


def test_an_end_before_the_acknowledgement_is_a_lost_connection(receiver: Any) -> None:
    offramp = tcp(receiver.address)
    offramp.open()
    writer = gevent.spawn(lost, offramp)
    receiver.wait_for(2)
    receiver.end()

    assert re.search("closed by the other side|reset", writer.get(timeout=5.0))
    offramp.close()


def test_a_peer_that_repeats_itself_is_waited_for(receiver: Any) -> None:
    offramp = tcp(receiver.address, acknowledge_timeout="100ms")
    offramp.open()
    writer = gevent.spawn(offramp.write, BATCH)
    receiver.wait_for(2)
    for _ in range(10):
        receiver.say(b"ACK 4\n")
        writer.join(0.02)
        assert not writer.dead
    receiver.say(b"ACK 8\n")

    writer.get(timeout=5.0)
    offramp.close()


def test_each_connection_counts_from_zero(acknowledging_receiver: Any) -> None:
    offramp = tcp(acknowledging_receiver.address)
    for _ in range(3):
        offramp.open()
        offramp.write(BATCH)
        offramp.write(BATCH)
        offramp.close()

    assert acknowledging_receiver.lines() == [b"one", b"two"] * 6


def test_what_a_peer_says_between_two_batches_is_heard(receiver: Any) -> None:
    offramp = tcp(receiver.address)
    offramp.open()
    writer = gevent.spawn(offramp.write, BATCH)
    receiver.wait_for(2)
    receiver.say(b"ACK 8\nNAK 8\n")
    # All of it is delivered, though the peer is about to go.
    writer.get(timeout=5.0)
    with pytest.raises(ConnectionLost, match="it ended the connection with 'NAK 8'"):
        offramp.write(BATCH)
    offramp.close()


def test_acknowledgements_come_through_tls(server_context: Any, certificates: Any) -> None:
    from tests.offramps.conftest import StreamReceiver

    receiver = StreamReceiver(context=server_context, acknowledges=True)
    receiver.start()
    offramp = tcp(receiver.address, tls={"ca": certificates.cert})
    offramp.open()
    for _ in range(3):
        offramp.write(BATCH)
    offramp.close()

    assert receiver.lines() == [b"one", b"two"] * 3
    receiver.kill()


def naive(said: bytes, sent: int) -> tuple[int, bool]:
    """How much is acknowledged, and whether all of it was good."""
    confirmed, over = 0, False
    for line in said.split(b"\n")[:-1]:
        word, _, number = line.partition(b" ")
        good = word in (b"ACK", b"NAK") and number.isdigit() and number == str(int(number)).encode()
        if over or not good or not confirmed <= int(number) <= sent:
            return confirmed, False
        confirmed = int(number)
        over = word == b"NAK"
    return confirmed, len(said.split(b"\n")[-1]) <= 64


PIECES = st.one_of(
    st.integers(0, 12).map(lambda number: b"ACK %d\n" % number),
    st.integers(0, 12).map(lambda number: b"NAK %d\n" % number),
    st.sampled_from([b"ACK", b" ", b"\n", b"0", b"007\n", b"ACK 1", b"\r\n", b"ACK \xb2\n"]),
    st.binary(max_size=80),
)


@given(st.lists(PIECES, max_size=12).map(b"".join), st.lists(st.integers(0, 200), max_size=8))
def test_whatever_comes_in_whatever_chunks_is_understood_as_a_whole(said: bytes, cuts: list[int]) -> None:
    acknowledgements, good, why = Acknowledgements(), True, ""
    places = [0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]
    try:
        for start, end in pairwise(places):
            acknowledgements.take(said[start:end], SENT)
    except ValueError as error:
        good, why = False, str(error)

    assert len(why) < 500
    assert why.isprintable()
    assert (acknowledgements.confirmed, good) == naive(said, SENT)
