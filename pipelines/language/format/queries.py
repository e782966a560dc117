"""`QueryWriter`: definitions, nodes and selects."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.format.document import HARD_LINE, LINE, Document, concat, group, indent
from pipelines.language.format.scripts import ScriptWriter

__all__ = ["QueryWriter"]


class QueryWriter(ScriptWriter):
    """Each method writes one kind of node."""

    def query(self, node: tree.Query) -> Document:
        """Write a whole query, with the comments at its end. Each statement has a ``;``."""
        found = self.module_documentation()
        first = not found
        for parameter in node.config:
            # A blank has to follow the marker in its line, so no comment can.
            start, marker = self.fresh_line(first=first), self.word()
            found += [*start, *self.lead_above(), marker, " ", self._parameter(parameter)]
            first = False
        for statement in node.statements:
            found += self.fresh_line(first=first)
            found += [self.statement(statement), self.optional(";", write=True)]
            first = False
        return concat(*found, *self.closing())

    def statement(self, node: tree.Node) -> Document:
        """Write a statement of a query, or of a script in it."""
        match node:
            case tree.DefineWindow():
                head = [self.word(), " ", self.word(), " ", self.word(), " ", self.word()]
                found = self._with(node.parameters)
                if node.script is not None:
                    found += [HARD_LINE, self.word(), indent(HARD_LINE, self.expression(node.script))]
                return concat(*head, *found, indent(*self.closing()), HARD_LINE, self.word())
            case tree.DefineOperator():
                head = [self.word(), " ", self.names(2), " ", self.word(), " ", self.word()]
                return concat(*head, *self._with_end(node.parameters))
            case tree.DefineScript():
                head = [self.word(), " ", self.word(), " ", self.word(), *self._with(node.parameters)]
                head += [HARD_LINE, self.word()]
                body = indent(*self.statements(node.script.statements), *self.closing())
                return concat(*head, body, HARD_LINE, self.word())
            case tree.CreateStream():
                return concat(self.word(), " ", self.word(), " ", self.word())
            case tree.Create():
                return self._create(node)
            case tree.Select():
                return self._select(node)
        return super().statement(node)

    def _with(self, parameters: Sequence[tree.Parameter]) -> list[Document]:
        if not parameters:
            return []
        found: list[Document] = []
        word = self.word()
        for parameter in parameters:
            found += [HARD_LINE, self._parameter(parameter)]
            found.append(self.optional(",", write=parameter is not parameters[-1]))
        return [HARD_LINE, word, indent(*found)]

    def _with_end(self, parameters: Sequence[tree.Parameter]) -> list[Document]:
        found = self._with(parameters)
        return [*found, indent(*self.closing()), HARD_LINE, self.word()] if found else []

    def _parameter(self, node: tree.Parameter) -> Document:
        return concat(self.word(), " ", self.assigned(node.value))

    def _create(self, node: tree.Create) -> Document:
        found = [self.word(), " ", self.word(), " ", self.word()]
        if self.at("from"):
            found += [" ", self.word(), " ", self.names(len(node.definition))]
        return concat(*found, *self._with_end(node.parameters))

    def _select(self, node: tree.Select) -> Document:
        found = [self.word(), " ", self.expression(node.target)]
        found += [LINE, self.word(), " ", self._port(node.source)]
        if node.windows:
            found.append(self.enclosed(node.windows, lambda window: self.names(len(window.names))))
        if node.where is not None:
            found += [LINE, self.word(), " ", self.expression(node.where)]
        if node.group_by is not None:
            found += [LINE, self.word(), " ", self.word(), " ", self._group(node.group_by)]
        found += [LINE, self.word(), " ", self._port(node.sink)]
        if node.having is not None:
            found += [LINE, self.word(), " ", self.expression(node.having)]
        return group(*found)

    def _port(self, node: tree.Port) -> Document:
        found = [self.word()]
        found += [self.word(), self.word()] if node.port is not None else []
        return concat(*found)

    def _group(self, node: tree.GroupBy) -> Document:
        lead = self.lead()
        if node.expression is None:
            return concat(*lead, self.word(), self.enclosed(node.parts, self._group))
        if node.each:
            return concat(*lead, self.word(), self.enclosed([node.expression], self.expression))
        return concat(*lead, self.expression(node.expression))
