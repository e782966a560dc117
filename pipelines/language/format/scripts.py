"""`ScriptWriter`: clauses, patterns, statements and declarations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.language import tree
from pipelines.language.format.document import HARD_LINE, LINE, Document, concat, group, indent
from pipelines.language.format.expressions import ExpressionWriter
from pipelines.language.tokens import Kind

__all__ = ["ScriptWriter"]

_Item = TypeVar("_Item", bound=tree.Node)
_DECLARATIONS = (tree.Const, tree.Fn, tree.Intrinsic, tree.Module, tree.Use)


class ScriptWriter(ExpressionWriter):
    """Each method writes one kind of node."""

    def script(self, node: tree.Script) -> Document:
        """Write a whole script, with the comments at its end."""
        documentation = self._module_documentation()
        statements = self.statements(node.statements, first=not documentation)
        return concat(*documentation, *statements, *self.closing())

    def statements(self, nodes: Sequence[tree.Statement], *, first: bool = True) -> list[Document]:
        """Write statements. The last one has a ``;`` only if it is a declaration."""
        found: list[Document] = []
        for node in nodes:
            found += self.fresh_line(first=first)
            found.append(self.statement(node))
            found.append(self.optional(";", write=node is not nodes[-1] or isinstance(node, _DECLARATIONS)))
            first = False
        return found

    def statement(self, node: tree.Node) -> Document:
        """Write a statement or declaration."""
        match node:
            case tree.Const():
                head = [*self._documentation(), self.word(), " ", self.word(), " "]
                return concat(*head, self.assigned(node.value))
            case tree.Fn():
                return self._fn(node)
            case tree.Intrinsic():
                head = [*self._documentation(), self.word(), " ", self.word(), " ", self.word()]
                parameters = self._parameters(node.parameters)
                return concat(*head, parameters, " ", self.word(), " ", self.names(len(node.target)))
            case tree.Module():
                return self._module(node)
            case tree.Use():
                found = [self.word(), " ", self.names(len(node.names))]
                found += [" ", self.word(), " ", self.word()] if node.alias is not None else []
                return concat(*found)
            case tree.Expression():
                return self.expression(node)
        raise TypeError(node)

    def block(self, node: tree.Expression) -> Document:
        """Write ``match``, ``for``, ``let``, ``emit`` or ``drop``."""
        match node:
            case tree.Match():
                return self._clauses(node.target, node.clauses, self._clause)
            case tree.For():
                return self._clauses(node.target, node.clauses, self._for_clause)
            case tree.Let():
                return concat(self.word(), " ", self.path(node.target), " ", self.assigned(node.value))
            case tree.Emit():
                found = [self.word()]
                if node.value is not None:
                    found += [" ", self.expression(node.value)]
                if node.port is not None:
                    found += [" ", self.word(), " ", self.expression(node.port)]
                return concat(*found)
            case tree.Drop():
                return self.word()
        raise TypeError(node)

    # Clauses

    def _clauses(
        self, target: tree.Expression, clauses: Sequence[_Item], one: Callable[[_Item], Document]
    ) -> Document:
        head = concat(self.word(), " ", self.expression(target), " ", self.word())
        return concat(head, *self._rows(clauses, one), HARD_LINE, self.word())

    def _rows(self, clauses: Sequence[_Item], one: Callable[[_Item], Document]) -> list[Document]:
        found: list[Document] = []
        for clause in clauses:
            found += self.fresh_line(first=clause is clauses[0])
            found.append(one(clause))
        return [indent(*found, *self.closing())]

    def _clause(self, node: tree.Clause) -> Document:
        if isinstance(node.pattern, tree.Default):
            return concat(self.word(), self._body(node.body))
        head = [self.word(), " ", self._pattern(node.pattern)]
        return concat(*head, self._guard(node.guard), self._body(node.body))

    def _for_clause(self, node: tree.ForClause) -> Document:
        head = [self.word(), " ", self.word(), self.word(), self.word(), " ", self.word(), self.word()]
        return concat(*head, self._guard(node.guard), self._body(node.body))

    def _guard(self, guard: tree.Expression | None) -> Document:
        return "" if guard is None else group(indent(LINE, self.word(), " ", self.expression(guard)))

    def _body(self, body: Sequence[tree.Expression]) -> Document:
        arrow = self.word()
        if len(body) == 1:
            return concat(" ", arrow, group(indent(LINE, self.flush(body[0]))))
        found: list[Document] = []
        for statement in body:
            found += [HARD_LINE, self.expression(statement)]
            found += [self.word()] if statement is not body[-1] else []
        return concat(" ", arrow, indent(*found))

    # Patterns

    def _pattern(self, node: tree.Pattern) -> Document:
        lead = self.lead()
        match node:
            case tree.ExpressionPattern():
                return concat(*lead, self.expression(node.expression))
            case tree.ExtractorPattern():
                found = [self.word(), " "] if self.at("~") else []
                return concat(*lead, *found, self.word(), self.word())
            case tree.AssignPattern():
                return concat(*lead, self.word(), " ", self.word(), " ", self._pattern(node.pattern))
            case tree.RecordPattern():
                return concat(*lead, self.enclosed(node.fields, self._pattern_field, LINE))
            case tree.ArrayPattern() | tree.TuplePattern():
                return concat(*lead, self.enclosed(node.elements, self._pattern))
        return concat(*lead, self.word())

    def _pattern_field(self, node: tree.PresentField | tree.PatternField | tree.CompareField) -> Document:
        found = [self.word(), " "]
        if isinstance(node, tree.PresentField):
            return concat(*found, self.word())
        if isinstance(node, tree.CompareField):
            return concat(*found, self.word(), " ", self.expression(node.expression))
        if node.alias is not None:
            found += [self.word(), " ", self.word(), " "]
        return concat(*found, self.word(), " ", self._pattern(node.pattern))

    # Declarations

    def _documentation(self) -> list[Document]:
        found: list[Document] = []
        while self.token.kind is Kind.DOC_COMMENT:
            found += [self.word(), HARD_LINE]
        return found

    def _module_documentation(self) -> list[Document]:
        found: list[Document] = []
        while self.token.kind is Kind.MODULE_COMMENT:
            found += self.fresh_line(first=not found)
            found.append(self.word())
        return found

    def _parameters(self, parameters: Sequence[str]) -> Document:
        names = [tree.Node(self.token.span) for _ in parameters]
        return self.enclosed(names, lambda _: self.word())

    def _fn(self, node: tree.Fn) -> Document:
        head = [*self._documentation(), self.word(), " ", self.word(), self._parameters(node.parameters)]
        head += [" ", self.word()]
        if node.cases is not None:
            return concat(*head, *self._rows(node.cases, self._fn_case), HARD_LINE, self.word())
        return concat(*head, indent(*self.statements(node.body), *self.closing()), HARD_LINE, self.word())

    def _fn_case(self, node: tree.Clause) -> Document:
        if not isinstance(node.pattern, tree.TuplePattern):
            return self._clause(node)
        head = [self.word(), " ", self.enclosed(node.pattern.elements, self._pattern)]
        return concat(*head, self._guard(node.guard), self._body(node.body))

    def _module(self, node: tree.Module) -> Document:
        head = [self.word(), " ", self.word(), " ", self.word()]
        found = self._module_documentation()
        first = not found
        for item in node.items:
            found += self.fresh_line(first=first)
            found += [self.statement(item), self.optional(";", write=True)]
            first = False
        return concat(*head, indent(*found, *self.closing()), HARD_LINE, self.word())

    def module_documentation(self) -> list[Document]:
        """Write the ``###`` comments at the beginning of a text."""
        return self._module_documentation()
