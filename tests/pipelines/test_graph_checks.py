from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import GRAPH, ConfigurationError, Endpoint, Graph, PythonFunction, chain, compile_graph
from pipelines.compiler import generated_source

IN, OUT = Endpoint(GRAPH, "in"), Endpoint(GRAPH, "out")


def test_every_mistake_is_reported_at_once_with_its_place_and_a_remedy(make: Any) -> None:
    graph = Graph()
    graph.add("one", make("counter"), ("nodes", 0))
    graph.add("one", make("counter"), ("nodes", 1))
    graph.connect(IN, Endpoint("one", "im"), ("links", 0))
    graph.connect(Endpoint("one", "oot"), OUT, ("links", 1))
    graph.connect(Endpoint("oen", "out"), OUT, ("links", 2))
    graph.connect(Endpoint(GRAPH, "inn"), Endpoint("one", "in"), ("links", 3))
    graph.connect(Endpoint("one", "out"), Endpoint(GRAPH, "outt"), ("links", 4))
    found = {problem.path: (str(problem), problem.hint) for problem in graph.check()}
    assert found["nodes", 1] == ("two operators are called 'one'", "give each operator an id of its own")
    assert found["links", 0][0].endswith("the operator 'one' has no input port 'im'")
    assert found["links", 1][0].endswith("the operator 'one' has no output port 'oot'")
    assert found["links", 2] == ("the edge oen/out -> out: there is no operator 'oen'", "did you mean 'one'?")
    assert found["links", 3][0].endswith("the pipeline has no input port 'inn'")
    assert found["links", 4] == (
        "the edge one/out -> outt: the pipeline has no output port 'outt'",
        "did you mean 'out'?",
    )
    assert len(found) == 6


def test_an_input_of_the_pipeline_that_leads_nowhere_is_a_mistake() -> None:
    [problem] = Graph(inputs=("in", "extra")).check()[1:]
    assert str(problem) == "the pipeline's input 'extra' leads nowhere"


def test_a_cycle_is_named_in_full(make: Any) -> None:
    graph = Graph()
    for name in "abc":
        graph.add(name, make("counter"))
    for source, target in ("ab", "bc", "ca"):
        graph.connect(Endpoint(source, "out"), Endpoint(target, "in"))
    graph.connect(IN, Endpoint("a", "in"))
    [problem] = graph.check()
    assert str(problem) == "operators lead back to themselves: a -> b -> c -> a"


def test_an_operator_may_not_lead_to_itself_by_its_err_port(make: Any) -> None:
    graph = Graph()
    graph.add("a", make("counter"))
    graph.connect(IN, Endpoint("a", "in"))
    graph.connect(Endpoint("a", "err"), Endpoint("a", "in"))
    assert [str(problem) for problem in graph.check()] == ["operators lead back to themselves: a -> a"]


def test_an_operator_that_no_event_comes_to_is_only_a_warning(make: Any) -> None:
    graph = Graph()
    graph.add("lonely", make("counter"), ("nodes", 0))
    graph.connect(IN, OUT)
    assert graph.check() == []
    [warning] = graph.warnings()
    assert (str(warning), warning.path) == ("no event ever comes to the operator 'lonely'", ("nodes", 0))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_a_graph_is_found_to_have_a_cycle_exactly_if_an_operator_reaches_itself(
    make: Any, pairs: list[tuple[int, int]]
) -> None:
    graph = Graph()
    after: dict[int, set[int]] = {index: set() for index in range(6)}
    for index in range(6):
        graph.add(str(index), make("counter"))
        graph.connect(IN, Endpoint(str(index), "in"))
    for source, target in pairs:
        graph.connect(Endpoint(str(source), "out"), Endpoint(str(target), "in"))
        after[source].add(target)
    for _ in range(6):
        after = {
            node: found | {last for step in found for last in after[step]} for node, found in after.items()
        }
    cyclic = any(node in found for node, found in after.items())
    assert bool(graph.check()) == cyclic
    if not cyclic:
        order = [node.id for node in graph.in_order()]
        assert all(order.index(str(source)) < order.index(str(target)) for source, target in pairs)


