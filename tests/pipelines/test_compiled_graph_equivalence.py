"""Any graph over any cutting into batches does what a naive interpreter does, one event at a time."""

from __future__ import annotations

import copy
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import (
    GRAPH,
    Batch,
    Drop,
    Emit,
    Endpoint,
    Graph,
    Operator,
    Pipeline,
    PythonFunction,
    compile_graph,
)
from pipelines.python_function import keeps_values, ports

Step = Callable[[Any, Any], list[tuple[str, Any, Any]]]
"""A naive operator: a value and its metadata, to what leaves: port, value, metadata."""


@dataclass
class Twin:
    """How to make an operator, and how to make its naive counterpart, each with its own state."""

    make: Callable[[Any], Operator]
    naive: Callable[[], Step]
    outputs: tuple[str, ...] = ("out",)
    keeps_raws: bool = False


def naive_filter() -> Step:
    return lambda value, meta: [("out", value, meta)] if value.get("n", 0) > 3 else []


def naive_set() -> Step:
    return lambda value, meta: [("out", {**value, "label": "set"}, meta)]


def naive_counter() -> Step:
    count = 0

    def step(value: Any, meta: Any) -> list[tuple[str, Any, Any]]:
        nonlocal count
        count += 1
        return [("out", {"count": count, "event": value}, meta)]

    return step


def naive_sample() -> Step:
    seen = 0

    def step(value: Any, meta: Any) -> list[tuple[str, Any, Any]]:
        nonlocal seen
        seen += 1
        return [("out", value, meta)] if seen % 3 == 1 else []

    return step


def naive_dedupe() -> Step:
    seen: set[Any] = set()

    def step(value: Any, meta: Any) -> list[tuple[str, Any, Any]]:
        key = value.get("n")
        if key is None:
            raise ValueError
        first = key not in seen
        seen.add(key)
        return [("out" if first else "duplicates", value, meta)]

    return step


def naive_roundrobin() -> Step:
    turn = 0

    def step(value: Any, meta: Any) -> list[tuple[str, Any, Any]]:
        nonlocal turn
        turn += 1
        return [("a" if turn % 2 else "b", value, meta)]

    return step


def change_in_place(event: Any) -> Any:
    if event.get("n") == 5:
        raise ValueError("five")
    event["seen"] = event.get("seen", 0) + 1
    return event


@ports("alerts")
def emit_or_drop(event: Any, meta: dict[str, Any]) -> Any:
    match event.get("n"):
        case 1:
            return Drop
        case 2:
            return Emit({"n": 2, "alert": True}, port="alerts")
        case 3:
            return Emit(event, meta={"new": 3})
        case 4:
            meta["written"] = meta.get("written", 0) + 1
    return event


def explode(event: Any) -> Iterator[Any]:
    for index in range(event.get("n", 0) % 4):
        yield {"n": index, "of": event}
    if event.get("n") == 6:
        raise ValueError("six")


@keeps_values
@ports("odd")
def by_parity(event: Any) -> Any:
    return Emit(event, port="odd") if event.get("n", 0) % 2 else event


def naive_change_in_place() -> Step:
    return lambda value, meta: [("out", change_in_place(copy.deepcopy(value)), meta)]


def naive_emit_or_drop() -> Step:
    def step(value: Any, meta: Any) -> list[tuple[str, Any, Any]]:
        match value.get("n"):
            case 1:
                return []
            case 2:
                return [("alerts", {"n": 2, "alert": True}, meta)]
            case 3:
                return [("out", value, {"new": 3})]
            case 4:
                return [("out", value, {**(meta or {}), "written": (meta or {}).get("written", 0) + 1})]
        return [("out", value, meta)]

    return step


def naive_explode() -> Step:
    return lambda value, meta: [("out", item, meta) for item in list(explode(copy.deepcopy(value)))]


def naive_by_parity() -> Step:
    return lambda value, meta: [("odd" if value.get("n", 0) % 2 else "out", value, meta)]


