"""Tickets through real pipelines: whatever is killed and when, nothing is confirmed too early, and nothing never."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gevent import GreenletExit
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import ExitKind, ExitReason
from actors.testing import VirtualClock
from pipelines import GRAPH, Batch, Emit, Endpoint, Graph, Operator, PythonFunction, compile_graph, per_batch
from pipelines.actor import PipelineActor, PipelinePart
from pipelines.operator import operators
from pipelines.outlets import Outlets
from pipelines.python_function import ports
from pipelines.ticket import Outcome, Ticket

SIDE, BAD, DROPPED = 3, 5, 7


class Fuse:
    """Kills whoever is at work after so many points at which that may happen."""

    def __init__(self, points: list[int]) -> None:
        self._points = list(points)

    def burn(self) -> None:
        if self._points:
            self._points[0] -= 1
            if self._points[0] < 0:
                self._points.pop(0)
                raise GreenletExit

    def put_out(self) -> None:
        self._points = []


def ids_of(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for item in value:
            yield from ids_of(item)
    elif "event" in value:
        yield from ids_of(value["event"])
    else:
        yield value["id"]


def batching(count: int) -> Operator:
    member = operators.get("batch")
    return member(member.Options.model_validate({"count": count}))


def filtering() -> Operator:
    member = operators.get("filter")
    return member(member.Options.model_validate({"expression": "not event.unwanted"}))


def graph_of(kinds: list[str], copy_kinds: list[str], fuse: Fuse) -> Graph:
    """Events run through a filter and a function that routes them, then by ``out`` through the one row of operators,
    and as copies through the other one.
    """

    @ports("side")
    def route(event: Any) -> Any:
        fuse.burn()
        if event["id"] % BAD == 0:
            raise ValueError("bad")
        return Emit(event, port="side" if event["id"] % SIDE == 0 else "out")

    def each(value: Any) -> Any:
        fuse.burn()
        return value

    @per_batch
    def all_of_them(batch: Batch) -> Any:
        fuse.burn()
        return list(batch.values)

    @per_batch
    @ports("side")
    def apart(batch: Batch) -> Any:
        indices = range(len(batch.values))
        return {
            "out": batch.select([index for index in indices if not index % 2]),
            "side": batch.select([index for index in indices if index % 2]),
        }

    make: dict[str, Any] = {
        "each": lambda: PythonFunction(each),
        "all": lambda: PythonFunction(all_of_them),
        "apart": lambda: PythonFunction(apart),
        "batch-2": lambda: batching(2),
        "batch-3": lambda: batching(3),
    }
    graph = Graph(outputs=("out", "copy", "side", "err"))
    graph.add("filter", filtering())
    graph.add("route", PythonFunction(route))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("filter", "in"))
    graph.connect(Endpoint("filter", "out"), Endpoint("route", "in"))
    graph.connect(Endpoint("route", "side"), Endpoint(GRAPH, "side"))
    graph.connect(Endpoint("route", "err"), Endpoint(GRAPH, "err"))
    for end, row in (("out", kinds), ("copy", copy_kinds)):
        source = Endpoint("route", "out")
        for number, kind in enumerate(row):
            operator = make[kind]()
            graph.add(f"{end}-{number}", operator)
            graph.connect(source, Endpoint(f"{end}-{number}", "in"))
            source = Endpoint(f"{end}-{number}", "out")
            if "side" in operator.outputs:
                graph.connect(Endpoint(f"{end}-{number}", "side"), Endpoint(GRAPH, end))
        graph.connect(source, Endpoint(GRAPH, end))
    return graph


def expected(event_id: int) -> set[str]:
    """The outputs of the pipeline by which an event must leave."""
    if event_id % DROPPED == 0:
        return set()
    if event_id % BAD == 0:
        return {"err"}
    return {"side"} if event_id % SIDE == 0 else {"out", "copy"}


@dataclass
class Place:
    """A mailbox that keeps what it is told; its sender may be killed before or after."""

    fuse: Fuse
    messages: deque[Any] = field(default_factory=deque)

    def tell(self, message: Any, **_options: Any) -> None:
        self.fuse.burn()
        self.messages.append(message)
        self.fuse.burn()


class Driven(PipelineActor):
    """Without a greenlet: the test calls it."""

    released = False
    clock = VirtualClock()

    def send_every(self, seconds: float, message: Any) -> Any:
        return None

    def release_message(self) -> None:
        self.released = True


class Stage:
    """A pipeline's part and mailbox, and the actor that is started anew whenever it is killed."""

    def __init__(self, part: PipelinePart, mailbox: Place) -> None:
        self.part, self.mailbox = part, mailbox
        self.actor: Driven | None = None
        self.retry: Any = None

    def step(self) -> None:
        message: Any = None
        try:
            if self.actor is None:
                self.actor = Driven(self.part)
                self.actor.on_start()
            if self.retry is None and self.mailbox.messages:
                self.retry = self.mailbox.messages.popleft()
            if self.retry is not None:
                message, self.actor.released = self.retry, False
                self.actor.on_message(message)
                self.retry = None
        except GreenletExit:
            assert self.actor is not None
            if message is not None and self.actor.released:
                self.retry = None
            actor, self.actor = self.actor, None
            # As the kernel does, for one that is killed in a hook.
            with suppress(GreenletExit):
                actor.on_stop(ExitReason(ExitKind.KILLED))

    def stop(self) -> None:
        while self.actor is None or self.mailbox.messages or self.retry is not None:
            self.step()
        self.actor.on_stop(ExitReason(ExitKind.SHUTDOWN))


