"""`build`: from a query's tree to its `Plan`."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Any

from pipelines.graph import GRAPH, Endpoint
from pipelines.language import tree
from pipelines.language.analysis import Definition, Scope, analyse_declarations, analyse_parameters
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.queries.nodes import Node, Nodes
from pipelines.language.queries.operator_definition import MakeOperator, define_operator
from pipelines.language.queries.plan import Plan, Step
from pipelines.language.queries.routing import Link, order_nodes, route
from pipelines.language.queries.script_definition import compile_definition
from pipelines.language.queries.select_operators import Pass
from pipelines.language.queries.selects import select_steps
from pipelines.language.queries.weighing import weigh
from pipelines.language.queries.window import Window
from pipelines.language.queries.window_definition import define_window
from pipelines.language.routine import Parameters
from pipelines.language.script import Script
from pipelines.language.script_operator import ScriptOperator
from pipelines.operator import Operator

__all__ = ["build"]

_DECLARATIONS = (tree.Const, tree.Fn, tree.Intrinsic, tree.Module, tree.Use)
_DEFINITIONS = (tree.DefineWindow, tree.DefineOperator, tree.DefineScript)


def build(query: tree.Query, dialect: Dialect, limits: Limits, problems: Problems) -> Plan:
    """The plan of a query; of use only if no error was noted. A tree can be built once: its nodes are changed."""
    return _Builder(dialect, limits, problems).build(query)


class _Builder:
    def __init__(self, dialect: Dialect, limits: Limits, problems: Problems) -> None:
        self._dialect = dialect
        self._limits = limits
        self._problems = problems
        self._scope = Scope.within(limits)
        self._nodes = Nodes(problems)
        self._windows: dict[int, Window | None] = {}
        self._scripts: dict[int, Script | None] = {}
        self._parameters: dict[int, Parameters] = {}
        self._made: set[int] = set()
        self._places: set[str] = set()

    def build(self, query: tree.Query) -> Plan:
        statements = query.statements
        items = [item for item in statements if isinstance(item, _DECLARATIONS + _DEFINITIONS)]
        analyse_declarations(items, self._scope, self._dialect, self._problems)
        self._define_all()
        for statement in statements:
            if isinstance(statement, tree.CreateStream):
                self._nodes.add(statement.name, Node("stream", statement.span))
            elif isinstance(statement, tree.Create):
                create = self._create_script if statement.kind == "script" else self._create_operator
                self._nodes.add(statement.name, create(statement))
        self._check_the_rest()
        found = [self._link(statement) for statement in statements if isinstance(statement, tree.Select)]
        links = [link for link in found if link is not None]
        order = order_nodes(links, self._problems)
        plan = Plan()
        if not self._problems.errors:
            self._fill(plan, query, links, order)
        return plan

    # Definitions

    def _define_all(self) -> None:
        """Also those that nothing uses: what is wrong with them is better known now."""
        for scope in self._scope.all_below():
            for window in scope.windows.values():
                self._windows[id(window.node)] = define_window(
                    window, self._dialect, self._limits, self._problems
                )
            for script in scope.scripts.values():
                assert isinstance(script.node, tree.DefineScript)
                self._define_parameters(script, script.node.parameters)
                self._scripts[id(script.node)] = compile_definition(
                    script.node, self._dialect, self._limits, self._problems
                )
            for operator in scope.operators.values():
                assert isinstance(operator.node, tree.DefineOperator)
                self._define_parameters(operator, operator.node.parameters)

    def _define_parameters(self, definition: Definition, parameters: list[tree.Parameter]) -> None:
        self._parameters[id(definition.node)] = analyse_parameters(
            parameters, definition.scope, self._dialect, self._problems
        )

    def _merged(self, definition: Definition, create: tree.Create) -> Parameters:
        """A definition's parameters, and what ``create`` says on top of them."""
        before = self._parameters[id(definition.node)]
        own = analyse_parameters(create.parameters, self._scope, self._dialect, self._problems)
        return Parameters({**before.values, **own.values}, {**before.spans, **own.spans})

    def _check_the_rest(self) -> None:
        """Operators that are defined and not created."""
        for scope in self._scope.all_below():
            for definition in scope.operators.values():
                if id(definition.node) not in self._made and not self._problems.errors:
                    define_operator(definition, self._parameters[id(definition.node)], (), self._problems)

    # Nodes

    def _create_script(self, create: tree.Create) -> Node:
        definition = self._scope.script(create.definition)
        if definition is None:
            self._undefined(create, "scripts")
            return Node("script", create.span, broken=True)
        args = self._merged(definition, create).values
        script = self._scripts[id(definition.node)]
        if script is None:
            return Node("script", create.span, broken=True)

        def make(ports: Collection[str]) -> Operator:
            return ScriptOperator(script, args, ports)

        outputs = ("out", *sorted(script.ports))
        return Node(
            "script",
            create.span,
            make,
            outputs=outputs,
            open=script.open_ports,
            python=script.python_source,
            growth=script.growth,
        )

    def _create_operator(self, create: tree.Create) -> Node:
        definition = self._scope.operator(create.definition)
        if definition is None:
            self._undefined(create, "operators")
            return Node("operator", create.span, broken=True)
        self._made.add(id(definition.node))
        before = len(self._problems.errors)
        parameters = self._merged(definition, create)
        found: MakeOperator | None = None
        if len(self._problems.errors) == before:
            found = define_operator(definition, parameters, create.parameters, self._problems)
        if found is None:
            return Node("operator", create.span, broken=True)
        sample = found(())
        return Node("operator", create.span, found, sample.inputs, sample.outputs)

    def _undefined(self, create: tree.Create, table: str) -> None:
        written = "::".join(create.definition)
        hint = self._scope.did_you_mean(create.definition, table)
        other = {"scripts": self._scope.operator, "operators": self._scope.script}[table](create.definition)
        if other is not None:
            kind = "operator" if table == "scripts" else "script"
            hint = f"it is a{'n' if kind == 'operator' else ''} {kind}: write `create {kind} {create.name}`"
        self._problems.error(
            f"there is no definition of {create.kind} `{written}`",
            create.span,
            hint or f"add a `define … {create.kind} {written}`, or include its module with `use`",
            f"undefined-{create.kind}",
        )

    # Selects

    def _link(self, select: tree.Select) -> Link | None:
        windows = [self._window(name) for name in select.windows]
        known = [window for window in windows if window is not None]
        steps = select_steps(
            select,
            known,
            self._place(select),
            self._scope,
            self._dialect,
            self._limits,
            self._problems,
        )
        source, sink = self._nodes.source(select.source), self._nodes.sink(select.sink)
        if source is None or sink is None:
            return None
        return Link(source, steps, sink, select.span)

    def _place(self, select: tree.Select) -> str:
        """The line, and the column as well where that is not enough."""
        place = str(select.span.line)
        if place in self._places:
            place = f"{place}:{select.span.column}"
        self._places.add(place)
        return place

    def _window(self, name: tree.WindowName) -> Window | None:
        definition = self._scope.window(name.names)
        if definition is not None:
            return self._windows[id(definition.node)]
        written = "::".join(name.names)
        hint = self._scope.did_you_mean(name.names, "windows")
        self._problems.error(
            f"there is no window `{written}`",
            name.span,
            hint or f"add `define tumbling window {written} with size = 10 end;`",
            "undefined-window",
        )
        return None

    # The whole

    def _fill(self, plan: Plan, query: tree.Query, links: list[Link], order: list[str]) -> None:
        nodes = self._nodes
        plan.inputs, plan.outputs = list(nodes.inputs), list(nodes.outputs)
        for name, node in nodes.by_name.items():
            if node.make is not None:
                plan.steps.append(Step(name, partial(node.make, tuple(node.read)), node.span, node.python))
        streams = {name: node.span for name, node in nodes.by_name.items() if node.kind == "stream"}
        growth_of = {name: node.growth for name, node in nodes.by_name.items()}
        route(plan, weigh(links, growth_of, order, self._limits), streams, order)
        if not plan.inputs:
            self._problems.warning(
                "no select reads from `in`", query.span, "what comes in is dropped", "unused-input"
            )
            plan.inputs = ["in"]
            plan.steps.append(Step("in", Pass, query.span))
            plan.edges.append((Endpoint(GRAPH, "in"), Endpoint("in", "in")))
        # What remains are rules of operators with several inputs.
        for problem in plan.graph().check():
            index: Any = problem.path[-1] if problem.path else None
            span = plan.steps[index].span if isinstance(index, int) else None
            self._problems.error(str(problem), span, problem.hint, "graph")
