"""The frames of a link: what goes in comes out, whatever the chunks, and what is no frame is refused."""

# ruff: noqa: PT017 - errors are what is under test

from __future__ import annotations

from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.batch import Batch
from ramps.errors import Rejected
from ramps.links.linked_batch import LinkedBatch
from ramps.links.wire import (
    Answer,
    Form,
    Frame,
    FrameReader,
    Kind,
    Outcome,
    Shipment,
    WireError,
    packed,
)
from ramps.offramp import Outgoing
from ramps.testing.framing_battery import cut

LIMIT = 1 << 20

heads = st.lists(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.text(max_size=5) | st.binary(max_size=9)
)
frames = st.builds(
    Frame,
    st.sampled_from(Kind),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    heads,
    st.binary(max_size=200),
)
events = st.lists(st.lists(st.binary(max_size=20), max_size=3), min_size=1, max_size=8)


def to_bytes(frame: Frame, limit: int = LIMIT) -> bytes:
    return packed(
        frame.kind,
        frame.head,
        frame.payload,
        sequence=frame.sequence,
        ingest_ns=frame.ingest_ns,
        max_bytes=limit,
    )


def shipment_of(outgoing: Outgoing, origin: str = "here") -> Shipment:
    lengths, counts = outgoing.lengths()
    return Shipment(Form.PACKETS, origin, array("I", lengths), array("I", counts), b"", outgoing.joined(), 17)


def read(data: bytes, limit: int = LIMIT) -> Frame:
    (frame,) = FrameReader(limit).feed(data)
    return frame


@given(wanted=st.lists(frames, max_size=4), data=st.data())
@settings(deadline=None)
def test_frames_come_out_as_they_went_in_however_they_are_cut(wanted: list[Frame], data: Any) -> None:
    chunks = data.draw(cut(st.just(b"".join(map(to_bytes, wanted)))))
    reader = FrameReader(LIMIT)
    assert [frame for chunk in chunks for frame in reader.feed(chunk)] == wanted


@given(frame=frames, data=st.data())
@settings(deadline=None)
def test_half_a_frame_is_not_given_out(frame: Frame, data: Any) -> None:
    whole = to_bytes(frame)
    reader = FrameReader(LIMIT)
    end = data.draw(st.integers(0, len(whole) - 1))
    assert reader.feed(whole[:end]) == []
    assert reader.feed(whole[end:]) == [frame]


@given(chunks=cut(st.binary(max_size=300)))
@settings(deadline=None)
def test_any_bytes_give_frames_or_a_wire_error_and_nothing_else(chunks: list[bytes]) -> None:
    reader = FrameReader(LIMIT)
    try:
        for chunk in chunks:
            assert all(type(frame) is Frame for frame in reader.feed(chunk))
    except WireError as error:
        assert str(error)


@given(frame=frames, at=st.integers(0, 400), new=st.binary(min_size=1, max_size=4))
@settings(deadline=None)
def test_a_damaged_frame_gives_frames_or_a_wire_error_and_nothing_else(
    frame: Frame, at: int, new: bytes
) -> None:
    whole = to_bytes(frame)
    at %= len(whole)
    reader = FrameReader(LIMIT)
    try:
        for found in reader.feed(whole[:at] + new + whole[at + len(new) :]):
            assert found.kind in Kind
            if found.kind is Kind.BATCH:
                Shipment.of(found).packets_by_event()
            elif found.kind is Kind.ANSWER:
                Answer.of(found)
    except WireError as error:
        assert str(error)


def test_a_frame_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Rejected, match="101 bytes are too much"):
        packed(Kind.BATCH, (), b"x" * 100, max_bytes=100)


def test_a_frame_beyond_the_limit_is_refused_by_its_prefix_before_it_is_held() -> None:
    data = packed(Kind.BATCH, (), b"x" * 100, max_bytes=1000)
    with pytest.raises(WireError, match="101 bytes; 100 is the limit"):
        FrameReader(100).feed(data[:27])


@given(packets=events, origin=st.text(st.characters(), max_size=10))
@settings(deadline=None)
def test_the_packets_of_a_batch_arrive_by_event(packets: list[list[bytes]], origin: str) -> None:
    batch = Batch(packets, ingest_ns=17)
    sent = shipment_of(Outgoing(packets, batch), origin)
    arrived = Shipment.of(read(sent.packed(3, LIMIT)))
    assert arrived == sent
    received = LinkedBatch(arrived, lambda batch, answer: None)
    assert received.outgoing is not None
    assert received.outgoing.packets == packets
    assert received.outgoing.joined() == b"".join([packet for event in packets for packet in event])
    assert received.outgoing.size == len(received.outgoing.joined())
    assert len(received) == len(received.outgoing) == len(packets)
    assert (received.ingest_ns, received.origin) == (17, origin)


@given(
    payloads=st.lists(st.binary(max_size=9), min_size=1, max_size=9),
    terminator=st.sampled_from([b"", b"\n", b"::"]),
)
@settings(deadline=None)
def test_terminated_payloads_are_measured_without_being_made_packets(
    payloads: list[bytes], terminator: bytes
) -> None:
    outgoing = Outgoing.terminated(payloads, terminator, Batch(payloads, ingest_ns=0))
    assert shipment_of(outgoing).packets() == [payload + terminator for payload in payloads]


@pytest.mark.parametrize(
    "head",
    [
        [],
        [9, "", b"", b"", b""],
        [1, "", b"123", b"", b""],
        [1, "", array("I", [5]).tobytes(), b"", b""],
        [1, "", array("I", [3]).tobytes(), array("I", [2]).tobytes(), b""],
        [1, 2, array("I", [3]).tobytes(), b"", b""],
    ],
)
def test_a_batch_that_does_not_fit_together_is_a_wire_error(head: list[Any]) -> None:
    with pytest.raises(WireError):
        Shipment.of(read(packed(Kind.BATCH, head, b"abc", max_bytes=LIMIT)))


@given(
    st.builds(
        Answer,
        st.sampled_from(Outcome),
        st.text(st.characters(), max_size=20),
        st.lists(st.integers(0, 2**32 - 1), max_size=5).map(tuple),
        st.integers(0, 255),
    )
)
@settings(deadline=None)
def test_an_answer_arrives_as_it_was_given(answer: Answer) -> None:
    assert Answer.of(read(answer.packed(1, LIMIT))) == answer


@pytest.mark.parametrize("head", [[], [7, "", b"", 0], [0, "", b"1", 0], [0, "", b"", "0"]])
def test_an_answer_that_makes_no_sense_is_a_wire_error(head: list[Any]) -> None:
    with pytest.raises(WireError):
        Answer.of(read(packed(Kind.ANSWER, head, max_bytes=LIMIT)))
