from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import GRAPH, Endpoint, Graph, compile_graph
from pipelines.ticket import Outcome, Ticket
from pipelines.values import key_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, "a", "a" * 100]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


class NaiveDedupe:
    """A list of what was seen, searched from its start each time."""

    def __init__(self, ttl_ns: int, max_keys: int) -> None:
        self.ttl_ns, self.max_keys = ttl_ns, max_keys
        self.seen: list[tuple[Any, int]] = []
        self.now_ns = 0

    def route(self, key: Any, ingest_ns: int) -> str:
        self.now_ns = max(self.now_ns, ingest_ns)
        self.seen = [(known, at) for known, at in self.seen if at + self.ttl_ns > self.now_ns]
        if any(known == key for known, _ in self.seen):
            return "duplicates"
        self.seen = [*self.seen, (key, self.now_ns)][-self.max_keys :]
        return "out"


@settings(max_examples=200, deadline=None)
@given(
    events=st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 8)), max_size=50),
    ttl=st.integers(1, 20),
    max_keys=st.integers(1, 4),
)
def test_dedupe_sends_events_where_its_naive_twin_does(
    make: Any, pipeline_of: Any, batch_of: Any, events: list[tuple[int, int]], ttl: int, max_keys: int
) -> None:
    pipeline = pipeline_of(make("dedupe", key=["id"], ttl=f"{ttl}ns", max_keys=max_keys))
    twin, now_ns = NaiveDedupe(ttl, max_keys), 100
    for number, move in events:
        now_ns += move
        [(port, _)] = pipeline.process(batch_of({"id": number}, ingest_ns=now_ns))
        assert port == twin.route(number, now_ns)


@settings(max_examples=200, deadline=None)
@given(JSON, JSON)
def test_keys_are_equal_exactly_where_the_json_is(left: Any, right: Any) -> None:
    def typed(value: Any) -> Any:
        if isinstance(value, list):
            return ["list", *map(typed, value)]
        if isinstance(value, dict):
            return {key: typed(item) for key, item in value.items()}
        return (type(value).__name__, value)

    assert (key_of(left) == key_of(right)) == (typed(left) == typed(right))


def test_time_that_goes_backwards_stands_still(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("dedupe", ttl="5ns", max_keys=1))
    ports = [
        pipeline.process(batch_of(value, ingest_ns=at))[0][0]
        for value, at in (("a", 10), ("b", 7), ("b", 13))
    ]
    assert ports == ["out", "out", "duplicates"]


def test_whole_values_are_compared_where_no_key_is_named(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    out = dict(pipeline_of(make("dedupe")).process(batch_of({"a": 1, "b": 2}, {"b": 2, "a": 1}, 1, True, 1)))
    assert out["out"].values == [{"a": 1, "b": 2}, 1, True]
    assert out["duplicates"].values == [{"b": 2, "a": 1}, 1]


def test_duplicates_are_dropped_and_counted_where_their_port_leads_nowhere(make: Any, batch_of: Any) -> None:
    graph = Graph()
    graph.add("once", make("dedupe"))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("once", "in"))
    graph.connect(Endpoint("once", "out"), Endpoint(GRAPH, "out"))
    pipeline = compile_graph(graph, name="main")
    [(port, left)] = pipeline.process(batch_of(1, 1, 1))
    assert (port, left.values) == ("out", [1])
    assert pipeline.account()["dropped"] == {"once": {"duplicates": 2}}


def test_an_event_without_any_field_of_the_key_leaves_by_err(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    out = dict(pipeline_of(make("dedupe", key=["a", "b"])).process(batch_of({"b": 1}, {"c": 1}, "text")))
    assert out["out"].values == [{"b": 1}]
    assert [value["event"] for value in out["err"].values] == [{"c": 1}, "text"]


def test_a_value_that_has_no_json_form_leaves_by_err(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    nested: Any = []
    for _ in range(100_000):
        nested = [nested]
    [(port, left)] = pipeline_of(make("dedupe")).process(batch_of(nested, {1, 2}))
    assert port == "err"
    assert all("cannot serve as a key" in value["error"] for value in left.values)


@pytest.mark.parametrize(
    ("outcome", "port"),
    [(None, "duplicates"), (Outcome.DELIVERED, "duplicates"), (Outcome.FAILED, "out")],
)
def test_an_event_whose_first_try_failed_is_no_duplicate_of_it(
    make: Any, pipeline_of: Any, batch_of: Any, outcome: Outcome | None, port: str
) -> None:
    pipeline = pipeline_of(make("dedupe", key=["id"]))
    first, second = Ticket(lambda _outcome: None), Ticket(lambda _outcome: None)
    [(_, sent)] = pipeline.process(batch_of({"id": 1}, ticket=first))
    if outcome is not None:
        sent.ticket.answer(outcome)
    assert [where for where, _ in pipeline.process(batch_of({"id": 1}, ticket=second))] == [port]
    # The second try stands for it from now on.
    assert [where for where, _ in pipeline.process(batch_of({"id": 1}))] == ["duplicates"]
    first.answer()
    second.answer()
