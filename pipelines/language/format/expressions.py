"""`ExpressionWriter`: expressions without statements in them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.format.document import LINE, SOFT_LINE, Document, Line, concat, group, indent, render
from pipelines.language.format.words import write_piece
from pipelines.language.format.writer import Writer
from pipelines.language.parser.hints import BINARY_OPERATORS
from pipelines.language.tokens import Embedded, Kind, Token

__all__ = ["ExpressionWriter"]

_BREAKS_BEFORE = (tree.Binary, tree.Unary, tree.Present)
_HUGGED = (tree.Record, tree.List)


class ExpressionWriter(Writer):
    """Each method writes one kind of node."""

    @abstractmethod
    def block(self, node: tree.Expression) -> Document:
        """Write ``match``, ``for``, or a statement."""

    def expression(self, node: tree.Expression) -> Document:
        """Write any expression, in as many parentheses as it has."""
        lead = self.lead()
        return concat(*lead, self._parenthesised(node))

    def flush(self, node: tree.Expression) -> Document:
        """Write an expression that stands further right already, if it has lines of its own."""
        if not isinstance(node, tree.Binary):
            return self.expression(node)
        lead = self.lead()
        bare = not (self.at("(") and self.token.span.start < node.span.start)
        return concat(*lead, self._binary(node, flush=True) if bare else self._parenthesised(node))

    def _parenthesised(self, node: tree.Expression) -> Document:
        if self.at("(") and self.token.span.start < node.span.start:
            return group(
                self.word(), indent(SOFT_LINE, self.flush(node), *self.closing()), SOFT_LINE, self.word()
            )
        return self._bare(node)

    def _bare(self, node: tree.Expression) -> Document:
        match node:
            case tree.Literal() | tree.Interpolation():
                return self.text(node) if self._at_text() else self.word()
            case tree.Binary():
                return self._binary(node)
            case tree.Unary():
                return self._unary(node)
            case tree.Path():
                return self.path(node)
            case tree.Present():
                return concat(self.word(), " ", self.path(node.path))
            case tree.List():
                return self.enclosed(node.items, self.expression)
            case tree.Record():
                return self.enclosed(node.fields, self._field)
            case tree.BinaryLiteral():
                return self.enclosed(node.fields, self._binary_field, LINE)
            case tree.Call() | tree.Recur():
                return self._call(node)
            case tree.Merge():
                return self._merge(node)
            case tree.Patch():
                return self._patch(node)
            case _:
                return self.block(node)

    def assigned(self, value: tree.Expression) -> Document:
        """Write ``= value``."""
        equals = self.word()
        if (isinstance(value, _BREAKS_BEFORE) and not self.at("(")) or self.token.comments:
            return concat(equals, group(indent(LINE, self.flush(value))))
        return concat(equals, " ", self.expression(value))

    # Operators

    def _binary(self, node: tree.Binary, *, flush: bool = False) -> Document:
        row = [node]
        precedence = BINARY_OPERATORS[node.operator]
        while (
            isinstance(left := row[-1].left, tree.Binary)
            and BINARY_OPERATORS[left.operator] == precedence
            and self.token.span.start >= left.span.start
        ):
            row.append(left)
        first = self.expression(row[-1].left)
        rest: list[Document] = []
        for part in reversed(row):
            rest += [LINE, self.word(), " ", self.expression(part.right)]
        return group(first, *rest) if flush else group(first, indent(*rest))

    def _unary(self, node: tree.Unary) -> Document:
        operator = self.word()
        following = self.token.span.text[:1]
        # A minus would become a part of the number that follows, or of another minus.
        apart = following in ("-", "+") or (self.dialect.number_separators and following.isdigit())
        return concat(
            operator, " " if node.operator == "not" or apart else None, self.expression(node.operand)
        )

    # Texts

    def _at_text(self) -> bool:
        return self.token.kind in (Kind.STRING, Kind.HEREDOC)

    def text(self, node: tree.Literal | tree.Interpolation) -> Document:
        """Write a string or heredoc. Heredocs stay as they are."""
        lead = self.lead()
        token = self.token
        self.place += 1
        if token.kind is Kind.HEREDOC:
            return concat(*lead, token.span.text)
        expressions = []
        if isinstance(node, tree.Interpolation):
            expressions = [part for part in node.parts if isinstance(part, tree.Expression)]
        return concat(*lead, self._string(token, expressions))

    def _string(self, token: Token, expressions: Sequence[tree.Expression]) -> str:
        pieces = token.value if isinstance(token.value, tuple) else ()
        source = token.span.source.text
        place = token.span.start + 1
        found = ['"']
        embedded = [piece for piece in pieces if isinstance(piece, Embedded)]
        for piece, expression in zip(embedded, expressions, strict=True):
            found.append(write_piece(source[place : piece.span.start]))
            found.append(self._embedded(piece, expression))
            place = piece.span.end
        found.append(write_piece(source[place : token.span.end - 1]))
        found.append('"')
        return "".join(found)

    def _embedded(self, piece: Embedded, expression: tree.Expression) -> str:
        if any(token.comments or "\n" in token.span.text for token in piece.tokens):
            return piece.span.text
        outer = self.tokens, self.place, self.commented
        self.tokens, self.place, self.commented = piece.tokens, 0, -1
        text = render(self.expression(expression), None)
        self.tokens, self.place, self.commented = outer
        if self.dialect.hash_interpolation:
            return f"#{{{text}}}"
        return f"{{ {text} }}" if text.startswith("{") else f"{{{text}}}"

    # Paths and calls

    def path(self, node: tree.Path) -> Document:
        """Write a path."""
        found = [*self.lead(), self._names(max(len(node.root.names), 1))]
        for segment in node.segments:
            if isinstance(segment, tree.Key):
                found += [self.word()] if self.at(".") else []  # none behind the `$`
                found.append(self.word())
            else:
                found.append(self._selector(segment))
        return concat(*found)

    def _names(self, count: int) -> Document:
        found = [self.word()]
        for _ in range(count - 1):
            found += [self.word(), self.word()]
        return concat(*found)

    def names(self, count: int) -> Document:
        """Write ``a::b``, of so many names."""
        return self._names(count)

    def _selector(self, node: tree.Index | tree.Range) -> Document:
        opener = self.word()
        if isinstance(node, tree.Index):
            inner: Document = self.expression(node.expression)
        else:
            inner = concat(self.expression(node.start), self.word(), self.expression(node.end))
        return group(opener, indent(SOFT_LINE, inner, *self.closing()), SOFT_LINE, self.word())

    def _call(self, node: tree.Call | tree.Recur) -> Document:
        name = self._names(len(node.names) if isinstance(node, tree.Call) else 1)
        arguments = node.arguments
        hug = len(arguments) == 1 and isinstance(arguments[0], _HUGGED)
        return concat(name, self.enclosed(arguments, self.expression, hug=hug))

    # Records

    def _field(self, node: tree.Field) -> Document:
        if not isinstance(node.key, (tree.Literal, tree.Interpolation)):
            raise TypeError(node.key)
        return concat(self.text(node.key), self.word(), " ", self.expression(node.value))

    def _binary_field(self, node: tree.BinaryField) -> Document:
        found = [self.expression(node.value)]
        if node.bits is not None:
            found += [self.word(), self.word()]
        if node.type is not None:
            found += [self.word(), self.word()]
        return concat(*found)

    def _merge(self, node: tree.Merge) -> Document:
        head = concat(self.word(), " ", self.expression(node.target), " ", self.word())
        value, closing = self.expression(node.value), self.closing()
        if isinstance(node.value, _HUGGED) and not closing:
            return concat(head, " ", value, " ", self.word())
        return group(head, indent(LINE, value, *closing), LINE, self.word())

    def _patch(self, node: tree.Patch) -> Document:
        head = concat(self.word(), " ", self.expression(node.target), " ", self.word())
        found: list[Document] = []
        for operation in node.operations:
            found += [LINE, self._operation(operation)]
            found += [self.word()] if self.at(",") else []
        return group(head, indent(*found, *self.closing()), LINE, self.word())

    def _operation(self, node: tree.Operation) -> Document:
        found = [self.word()]
        if node.key is not None:
            found += [" ", self.expression(node.key)]
        if node.value is not None:
            found += [" ", self.word(), group(indent(_after_arrow(node.value), self.flush(node.value)))]
        return concat(*found)


def _after_arrow(value: tree.Expression) -> Line | str:
    return LINE if isinstance(value, _BREAKS_BEFORE) else " "
