from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

MS = 10**6


def values_of(results: Any) -> list[Any]:
    return [value for _, batch in results for value in batch.values]


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 5), max_size=8), count=st.integers(1, 4))
def test_events_leave_in_lists_of_the_count_and_the_rest_at_the_end(
    make: Any, pipeline_of: Any, batch_of: Any, sizes: list[int], count: int
) -> None:
    pipeline = pipeline_of(make("batch", count=count))
    events = iter(range(1000))
    left = []
    for size in sizes:
        left += values_of(pipeline.process(batch_of(*(next(events) for _ in range(size)))))
    left += values_of(pipeline.finish())
    total = sum(sizes)
    assert left == [list(range(start, min(start + count, total))) for start in range(0, total, count)]


def test_what_has_waited_for_the_timeout_leaves_on_a_tick(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("batch", count=10, timeout="100ms"))
    assert pipeline.wants_ticks
    pipeline.process(batch_of(1, ingest_ns=0))
    pipeline.process(batch_of(2, ingest_ns=50 * MS, origin="there"))
    assert pipeline.tick(99 * MS) == []
    [(port, left)] = pipeline.tick(100 * MS)
    assert (port, left.values, left.ingest_ns, left.origin) == ("out", [[1, 2]], 50 * MS, "there")


def test_an_idle_batch_never_emits_an_empty_list(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("batch", count=10, timeout="100ms"))
    assert pipeline.tick(10**12) == []
    pipeline.process(batch_of(1))
    assert values_of(pipeline.tick(10**12)) == [[1]]
    assert pipeline.tick(10**13) == []
    assert pipeline.finish() == []


def test_an_event_that_comes_after_the_timeout_completes_the_list(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("batch", count=10, timeout="100ms"))
    pipeline.process(batch_of(1, ingest_ns=0))
    assert values_of(pipeline.process(batch_of(2, ingest_ns=100 * MS))) == [[1, 2]]


def test_what_is_released_runs_through_the_operators_behind(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("batch", count=2), make("counter"), make("batch", count=2))
    pipeline.process(batch_of(1, 2, 3))
    assert pipeline.account()["held"] == 2
    assert values_of(pipeline.finish()) == [[{"count": 1, "event": [1, 2]}, {"count": 2, "event": [3]}]]
    assert pipeline.account() == {
        "in": 3, "out": {"out": 1, "err": 0}, "joined": {}, "dropped": {}, "merged": 2, "created": 0, "held": 0,
    }  # fmt: skip
