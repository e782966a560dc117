"""The intake: from chunks to batches, and what becomes of bad bytes."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.batch import Batch
from pipelines.errors import UnknownComponent
from ramps.codec import SKIP, Codec
from ramps.error_events import MAX_DATA_BYTES
from ramps.errors import DecodeError, IntakeFull
from ramps.intake import StreamIntake
from ramps.preprocessor import Preprocessor, preprocessors
from ramps.testing.framing_battery import cut


class Json(Codec):
    """Comments are skipped, as some line formats have them."""

    name = "json"
    summary = "JSON, for these tests."

    def decode(self, frame: bytes) -> Any:
        assert type(frame) is bytes
        if frame.startswith(b"#"):
            return SKIP
        try:
            return json.loads(frame)
        except json.JSONDecodeError as error:
            raise DecodeError("not JSON", error.pos) from None
        except ValueError:
            raise DecodeError("not UTF-8") from None


class Counting(Codec):
    """Its values are the numbers of the frames."""

    name = "counting"
    summary = "Counts, for these tests."
    stateful: ClassVar[bool] = True

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.count = 0

    def decode(self, frame: bytes) -> int:
        self.count += 1
        return self.count


class HandClock:
    def __init__(self) -> None:
        self.ns = 1000

    def time_ns(self) -> int:
        return self.ns


class Sent:
    """What an intake sent, and how full downstream is."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, Batch]] = []
        self.timeouts: list[float | None] = []
        self.full = False

    def __call__(self, port: str, batch: Batch, timeout: float | None) -> None:
        if self.full:
            raise IntakeFull("full")
        self.batches.append((port, batch))
        self.timeouts.append(timeout)

    def of(self, port: str) -> list[Batch]:
        return [batch for name, batch in self.batches if name == port]

    def values(self, port: str = "out") -> list[Any]:
        return [value for batch in self.of(port) for value in batch.values]


def steps(*names: str) -> list[type[Preprocessor]]:
    return [preprocessors.get(name) for name in names]


def make(*names: str, codec: type[Codec] = Json, batch_max: int = 64) -> tuple[StreamIntake, Sent]:
    sent = Sent()
    codec_named = {"json": Json, "counting": Counting}
    intake = StreamIntake(
        "onramp:test",
        make_codec=codec,
        send=sent,
        clock=HandClock(),
        make_preprocessors=steps(*names),
        codec_named=lambda name: codec_named[name](),
        batch_max=batch_max,
    )
    return intake, sent


def test_a_chunk_becomes_one_batch_of_its_frames() -> None:
    intake, sent = make("lines")
    assert intake.stream("here").feed(b'{"a": 1}\n2\n3') == (2, 0)
    (batch,) = sent.of("out")
    assert batch.values == [{"a": 1}, 2]
    assert batch.raws == [b'{"a": 1}', b"2"]
    assert (batch.raw_codec, batch.ingest_ns, batch.origin, batch.size) == ("json", 1000, "here", 9)
    assert batch.metas is None


def test_a_batch_holds_no_more_events_than_allowed() -> None:
    intake, sent = make("lines", batch_max=3)
    intake.stream("here").feed(b"1\n2\n3\n4\n5\n6\n7\n")
    assert [batch.values for batch in sent.of("out")] == [[1, 2, 3], [4, 5, 6], [7]]


def test_each_event_gets_its_own_copy_of_the_metadata() -> None:
    intake, sent = make("lines")
    meta = {"peer": "me", "headers": {"a": 1}}
    intake.stream("here").feed(b"1\n2\nx\n", meta=meta)
    (good,), (bad,) = sent.of("out"), sent.of("err")
    assert good.metas == [meta, meta]
    assert bad.metas == [meta]
    assert good.metas is not None
    first, second = good.metas
    assert first is not None
    assert second is not None
    first["headers"]["a"] = 2
    assert second["headers"] == meta["headers"] == {"a": 1}


def test_the_end_delivers_the_last_line() -> None:
    intake, sent = make("lines")
    stream = intake.stream("here")
    stream.feed(b"1")
    assert stream.end() == (1, 0)
    assert sent.values() == [1]


def test_a_frame_that_cannot_be_decoded_leaves_by_err_and_the_others_go_on() -> None:
    intake, sent = make("lines")
    stream = intake.stream("tcp://peer")
    stream.feed(b"1\n")
    assert stream.feed(b'2\n{"a":}\n3\n') == (2, 1)
    assert sent.values() == [1, 2, 3]
    (batch,) = sent.of("err")
    assert batch.values == [
        {
            "error": "not JSON",
            "kind": "decode",
            "component": "onramp:test",
            "origin": "tcp://peer",
            "frame": 3,
            "position": 5,
            "data": '{"a":}',
        }
    ]
    assert (batch.raws, batch.raw_codec) == ([b'{"a":}'], "binary")
    assert stream.reasons == ["not JSON"]


