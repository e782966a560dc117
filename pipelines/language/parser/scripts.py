"""`ScriptParser`: statements, functions, constants, modules, and whole scripts."""

from __future__ import annotations

from collections.abc import Callable

from pipelines.language import tree
from pipelines.language.parser.clauses import ClauseParser
from pipelines.language.parser.hints import BINARY_OPERATORS
from pipelines.language.tokens import Kind

__all__ = ["ScriptParser"]

_DECLARATIONS = ("const", "fn", "intrinsic", "mod", "use")


class ScriptParser(ClauseParser):
    """What a script is made of."""

    def script(self) -> tree.Script:
        """Read a whole script."""
        documentation = self.module_documentation()
        statements = self.statements(self._top, "", "an operator")
        return tree.Script(self.span_from(0), statements, documentation)

    def _top(self) -> tree.Statement:
        if self.at(*_DECLARATIONS) or self.at_kind(Kind.DOC_COMMENT):
            return self.declaration(self._module)
        return self.statement()

    def module_documentation(self) -> str:
        """Read ``###`` comments."""
        return self._comments(Kind.MODULE_COMMENT)

    def _comments(self, kind: Kind) -> str:
        lines: list[str] = []
        while self.at_kind(kind):
            lines.append(str(self.advance().value or "").removeprefix(" "))
        return "\n".join(lines)

    # Statements

    def statement(self) -> tree.Expression:
        """Read a statement that is no declaration."""
        self.enter()
        token = self.token
        found: tree.Expression
        if token.kind is Kind.KEYWORD and token.text in _STATEMENTS:
            found = _STATEMENTS[token.text](self)
        elif self.begins_expression():
            found = self.expression()
        else:
            raise self.failure("a statement")
        self.leave()
        return found

    def _match_statement(self) -> tree.Expression:
        return self.match(statement=True)

    def _for_statement(self) -> tree.Expression:
        return self.loop(statement=True)

    def _let(self) -> tree.Let:
        start = self.place
        self.place += 1
        target = self.path()
        self.expect("=")
        value = self.statement()
        return tree.Let(self.span_from(start), target, value)

    def _drop(self) -> tree.Drop:
        return tree.Drop(self.advance().span)

    def _emit(self) -> tree.Emit:
        start = self.place
        self.place += 1
        value = self.complex() if self.begins_expression() else None
        port = self.text() if self.take("=>") else None
        return tree.Emit(self.span_from(start), value, port)

    # Declarations

    def declaration(self, module: Callable[[], tree.Module]) -> tree.Declaration:
        """Read a constant, function, module or ``use``; ``module`` reads one, from ``mod`` on."""
        documentation = self._comments(Kind.DOC_COMMENT)
        if self.at("const"):
            return self._const(documentation)
        if self.at("fn"):
            return self._fn(documentation)
        if self.at("intrinsic"):
            return self._intrinsic(documentation)
        if documentation or self.previous.kind is Kind.DOC_COMMENT:
            raise self.failure(
                "`const`", "`fn`", "`intrinsic`", hint="a `##` comment documents what follows it; write `#`"
            )
        if self.at("mod"):
            return module()
        if self.at("use"):
            return self._use()
        raise self.failure("a definition", hint="a module holds only constants, functions and modules")

    def _const(self, documentation: str) -> tree.Const:
        start = self.place
        self.place += 1
        name = self.name("a name for the constant").text
        self.expect("=")
        value = self.primary(
            "a value without operators" if self.at("-", "+", "not", "!") else "an expression"
        )
        if self.token.kind in (Kind.KEYWORD, Kind.PUNCTUATION) and self.token.text in BINARY_OPERATORS:
            raise self.failure("a value without operators")
        return tree.Const(self.span_from(start), name, value, documentation)

    def _fn(self, documentation: str) -> tree.Fn:
        start = self.place
        self.place += 1
        name = self.name("a name for the function").text
        parameters, is_open = self._parameters()
        self.enter()
        body: list[tree.Statement] = []
        cases = None
        if not is_open and self.take("of"):
            cases = self._fn_cases()
        else:
            self.expect("with", *(() if is_open else ("`of`",)))
            body = self.statements(self._top, "end", "an operator")
        self.leave()
        self.expect_end(start, "an operator", "`,`" if cases else "`;`")
        return tree.Fn(self.span_from(start), name, parameters, is_open, body, cases, documentation)

    def _parameters(self) -> tuple[list[str], bool]:
        opener = self.place
        self.expect("(")
        names: list[str] = []
        while not self.at(")") or names:
            if self.dots():
                self.expect_closer(")", opener)
                return names, True
            names.append(self.name("a name for a parameter").text)
            if not self.take(","):
                break
        self.expect_closer(")", opener, "`,`")
        return names, False

    def _fn_cases(self) -> list[tree.Clause]:
        if not self.at("case", "default"):
            raise self.failure("`case`", "`default`")
        cases = self.clauses(self._fn_case, "case")
        start = self.place
        self.expect("default", "an operator", "`,`", "`case`")
        body = self.body(self.statement)
        cases.append(tree.Clause(self.span_from(start), tree.Default(self.tokens[start].span), None, body))
        return cases

    def _fn_case(self) -> tree.Clause:
        start = self.place
        self.expect("case")
        opener = self.place
        self.expect("(")
        if self.at(")"):
            raise self.failure("a pattern")
        elements = [self._array_element()]
        while self.take(","):
            elements.append(self._array_element())
        self.expect_closer(")", opener, "an operator", "`,`")
        pattern = tree.TuplePattern(self.span_from(opener), elements, False)
        guard = self.guard()
        body = self.body(self.statement, guarded=guard is not None)
        return tree.Clause(self.span_from(start), pattern, guard, body)

    def _intrinsic(self, documentation: str) -> tree.Intrinsic:
        start = self.place
        self.place += 1
        self.expect("fn")
        name = self.name("a name for the function").text
        parameters, is_open = self._parameters()
        self.expect("as")
        target = self.names("the name of a module and a function")
        if len(target) == 1:
            raise self.failure("`::`")
        return tree.Intrinsic(self.span_from(start), name, parameters, is_open, target, documentation)

    def _module(self) -> tree.Module:
        return self.module(lambda: self.declaration(self._module))

    def module(self, item: Callable[[], tree.Declaration | tree.Define]) -> tree.Module:
        """Read ``mod … end``, with what ``item`` reads in it."""
        start = self.place
        self.expect("mod")
        self.enter()
        name = self.name("a name for the module").text
        self.expect("with")
        documentation = self.module_documentation()
        items = self.statements(item, "end")
        self.leave()
        self.expect_end(start, "`;`")
        return tree.Module(self.span_from(start), name, items, documentation)

    def _use(self) -> tree.Use:
        start = self.place
        self.place += 1
        names = self.names("the name of a module")
        alias = self.name("a name for the module").text if self.take("as") else None
        if not self.at(";"):
            raise self.failure(*(() if alias else ("`as`", "`::`")), "`;`")
        return tree.Use(self.span_from(start), names, alias)


_STATEMENTS: dict[str, Callable[[ScriptParser], tree.Expression]] = {
    "match": ScriptParser._match_statement,
    "for": ScriptParser._for_statement,
    "let": ScriptParser._let,
    "drop": ScriptParser._drop,
    "emit": ScriptParser._emit,
}
