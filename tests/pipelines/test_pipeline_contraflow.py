from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from pipelines import GRAPH, Batch, Endpoint, Graph, Insight, InsightKind, Operator, Route, compile_graph

OWNER, PARENT_OWNER = object(), object()
ACK, FAIL, CLOSE, OPEN = InsightKind.ACK, InsightKind.FAIL, InsightKind.CLOSE, InsightKind.OPEN
MS = 10**6


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def send(pipeline: Any, count: int, *, parent: Route | None = None) -> dict[str, Batch]:
    """What leaves by each port for some events, their route set as the pipeline's actor does it."""
    return dict(pipeline.process(Batch([*range(count)], ingest_ns=0, route=Route(OWNER, parent=parent))))


def counts(pipeline: Any, count: int) -> dict[str, int]:
    return {port: len(batch) for port, batch in send(pipeline, count).items()}


def answer(
    pipeline: Any, batch: Batch | None, kind: InsightKind, now_ns: int = 0, **others: Any
) -> list[Insight]:
    route = None if batch is None else batch.route
    upwards, released = pipeline.insight(Insight(kind, others.pop("sender", "sink"), route, **others), now_ns)
    assert released == []
    return list(upwards)


def test_only_pipelines_with_an_operator_that_listens_want_contraflow(make: Any, pipeline_of: Any) -> None:
    assert not pipeline_of(make("counter")).wants_contraflow
    assert pipeline_of(make("counter"), make("roundrobin")).wants_contraflow


def test_what_goes_further_up_carries_the_route_that_the_batch_came_with(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("roundrobin"))
    parent = Route(PARENT_OWNER)
    batch = send(pipeline, 1, parent=parent)["out"]
    assert batch.route is not None
    assert batch.route.owner is OWNER
    [up] = answer(pipeline, batch, ACK, elapsed_seconds=0.5)
    assert (up.kind, up.route, up.elapsed_seconds) == (ACK, parent, 0.5)


def test_an_answer_that_nobody_upstream_waits_for_goes_nowhere(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("roundrobin"))
    assert answer(pipeline, send(pipeline, 1)["out"], ACK) == []
    assert answer(pipeline, send(pipeline, 1)["out"], FAIL) == []


def test_each_part_of_a_split_batch_has_a_route_and_marks_of_its_own(make: Any, pipeline_of: Any) -> None:
    out = send(pipeline_of(make("roundrobin", outputs=["a", "b"])), 4)
    a, b = out["a"].route, out["b"].route
    assert a is not None
    assert b is not None
    assert a is not b
    assert a.marks is not b.marks
    assert a.marks != b.marks


def test_two_batches_that_leave_by_one_port_have_marks_of_their_own(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("roundrobin"))
    first, second = send(pipeline, 1)["out"].route, send(pipeline, 1)["out"].route
    assert first is not None
    assert second is not None
    assert first.marks == second.marks
    assert first.marks is not second.marks


def test_roundrobin_takes_turns_over_batches_and_leaves_closed_outputs_out(
    make: Any, pipeline_of: Any
) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b", "c"]))
    out = send(pipeline, 4)
    assert {port: batch.values for port, batch in out.items()} == {"a": [0, 3], "b": [1], "c": [2]}
    assert answer(pipeline, out["b"], CLOSE) == []
    assert counts(pipeline, 4) == {"a": 2, "c": 2}
    assert answer(pipeline, out["b"], OPEN) == []
    assert counts(pipeline, 3) == {"a": 1, "b": 1, "c": 1}


def test_roundrobin_overflows_and_closes_upstream_only_with_its_last_output(
    make: Any, pipeline_of: Any
) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b"]))
    out = send(pipeline, 2)
    assert answer(pipeline, out["a"], CLOSE) == []
    assert answer(pipeline, out["a"], CLOSE) == []
    assert [up.kind for up in answer(pipeline, out["b"], CLOSE)] == [CLOSE]
    assert answer(pipeline, out["b"], CLOSE) == []
    assert counts(pipeline, 3) == {"overflow": 3}
    assert [up.kind for up in answer(pipeline, out["a"], OPEN)] == [OPEN]
    assert answer(pipeline, out["b"], OPEN) == []


def test_a_lost_connection_without_a_route_finds_its_output_by_the_senders_earlier_answers(
    make: Any, pipeline_of: Any
) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b"]))
    out = send(pipeline, 2)
    answer(pipeline, out["a"], ACK, sender="first")
    answer(pipeline, out["b"], ACK, sender="second")
    answer(pipeline, None, CLOSE, sender="first")
    assert counts(pipeline, 2) == {"b": 2}


@pytest.mark.parametrize("sender", ["a", "linked"])
def test_a_lost_connection_is_known_before_any_answer_by_its_link_or_the_ports_name(
    make: Any, pipeline_of: Any, sender: str
) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b"]))
    pipeline.connect("a", "linked")
    answer(pipeline, None, CLOSE, sender=sender)
    assert counts(pipeline, 2) == {"b": 2}