def test_bad_frames_and_bad_events_leave_by_err_in_their_order() -> None:
    intake, sent = make("ingest-ns")
    stream = intake.stream("here", framed=True, preprocessors=["textual-length-prefix", "ingest-ns"])
    stream.feed(b"3 abc9 12345678x2 ab9 123456781")
    assert [(event["kind"], event["frame"]) for event in sent.values("err")] == [
        ("frame", 1),
        ("decode", 2),
        ("frame", 3),
    ]
    assert sent.values() == [1]


def test_bytes_that_are_no_text_are_shown_as_base64() -> None:
    intake, sent = make()
    intake.stream("here").feed(b"\xff\xfe")
    (event,) = sent.values("err")
    assert base64.b64decode(event["data_base64"]) == b"\xff\xfe"
    assert "data" not in event


def test_long_bad_data_is_cut_at_a_character() -> None:
    intake, sent = make()
    intake.stream("here").feed(b"x" + "é".encode() * MAX_DATA_BYTES)
    (event,) = sent.values("err")
    assert event["data"] == "x" + "é" * (MAX_DATA_BYTES // 2 - 1)
    assert event["data_bytes"] == 1 + 2 * MAX_DATA_BYTES
    (batch,) = sent.of("err")
    assert [len(raw or b"") for raw in batch.raws or []] == [MAX_DATA_BYTES]


def test_reasons_are_those_of_the_latest_call_and_ten_at_most() -> None:
    intake, _ = make("lines")
    stream = intake.stream("here")
    assert stream.feed(b"x\n" * 12) == (0, 12)
    assert stream.reasons == ["not JSON"] * 10
    stream.feed(b"1\n")
    assert stream.reasons == []


def test_skipped_frames_are_counted_and_not_sent() -> None:
    intake, sent = make("lines")
    assert intake.stream("here").feed(b"#a\n1\nx\n#b\n") == (1, 1)
    assert sent.values() == [1]
    assert (intake.frames, intake.events, intake.errors, intake.skipped, intake.bytes_in) == (4, 1, 1, 2, 10)
    assert sent.of("out")[0].raws == [b"1"]


def test_a_frame_with_another_time_stamp_begins_another_batch() -> None:
    intake, sent = make("length-prefixed", "ingest-ns")
    stamped = [(7, b"1"), (7, b"2"), (8, b"3"), (7, b"4")]
    frames = [stamp.to_bytes(8, "big") + body for stamp, body in stamped]
    intake.stream("here").feed(b"".join(len(frame).to_bytes(8, "big") + frame for frame in frames))
    batches = [(batch.ingest_ns, batch.values, batch.raws) for batch in sent.of("out")]
    assert batches == [(7, [1, 2], [b"1", b"2"]), (8, [3], [b"3"]), (7, [4], [b"4"])]


def test_without_preprocessors_each_chunk_is_a_frame() -> None:
    intake, sent = make()
    stream = intake.stream("here")
    stream.feed(b"1")
    stream.feed(b"2")
    assert sent.values() == [1, 2]


def test_each_datagram_is_a_stream_of_its_own() -> None:
    intake, sent = make("lines")
    stream = intake.stream("udp", framed=True)
    assert stream.feed(b"1\n2") == (2, 0)
    assert stream.feed(b"3") == (1, 0)
    assert sent.values() == [1, 2, 3]


def test_a_whole_body_may_be_compressed_lines() -> None:
    intake, sent = make("decompress", "lines")
    assert intake.stream("http", framed=True).feed(gzip.compress(b"1\n2\n")) == (2, 0)
    assert sent.values() == [1, 2]


def test_what_was_begun_when_the_peer_vanished_leaves_by_err_with_the_reason() -> None:
    intake, sent = make("lines")
    stream = intake.stream("here")
    stream.feed(b"1\n2")
    assert stream.abort("the peer vanished") == (0, 1)
    assert sent.values() == [1]
    (event,) = sent.values("err")
    assert (event["kind"], event["error"], event["frame"], event["data"]) == (
        "stream",
        "the peer vanished",
        2,
        "2",
    )


def test_an_abort_between_frames_is_no_error() -> None:
    intake, sent = make("lines")
    stream = intake.stream("here")
    stream.feed(b"1\n")
    assert stream.abort("the peer vanished") == (0, 0)
    assert sent.of("err") == []


def test_streams_do_not_share_framing_or_the_state_of_a_codec() -> None:
    intake, sent = make("lines", codec=Counting)
    one, other = intake.stream("one"), intake.stream("other")
    one.feed(b"a\nb")
    other.feed(b"c\nd\n")
    one.feed(b"\n")
    assert [(batch.origin, batch.values) for batch in sent.of("out")] == [
        ("one", [1]),
        ("other", [1, 2]),
        ("one", [2]),
    ]


def test_a_codec_without_state_is_made_once() -> None:
    intake, _ = make()
    assert intake.stream("one")._codec is intake.stream("other")._codec


def test_a_stream_may_name_its_own_codec_and_preprocessors() -> None:
    intake, sent = make("lines")
    intake.stream("here", codec="counting", preprocessors=["lines-pipe"]).feed(b"a|b|")
    (batch,) = sent.of("out")
    assert (batch.values, batch.raw_codec) == ([1, 2], "counting")


def test_an_unknown_preprocessor_is_named() -> None:
    intake, _ = make()
    with pytest.raises(UnknownComponent, match="'liness'"):
        intake.stream("here", preprocessors=["liness"])


def test_only_the_first_batch_is_bound_to_the_timeout() -> None:
    intake, sent = make("lines", batch_max=1)
    intake.stream("here").feed(b"1\n2\nx\n", timeout=0.5)
    assert sent.timeouts == [0.5, None, None]


def test_a_chunk_that_found_no_room_is_not_counted_and_its_stream_is_over() -> None:
    intake, sent = make("lines")
    stream = intake.stream("here")
    sent.full = True
    with pytest.raises(IntakeFull):
        stream.feed(b"1\nx\n", timeout=0.1)
    assert (intake.frames, intake.events, intake.errors, intake.bytes_in, sent.batches) == (0, 0, 0, 0, [])
    sent.full = False
    assert stream.abort("dropped") == (0, 0)
    with pytest.raises(RuntimeError, match="open a new one"):
        stream.feed(b"1\n")


def test_a_stream_of_whole_frames_goes_on_after_it_found_no_room() -> None:
    intake, sent = make("lines")
    stream = intake.stream("udp", framed=True)
    sent.full = True
    with pytest.raises(IntakeFull):
        stream.feed(b"1", timeout=0.1)
    sent.full = False
    assert stream.feed(b"1", timeout=0.1) == (1, 0)
    assert sent.values() == [1]


def test_values_that_need_no_decoding_go_out_in_batches() -> None:
    intake, sent = make(batch_max=2)
    intake.emit([1, 2, 3], origin="cron", metas=[{"n": 1}, None, {"n": 3}])
    batches = [(batch.values, batch.metas, batch.raws, batch.origin) for batch in sent.of("out")]
    assert batches == [([1, 2], [{"n": 1}, None], None, "cron"), ([3], [{"n": 3}], None, "cron")]
    assert intake.events == 3


def test_what_the_connector_refuses_leaves_by_err() -> None:
    intake, sent = make()
    intake.reject(b"body", "longer than max_body", origin="http")
    (event,) = sent.values("err")
    assert event == {
        "error": "longer than max_body",
        "kind": "stream",
        "component": "onramp:test",
        "origin": "http",
        "data": "body",
    }
    assert intake.errors == 1


LINES = st.lists(st.sampled_from([b"1", b"{}", b"x", b"#", b"", b"no event"]), max_size=30).map(b"\n".join)


@settings(max_examples=100, deadline=None)
@given(
    chunks=cut(LINES),
    batch_max=st.integers(1, 5),
)
def test_every_frame_is_accounted_for_and_in_order_for_any_cut(chunks: list[bytes], batch_max: int) -> None:
    intake, sent = make("lines", batch_max=batch_max)
    stream = intake.stream("here")
    counts = [*(stream.feed(chunk) for chunk in chunks), stream.end()]
    lines = b"".join(chunks).split(b"\n")
    if not lines[-1]:
        lines.pop()
    good = [line for line in lines if line in (b"1", b"{}")]
    bad = [line.decode() for line in lines if line in (b"x", b"", b"no event")]
    assert [raw for batch in sent.of("out") for raw in batch.raws or []] == good
    assert [event["data"] for event in sent.values("err")] == bad
    assert [event["frame"] for event in sent.values("err")] == [
        number for number, line in enumerate(lines, 1) if line.decode() in bad
    ]
    assert intake.frames == len(lines) == intake.events + intake.errors + intake.skipped
    assert (sum(events for events, _ in counts), sum(errors for _, errors in counts)) == (len(good), len(bad))
    assert all(len(batch) <= batch_max for _, batch in sent.batches)
