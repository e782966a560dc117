"""The control channel: messages come out as they went in, however they were cut up, and nonsense is refused."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket
from hypothesis import given
from hypothesis import strategies as st

from actors import HubClock
from actors.testing import wait_until
from supervisor.executors.channel import Channel
from supervisor.executors.control import (
    MAX_MESSAGE_BYTES,
    Answer,
    Decoder,
    Heartbeat,
    Look,
    Message,
    Records,
    Run,
    StopReading,
    encode,
)
from supervisor.executors.errors import ChannelBroken
from supervisor.executors.records import MAX_WAITING, RecordPump, replay

messages = st.one_of(
    st.builds(StopReading),
    st.builds(Look, st.integers(0, 2**40)),
    st.builds(Answer, st.integers(0, 9), st.booleans(), st.integers(0, 2**60)),
    st.builds(Run, st.lists(st.text()), st.booleans()),
    st.builds(
        Heartbeat,
        st.integers(0, 9),
        st.lists(st.text()),
        st.integers(0, 9),
        st.none() | st.dictionaries(st.text(), st.integers(0, 9)),
    ),
)


@given(st.lists(messages), st.data())
def test_messages_come_out_as_they_went_in_however_they_were_cut_up(
    sent: list[Message], data: st.DataObject
) -> None:
    stream = b"".join(map(encode, sent))
    decoder, received = Decoder(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        received += decoder.feed(stream[:size])
        stream = stream[size:]
    assert received == sent


@given(st.binary(max_size=100))
def test_bytes_that_are_no_message_are_refused_and_never_waited_for_too_long(data: bytes) -> None:
    decoder = Decoder()
    try:
        found = list(decoder.feed(len(data).to_bytes(4, "big") + data))
    except ChannelBroken:
        return
    assert len(found) == 1


def test_a_length_beyond_all_reason_is_refused_before_anything_is_read() -> None:
    with pytest.raises(ChannelBroken, match="too long"):
        list(Decoder().feed((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big")))


@pytest.fixture
def channels() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = map(Channel, socket.socketpair())
    yield ours, theirs
    ours.close()
    theirs.close()


def test_sending_never_blocks_however_little_the_other_side_takes(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    large = Run(["x" * 1_000_000], False)
    with gevent.Timeout(5.0):
        for _ in range(5):
            ours.send(large)
    assert ours.backlog == 5
    assert not ours.flush(HubClock(), 0.0)
    received = theirs.receive()
    assert [next(received) for _ in range(5)] == [large] * 5
    assert ours.flush(HubClock(), 5.0)


def test_the_end_of_the_other_side_ends_what_is_received(channels: tuple[Channel, Channel]) -> None:
    ours, theirs = channels
    theirs.send(StopReading())
    theirs.flush(HubClock(), 5.0)
    theirs.close()
    assert list(ours.receive()) == [StopReading()]
    ours.send(StopReading())
    wait_until(lambda: ours.flush(HubClock(), 0.0) or ours.backlog, what="sending to nobody does no harm")


def test_records_that_find_no_room_are_counted_and_nobody_waits_for_them() -> None:
    sent: list[Records] = []
    has_room = False
    pump = RecordPump(sent.append, lambda: has_room)
    logger = logging.Logger("mad")
    logger.addHandler(pump)
    for number in range(MAX_WAITING + 5):
        logger.warning("%s", number)
    assert sent == []
    pump.flush()
    assert sum(len(records.records) for records in sent) == MAX_WAITING
    assert sum(records.dropped for records in sent) == 5
    pump.close()


@pytest.mark.parametrize("value", [2**70, b"bytes", {"a": object()}, "\ud800", None, 1.5])
def test_whatever_somebody_logs_can_travel(value: Any, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Records] = []
    pump = RecordPump(sent.append, lambda: True)
    logger = logging.Logger("odd")
    logger.addHandler(pump)
    logger.error("%r", value, extra={"field": value})
    pump.flush()
    (received,) = Decoder().feed(encode(sent[0]))
    assert isinstance(received, Records)
    replay(received, 3)
    (record,) = caplog.records
    assert (record.getMessage(), record.executor) == (repr(value), 3)  # type: ignore[attr-defined]
    pump.close()
