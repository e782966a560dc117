from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.sliding_window import SlidingWindow

SECOND = 10**9


class NaiveWindow:
    """Remembers every event that it let through, with its slot, for ever."""

    def __init__(self, rate: int, slots: int, slot_ns: int, start_ns: int) -> None:
        self.rate, self.slots, self.slot_ns, self.start_ns = rate, slots, slot_ns, start_ns
        self.allowed: list[int] = []
        self.latest = 0

    def allow(self, now_ns: int) -> bool:
        self.latest = max(self.latest, (now_ns - self.start_ns) // self.slot_ns)
        in_window = [slot for slot in self.allowed if slot > self.latest - self.slots]
        if len(in_window) >= self.rate:
            return False
        self.allowed.append(self.latest)
        return True


@settings(max_examples=200, deadline=None)
@given(
    rate=st.integers(0, 6),
    slots=st.integers(1, 8),
    slot_ns=st.integers(1, 10),
    moves=st.lists(st.integers(-15, 40), max_size=60),
)
@example(rate=1, slots=2, slot_ns=10, moves=[-25, 25])
def test_the_sliding_window_allows_what_its_naive_twin_allows(
    rate: int, slots: int, slot_ns: int, moves: list[int]
) -> None:
    now_ns = start_ns = 1000
    window, twin = SlidingWindow(rate, slots, slot_ns, start_ns), NaiveWindow(rate, slots, slot_ns, start_ns)
    for move in moves:
        now_ns += move
        assert window.allow(now_ns) == twin.allow(now_ns)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=80))
def test_no_stretch_of_time_as_long_as_the_window_sees_more_than_the_rate_of_two_windows_edges(
    gaps: list[int],
) -> None:
    window = SlidingWindow(3, 10, 10, 0)
    allowed, now_ns = [], 0
    for gap in gaps:
        now_ns += gap
        if window.allow(now_ns):
            allowed.append(now_ns)
    # One slot less than the window is what any alignment guarantees.
    assert all(sum(start <= at < start + 90 for at in allowed) <= 3 for start in allowed)


def test_the_time_left_over_after_a_slot_is_not_lost() -> None:
    window = SlidingWindow(rate=1, slots=10, slot_ns=100, start_ns=0)
    assert window.allow(0)
    # Fifteen steps of one and a half slots: a window that forgets the halves would still be full at 1000.
    assert [at for at in range(150, 1001, 50) if window.allow(at)] == [1000]


def ports_of(pipeline: Any, batch: Any) -> list[tuple[str, list[Any]]]:
    return [(port, left.values) for port, left in pipeline.process(batch)]


def test_a_bucket_sends_what_exceeds_the_rate_to_overflow(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("bucket", rate=2))
    assert pipeline.outputs == ("out", "overflow", "err")
    assert ports_of(pipeline, batch_of(1, 2, 3)) == [("out", [1, 2]), ("overflow", [3])]
    assert ports_of(pipeline, batch_of(4, ingest_ns=SECOND)) == [("out", [4])]


def test_a_bucket_counts_each_class_and_dimension_apart(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("bucket", **{"class": "level", "dimensions": ["host"], "rate": 1}))
    events = [{"level": level, "host": host} for level in "ab" for host in ("x", "y", None)]
    assert ports_of(pipeline, batch_of(*events)) == [("out", events)]
    assert ports_of(pipeline, batch_of(*events)) == [("overflow", events)]


def test_an_event_without_its_class_leaves_by_err(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    [(port, left)] = pipeline_of(make("bucket", **{"class": "level", "rate": 1})).process(batch_of({}))
    assert port == "err"
    assert "'level'" in left.values[0]["error"]


def test_a_bucket_forgets_the_dimensions_that_were_unused_for_longest(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("bucket", dimensions=["d"], rate=1, cardinality=2))
    a, b, c = ({"d": name} for name in "abc")
    assert ports_of(pipeline, batch_of(a, b, a, c)) == [("out", [a, b, c]), ("overflow", [a])]
    # b is gone, and comes back with a fresh window; a went on being used until c came.
    assert ports_of(pipeline, batch_of(a, b)) == [("out", [b]), ("overflow", [a])]


def test_a_bucket_without_a_rate_takes_everything_from_the_metadata(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("bucket"))
    meta = {"class": "x", "rate": 1, "dimensions": ["a", 1], "time_range": 2000}
    batch = batch_of(1, 2, metas=[dict(meta), dict(meta)])
    assert ports_of(pipeline, batch) == [("out", [1]), ("overflow", [2])]
    assert ports_of(pipeline, batch_of(3, metas=[dict(meta)], ingest_ns=SECOND)) == [("overflow", [3])]
    assert ports_of(pipeline, batch_of(4, metas=[dict(meta)], ingest_ns=2 * SECOND)) == [("out", [4])]


@pytest.mark.parametrize(
    "meta", [None, {}, {"class": "x"}, {"class": 5, "rate": 1}, {"class": "x", "rate": "1"}, {"class": "x", "rate": -1},
             {"class": "x", "rate": 1, "windows": 0}, {"class": "x", "rate": 1, "time_range": True}]
)  # fmt: skip
def test_metadata_that_do_not_say_enough_send_the_event_to_err(
    make: Any, pipeline_of: Any, batch_of: Any, meta: Any
) -> None:
    [(port, left)] = pipeline_of(make("bucket")).process(batch_of("event", metas=[meta]))
    assert port == "err"
    assert left.values[0]["event"] == "event"
    assert left.values[0]["error"].startswith("the event's metadata")


def test_time_that_goes_backwards_neither_fails_nor_frees_room(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("bucket", rate=1))
    assert ports_of(pipeline, batch_of(1, ingest_ns=5 * SECOND)) == [("out", [1])]
    assert ports_of(pipeline, batch_of(2, ingest_ns=SECOND)) == [("overflow", [2])]


def test_a_class_without_a_rate_is_refused(make: Any) -> None:
    with pytest.raises(ValidationError, match="need a rate"):
        make("bucket", **{"class": "level"})


def test_events_keep_their_raw_bytes_through_a_bucket(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    out = dict(
        pipeline_of(make("bucket", rate=1)).process(batch_of(1, 2, raws=[b"1", b"2"], raw_codec="json"))
    )
    assert (out["out"].raws, out["overflow"].raws, out["out"].raw_codec) == ([b"1"], [b"2"], "json")
