"""From a checked graph to the code of one function: the loop over a batch that enters the graph at one point.

The code of an operator stands inside the code of the one before it, so that an event runs through the whole graph
in one pass over local variables. An operator that several edges lead to, or that lies deep, becomes a function inside
the function. For a batch without metadata, or without raw bytes, the code for them is not even generated.

A generated function looks like this (filter, then a Python function)::

    def pipeline(batch):
        events = iter(batch.values)
        output_0_values = []
        for value in events:
            try:
                keep_1 = True if value.get('status') >= 500 else False
            except Exception as error_2:
                failed_1 = error_event('filter', error_2, value)
                output_1_values.append(failed_1)
            else:
                if keep_1:
                    try:
                        value_1 = function_9_(value)
                        …
                else:
                    drops_0 += 1
        results = []
        if output_0_values:
            results.append(('out', batch.part(output_0_values)))
        drops[0] += drops_0
        return results
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from pipelines.graph import GRAPH, Endpoint, Graph
from pipelines.namespace import Namespace
from pipelines.operator import Inline, Kind, Operator
from pipelines.place import Flow, PlaceScope
from pipelines.shape import Ends, Shape
from pipelines.syntax import (
    add,
    add_up,
    assign,
    attempt,
    attribute,
    branch,
    call,
    constant,
    define,
    load,
    loop_over,
    method,
    names_to_store,
    replace_last_assignment,
    same,
    unpack,
)

__all__ = ["generate"]

# CPython allows 20 nested blocks (loops and try) in one function, and its compiler recurses over nested statements.
_MAX_NESTED_OPERATORS = 8

_ERRORS = Endpoint(GRAPH, "err")


def generate(
    graph: Graph, entry: Endpoint, shape: Shape, namespace: Namespace, ends: Ends | None = None
) -> ast.Module:
    """The module that defines ``pipeline(batch) -> [(port, batch), …]`` for events that leave ``entry``.

    Its nodes have no line numbers yet (`ast.fix_missing_locations`).
    """
    ends = ends or Ends()
    writes_meta = any(node.operator.writes_meta for node in graph.in_order())
    first = _Function(graph, entry, shape, namespace, ends, writes_meta, frozenset(), shape.raws)
    first.build()
    # The second pass knows which lists ever get anything but None, and leaves the others out; and if nobody wants to
    # know where the events' bytes are, it does not count them.
    shape = shape._replace(raws=any(name.endswith("_places") for name in first.filled))
    # If only errors want to know, which are rare, the place of an event is found when there is one.
    counts_places = any(
        f"{name}_places" in first.filled for end, name in first.lists.items() if end != _ERRORS
    )
    wanted = frozenset(first.filled)
    return _Function(graph, entry, shape, namespace, ends, writes_meta, wanted, counts_places).build()


class _Function:
    def __init__(
        self,
        graph: Graph,
        entry: Endpoint,
        shape: Shape,
        namespace: Namespace,
        ends: Ends,
        writes_meta: bool,
        wanted: frozenset[str],
        counts_places: bool,
    ) -> None:
        self.graph = graph
        self.entry = entry
        self.shape = shape
        self.namespace = namespace
        self.filled: set[str] = set()
        self._ends = ends
        self._wanted = wanted
        self._writes_meta = writes_meta
        self._counts_places = counts_places
        self.lists: dict[Endpoint, str] = {}
        self._functions: dict[str, str] = {}
        self._to_build: list[str] = []
        self._names: Counter[str] = Counter()
        self._counted: set[str] = set()
        self._fan_in = graph.fan_in()
        for node in graph.in_order():
            if node.operator.emits_errors:
                # Its ``err`` is reached from two places of its code.
                self._fan_in.update(target.node for target in graph.targets(Endpoint(node.id, "err")))

    def local(self, hint: str) -> str:
        self._names[hint] += 1
        return f"{hint}_{self._names[hint]}"

    # The whole function

    def build(self) -> ast.Module:
        metas, raws = self.shape
        place = "place" if self._counts_places else None
        flow = Flow("value", "meta" if metas else None, place, origin=place or ("events" if raws else None))
        loop_body = self.send(self.entry, flow)
        functions: list[ast.stmt] = []
        while self._to_build:
            functions.append(self._node_function(self._to_build.pop()))
        names = ["value"]
        lists_of: list[ast.expr] = [load("events")]
        if metas:
            names.append("meta")
            lists_of.append(attribute(load("batch"), "metas"))
        if self._counts_places:
            names.append("place")
            lists_of.append(call(load("range"), call(load("len"), attribute(load("batch"), "values"))))
        loop = loop_over(names, lists_of, loop_body)
        lists: list[ast.stmt] = [
            assign(f"{name}_{part}", ast.List([], ast.Load()))
            for name in self.lists.values()
            for part in ("values", "metas", "places")
            if part == "values" or f"{name}_{part}" in self._wanted
        ]
        counted = sorted(self._counted)
        body = [
            assign("ingest_ns", attribute(load("batch"), "ingest_ns")),
            assign("events", call(load("iter"), attribute(load("batch"), "values"))),
            *lists,
            *[assign(name, constant(0)) for name in counted],
            *functions,
            loop,
            *[add_up(name) for name in counted],
            assign("results", ast.List([], ast.Load())),
            *self._collect(),
            ast.Return(load("results")),
        ]
        return ast.Module([define("pipeline", ["batch"], body)], [])

    def _node_function(self, node_id: str) -> ast.stmt:
        meta = "meta" if self.shape.metas or self._writes_meta else None
        place, origin = "place" if self._counts_places else None, "origin" if self.shape.raws else None
        outside, self._counted = self._counted, set()
        body = self._node(node_id, Flow("value", meta, place, origin=origin))
        counted, self._counted = sorted(self._counted), outside | self._counted
        if counted:
            body = [ast.Nonlocal(counted), *body]
        return define(self._functions[node_id], ["value", "meta", "place", "origin"], body)

    def _collect(self) -> list[ast.stmt]:
        order = sorted(self.lists, key=lambda end: (end.node != GRAPH, _position(self.graph, end)))
        statements: list[ast.stmt] = []
        for end in order:
            name = self.lists[end]
            metas, places = f"{name}_metas", f"{name}_places"
            parts = [
                call(load("unless_empty"), load(metas)) if metas in self._wanted else constant(None),
                load(places) if places in self._wanted else constant(None),
            ]
            made = "part_of_errors" if end == _ERRORS else "part"
            batch = call(attribute(load("batch"), made), load(f"{name}_values"), *parts)
            if end.node == GRAPH:
                result = method("results", "append", ast.Tuple([constant(end.port), batch], ast.Load()))
            else:
                worked_on = call(load("run_batch_operator"), constant(end.node), batch, constant(end.port))
                result = method("results", "extend", worked_on)
            statements.append(branch(load(f"{name}_values"), [result]))
        return statements

    # Edges

    def send(self, source: Endpoint, flow: Flow) -> list[ast.stmt]:
        """The code that hands an event to everything that ``source`` leads to."""
        targets = self.graph.targets(source)
        if not targets:
            return [self._count_drop(source.node, source.port)]
        statements: list[ast.stmt] = []
        if len(targets) > 1:
            statements.append(add("created", 0, constant(len(targets) - 1)))
        for target in targets[:-1]:
            statements += self._deliver(target, replace(flow, shared=True))
        return statements + self._deliver(targets[-1], flow)

    def _deliver(self, target: Endpoint, flow: Flow) -> list[ast.stmt]:
        node = self.graph.nodes.get(target.node)
        if node is None or node.operator.kind is Kind.BATCH:
            copies, flow = self._own(flow)
            return copies + self._append(target, flow)
        if self._fan_in[target.node] == 1 and flow.depth < _MAX_NESTED_OPERATORS:
            return self._node(target.node, replace(flow, depth=flow.depth + 1))
        copies, flow = self._own(flow)
        if target.node not in self._functions:
            self._functions[target.node] = self.local("operator")
            self._to_build.append(target.node)
        names = (flow.value, flow.meta, flow.place, flow.origin)
        arguments = [load(name) if name else constant(None) for name in names]
        return [*copies, ast.Expr(call(load(self._functions[target.node]), *arguments))]

    def _append(self, target: Endpoint, flow: Flow) -> list[ast.stmt]:
        statements: list[ast.stmt] = []
        if target.node == GRAPH and target.port in self._ends.joined:
            statements.append(self._count("joined", self.namespace.join_slot(target.port)))
            target = Endpoint(GRAPH, self._ends.joined[target.port])
        meta = None if target.node == GRAPH and target.port in self._ends.without_meta else flow.meta
        name = self.lists.setdefault(target, f"output_{len(self.lists)}")
        statements += [method(f"{name}_values", "append", load(flow.value))]
        # Of errors, the event that they tell of, though its value is another one: whoever keeps it wants its bytes.
        place = flow.origin if target == _ERRORS else flow.place
        for part, variable in (("metas", meta), ("places", place)):
            if variable is not None:
                self.filled.add(f"{name}_{part}")
            if f"{name}_{part}" in self._wanted:
                item: ast.expr = load(variable) if variable is not None else constant(None)
                if part == "places" and variable is not None and not self._counts_places:
                    item = call(load("place_of"), load("batch"), item)
                statements.append(method(f"{name}_{part}", "append", item))
        return statements

    def _own(self, flow: Flow) -> tuple[list[ast.stmt], Flow]:
        """Copies of what another branch still needs, made as late as possible: a filter in between may save them."""
        if not flow.shared:
            return [], flow
        value = self.local("value")
        statements: list[ast.stmt] = [assign(value, call(load("copy_value"), load(flow.value)))]
        meta = flow.meta
        if meta is not None:
            meta = self.local("meta")
            statements.append(assign(meta, call(load("copy_value"), load(flow.meta or ""))))
        return statements, replace(flow, value=value, meta=meta, shared=False)

    # Operators

    def _node(self, node_id: str, flow: Flow) -> list[ast.stmt]:
        operator = self.graph.nodes[node_id].operator
        copies: list[ast.stmt] = []
        if operator.changes_values or operator.writes_meta or operator.kind is Kind.HOLD:
            copies, flow = self._own(flow)
        make: Callable[[str, Operator, Flow], tuple[list[ast.stmt], list[ast.stmt]]] = {
            Kind.INLINE: self._inline,
            Kind.ROUTE: self._route,
            Kind.EVENT: self._event,
            Kind.MANY: self._many,
            Kind.HOLD: self._hold,
        }[operator.kind]
        body, after = make(node_id, operator, flow)
        if operator.may_fail:
            return [*copies, *self._guarded(node_id, flow, body, after)]
        return [*copies, *body, *after]

    def _guarded(
        self, node_id: str, flow: Flow, body: list[ast.stmt], after: list[ast.stmt]
    ) -> list[ast.stmt]:
        failed, error = self.local("failed"), self.local("error")
        event = call(load("error_event"), constant(node_id), load(error), load(flow.value))
        fail = assign(failed, event)
        source = Endpoint(node_id, "err")
        on_error = self.send(source, replace(flow, value=failed, place=None))
        if all(target.node == GRAPH for target in self.graph.targets(source)):
            return [attempt(body, error, [fail, *on_error], after)]
        # Operators that stand behind an ``err`` port run outside of the handler: otherwise an error of theirs would
        # carry this one along as its context.
        return [
            assign(failed, constant(None)),
            attempt(body, error, [fail]),
            branch(same(load(failed), constant(None)), after, on_error),
        ]

    def _drop(self, node_id: str, operator: Operator) -> ast.stmt:
        return self._count_drop(node_id, operator.drop_reason)

    def _count_drop(self, node_id: str, reason: str) -> ast.stmt:
        """Counted in a local variable, and for good when the whole batch is through."""
        return self._count("drops", self.namespace.drop_slot(node_id, reason))

    def _count(self, counters: str, slot: int) -> ast.stmt:
        name = f"{counters}_{slot}"
        self._counted.add(name)
        return ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), constant(1))

    def _meta(self, flow: Flow) -> ast.expr:
        return load(flow.meta) if flow.meta else constant(None)

    def _inline(self, node_id: str, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], list[ast.stmt]]:
        inline: Inline = operator.inline(PlaceScope(self.local, self.namespace, flow))
        body = list(inline.statements)
        if operator.changes_values:
            flow = replace(flow, place=None)
        if inline.value is not None:
            value = self.local("value")
            body.append(assign(value, inline.value))
            flow = replace(flow, value=value)
        after = self.send(Endpoint(node_id, "out"), flow)
        if inline.keep is not None:
            keep = self.local("keep")
            # The truth of a value is asked for in here, because a user's object may refuse to tell.
            body.append(assign(keep, ast.IfExp(inline.keep, constant(True), constant(False))))
            after = [branch(load(keep), after, [self._drop(node_id, operator)])]
        return body, after

    def _by_port(self, node_id: str, operator: Operator, port: str, flow: Flow) -> list[ast.stmt]:
        """The code for an event that leaves by the port that a variable names; ``None`` drops it."""
        otherwise = [self._drop(node_id, operator)]
        outputs = operator.named_ports
        if len(outputs) == 1:
            # Quicker than a comparison of texts; names of ports are not empty.
            return [branch(load(port), self.send(Endpoint(node_id, outputs[0]), flow), otherwise)]
        for name in reversed(outputs):
            test: ast.expr = ast.Compare(load(port), [ast.Eq()], [constant(name)])
            otherwise = [branch(test, self.send(Endpoint(node_id, name), flow), otherwise)]
        return otherwise

    def _route(self, node_id: str, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], list[ast.stmt]]:
        port = self.local("port")
        body = list(operator.inline_route(PlaceScope(self.local, self.namespace, flow), port))
        ends = {name: self.graph.targets(Endpoint(node_id, name)) for name in operator.named_ports}

        def leave(value: ast.expr) -> list[ast.stmt]:
            if not isinstance(value, ast.Constant):
                return [assign(port, value), *self._by_port(node_id, operator, port, flow)]
            known = value.value in ends
            return (
                self.send(Endpoint(node_id, str(value.value)), flow)
                if known
                else [self._drop(node_id, operator)]
            )

        # Where all leads out of the graph, which cannot fail, an event leaves right where its port is known.
        leads_out = all(target.node == GRAPH for targets in ends.values() for target in targets)
        at_once = replace_last_assignment(body, port, leave) if leads_out else None
        if at_once is not None:
            return at_once, []
        return body, self._by_port(node_id, operator, port, flow)

    def _outputs(self, operator: Operator) -> ast.expr:
        return ast.Tuple([constant(port) for port in operator.named_ports], ast.Load())

    def _call(self, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], ast.expr, ast.expr]:
        """The call of a function for each event: statements before it, the call, and the metadata that it worked on."""
        function = self.namespace.bind("function", operator.event_function())
        if not (operator.reads_meta or operator.reads_batch):
            return [], call(function, load(flow.value)), self._meta(flow)
        meta = self.local("meta")
        empty: ast.expr = ast.Dict([], [])
        if flow.meta:
            empty = ast.IfExp(same(load(flow.meta), constant(None)), empty, load(flow.meta))
        batch = [load("batch")] if operator.reads_batch else []
        return [assign(meta, empty)], call(function, load(flow.value), load(meta), *batch), load(meta)

    def _place_if_same(self, operator: Operator, flow: Flow, value: str) -> tuple[list[ast.stmt], Flow]:
        """A function that is declared to keep values is taken at its word only for the very same object."""
        if operator.changes_values or flow.place is None:
            return [], replace(flow, value=value, place=None)
        place = self.local("place")
        kept = ast.IfExp(same(load(value), load(flow.value)), load(flow.place), constant(None))
        return [assign(place, kept)], replace(flow, value=value, place=place)

    def _event(self, node_id: str, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], list[ast.stmt]]:
        before, result, meta = self._call(operator, flow)
        value, port = self.local("value"), self.local("port")
        new_meta = self.local("meta") if operator.writes_meta else None
        resolved = call(load("resolve"), load(value), meta, self._outputs(operator))
        names = [port, value, new_meta or self.local("ignored")]
        plain = [assign(port, constant("out"))]
        if new_meta:
            kept = meta if isinstance(meta, ast.Constant) else ast.BoolOp(ast.Or(), [meta, constant(None)])
            plain.append(assign(new_meta, kept))
        kind = call(load("type"), load(value))
        # Nearly all values are objects, so that is asked first.
        is_special = ast.BoolOp(
            ast.And(),
            [
                same(kind, load("dict"), negated=True),
                ast.Compare(call(load("type"), load(value)), [ast.In()], [load("special_results")]),
            ],
        )
        body: list[ast.stmt] = [
            *before,
            assign(value, result),
            branch(is_special, [unpack(names, resolved)], plain),
        ]
        if new_meta:
            flow = replace(flow, meta=new_meta)
        place_statements, after_flow = self._place_if_same(operator, flow, value)
        return body, [*place_statements, *self._by_port(node_id, operator, port, after_flow)]

    def _many(self, node_id: str, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], list[ast.stmt]]:
        before, result, meta = self._call(operator, flow)
        items = self.local("items")
        collected = call(load("collect"), result, meta, self._outputs(operator))
        body: list[ast.stmt] = [*before, assign(items, collected)]
        count = ast.BinOp(call(load("len"), load(items)), ast.Sub(), constant(1))
        loop = self._each(node_id, operator, flow, items)
        counted = branch(load(items), [add("created", 0, count)], [self._drop(node_id, operator)])
        return body, [counted, loop]

    def _hold(self, node_id: str, operator: Operator, flow: Flow) -> tuple[list[ast.stmt], list[ast.stmt]]:
        hold = self.namespace.bind("hold", operator.hold)
        items = self.local("items")
        held = call(hold, load(flow.value), self._meta(flow), load("batch"))
        collected = call(load("collect"), load(items), constant(None), self._outputs(operator))
        # Most events only wait; for them there is nothing to look through.
        body: list[ast.stmt] = [assign(items, held), branch(load(items), [assign(items, collected)])]
        return body, [self._each(node_id, operator, flow, items)]

    def _each(self, node_id: str, operator: Operator, flow: Flow, items: str) -> ast.stmt:
        port, value, meta = self.local("port"), self.local("value"), self.local("meta")
        place_statements, item_flow = self._place_if_same(operator, flow, value)
        item_flow = replace(
            item_flow,
            meta=meta if operator.writes_meta or flow.meta else None,
            # What was held may have come with any event before.
            origin=flow.origin if operator.kind is not Kind.HOLD else None,
        )
        body = [*place_statements, *self._by_port(node_id, operator, port, item_flow)]
        return ast.For(names_to_store([port, value, meta]), load(items), body, [])


def _position(graph: Graph, end: Endpoint) -> int:
    if end.node == GRAPH:
        return graph.outputs.index(end.port)
    return [node.id for node in graph.in_order()].index(end.node)
