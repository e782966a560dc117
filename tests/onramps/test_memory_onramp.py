from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing import settle
from pipelines.ticket import Outcome
from ramps.errors import EndOfInput, IntakeFull
from ramps.onramps.memory import MemoryOnramp
from ramps.testing.deliveries import Deliveries, Reader
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake
from tests.delivery.killing import interrupted_at


def memory(**options: Any) -> MemoryOnramp:
    return MemoryOnramp(MemoryOnramp.Options(**options))


def test_values_and_frames_arrive_and_the_end_is_the_end(run: Any, intake: Any) -> None:
    onramp = memory()
    onramp.put_all([{"a": 1}, [2], None])
    onramp.put(b'{"b": 1}')
    onramp.close_input()
    run(onramp).wait_for_end()
    assert intake.values == [{"a": 1}, [2], None]
    assert [(stream.framed, stream.chunks) for stream in intake.streams] == [(True, [b'{"b": 1}'])]


def test_put_blocks_while_capacity_items_wait(run: Any, intake: Any) -> None:
    onramp = memory(capacity=2)
    producer = gevent.spawn(onramp.put_all, range(10))
    settle()
    assert not producer.dead
    run(onramp)
    intake.wait_until(lambda: intake.values == list(range(10)))
    producer.join(timeout=5.0)


def test_put_with_a_timeout_says_that_it_is_full() -> None:
    onramp = memory(capacity=1)
    onramp.put(1)
    with pytest.raises(IntakeFull, match="1 items wait"):
        onramp.put(2, timeout=0.001)


def test_nothing_can_be_put_after_the_input_was_closed() -> None:
    onramp = memory(capacity=1)
    onramp.put(1)
    blocked = gevent.spawn(onramp.put, 2)
    settle()
    onramp.close_input()
    with pytest.raises(EndOfInput):
        onramp.put(3)
    blocked.join(timeout=5.0)
    assert isinstance(blocked.exception, EndOfInput)


def test_what_waits_survives_close_and_open(run: Any, intake: Any) -> None:
    onramp = memory()
    runner = run(onramp)
    runner.close()
    onramp.put("kept")
    runner.open()
    intake.wait_until(lambda: intake.values == ["kept"])


def test_all_frames_are_of_one_stream_because_codecs_read_headers(run: Any, intake: Any) -> None:
    onramp = memory()
    runner = run(onramp)
    onramp.put(b"name,age")
    intake.wait_until(lambda: intake.data)
    onramp.put("a value in between")
    onramp.put(b"badger,7")
    onramp.close_input()
    runner.wait_for_end()
    [stream] = intake.streams
    assert (stream.chunks, stream.ended) == ([b"name,age", b"badger,7"], True)


@given(st.lists(st.one_of(st.integers(), st.binary(max_size=5)), max_size=200), st.integers(1, 100))
@settings(max_examples=30, deadline=None)
def test_everything_arrives_once_and_in_order(items: list[Any], capacity: int) -> None:
    onramp, intake = memory(capacity=capacity), RecordingIntake()
    with OnrampRunner(onramp, intake) as runner:
        onramp.put_all(items)
        onramp.close_input()
        runner.wait_for_end()
    assert intake.values == [item for item in items if not isinstance(item, bytes)]
    assert [chunk for stream in intake.streams for chunk in stream.chunks] == [
        item for item in items if isinstance(item, bytes)
    ]


@contextmanager
def promising(onramp: MemoryOnramp) -> Iterator[Deliveries]:
    deliveries = Deliveries()
    reader = Reader(onramp, deliveries)
    reader.open()
    yield deliveries
    reader.close()


def test_who_puts_hears_once_and_only_when_it_is_delivered() -> None:
    heard: list[int] = []
    onramp = memory()
    with promising(onramp) as deliveries:
        for number in (0, 1):
            onramp.put({"n": number}, on_delivered=partial(heard.append, number))
            settle()
        deliveries.wait_until(lambda: deliveries.unanswered == [0, 1])
        deliveries.answer([0], Outcome.FAILED)
        deliveries.wait_until(lambda: deliveries.unanswered == [1, 0, 1])
        deliveries.answer([1])
        assert heard == []
        deliveries.answer()
        assert heard == [0, 1]


def test_what_is_under_way_takes_up_room_until_it_is_delivered() -> None:
    onramp = memory(capacity=2)
    with promising(onramp) as deliveries:
        onramp.put_all([{"n": 0}, {"n": 1}])
        deliveries.wait_until(lambda: len(deliveries.unanswered) == 2)
        with pytest.raises(IntakeFull):
            onramp.put({"n": 2}, timeout=0.001)
        deliveries.answer()
        onramp.put({"n": 2}, timeout=5.0)


def test_in_a_best_effort_flow_nobody_hears_of_anything(run: Any, intake: Any) -> None:
    heard: list[bool] = []
    onramp = memory(capacity=1)
    run(onramp)
    for _ in range(3):
        onramp.put(1, timeout=5.0, on_delivered=lambda: heard.append(True))
    intake.wait_until(lambda: len(intake.values) == 3)
    assert intake.tickets.count(None) == len(intake.tickets)
    assert heard == []


def test_whoever_reads_hears_of_the_end_whatever_happened_just_before_he_began_to_wait() -> None:
    """Regression: pre-empted between the look and the wait, it waited for ever."""
    for number in count():
        onramp = memory()
        onramp.open()
        deadline = gevent.Timeout(5.0, TimeoutError("it waits for ever"))
        with deadline, interrupted_at(number, onramp.close_input) as interruption:
            closer = gevent.spawn(close_unless_it_was, onramp)
            with pytest.raises(EndOfInput):
                onramp.read(RecordingIntake())
        closer.kill()
        if not interruption.happened:
            assert number > 10
            return


def close_unless_it_was(onramp: MemoryOnramp) -> None:
    if not onramp._complete:
        onramp.close_input()
