"""Short ways to make operators, pipelines and batches. Session-wide, so that Hypothesis may use them."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from pipelines import Batch, Operator, Pipeline, chain, compile_graph
from pipelines.operator import operators


class MakeOperator(Protocol):
    def __call__(self, name: str, **options: Any) -> Operator: ...


class MakePipeline(Protocol):
    def __call__(self, *steps: Operator, clock_ns: Any = ...) -> Pipeline: ...


class MakeBatch(Protocol):
    def __call__(self, *values: Any, ingest_ns: int = 0, **others: Any) -> Batch: ...


@pytest.fixture(scope="session")
def make() -> MakeOperator:
    def make_operator(name: str, **options: Any) -> Operator:
        member = operators.get(name)
        return member(member.Options.model_validate(options))

    return make_operator


@pytest.fixture(scope="session")
def pipeline_of() -> MakePipeline:
    def make_pipeline(*steps: Operator, clock_ns: Any = lambda: 0) -> Pipeline:
        return compile_graph(chain(steps), name="main", clock_ns=clock_ns)

    return make_pipeline


@pytest.fixture(scope="session")
def batch_of() -> MakeBatch:
    def make_batch(*values: Any, ingest_ns: int = 0, **others: Any) -> Batch:
        return Batch(list(values), ingest_ns=ingest_ns, **others)

    return make_batch
