from __future__ import annotations

import gevent
import pytest

from pipelines.batch import Batch
from ramps.offramp import Outgoing
from ramps.offramps.memory import MemoryOfframp


def of(*values: object) -> Outgoing:
    return Outgoing([], Batch(list(values), ingest_ns=0))


def make(max_events: int | None = None) -> MemoryOfframp:
    offramp = MemoryOfframp(MemoryOfframp.Options(max_events=max_events))
    offramp.open()
    return offramp


def test_waiting_ends_as_soon_as_enough_events_are_there() -> None:
    offramp = make()
    waiter = gevent.spawn(offramp.wait_for, 3)
    gevent.idle()
    offramp.write(of(1, 2))
    assert not waiter.ready()
    offramp.write(of(3))
    assert waiter.get(timeout=5.0) == [1, 2, 3]


def test_waiting_in_vain_says_what_came() -> None:
    offramp = make()
    offramp.write(of(1, 2))
    with pytest.raises(TimeoutError, match=r"2 of 3 events within 0\.01 s; the latest are \[1, 2\]"):
        offramp.wait_for(3, timeout=0.01)


def test_iterating_takes_events_out_and_ends_after_close() -> None:
    offramp = make()
    offramp.write(of(1, 2))
    taken: list[object] = []
    taker = gevent.spawn(lambda: taken.extend(offramp))
    gevent.idle()
    offramp.write(of(3))
    offramp.close()
    taker.get(timeout=5.0)
    assert taken == [1, 2, 3]
    assert not offramp.events
    assert offramp.received == 3


def test_a_full_memory_holds_the_writer_back_until_somebody_takes() -> None:
    offramp = make(max_events=2)
    offramp.write(of(1, 2))
    writer = gevent.spawn(offramp.write, of(3))
    gevent.idle()
    assert not writer.ready()
    assert next(iter(offramp)) == 1
    writer.get(timeout=5.0)
    assert list(offramp.events) == [2, 3]


def test_two_waiters_are_both_woken() -> None:
    offramp = make()
    waiters = [gevent.spawn(offramp.wait_for, count) for count in (1, 2)]
    gevent.idle()
    offramp.write(of(1))
    offramp.write(of(2))
    assert len(gevent.joinall(waiters, timeout=5.0, raise_error=True)) == 2
