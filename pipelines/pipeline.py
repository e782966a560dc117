"""`Pipeline`: one compiled graph with its state and its account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableSequence
from dataclasses import replace
from typing import Any

from pipelines.batch import Batch
from pipelines.contraflow import Insight, InsightKind, Route
from pipelines.counters import Counters
from pipelines.errors import PipelineError
from pipelines.failure import error_event
from pipelines.graph import GRAPH, Endpoint, Graph
from pipelines.operator import Kind, Operator
from pipelines.shape import Ends, Shape
from pipelines.ticket import Inner, Outcome, Ticket, begun_within, passed_on, settle_batch, taken_back

__all__ = ["Pipeline", "Results"]

Results = list[tuple[str, Batch]]
"""What leaves a pipeline: the output port, and a batch that is never empty."""

Compiled = Callable[[Batch], Results]

_OUTPUT = -1


class Pipeline:
    """Runs events through a graph. Made by `pipelines.compiler.compile_graph`; nothing in it blocks or switches.

    What `process` and the others return belongs to the caller, who sends it on. Calls must not overlap.
    """

    def __init__(
        self,
        name: str,
        graph: Graph,
        compile_entry: Callable[[Endpoint, Shape, Ends], Compiled],
        counters: Counters,
        ends: Ends,
    ) -> None:
        self.name = name
        self._ends = ends
        self.inputs = graph.inputs
        self.outputs = graph.outputs
        self._graph = graph
        self._nodes = [(node.id, node.operator) for node in graph.in_order()]
        self._compile_entry = compile_entry
        self._compiled: dict[tuple[Endpoint, bool, bool], Compiled] = {}
        self._inputs: dict[tuple[str, bool, bool], Compiled] = {}
        self._counters = counters
        self._entries = {port: Endpoint(GRAPH, port) for port in graph.inputs}
        self._ticking = [(node_id, operator) for node_id, operator in self._nodes if operator.wants_ticks]
        self._listening = [
            (index, node_id, operator)
            for index, (node_id, operator) in enumerate(self._nodes)
            if operator.wants_contraflow
        ]
        self.opening = [
            (node_id, operator)
            for node_id, operator in self._nodes
            if type(operator).open is not Operator.open
        ]
        """By their ids, the operators that whoever runs the pipeline has to `Operator.open` before the first batch."""
        self._marks = self._marks_by_output()
        self._outputs_of_sender: dict[str, set[str]] = {}
        self._inner: list[Inner] = []
        """What BATCH operators have given out in the current call."""
        self.keeps_batches = any(operator.kind is Kind.HOLD for _, operator in self._nodes)
        """Whether an operator may remember a batch; otherwise it is of no use any more when it was processed."""
        self.wants_ticks = bool(self._ticking)
        self.wants_contraflow = bool(self._listening)

    def process(self, batch: Batch, port: str = "in") -> Results:
        """Run a batch through; returns what leaves, in the order of `outputs`. Takes the batch over.

        An error of an operator or of a user's function costs its event only, which leaves by ``err``. Raises
        `PipelineError` for a port that the pipeline does not have, and `NotNow` where the batch cannot be taken yet.
        """
        count = len(batch.values)
        if not count:
            return []
        # What `_enter` does, written out once more: this runs for each batch.
        key = (port, batch.metas is not None, batch.frames is not None)
        compiled = self._inputs.get(key)
        if compiled is None:
            compiled = self._inputs[key] = self._input(*key)
        results = compiled(batch)
        self._counters.taken_in += count
        return self._leave(results)

    def process_into(self, outbox: MutableSequence[tuple[str, Batch]], batch: Batch, port: str) -> Results:
        """`process`, and the results, each with a fork of the batch's ticket if it has one, go to the outbox. When
        something breaks off in the middle, the batch is as before, and what operators had handed over to it has failed.
        """
        own = batch.ticket
        try:
            results = self.process(batch, port)
            passed_on(batch, results, self._inner, outbox)
        except BaseException:
            self._take_back_inner()
            taken_back(batch, own, comes_again=True)
            raise
        return results

    def _take_back_inner(self) -> None:
        inner, self._inner = self._inner, []
        for part, own, _made, was_kept in inner:
            taken_back(part, own, comes_again=True)
            # A fork of the ticket of a batch that comes again, or has failed, needs no answer of its own; what the
            # operator had kept from earlier ones is lost.
            own.answer(Outcome.FAILED if was_kept else Outcome.DELIVERED)

    def _input(self, port: str, metas: bool, raws: bool) -> Compiled:
        entry = self._entries.get(port)
        if entry is None:
            raise PipelineError(
                f"the pipeline {self.name!r} has no input {port!r}; its inputs: {', '.join(self.inputs)}"
            )
        return self._compiled_for(entry, metas, raws)

    def tick(self, now_ns: int) -> Results:
        """What has become due with time (``now_ns``: wall clock, nanoseconds since 1970)."""
        return self._leave(self._release(self._ticking, now_ns))

    def insight(self, insight: Insight, now_ns: int) -> tuple[list[Insight], Results]:
        """Tell the operators about news from downstream; returns what goes further up, and events that were waiting.

        An insight that goes further up carries the route that the batch had when it came in. An ACK or a FAIL whose
        batch had none goes nowhere.
        """
        marks = self._marks_of(insight)
        told: list[tuple[str, Operator]] = []
        current: Insight | None = insight
        for index, node_id, operator in reversed(self._listening):
            ports = marks.get(index)
            if current is not None and ports:
                current = operator.on_insight(current, ports, now_ns)
                told.append((node_id, operator))
        released = self._leave(self._release(told[::-1], now_ns))
        if current is None:
            return [], released
        if current.route is not None:
            current = replace(current, route=current.route.parent)
        if current.route is None and current.kind in (InsightKind.ACK, InsightKind.FAIL):
            return [], released
        return [current], released

    def connect(self, port: str, sender: str) -> None:
        """Say that an output port leads to the offramp called ``sender``.

        Without it, an insight without a route finds its way only after the first one with a route from the same
        sender, or if the sender is called like the port.
        """
        self._outputs_of_sender.setdefault(sender, set()).add(port)

    def reconnect(self, without_meta: frozenset[str], senders: Iterable[tuple[str, str]]) -> None:
        """Its outputs lead elsewhere from now on: what the operators hold stays. ``without_meta`` as in `Ends`;
        ``senders`` are what `connect` takes. Those that there were are still known, as answers may be on their way.
        """
        for port, sender in senders:
            self.connect(port, sender)
        if without_meta != self._ends.without_meta:
            self._ends = self._ends._replace(without_meta=without_meta)
            self._compiled.clear()
            self._inputs.clear()
            self.prepare()

    def finish(self) -> Results:
        """The stream is at its end: everything that operators still hold, run through what comes after them."""
        nodes = iter(self._nodes)
        try:
            return self._leave(
                self._run_released((node_id, operator.finish()) for node_id, operator in nodes)
            )
        except BaseException:
            for _node_id, operator in nodes:
                for _port, batch in operator.finish():
                    settle_batch(batch, Outcome.FAILED)
            raise

    def close(self) -> list[str]:
        """Have the operators let go of what they took in `Operator.open`, after `finish`. May wait, if they have taken
        anything. Returns what stays behind, for people.
        """
        told = []
        opened = [operator for _node_id, operator in self.opening]
        try:
            while opened:
                told.append(opened.pop().close())
        finally:
            for operator in opened:
                operator.close()
        return [each for each in told if each]

    def account(self) -> dict[str, Any]:
        """Where all events went so far: ``in``, ``out`` by port, ``dropped`` by operator and reason, ``merged``,
        ``created``, ``held``. Always ``in + created == sum(out) + sum(dropped) + merged + held``, unless a crash
        (an error that is no ``Exception``) broke off in the middle of a batch. ``joined`` tells how many of those that
        count as ``out`` by one port left among the events of another: ``{("overflow", "out"): 3}``.
        """
        operators = [operator for _, operator in self._nodes]
        counters = self._counters
        out, joined = dict(counters.out), {}
        for port, slot in counters.join_slots.items():
            joined[port, self._ends.joined[port]] = count = counters.joined[slot]
            out[port] += count
            out[self._ends.joined[port]] -= count
        return {
            "in": counters.taken_in,
            "out": out,
            "joined": joined,
            "dropped": self._dropped(),
            "merged": sum(operator.merged for operator in operators),
            "created": counters.created[0] + sum(operator.created for operator in operators),
            "held": sum(operator.held for operator in operators),
        }

    def _dropped(self) -> dict[str, dict[str, int]]:
        dropped = self._counters.dropped()
        for node_id, operator in self._nodes:
            for reason, count in tuple(operator.discarded.items()):
                reasons = dropped.setdefault(node_id, {})
                reasons[reason] = reasons.get(reason, 0) + count
        return dropped

    def run_batch_operator(self, node_id: str, batch: Batch, port: str) -> Results:
        """Called by generated code: a BATCH operator, and all that comes after it."""
        operator = self._graph.nodes[node_id].operator
        # The operator may change the batch that it is given before it fails.
        values, metas = list(batch.values), batch.metas and list(batch.metas)
        try:
            emitted = operator.on_batch(batch, port)
        except (Exception, SystemExit) as error:
            errors = [error_event(self._counters.component, node_id, error, value) for value in values]
            return self._enter_inner(Endpoint(node_id, "err"), batch.like(errors, metas), batch.ticket)
        difference = sum(len(part) for _, part in emitted) - len(values)
        if difference >= 0:
            self._counters.created[0] += difference
        else:
            self._counters.drop(node_id, operator.drop_reason, -difference)
        results: Results = []
        for out_port, part in emitted:
            if part.values:
                results += self._enter_inner(Endpoint(node_id, out_port), part, batch.ticket)
        return results

    def _enter_inner(self, entry: Endpoint, part: Batch, ticket: Ticket | None) -> Results:
        if part.ticket is None and ticket is None:
            return self._enter(entry, part)
        if part.ticket is ticket:
            part = part.twin()
        made: Results = []
        begun_within(self._inner, part, ticket, made)
        made += self._enter(entry, part)
        return made

    def prepare(self) -> None:
        """Compile the functions for batches with and without raw bytes now, rather than when the first one comes."""
        for entry in self._entries.values():
            for raws in (False, True):
                self._compiled[entry, False, raws] = self._compile_entry(
                    entry, Shape(metas=False, raws=raws), self._ends
                )

    def _enter(self, entry: Endpoint, batch: Batch) -> Results:
        return self._compiled_for(entry, batch.metas is not None, batch.frames is not None)(batch)

    def _compiled_for(self, entry: Endpoint, metas: bool, raws: bool) -> Compiled:
        compiled = self._compiled.get((entry, metas, raws))
        if compiled is None:
            compiled = self._compiled[entry, metas, raws] = self._compile_entry(
                entry, Shape(metas, raws), self._ends
            )
        return compiled

    def _release(self, operators: list[tuple[str, Operator]], now_ns: int) -> Results:
        return self._run_released((node_id, operator.release(now_ns)) for node_id, operator in operators)

    def _run_released(self, released: Iterable[tuple[str, list[tuple[str, Batch]]]]) -> Results:
        results: Results = []
        batches: list[tuple[str, Batch]] = []
        try:
            for node_id, batches in released:
                for port, batch in batches:
                    self._enter_released(Endpoint(node_id, port), batch, results)
        except BaseException:
            # Nobody has them any more.
            for _port, batch in (*results, *batches):
                settle_batch(batch, Outcome.FAILED)
            raise
        return results

    def _enter_released(self, entry: Endpoint, batch: Batch, results: Results) -> None:
        own = batch.ticket
        try:
            made = self._enter(entry, batch)
            passed_on(batch, made, self._inner, results)
        except BaseException:
            self._take_back_inner()
            taken_back(batch, own, comes_again=False)
            raise

    def _leave(self, results: Results) -> Results:
        out = self._counters.out
        for port, batch in results:
            out[port] += len(batch.values)
            if self.wants_contraflow and batch.route is not None:
                route = batch.route
                batch.route = Route(route.owner, dict(self._marks[port]), route.parent)
        return results

    def _marks_by_output(self) -> dict[str, dict[int, Any]]:
        """For each output of the pipeline: the ports of each listening operator that lead there, by its index.

        The marks depend on the graph alone, so that noting them costs nothing per event. Under ``_OUTPUT`` stands
        the output itself: that is how the pipeline learns which sender hangs on which of its outputs.
        """
        marks: dict[str, dict[int, Any]] = {port: {_OUTPUT: port} for port in self.outputs}
        for index, node_id, operator in self._listening:
            for output in self.outputs:
                ports = [
                    port
                    for port in operator.outputs
                    if output in self._outputs_behind(Endpoint(node_id, port))
                ]
                if ports:
                    marks[output][index] = frozenset(ports)
        return marks

    def _outputs_behind(self, source: Endpoint) -> set[str]:
        found: set[str] = set()
        seen: set[str] = set()
        pending = list(self._graph.targets(source))
        while pending:
            target = pending.pop()
            if target.node == GRAPH:
                found.add(target.port)
            elif target.node not in seen:
                seen.add(target.node)
                # What leaves by ``err`` has not been where its event was meant to go, and says nothing about it.
                for port in self._graph.nodes[target.node].operator.outputs:
                    pending += self._graph.targets(Endpoint(target.node, port))
        return found

    def _marks_of(self, insight: Insight) -> dict[int, frozenset[str]]:
        if insight.route is not None:
            marks = dict(insight.route.marks)
            output = marks.pop(_OUTPUT, None)
            if output in self.outputs:
                self.connect(output, insight.sender)
            return marks
        outputs = self._outputs_of_sender.get(insight.sender) or {insight.sender} & set(self.outputs)
        merged: dict[int, frozenset[str]] = {}
        for output in outputs:
            for index, ports in self._marks[output].items():
                if index != _OUTPUT:
                    merged[index] = merged.get(index, frozenset()) | ports
        return merged
