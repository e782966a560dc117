from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing.virtual_clock import VirtualClock
from pipelines.batch import Batch
from ramps.errors import Rejected, StopDeployment
from ramps.offramp import Outgoing
from ramps.offramps.exit import ExitOfframp


def make() -> tuple[ExitOfframp, VirtualClock]:
    offramp = ExitOfframp()
    offramp.clock = clock = VirtualClock()
    offramp.open()
    return offramp, clock


def of(*values: Any) -> Outgoing:
    return Outgoing([], Batch(list(values), ingest_ns=0))


def test_an_exit_event_stops_the_deployment_with_its_code_after_it_was_taken() -> None:
    offramp, _ = make()
    offramp.write(of({"exit": 3}))
    with pytest.raises(StopDeployment) as caught:
        offramp.flush()
    assert caught.value.exit_code == 3


def test_a_delay_is_waited_for_without_blocking() -> None:
    offramp, clock = make()
    offramp.write(of({"exit": 0, "delay": 1500}))
    assert offramp.flush() is True
    clock.advance(1.4)
    assert offramp.flush() is True
    clock.advance(0.1)
    with pytest.raises(StopDeployment):
        offramp.flush()


def test_the_first_exit_event_decides() -> None:
    offramp, _ = make()
    offramp.write(of({"exit": 1}, {"exit": 2}))
    with pytest.raises(StopDeployment) as caught:
        offramp.flush()
    assert caught.value.exit_code == 1


def test_without_an_exit_event_nothing_stops() -> None:
    offramp, _ = make()
    assert offramp.flush() is False


@pytest.mark.parametrize(
    "value",
    [None, 0, "exit", [], {}, {"exit": "0"}, {"exit": True}, {"exit": -1}, {"exit": 256}, {"exit": 1.0},
     {"exit": 0, "delay": -1}, {"exit": 0, "delay": "1s"}, {"exit": 0, "delay": float("nan")},
     {"exit": 0, "delay": 10**12}],
)  # fmt: skip
def test_an_event_of_another_shape_is_refused(value: Any) -> None:
    offramp, _ = make()
    with pytest.raises(Rejected, match="send an object such as") as caught:
        offramp.write(of(value))
    assert caught.value.indices == [0]
    assert offramp.flush() is False


def test_a_refused_event_next_to_an_exit_event_does_not_keep_it_from_stopping() -> None:
    offramp, _ = make()
    with pytest.raises(Rejected) as caught:
        offramp.write(of("nonsense", {"exit": 4}))
    assert caught.value.indices == [0]
    with pytest.raises(StopDeployment) as stopped:
        offramp.flush()
    assert stopped.value.exit_code == 4


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["exit", "delay"]), inner),
    )
)
def test_no_event_whatever_makes_it_crash(value: Any) -> None:
    offramp, _ = make()
    try:
        offramp.write(of(value))
    except Rejected:
        pass