def test_news_of_an_unknown_sender_change_nothing_and_go_on_up(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b"]))
    assert [up.kind for up in answer(pipeline, None, CLOSE, sender="stranger")] == [CLOSE]
    assert counts(pipeline, 2) == {"a": 1, "b": 1}


def test_answers_of_an_overflows_offramp_do_not_close_an_output(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("roundrobin", outputs=["a", "b"]))
    out = send(pipeline, 2)
    answer(pipeline, out["a"], CLOSE)
    answer(pipeline, out["b"], CLOSE)
    overflow = send(pipeline, 1)["overflow"]
    assert answer(pipeline, overflow, OPEN) == []
    assert counts(pipeline, 1) == {"overflow": 1}
    answer(pipeline, out["a"], OPEN)
    assert answer(pipeline, overflow, CLOSE) == []
    assert counts(pipeline, 2) == {"a": 2}


@pytest.mark.parametrize("outputs", [[], ["a", "a"], ["err"], ["overflow"], [""]])
def test_roundrobin_refuses_outputs_that_cannot_be_told_apart(make: Any, outputs: list[str]) -> None:
    with pytest.raises(ValidationError):
        make("roundrobin", outputs=outputs)


def test_an_insight_visits_listening_operators_from_the_last_to_the_first_of_its_way(make: Any) -> None:
    heard: list[str] = []

    def listener(name: str) -> Operator:
        operator = make("percentile", timeout="1s")

        def hear(insight: Insight, ports: frozenset[str], now_ns: int) -> Insight:
            heard.append(name)
            return insight

        operator.on_insight = hear
        return operator  # type: ignore[no-any-return]

    graph = Graph(outputs=("left", "right"))
    for name in ("first", "left", "right"):
        graph.add(name, listener(name))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("first", "in"))
    for side in ("left", "right"):
        graph.connect(Endpoint("first", "out"), Endpoint(side, "in"))
        graph.connect(Endpoint(side, "out"), Endpoint(GRAPH, side))
    pipeline = compile_graph(graph, name="main")
    answer(pipeline, send(pipeline, 1)["right"], ACK)
    assert heard == ["right", "first"]


def test_backpressure_lets_one_probe_through_each_step_and_steps_on_only_for_answers_to_probes(
    make: Any, pipeline_of: Any
) -> None:
    clock = Clock()
    pipeline = pipeline_of(
        make("backpressure", timeout="10ms", steps=["100ms", "300ms", "900ms"]), clock_ns=clock
    )
    batch = send(pipeline, 3)["out"]
    assert len(batch) == 3
    for _ in range(5):
        answer(pipeline, batch, FAIL)
    clock.now_ns = 99 * MS
    assert counts(pipeline, 3) == {"overflow": 3}
    clock.now_ns = 100 * MS
    assert counts(pipeline, 3) == {"out": 1, "overflow": 2}
    for _ in range(5):
        answer(pipeline, batch, ACK, clock.now_ns, elapsed_seconds=0.011)
    clock.now_ns = 399 * MS
    assert counts(pipeline, 3) == {"overflow": 3}
    clock.now_ns = 400 * MS
    assert counts(pipeline, 3) == {"out": 1, "overflow": 2}
    answer(pipeline, batch, ACK, clock.now_ns, elapsed_seconds=0.009)
    assert counts(pipeline, 3) == {"out": 3}


def test_backpressure_takes_closed_connections_for_bad_and_opened_ones_for_good(
    make: Any, pipeline_of: Any
) -> None:
    pipeline = pipeline_of(make("backpressure", timeout="10ms"))
    batch = send(pipeline, 1)["out"]
    assert answer(pipeline, batch, CLOSE) == []
    assert counts(pipeline, 2) == {"overflow": 2}
    assert answer(pipeline, batch, OPEN) == []
    assert counts(pipeline, 2) == {"out": 2}


def test_backpressure_sends_as_many_probes_as_it_is_told(make: Any, pipeline_of: Any) -> None:
    clock = Clock()
    pipeline = pipeline_of(make("backpressure", timeout="10ms", steps=["1s"], probes=2), clock_ns=clock)
    answer(pipeline, send(pipeline, 1)["out"], FAIL)
    clock.now_ns = 1000 * MS
    assert counts(pipeline, 5) == {"out": 2, "overflow": 3}
    assert counts(pipeline, 5) == {"overflow": 5}


def test_percentile_shrinks_and_grows_the_part_that_it_lets_through(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("percentile", timeout="10ms", step_down=0.25, step_up=0.5, floor=0.25))
    batch = send(pipeline, 100)["out"]
    assert len(batch) == 100
    answer(pipeline, batch, FAIL)
    assert counts(pipeline, 100) == {"out": 75, "overflow": 25}
    for _ in range(9):
        answer(pipeline, batch, ACK, elapsed_seconds=1.0)
    assert counts(pipeline, 100) == {"out": 25, "overflow": 75}
    answer(pipeline, batch, ACK, elapsed_seconds=0.001)
    assert counts(pipeline, 100) == {"out": 75, "overflow": 25}


def test_a_batch_released_by_a_tick_has_the_route_of_its_last_event(make: Any, pipeline_of: Any) -> None:
    pipeline = pipeline_of(make("batch", count=9, timeout="1s"), make("roundrobin"))
    first, last = Route(PARENT_OWNER), Route(PARENT_OWNER)
    assert send(pipeline, 1, parent=first) == {}
    assert send(pipeline, 1, parent=last) == {}
    [(_, batch)] = pipeline.tick(10**9)
    [up] = answer(pipeline, batch, ACK)
    assert up.route is last
