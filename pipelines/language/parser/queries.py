"""`QueryParser`: definitions, nodes and selects."""

from __future__ import annotations

from pipelines.language import tree
from pipelines.language.parser.scripts import ScriptParser
from pipelines.language.tokens import Kind

__all__ = ["QueryParser"]


class QueryParser(ScriptParser):
    """What a query is made of."""

    def query(self) -> tree.Query:
        """Read a whole query."""
        documentation = self.module_documentation()
        config = []
        while self.at_kind(Kind.CONFIG):
            self.place += 1
            config.append(self._parameter())
        statements = self.statements(self._query_statement)
        return tree.Query(self.span_from(0), config, statements, documentation)

    def _query_statement(self) -> tree.QueryStatement:
        if self.at("select"):
            return self._select()
        if self.at("define"):
            return self._define()
        if self.at("create"):
            return self._create()
        if self.at("mod"):
            return self._query_module()
        if self.at("use"):
            return self._use()
        hint = ""
        if self.at("const", "fn", "intrinsic") or self.at_kind(Kind.DOC_COMMENT):
            hint = "in a query, constants and functions stand in modules (`mod name with … end`) or scripts"
        raise self.failure("`select`", "`define`", "`create`", "`mod`", "`use`", hint=hint)

    def _query_module(self) -> tree.Module:
        return self.module(self._module_item)

    def _module_item(self) -> tree.Declaration | tree.Define:
        return self._define() if self.at("define") else self.declaration(self._query_module)

    # Definitions

    def _define(self) -> tree.Define:
        start = self.place
        self.expect("define")
        if self.at("tumbling", "sliding"):
            return self._define_window(start)
        if self.at("script"):
            return self._define_script(start)
        if self.at_kind(Kind.IDENT):
            return self._define_operator(start)
        hint = "say which kind of window: `define tumbling window`" if self.at("window") else ""
        raise self.failure("`tumbling`", "`sliding`", "`script`", "the name of an operator", hint=hint)

    def _define_window(self, start: int) -> tree.DefineWindow:
        kind = self.advance().text
        self.expect("window")
        name = self.name("a name for the window").text
        self.expect("with")
        parameters = self._parameters_with("script", "end")
        script = self.expression() if self.take("script") else None
        self.expect_end(start, "an operator", *(() if script else ("`,`", "`script`")))
        return tree.DefineWindow(self.span_from(start), kind, name, parameters, script)

    def _define_operator(self, start: int) -> tree.DefineOperator:
        module = self.name().text
        self.expect("::")
        operator = self.name("the name of an operator").text
        self.expect("operator")
        name = self.name("a name for the operator").text
        parameters = self._optional_parameters(start)
        return tree.DefineOperator(self.span_from(start), (module, operator), name, parameters)

    def _define_script(self, start: int) -> tree.DefineScript:
        self.expect("script")
        name = self.name("a name for the script").text
        parameters = self._parameters_with("script") if self.take("with") else []
        self.expect("script", *(("an operator", "`,`") if parameters else ("`with`",)))
        self.enter()
        first = self.place
        statements = self.statements(self._top, "end", "an operator")
        script = tree.Script(self.span_from(first), statements)
        self.leave()
        self.expect_end(start, "`;`")
        return tree.DefineScript(self.span_from(start), name, parameters, script)

    def _optional_parameters(self, start: int) -> list[tree.Parameter]:
        if not self.take("with"):
            return []
        parameters = self._parameters_with("end")
        self.expect_end(start, "an operator", "`,`")
        return parameters

    def _parameters_with(self, *closers: str) -> list[tree.Parameter]:
        parameters = [self._parameter()]
        while self.take(",") and not self.at(*closers):
            parameters.append(self._parameter())
        return parameters

    def _parameter(self) -> tree.Parameter:
        start = self.place
        name = self.name("the name of a parameter").text
        self.expect("=")
        value = self.expression()
        return tree.Parameter(self.span_from(start), name, value)

    # Nodes

    def _create(self) -> tree.CreateStream | tree.Create:
        start = self.place
        self.expect("create")
        if self.take("stream"):
            name = self.name("a name for the stream").text
            return tree.CreateStream(self.span_from(start), name)
        if not self.at("operator", "script"):
            raise self.failure("`stream`", "`operator`", "`script`")
        kind = self.advance().text
        name = self.name(f"a name for the {kind}").text
        definition = self.names(f"the name of the {kind}'s definition") if self.take("from") else (name,)
        parameters = self._optional_parameters(start)
        return tree.Create(self.span_from(start), kind, name, definition, parameters)

    # Selects

    def _select(self) -> tree.Select:
        start = self.place
        self.expect("select")
        target = self.complex()
        self.expect("from", "an operator")
        source = self._port()
        windows = self._windows()
        where = self.complex() if self.take("where") else None
        group_by = self._group_by()
        others = ["an operator"] if where or group_by else ["`/`", "`[`"]
        self.expect(
            "into", *others, *(() if where or group_by else ("`where`",)), *(() if group_by else ("`group`",))
        )
        sink = self._port()
        having = self.complex() if self.take("having") else None
        return tree.Select(self.span_from(start), target, source, windows, where, group_by, sink, having)

    def _port(self) -> tree.Port:
        start = self.place
        name = self.name("the name of a stream, script or operator").text
        port = self.name("the name of a port").text if self.take("/") else None
        return tree.Port(self.span_from(start), name, port)

    def _windows(self) -> list[tree.WindowName]:
        if not self.at("["):
            return []
        opener = self.place
        self.place += 1
        if self.at("]"):
            raise self.failure("the name of a window")
        return self.items(self._window_name, opener, "]")

    def _window_name(self) -> tree.WindowName:
        start = self.place
        names = self.names("the name of a window")
        return tree.WindowName(self.span_from(start), names)

    def _group_by(self) -> tree.GroupBy | None:
        if not self.take("group"):
            return None
        self.expect("by")
        return self._group()

    def _group(self) -> tree.GroupBy:
        start = self.place
        if self.take("set"):
            opener = self.place
            self.expect("(")
            if self.at(")"):
                raise self.failure("an expression", "`set`", "`each`")
            self.enter()
            parts = self.items(self._group, opener, ")")
            self.leave()
            return tree.GroupBy(self.span_from(start), parts=parts)
        if self.take("each"):
            opener = self.place
            self.expect("(")
            expression = self.expression()
            self.expect_closer(")", opener, "an operator")
            return tree.GroupBy(self.span_from(start), expression, each=True)
        expression = self.expression()
        return tree.GroupBy(self.span_from(start), expression)
