"""Chunks that hold, or expand to, far more frames than a batch: bounded in memory, fair to others, never lost."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Callable
from typing import Any

import gevent
import pytest
from gevent.event import Event

from pipelines.batch import Batch
from ramps.codecs.json import Json
from ramps.codecs.string import String
from ramps.errors import IntakeFull
from ramps.intake import StreamIntake
from ramps.preprocessor import preprocessors

FRAMES = 10_000


class StillClock:
    def time_ns(self) -> int:
        return 1000


def make(
    send: Callable[[str, Batch, float | None], None], *names: str, codec: Callable[[], Any] = String
) -> StreamIntake:
    steps = [preprocessors.get(name) for name in names]
    return StreamIntake(
        "onramp:test", make_codec=codec, send=send, clock=StillClock(), make_preprocessors=steps
    )


def drop(_port: str, _batch: Batch, _timeout: float | None) -> None:
    """Downstream takes everything at once."""


def test_others_run_while_a_chunk_of_many_frames_is_decoded() -> None:
    ran = Event()
    other = gevent.spawn(ran.set)
    assert make(drop, "lines", codec=Json).stream("here").feed(b"\n" * FRAMES) == (0, FRAMES)
    assert ran.is_set()
    other.join(timeout=5.0)


def test_a_chunk_of_bad_frames_does_not_become_error_events_all_at_once() -> None:
    stream = make(drop, "lines", codec=Json).stream("here")
    stream.feed(b"\n")
    tracemalloc.start()
    try:
        stream.feed(b"\n" * FRAMES)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 << 20


@pytest.mark.parametrize("names", [("gzip", "lines"), ("length-prefixed", "gzip", "lines-no-buffer")])
def test_a_chunk_that_expands_to_many_frames_does_not_hold_them_all_at_once(names: tuple[str, ...]) -> None:
    # As dense as the limit of the ratio lets pass.
    blob = gzip.compress(b"ab\n" * 99_990 + b"".join(b"%d\n" % random.getrandbits(1000) for _ in range(10)))
    chunk = (len(blob).to_bytes(8, "big") + blob) * 3 if len(names) == 3 else blob * 3
    stream = make(drop, *names).stream("here")
    stream.feed(chunk)
    tracemalloc.start()
    try:
        assert stream.feed(chunk) == (300_000, 0)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 16 << 20


def test_only_the_first_batch_of_a_chunk_of_many_frames_is_bound_to_the_timeout() -> None:
    timeouts: list[float | None] = []
    make(lambda port, batch, timeout: timeouts.append(timeout), "lines").stream("here").feed(
        b"x\n" * FRAMES, timeout=0.5
    )
    assert [timeout for timeout in timeouts if timeout is not None] == [0.5]


def test_the_reasons_are_the_first_ten_of_the_whole_chunk() -> None:
    stream = make(drop, "lines", codec=Json).stream("here")
    stream.feed(b"{}\n" * 2000 + b"[\n" * 2000)
    assert len(stream.reasons) == 10


def test_frame_numbers_go_on_from_slice_to_slice() -> None:
    numbers: list[int] = []
    make(
        lambda port, batch, timeout: numbers.extend(v["frame"] for v in batch.values), "lines", codec=Json
    ).stream("here").feed(b"\n" * 5000)
    assert numbers == list(range(1, 5001))


@pytest.mark.parametrize("killed_at", [0, 1, 40, 100])
def test_whoever_is_killed_in_the_middle_of_a_chunk_leaves_the_rest_to_be_delivered_again(
    killed_at: int,
) -> None:
    sent: list[Any] = []
    kill = True

    def send(_port: str, batch: Batch, _timeout: float | None) -> None:
        if kill and len(sent) >= killed_at * 64:
            raise gevent.GreenletExit
        sent.extend(batch.values)

    intake = make(send, "lines")
    lines = [str(number) for number in range(FRAMES)]
    with pytest.raises(gevent.GreenletExit):
        intake.stream("here").feed("\n".join(lines).encode() + b"\n")
    kill = False
    intake.deliver_again()
    assert sent == lines
    assert intake.events == FRAMES


def test_a_large_chunk_that_found_no_room_at_first_can_be_fed_again() -> None:
    full = True
    numbers: list[int] = []

    def send(port: str, batch: Batch, _timeout: float | None) -> None:
        if full:
            raise IntakeFull("full")
        numbers.extend(value["frame"] for value in batch.values)

    stream = make(send, "lines", codec=Json).stream("here", framed=True)
    with pytest.raises(IntakeFull):
        stream.feed(b"\n" * 3000, timeout=0.1)
    full = False
    assert stream.feed(b"\n" * 3000, timeout=0.1) == (0, 3000)
    assert numbers == list(range(1, 3001))
