"""Whoever is pre-empted may be killed there: nothing is confirmed too early for that, and every source hears of it."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
from gevent import GreenletExit

from actors import ExitKind, ExitReason
from actors.testing import VirtualClock
from pipelines import GRAPH, Batch, Endpoint, Graph, PythonFunction, compile_graph, per_batch
from pipelines.actor import PipelineActor, PipelinePart
from pipelines.language import compile_query
from pipelines.operators.batch import Batch as BatchOperator
from pipelines.outlets import Outlets
from pipelines.ticket import Outcome, Ticket, settle_batch
from tests.delivery.killing import killed_at

BATCHES, EVENTS = 4, 3
STEP = 97
"""All places take minutes; these are others in each place of the code, as no loop has that length."""


class Mailbox:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.messages: deque[Any] = deque()

    def tell(self, message: Any, **_options: Any) -> None:
        self.messages.append(message)


class Driven(PipelineActor):
    """Without a greenlet: the test calls it."""

    clock = VirtualClock()
    released = False

    def send_every(self, seconds: float, message: Any) -> Any:
        return None

    def release_message(self) -> None:
        self.released = True


def batching() -> Graph:
    graph = Graph()
    graph.add("batch", BatchOperator(BatchOperator.Options.model_validate({"count": 4, "timeout": "1s"})))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("batch", "in"))
    graph.connect(Endpoint("batch", "out"), Endpoint(GRAPH, "out"))
    return graph


def per_batch_and_batching() -> Graph:
    @per_batch
    def same(batch: Batch) -> Any:
        return batch

    graph = Graph()
    graph.add("same", PythonFunction(same))
    graph.add("batch", BatchOperator(BatchOperator.Options.model_validate({"count": 4})))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("batch", "in"))
    graph.connect(Endpoint("batch", "out"), Endpoint("same", "in"))
    graph.connect(Endpoint("same", "out"), Endpoint(GRAPH, "out"))
    return graph


WINDOWS = compile_query(
    """
    define tumbling window one with interval = 3 end;
    select { "numbers": aggr::win::collect_flattened(event.id) }
    from in[one] group by event.id % 2 into out;
    """
)


def ids_of(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for item in value:
            yield from ids_of(item)
    elif "numbers" in value:
        yield from value["numbers"]
    else:
        yield value["id"]


class Run:
    """A pipeline behind a source and in front of two readers, one of which changes values."""

    def __init__(self, make_graph: Callable[[], Graph], codes: Any) -> None:
        self.readers = [Mailbox(), Mailbox()]
        self.outlets = Outlets()
        self.outlets.link("out", self.readers[0], changes_values=False)
        self.outlets.link("out", self.readers[1], changes_values=True)
        self.part = PipelinePart(
            "pipeline:main", lambda: compile_graph(make_graph(), name="main", codes=codes), self.outlets
        )
        self.actor: Driven | None = None
        self.settled: dict[int, list[Outcome]] = defaultdict(list)
        self.arrived: list[set[int]] = [set(), set()]
        self.early: list[int] = []

    def settle(self, number: int, outcome: Outcome) -> None:
        self.settled[number].append(outcome)
        wanted = set(range(number * EVENTS, (number + 1) * EVENTS))
        if outcome is Outcome.DELIVERED and not all(wanted <= arrived for arrived in self.arrived):
            self.early.append(number)

    def batch(self, number: int) -> Batch:
        events = [{"id": number * EVENTS + each} for each in range(EVENTS)]
        return Batch(events, ingest_ns=number, ticket=Ticket(partial(self.settle, number)))

    def do(self, message: Any) -> None:
        """As the kernel does: a message in hand comes again after a kill."""
        while True:
            try:
                if self.actor is None:
                    self.actor = Driven(self.part)
                    self.actor.on_start()
                self.actor.released = False
                self.actor.on_message(message)
            except GreenletExit:
                actor, self.actor = self.actor, None
                assert actor is not None
                if hasattr(actor, "_pipeline"):
                    actor.on_stop(ExitReason(ExitKind.KILLED))
                if actor.released or message == "tick":
                    return
            else:
                return

    def stop(self) -> None:
        if self.actor is None:
            self.do("tick")
        actor = self.actor
        assert actor is not None
        with suppress(GreenletExit):
            actor.on_stop(ExitReason(ExitKind.SHUTDOWN))
            return
        # Somebody else sends what is left.
        self.actor = None
        self.do("tick")
        self.stop()

    def answer(self) -> None:
        for reader, arrived in zip(self.readers, self.arrived, strict=True):
            while reader.messages:
                _port, batch = reader.messages.popleft()
                arrived.update(each for value in batch.values for each in ids_of(value))
                settle_batch(batch)


def settled_when_killed(make_graph: Callable[[], Graph], codes: Any, number: int) -> tuple[Run, str | None]:
    run = Run(make_graph, codes)
    run.do("tick")
    batches = deque(map(run.batch, range(BATCHES)))
    with killed_at(number) as kill:
        while batches:
            run.do(("in", batches.popleft()))
            run.do("tick")
        run.stop()
    run.answer()
    return run, kill.where if kill.happened else None


@pytest.mark.parametrize(
    "make_graph", [batching, per_batch_and_batching, WINDOWS.graph], ids=["batching", "per_batch", "windows"]
)
def test_every_source_hears_once_and_never_too_early(make_graph: Callable[[], Graph]) -> None:
    codes: Any = {}
    settled_when_killed(make_graph, codes, 10**9)
    for number in count(0, STEP):
        run, where = settled_when_killed(make_graph, codes, number)
        assert not run.early, (number, where)
        assert [len(run.settled[batch]) for batch in range(BATCHES)] == [1] * BATCHES, (number, where)
        if where is None:
            assert number > STEP
            return
