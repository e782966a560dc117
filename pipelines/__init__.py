"""Events, and what happens to them between the ramps: batches, graphs of operators, the compiler.

A user's Python imports from here what its functions return and are declared with.
"""

from pipelines.batch import Batch
from pipelines.compiler import compile_graph
from pipelines.contraflow import Insight, InsightKind, Route
from pipelines.emit import Drop, DropType, Emit
from pipelines.errors import ConfigurationError, EventError, PipelineError, UnknownComponent
from pipelines.graph import GRAPH, Endpoint, Graph, Node, chain
from pipelines.operator import Inline, Kind, Operator, Scope
from pipelines.options import Options
from pipelines.pipeline import Pipeline
from pipelines.python_function import PythonFunction, keeps_values, per_batch, ports, resolve_python

__all__ = [
    # For a user's functions
    "Batch", "Drop", "DropType", "Emit", "EventError", "keeps_values", "per_batch", "ports",
    # For who builds pipelines
    "GRAPH", "Endpoint", "Graph", "Node", "Pipeline", "PythonFunction", "chain", "compile_graph", "resolve_python",
    # For who writes operators
    "Inline", "Kind", "Operator", "Options", "Scope",
    # Contraflow
    "Insight", "InsightKind", "Route",
    # Errors
    "ConfigurationError", "PipelineError", "UnknownComponent",
]  # fmt: skip
