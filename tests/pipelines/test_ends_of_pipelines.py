"""What a pipeline leaves out because of where its outputs lead."""

from __future__ import annotations

from typing import Any

from pipelines import Batch, chain, compile_graph
from pipelines.shape import Ends


def test_outputs_that_lead_to_one_place_leave_as_one_batch_in_order_and_count_apart(make: Any) -> None:
    pipeline = compile_graph(
        chain([make("bucket", rate=2)]), name="main", ends=Ends(joined={"overflow": "out"})
    )
    [(port, left)] = pipeline.process(Batch([1, 2, 3], ingest_ns=0))
    assert (port, left.values) == ("out", [1, 2, 3])
    account = pipeline.account()
    assert account["out"] == {"out": 2, "overflow": 1, "err": 0}
    assert account["joined"] == {("overflow", "out"): 1}


def test_joined_outputs_behind_operators_that_several_edges_lead_to_count_right(make: Any) -> None:
    graph = chain([make("filter", expression="event != 2"), make("bucket", rate=1)])
    pipeline = compile_graph(graph, name="main", ends=Ends(joined={"overflow": "out"}))
    for values in ([1, 2, 3], [2], [4]):
        pipeline.process(Batch(list(values), ingest_ns=0))
    account = pipeline.account()
    assert account["out"] == {"out": 1, "overflow": 2, "err": 0}
    assert account["dropped"] == {"filter": {"false": 2}}


def test_outputs_are_not_joined_where_answers_must_find_their_operator(make: Any) -> None:
    graph = chain([make("roundrobin", outputs=["a", "b"])])
    pipeline = compile_graph(graph, name="main", ends=Ends(joined={"b": "a"}))
    assert [port for port, _ in pipeline.process(Batch([1, 2], ingest_ns=0))] == ["a", "b"]


def test_metadata_that_nobody_reads_are_not_collected(make: Any) -> None:
    metas: Any = [{"m": 1}, {"m": 2}]
    for without, expected in ((frozenset(), metas), (frozenset({"out"}), None)):
        pipeline = compile_graph(
            chain([make("filter", expression="meta.m > 0")]), name="main", ends=Ends({}, without)
        )
        [(_, left)] = pipeline.process(Batch([1, 2], ingest_ns=0, metas=list(metas)))
        assert left.metas == expected


def test_copies_share_code_and_nothing_else(make: Any) -> None:
    codes: Any = {}
    first, second = (
        compile_graph(chain([make("counter"), make("bucket", rate=1)]), name=name, codes=codes)
        for name in ("one", "two")
    )
    assert len(codes) == 2, "one for batches with raws, one for those without"
    for pipeline in (first, second):
        results = pipeline.process(Batch(["a", "b"], ingest_ns=0))
        assert [(port, [value["count"] for value in left.values]) for port, left in results] == [
            ("out", [1]),
            ("overflow", [2]),
        ]
        assert pipeline.account()["out"] == {"out": 1, "overflow": 1, "err": 0}
