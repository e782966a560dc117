from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.batch import Batch
from ramps.codec import Codec
from ramps.encoder import Encoder
from ramps.errors import EncodeError
from ramps.joined_payloads import JoinedPayloads
from ramps.postprocessor import Postprocessor


class Text(Codec):
    """Writes ``repr``; refuses None. Counts what it was asked to encode."""

    name = "text"
    raw_passthrough = True

    def __init__(self) -> None:
        super().__init__()
        self.encoded: list[Any] = []

    def encode(self, value: Any) -> bytes:
        self.encoded.append(value)
        if value is None:
            raise EncodeError("there is no text for nothing")
        return repr(value).encode()


class Newline(Postprocessor):
    name = "newline"
    terminator = b"\n"

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        return [payload + b"\n"]


class Halves(Postprocessor):
    """Splits each payload in two; refuses empty ones."""

    name = "halves"

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        if not payload:
            raise EncodeError("nothing to split")
        return [payload[: len(payload) // 2], payload[len(payload) // 2 :]]


class Together(Text):
    """Encodes all values at once, unless one of them is None. Notes whether they were wanted apart."""

    cut = False

    def encode_joined(self, values: list[Any]) -> JoinedPayloads | None:
        if None in values:
            return None
        pieces = [self.encode(value) for value in values]

        def cut() -> list[bytes]:
            self.cut = True
            return pieces

        return JoinedPayloads(sum(map(len, pieces)), cut)


def batch(values: list[Any], raws: list[bytes | None] | None = None, raw_codec: str = "text") -> Batch:
    return Batch(values, ingest_ns=7, raws=raws, raw_codec=raw_codec if raws else "")


def test_each_event_becomes_one_packet_and_the_batch_stays_the_same_object() -> None:
    source = batch([1, 2])
    outgoing, errors = Encoder(Text(), []).encode(source)
    assert outgoing.packets == [[b"1"], [b"2"]]
    assert outgoing.batch is source
    assert errors == []


def test_terminators_are_joined_for_the_whole_batch() -> None:
    outgoing, _ = Encoder(Text(), [Newline(), Newline()]).encode(batch([1, 2]))
    assert outgoing.joined() == b"1\n\n2\n\n"
    assert outgoing.packets == [[b"1\n\n"], [b"2\n\n"]]
    assert outgoing.size == 6


def test_other_postprocessors_may_make_several_packets_of_an_event() -> None:
    outgoing, _ = Encoder(Text(), [Halves(), Newline()]).encode(batch([10, 2345]))
    assert outgoing.packets == [[b"1\n", b"0\n"], [b"23\n", b"45\n"]]
    assert outgoing.joined() == b"1\n0\n23\n45\n"
    assert outgoing.size == len(outgoing.joined())


@pytest.mark.parametrize("postprocessors", [[], [Newline()], [Halves()]])
def test_an_event_that_cannot_be_encoded_costs_only_itself(postprocessors: list[Postprocessor]) -> None:
    outgoing, errors = Encoder(Text(), postprocessors).encode(batch([1, None, 3]))
    assert outgoing.batch.values == [1, 3]
    assert len(outgoing.packets) == 2
    assert [(index, str(error)) for index, error in errors] == [(1, "there is no text for nothing")]


def test_an_event_that_a_postprocessor_refuses_costs_only_itself() -> None:
    source = batch([1, None, 3], raws=[b"", None, b"33"])
    outgoing, errors = Encoder(Text(), [Halves()]).encode(source)
    assert outgoing.packets == [[b"3", b"3"]]
    assert [index for index, _ in errors] == [0, 1]


def test_bytes_that_nobody_changed_are_sent_as_they_came() -> None:
    codec = Text()
    outgoing, _ = Encoder(codec, [Newline()]).encode(batch([1, 2], raws=[b"0x1", None]))
    assert outgoing.joined() == b"0x1\n2\n"
    assert codec.encoded == [2]


def test_the_bytes_of_another_codec_are_not_used() -> None:
    outgoing, _ = Encoder(Text(), []).encode(batch([1], raws=[b"0x1"], raw_codec="other"))
    assert outgoing.joined() == b"1"


def test_a_codec_that_writes_in_its_own_way_does_not_use_the_bytes() -> None:
    codec = Text()
    codec.raw_passthrough = False
    outgoing, _ = Encoder(codec, []).encode(batch([1], raws=[b"0x1"]))
    assert outgoing.joined() == b"1"


def test_bytes_with_a_line_break_are_encoded_anew_so_that_an_event_stays_one_line() -> None:
    outgoing, _ = Encoder(Text(), [Newline()]).encode(batch([[1], 2], raws=[b"[\n1]", b"0x2"]))
    assert outgoing.joined() == b"[1]\n0x2\n"


def test_an_unencodable_value_among_bytes_is_reported_with_its_own_index() -> None:
    outgoing, errors = Encoder(Text(), []).encode(batch([1, None, 3], raws=[b"a", None, b"c"]))
    assert outgoing.packets == [[b"a"], [b"c"]]
    assert [index for index, _ in errors] == [1]


def test_an_empty_batch_is_nothing_to_send() -> None:
    outgoing, errors = Encoder(Text(), [Newline()]).encode(batch([]))
    assert (outgoing.joined(), outgoing.size, outgoing.packets, errors) == (b"", 0, [], [])


def test_events_that_were_encoded_at_once_are_cut_apart_only_for_who_wants_them() -> None:
    codec = Together()
    outgoing, errors = Encoder(codec, [Newline()]).encode(batch([1, 23]))
    assert (outgoing.size, errors, codec.cut) == (5, [], False)
    assert outgoing.joined() == b"1\n23\n"
    assert outgoing.packets == [[b"1\n"], [b"23\n"]]
    assert outgoing.lengths() == ([2, 3], [])
    assert codec.cut
    assert codec.encoded == [1, 23]


def test_events_that_another_codec_has_decoded_are_encoded_at_once() -> None:
    codec = Together()
    outgoing, _ = Encoder(codec, [Newline()]).encode(batch([1, 23], raws=[b"0x1", None], raw_codec="other"))
    assert (outgoing.size, codec.cut) == (5, False)


def test_an_event_that_cannot_be_encoded_with_the_others_costs_only_itself() -> None:
    outgoing, errors = Encoder(Together(), [Newline()]).encode(batch([1, None, 23]))
    assert outgoing.joined() == b"1\n23\n"
    assert outgoing.batch.values == [1, 23]
    assert [(index, str(error)) for index, error in errors] == [(1, "there is no text for nothing")]


class JsonText(Text):
    def encode(self, value: Any) -> bytes:
        return json.dumps(value).encode()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers() | st.none(), st.none() | st.just(b" 1") | st.just(b"[\n]")), max_size=8),
    st.booleans(),
)
def test_the_fast_way_and_the_way_per_event_send_the_same(
    events: list[tuple[int | None, bytes | None]], refuses: bool
) -> None:
    class SlowNewline(Newline):
        terminator = None

    values, raws = [value for value, _ in events], [raw for _, raw in events]
    codec = Text if refuses else JsonText
    fast, fast_errors = Encoder(codec(), [Newline()]).encode(batch(values, list(raws)))
    slow, slow_errors = Encoder(codec(), [SlowNewline()]).encode(batch(values, list(raws)))
    assert fast.packets == slow.packets
    assert fast.joined() == slow.joined()
    assert fast.size == slow.size == len(fast.joined())
    assert fast.batch.values == slow.batch.values
    assert [index for index, _ in fast_errors] == [index for index, _ in slow_errors]
