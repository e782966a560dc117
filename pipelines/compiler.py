"""`compile_graph`: from a graph of operators to the `Pipeline` that runs it."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable
from types import CodeType
from typing import Any

from pipelines.batch import Batch
from pipelines.code_generator import generate
from pipelines.counters import Counters
from pipelines.errors import ConfigurationError
from pipelines.failure import GENERATED_FILE, error_event
from pipelines.graph import GRAPH, Endpoint, Graph
from pipelines.namespace import Namespace
from pipelines.pipeline import Pipeline, Results
from pipelines.results import SPECIAL_RESULTS, collect, place_of, resolve, unless_empty
from pipelines.shape import Ends, Shape
from pipelines.values import copy_value

__all__ = ["Codes", "compile_graph", "generated_source"]


Codes = dict[tuple[Endpoint, Shape, frozenset[str]], tuple[tuple[str, ...], CodeType]]
"""By entry, shape, and the outputs without metadata: the names that generated code refers to, and the code."""


def compile_graph(
    graph: Graph,
    *,
    name: str,
    clock_ns: Callable[[], int] = time.time_ns,
    ends: Ends | None = None,
    codes: Codes | None = None,
) -> Pipeline:
    """Compile a graph. The operators become the pipeline's own: compile a new graph for another instance.

    ``name`` stands in error events; ``clock_ns`` is the wall clock for operators (nanoseconds since 1970); ``ends`` is
    what is known of where the outputs lead, which saves work; ``codes`` is a dict that copies of one and the same
    pipeline share, so that only the first of them has to be compiled. Raises `ConfigurationError` with everything that
    `Graph.check` finds.
    """
    problems = graph.check()
    if problems:
        first = problems[0]
        raise ConfigurationError("; ".join(str(problem) for problem in problems), first.path, first.hint)
    counters = Counters(f"pipeline:{name}", graph.outputs)
    for node in graph.in_order():
        node.operator.clock_ns = clock_ns
        node.operator.component = counters.component
    namespace = Namespace(counters, {})
    ends = ends or Ends()
    if any(node.operator.wants_contraflow for node in graph.in_order()):
        # It tells by the output where an answer belongs.
        ends = ends._replace(joined={})

    def compile_entry(entry: Endpoint, shape: Shape, ends: Ends) -> Callable[[Batch], Results]:
        targets = graph.targets(entry)
        if len(targets) == 1 and targets[0].node == GRAPH:
            port = targets[0].port
            return lambda batch: [(port, batch)]
        module = generate(graph, entry, shape, namespace, ends)
        names, key = tuple(namespace.names), (entry, shape, ends.without_meta)
        known = codes.get(key) if codes is not None else None
        if known is not None and known[0] == names:
            code = known[1]
        else:
            code = compile(ast.fix_missing_locations(module), f"{GENERATED_FILE} {name}>", "exec")
            if codes is not None:
                codes[key] = names, code
        exec(code, namespace.names)
        function: Callable[[Batch], Results] = namespace.names.pop("pipeline")
        return function

    pipeline = Pipeline(name, graph, compile_entry, counters, ends)
    namespace.names.update(_runtime(pipeline, counters.component))
    pipeline.prepare()
    return pipeline


def generated_source(graph: Graph, *, entry: str = "in", metas: bool = False, raws: bool = False) -> str:
    """The Python text of the function that a graph compiles to for one input and shape of batch: for reading only."""
    namespace = Namespace(Counters("", graph.outputs), {})
    module = generate(graph, Endpoint(GRAPH, entry), Shape(metas, raws), namespace)
    return ast.unparse(ast.fix_missing_locations(module))


def _runtime(pipeline: Pipeline, component: str) -> dict[str, Any]:
    """The names that generated code refers to, apart from the objects of its operators."""

    def operator_failed(operator_id: str, error: Exception, value: Any) -> dict[str, Any]:
        return error_event(component, operator_id, error, value)

    return {
        "collect": collect,
        "copy_value": copy_value,
        "error_event": operator_failed,
        "place_of": place_of,
        "resolve": resolve,
        "run_batch_operator": pipeline.run_batch_operator,
        "special_results": SPECIAL_RESULTS,
        "unless_empty": unless_empty,
    }