def test_compiling_a_wrong_graph_tells_all_mistakes_in_one_error(make: Any) -> None:
    graph = Graph(inputs=("in", "more"))
    with pytest.raises(ConfigurationError, match=r"'in' leads nowhere; .*'more' leads nowhere"):
        compile_graph(graph, name="main")


def test_a_chain_gives_its_operators_ids_and_the_pipeline_their_ports(make: Any) -> None:
    graph = chain(
        [make("filter", expression="true"), make("bucket", rate=1), make("filter", expression="true")]
    )
    assert list(graph.nodes) == ["filter", "bucket", "filter-2"]
    assert graph.outputs == ("out", "overflow", "err")
    assert [node.path for node in graph.nodes.values()] == [
        ("operators", 0),
        ("operators", 1),
        ("operators", 2),
    ]
    assert graph.check() == graph.warnings() == []


def test_nothing_can_follow_an_operator_without_an_out_port(make: Any) -> None:
    with pytest.raises(ConfigurationError, match="no port 'out'") as caught:
        chain([make("roundrobin", outputs=["a", "b"]), make("counter")])
    assert caught.value.path == ("operators", 0)
    assert chain([make("counter"), make("roundrobin", outputs=["a", "b"])]).outputs == (
        "a",
        "b",
        "overflow",
        "err",
    )


def test_an_edge_that_is_named_twice_is_one_edge(make: Any, batch_of: Any) -> None:
    graph = Graph()
    graph.connect(IN, OUT)
    graph.connect(IN, OUT)
    [(_, left)] = compile_graph(graph, name="main").process(batch_of(1))
    assert left.values == [1]


def test_ways_that_part_and_join_again_do_not_multiply_the_code(make: Any, batch_of: Any) -> None:
    graph = Graph()
    ends = [IN]
    for index in range(30):
        for side in "ab":
            graph.add(f"{side}{index}", make("filter", expression=f"event.{side} == true"))
            for end in ends:
                graph.connect(end, Endpoint(f"{side}{index}", "in"))
        ends = [Endpoint(f"{side}{index}", "out") for side in "ab"]
    graph.connect(ends[0], OUT)
    assert len(generated_source(graph)) < 60_000
    [(_, left)] = compile_graph(graph, name="main").process(batch_of({"a": True}))
    assert left.values == [{"a": True}]


def test_a_chain_of_thirty_generators_compiles_and_runs(pipeline_of: Any, batch_of: Any) -> None:
    def once(event: int) -> Iterator[int]:
        yield event + 1

    [(_, left)] = pipeline_of(*(PythonFunction(once) for _ in range(30))).process(batch_of(0))
    assert left.values == [30]


def test_an_empty_chain_hands_the_very_same_batch_on(pipeline_of: Any, batch_of: Any) -> None:
    batch = batch_of(1, 2)
    [(port, left)] = pipeline_of().process(batch)
    assert port == "out"
    assert left is batch


def test_a_chain_of_two_hundred_operators_compiles_and_runs(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(*(make("set", fields={f"f{index}": index}) for index in range(200)))
    [(_, left)] = pipeline.process(batch_of({}))
    assert left.values == [{f"f{index}": index for index in range(200)}]


def test_outputs_that_take_the_same_event_do_not_share_it(batch_of: Any) -> None:
    graph = Graph(outputs=("a", "b"))
    graph.connect(IN, Endpoint(GRAPH, "a"))
    graph.connect(IN, Endpoint(GRAPH, "b"))
    pipeline = compile_graph(graph, name="main")
    (_, a), (_, b) = pipeline.process(batch_of({"x": [1]}, metas=[{"m": []}]))
    a.values[0]["x"].append(2)
    assert a.metas is not None
    assert a.metas[0] is not None
    a.metas[0]["m"].append(2)
    assert b.values == [{"x": [1]}]
    assert b.metas == [{"m": []}]
    assert pipeline.account()["created"] == 1