TWINS: dict[str, Twin] = {
    "filter": Twin(lambda make: make("filter", expression="event.n > 3"), naive_filter, keeps_raws=True),
    "set": Twin(lambda make: make("set", fields={"label": "set"}), naive_set),
    "counter": Twin(lambda make: make("counter"), naive_counter),
    "sample": Twin(lambda make: make("sample", every=3), naive_sample, keeps_raws=True),
    "dedupe": Twin(
        lambda make: make("dedupe", key=["n"]), naive_dedupe, outputs=("out", "duplicates"), keeps_raws=True
    ),
    "roundrobin": Twin(
        lambda make: make("roundrobin", outputs=["a", "b"]),
        naive_roundrobin,
        outputs=("a", "b", "overflow"),
        keeps_raws=True,
    ),
    "change_in_place": Twin(lambda make: PythonFunction(change_in_place), naive_change_in_place),
    "emit_or_drop": Twin(
        lambda make: PythonFunction(emit_or_drop), naive_emit_or_drop, outputs=("out", "alerts")
    ),
    "explode": Twin(lambda make: PythonFunction(explode), naive_explode),
    "by_parity": Twin(
        lambda make: PythonFunction(by_parity), naive_by_parity, outputs=("out", "odd"), keeps_raws=True
    ),
}

Edges = dict[tuple[str, str], list[tuple[str, str]]]


@st.composite
def shapes(draw: st.DrawFn) -> tuple[dict[str, str], Edges]:
    """Operators' kinds by id, and edges from each port to later operators and the pipeline's outputs."""
    kinds = draw(st.lists(st.sampled_from(sorted(TWINS)), max_size=6))
    nodes = {f"{kind}{index}": kind for index, kind in enumerate(kinds)}
    ids = list(nodes)
    edges: Edges = {}
    for position, node in enumerate([GRAPH, *ids]):
        later = [(after, "in") for after in ids[position:]] + [(GRAPH, "out"), (GRAPH, "other")]
        outputs = ("in",) if node == GRAPH else (*TWINS[nodes[node]].outputs, "err")
        for port in outputs:
            targets = draw(st.lists(st.sampled_from(later), min_size=node == GRAPH, max_size=3, unique=True))
            if targets:
                edges[node, port] = targets
    return nodes, edges


EVENTS = st.lists(
    st.fixed_dictionaries({}, optional={"n": st.integers(0, 7), "deep": st.just([{"a": [1]}])}), max_size=20
)


class Interpreter:
    """Runs one event after the other through the graph, and copies at every step, so that nothing is shared."""

    def __init__(self, nodes: dict[str, str], edges: Edges) -> None:
        self.nodes = nodes
        self.edges = edges
        self.steps = {node: TWINS[kind].naive() for node, kind in nodes.items()}
        self.left: dict[str, list[Any]] = defaultdict(list)

    def send(self, source: tuple[str, str], value: Any, meta: Any, raw: Any, origin: Any) -> None:
        """``raw``: the event's bytes, if it is as it came; ``origin``: the bytes of what it was made from."""
        default = [(GRAPH, "err")] if source[1] == "err" else []
        for node, port in self.edges.get(source, default):
            own, own_meta = copy.deepcopy(value), copy.deepcopy(meta)
            if node == GRAPH:
                self.left[port].append((own, own_meta, origin if port == "err" else raw))
            else:
                self.run(node, own, own_meta, raw, origin)

    def run(self, node: str, value: Any, meta: Any, raw: Any, origin: Any) -> None:
        try:
            results = self.steps[node](value, meta)
        except Exception:
            self.send((node, "err"), {"failed": node, "event": value}, meta, None, origin)
            return
        for port, new, new_meta in results:
            kept = raw if TWINS[self.nodes[node]].keeps_raws else None
            self.send((node, port), new, new_meta, kept, origin)


def build(nodes: dict[str, str], edges: Edges, make: Any) -> Pipeline:
    graph = Graph(outputs=("out", "other"))
    for node, kind in nodes.items():
        graph.add(node, TWINS[kind].make(make))
    for source, targets in edges.items():
        for target in targets:
            graph.connect(Endpoint(*source), Endpoint(*target))
    return compile_graph(graph, name="main", clock_ns=lambda: 0)