KINDS = st.lists(st.sampled_from(["each", "all", "apart", "batch-2", "batch-3"]), max_size=3)


@settings(max_examples=100, deadline=None)
@given(
    kinds=KINDS,
    copy_kinds=KINDS,
    links=st.fixed_dictionaries({port: st.integers(1, 3) for port in ("out", "copy", "side", "err")}),
    changes=st.booleans(),
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    pieces=st.integers(1, 3),
    kills=st.lists(st.integers(0, 40), max_size=6),
    data=st.data(),
)
def test_every_ticket_is_settled_once_all_is_answered_and_none_before(
    kinds: list[str],
    copy_kinds: list[str],
    links: dict[str, int],
    changes: bool,
    sizes: list[int],
    pieces: int,
    kills: list[int],
    data: st.DataObject,
) -> None:
    fuse = Fuse(kills)
    ends: dict[tuple[str, int], Place] = {}
    outlets = Outlets()
    for port, count in links.items():
        for number in range(count):
            place = ends[port, number] = Place(fuse)
            outlets.link(port, place, changes_values=changes and number > 0)
    codes: Any = {}
    part = PipelinePart(
        "pipeline:main",
        lambda: compile_graph(graph_of(kinds, copy_kinds, fuse), name="main", codes=codes),
        outlets,
    )
    stage = Stage(part, Place(Fuse([])))
    settled: dict[int, list[Outcome]] = defaultdict(list)
    ids: dict[int, list[int]] = {}
    arrived: dict[tuple[str, int], set[int]] = defaultdict(set)
    failures: set[int] = set()
    next_id = 0

    def check(number: int, outcome: Outcome) -> None:
        settled[number].append(outcome)
        if outcome is Outcome.DELIVERED:
            for event_id in ids[number]:
                for port in expected(event_id):
                    for end in ends:
                        assert end[0] != port or event_id in arrived[end], (event_id, end)

    def answer(end: tuple[str, int], index: int, outcome: Outcome) -> None:
        message = ends[end].messages[index]
        del ends[end].messages[index]
        found = [event_id for value in message[1].values for event_id in ids_of(value)]
        if outcome is Outcome.DELIVERED:
            arrived[end].update(found)
        else:
            failures.update(found)
        message[1].ticket.answer(outcome)

    for number, size in enumerate(sizes):
        numbers = range(next_id, next_id + size * pieces)
        events = [{"id": each, "unwanted": each % DROPPED == 0} for each in numbers]
        next_id += len(events)
        ids[number] = [event["id"] for event in events]
        ticket = Ticket(partial(check, number))
        for piece in range(pieces):
            batch = Batch(events[piece * size : (piece + 1) * size], ingest_ns=0, ticket=ticket.fork())
            stage.mailbox.messages.append(("in", batch))
        ticket.answer()
        for _ in range(data.draw(st.integers(0, 4))):
            stage.step()
            waiting = [end for end, place in ends.items() if place.messages]
            is_answered: bool = data.draw(st.booleans())
            if waiting and is_answered:
                end = data.draw(st.sampled_from(waiting))
                index = data.draw(st.integers(0, len(ends[end].messages) - 1))
                outcome: Outcome = data.draw(st.sampled_from([Outcome.DELIVERED] * 4 + [Outcome.FAILED]))
                answer(end, index, outcome)
    fuse.put_out()
    stage.stop()
    for end, place in ends.items():
        while place.messages:
            answer(end, 0, Outcome.DELIVERED)
    for number in ids:
        assert len(settled[number]) == 1, (number, settled)
        if not kills and not failures:
            assert settled[number] == [Outcome.DELIVERED]