def comparable(value: Any) -> Any:
    """Error events as the interpreter writes them, wherever they stand."""
    if isinstance(value, dict):
        if "traceback" in value:
            # What came in is not known any more once a function has changed it; here it fails before it does.
            failed = {"failed": value["operator"], "event": comparable(value["event"])}
            return failed | {key: comparable(item) for key, item in value.items() if key not in ERROR_KEYS}
        return {key: comparable(item) for key, item in value.items()}
    return [comparable(item) for item in value] if isinstance(value, list) else value


ERROR_KEYS = {"error", "component", "operator", "event", "traceback"}


def check_account(pipeline: Pipeline) -> None:
    account = pipeline.account()
    dropped = sum(count for reasons in account["dropped"].values() for count in reasons.values())
    gone = sum(account["out"].values()) + dropped + account["merged"] + account["held"]
    assert account["in"] + account["created"] == gone, account


def run_in_batches(
    pipeline: Pipeline, events: list[Any], cuts: set[int], with_metas: bool, with_raws: bool
) -> dict[str, list[Any]]:
    left: dict[str, list[Any]] = defaultdict(list)
    bounds = [0, *sorted(cut for cut in cuts if 0 < cut < len(events)), len(events)]
    for start, stop in itertools.pairwise(bounds):
        values = copy.deepcopy(events[start:stop])
        metas: Any = [{"m": index} for index in range(start, stop)] if with_metas else None
        raws: Any = [str(index).encode() for index in range(start, stop)] if with_raws else None
        for port, out in pipeline.process(Batch(values, metas=metas, raws=raws, ingest_ns=0)):
            assert out.values, "an empty batch left"
            assert out.metas is None or len(out.metas) == len(out.values)
            assert out.raws is None or len(out.raws) == len(out.values)
            metas_out, raws_out = out.metas or [None] * len(out), out.raws or [None] * len(out)
            left[port] += zip(out.values, metas_out, raws_out, strict=True)
        check_account(pipeline)
    return left


@settings(max_examples=150, deadline=None)
@given(
    shape=shapes(), events=EVENTS, cuts=st.sets(st.integers(0, 20)), metas=st.booleans(), raws=st.booleans()
)
def test_any_graph_gives_what_the_interpreter_gives_however_the_stream_is_cut(
    make: Any, shape: tuple[dict[str, str], Edges], events: list[Any], cuts: set[int], metas: bool, raws: bool
) -> None:
    nodes, edges = shape
    interpreter = Interpreter(nodes, edges)
    for index, event in enumerate(events):
        meta, raw = {"m": index} if metas else None, str(index).encode() if raws else None
        interpreter.send((GRAPH, "in"), event, meta, raw, raw)
    left = run_in_batches(build(nodes, edges, make), events, cuts, metas, raws)
    found = {
        port: [(comparable(value), meta, raw) for value, meta, raw in items] for port, items in left.items()
    }
    assert found == {
        port: [(value, meta, raw) for value, meta, raw in items] for port, items in interpreter.left.items()
    }


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from([*sorted(TWINS), "batch"]), min_size=1, max_size=30),
    events=EVENTS,
    cuts=st.sets(st.integers(0, 20)),
)
def test_the_account_of_a_long_chain_that_holds_events_balances_at_every_step(
    make: Any, kinds: list[str], events: list[Any], cuts: set[int]
) -> None:
    graph = Graph()
    source = Endpoint(GRAPH, "in")
    for index, kind in enumerate(kinds):
        operator = make("batch", count=3) if kind == "batch" else TWINS[kind].make(make)
        graph.add(f"{kind}{index}", operator)
        graph.connect(source, Endpoint(f"{kind}{index}", "in"))
        source = Endpoint(f"{kind}{index}", operator.outputs[0])
    graph.connect(source, Endpoint(GRAPH, "out"))
    pipeline = compile_graph(graph, name="main", clock_ns=lambda: 0)
    run_in_batches(pipeline, events, cuts, with_metas=False, with_raws=True)
    pipeline.finish()
    check_account(pipeline)
    assert pipeline.account()["held"] == 0
