"""`ExpressionParser`: operators, values, paths, calls, and ``patch`` and ``merge``."""

from __future__ import annotations

from abc import abstractmethod

from pipelines.language import tree
from pipelines.language.parser.cursor import Cursor
from pipelines.language.parser.hints import BINARY_OPERATORS
from pipelines.language.source import Span
from pipelines.language.tokens import Embedded, Kind, Token

__all__ = ["ExpressionParser"]

_WORDS = (Kind.KEYWORD, Kind.PUNCTUATION)
_ROOTS = {
    kind.value: kind for kind in tree.RootKind if kind.value in ("event", "state", "args", "group", "window")
}
_CONSTANTS = {"null": None, "true": True, "false": False}
_STARTS = frozenset(
    ["absent", "for", "match", "merge", "not", "patch", "present", "recur", "$", "(", "+", "-", "[", "{"]
)
_STARTS |= _ROOTS.keys() | _CONSTANTS.keys()
_KEYED_OPERATIONS = ("insert", "upsert", "update", "erase", "move", "copy", "merge")

_VALUE = "a value without operators"


class ExpressionParser(Cursor):
    """Expressions without effects. ``match`` and ``for`` come from a class below."""

    @abstractmethod
    def match(self, *, statement: bool) -> tree.Match:
        """Read ``match … end``."""

    @abstractmethod
    def loop(self, *, statement: bool) -> tree.For:
        """Read ``for … end``."""

    def begins_expression(self) -> bool:
        """Whether the next token can be the first one of an expression."""
        token = self.token
        if token.kind in _WORDS:
            if token.text == "!":
                return self.dialect.lone_bang
            return token.text in _STARTS or (token.text == "<<" and self.dialect.binaries)
        return token.kind in (Kind.IDENT, Kind.INT, Kind.FLOAT, Kind.STRING, Kind.HEREDOC)

    def complex(self) -> tree.Expression:
        """Read any expression without effects, ``match`` and ``for`` included."""
        self.enter()
        found: tree.Expression
        if self.at("match"):
            found = self.match(statement=False)
        elif self.at("for"):
            found = self.loop(statement=False)
        else:
            found = self.expression()
        self.leave()
        return found

    def expression(self) -> tree.Expression:
        """Read operators and their operands. All binary operators associate to the left."""
        operands: list[tuple[int, int, tree.Expression]] = []
        operators: list[str] = []
        while True:
            start = self.place
            operand = self._unary()
            operands.append((start, self.place, operand))
            token = self.token
            operator = token.text if token.kind in _WORDS and token.text in BINARY_OPERATORS else None
            precedence = BINARY_OPERATORS[operator] if operator else 0
            while operators and BINARY_OPERATORS[operators[-1]] >= precedence:
                _, end, right = operands.pop()
                start, _, left = operands.pop()
                span = self.tokens[start].span.to(self.tokens[end - 1].span)
                operands.append((start, end, tree.Binary(span, operators.pop(), left, right)))
            if operator is None:
                return operands[0][2]
            operators.append(operator)
            self.place += 1

    def _unary(self) -> tree.Expression:
        start = self.place
        while self.at("+", "-"):
            self.place += 1
        middle = self.place
        while self.at("not") or (self.dialect.lone_bang and self.at("!")):
            self.place += 1
        end = self.place
        found: tree.Expression
        if self.at("present", "absent"):
            found = self._present()
        elif end > middle and self.at("+", "-"):
            raise self.failure(_VALUE)
        else:
            found = self.primary()
        for place in range(end - 1, start - 1, -1):
            found = tree.Unary(self.span_from(place), self.tokens[place].text, found)
        return found

    def _present(self) -> tree.Present:
        start = self.place
        negated = self.advance().text == "absent"
        path = self.path()
        return tree.Present(self.span_from(start), path, negated)

    def primary(self, expected: str = "an expression") -> tree.Expression:
        """Read an expression that needs no parentheses. ``expected`` is for the message."""
        token = self.token
        if token.kind is Kind.IDENT:
            return self._name_or_call()
        if token.kind in (Kind.INT, Kind.FLOAT):
            return tree.Literal(self.advance().span, token.value)
        if token.kind in (Kind.STRING, Kind.HEREDOC):
            return self.text()
        if token.kind is Kind.KEYWORD:
            if token.text in _CONSTANTS:
                return tree.Literal(self.advance().span, _CONSTANTS[token.text])
            if token.text in _ROOTS:
                return self.path()
            if token.text == "patch":
                return self._patch()
            if token.text == "merge":
                return self._merge()
            if token.text == "recur":
                return self._recur()
        if token.kind is Kind.PUNCTUATION:
            if token.text == "$":
                return self.path()
            if token.text == "(":
                return self._parenthesis()
            if token.text == "[":
                return self._list()
            if token.text == "{":
                return self._record()
            if token.text == "<<" and self.dialect.binaries:
                return self._binary_literal()
        raise self.failure(expected)

    def _parenthesis(self) -> tree.Expression:
        start = self.place
        self.place += 1
        found = self.complex()
        self.expect_closer(")", start, "an operator")
        return found

    def _list(self) -> tree.List:
        start = self.place
        self.place += 1
        items = self.items(self.complex, start, "]")
        return tree.List(self.span_from(start), items)

    def _record(self) -> tree.Record:
        start = self.place
        self.place += 1
        fields = self.items(self._field, start, "}")
        return tree.Record(self.span_from(start), fields)

    def _field(self) -> tree.Field:
        start = self.place
        key = self.text()
        self.expect(":")
        value = self.complex()
        return tree.Field(self.span_from(start), key, value)

    def _binary_literal(self) -> tree.BinaryLiteral:
        start = self.place
        self.place += 1
        fields: list[tree.BinaryField] = []
        self.enter()
        while not self.at(">>") or fields:
            fields.append(self._binary_field())
            if not self.take(","):
                break
        self.leave()
        self.expect_closer(">>", start, "`,`")
        return tree.BinaryLiteral(self.span_from(start), fields)

    def _binary_field(self) -> tree.BinaryField:
        start = self.place
        value = self.primary(_VALUE if self.at("-", "+", "not", "!") else "an expression")
        bits: int | None = None
        if self.take(":"):
            if not isinstance(self.token.value, int):
                raise self.failure("a number of bits")
            bits = self.advance().value  # type: ignore[assignment]
        kind = self.name("the name of a type").text if self.take("/") else None
        return tree.BinaryField(self.span_from(start), value, bits, kind)

    # Texts

    def text(self) -> tree.Literal | tree.Interpolation:
        """Read a string or heredoc, with the expressions in it."""
        if not self.at_kind(Kind.STRING, Kind.HEREDOC):
            raise self.failure("a string")
        token = self.advance()
        heredoc = token.kind is Kind.HEREDOC
        pieces = token.value if isinstance(token.value, tuple) else ()
        if all(isinstance(piece, str) for piece in pieces):
            return tree.Literal(token.span, "".join(pieces), heredoc)
        parts = [self._embedded(piece) if isinstance(piece, Embedded) else piece for piece in pieces]
        return tree.Interpolation(token.span, parts, heredoc)

    def _embedded(self, piece: Embedded) -> tree.Expression:
        outer, place = self.tokens, self.place
        last = piece.span.end
        end = Token(Kind.END, "}", Span(piece.span.source, max(last - 1, 0), last))
        self.tokens, self.place = [token for token in piece.tokens if token.kind is not Kind.END] + [end], 0
        self.enter()
        try:
            found = self.expression()
            if not self.at_kind(Kind.END):
                raise self.failure("an operator", "`}`")
        finally:
            self.tokens, self.place = outer, place
        self.leave()
        return found

    # Paths and calls

    def path(self) -> tree.Path:
        """Read a path: what can be assigned to, and tested with ``present``."""
        start = self.place
        token = self.token
        segments: list[tree.Segment] = []
        if token.kind is Kind.IDENT:
            names = self.names()
            root = tree.Root(self.span_from(start), tree.RootKind.NAME, names)
        elif self.take("$"):
            root = tree.Root(token.span, tree.RootKind.META)
            if not self.at_kind(Kind.IDENT):
                return tree.Path(token.span, root, segments)
            key = self.advance()
            segments.append(tree.Key(key.span, key.text))
        elif token.kind is Kind.KEYWORD and token.text in _ROOTS:
            root = tree.Root(self.advance().span, _ROOTS[token.text])
        else:
            raise self.failure("a path, such as `event.name` or `$name`")
        self._segments(segments)
        return tree.Path(self.span_from(start), root, segments)

    def _name_or_call(self) -> tree.Path | tree.Call:
        start = self.place
        names = self.names()
        if self.at("("):
            arguments = self._arguments()
            return tree.Call(self.span_from(start), names, arguments)
        root = tree.Root(self.span_from(start), tree.RootKind.NAME, names)
        segments: list[tree.Segment] = []
        self._segments(segments)
        return tree.Path(self.span_from(start), root, segments)

    def _segments(self, found: list[tree.Segment]) -> None:
        while self.at(".", "["):
            opener = self.place
            self.place += 1
            if self.tokens[opener].text == ".":
                key = self.name("the name of a field")
                found.append(tree.Key(key.span, key.text))
                continue
            first = self.complex()
            last = self.complex() if self.take(":") else None
            span = self.span_from(opener + 1)
            self.expect_closer("]", opener, "an operator", *(() if last else ("`:`",)))
            found.append(tree.Range(span, first, last) if last else tree.Index(span, first))

    def _arguments(self) -> list[tree.Expression]:
        start = self.place
        self.expect("(")
        return self.items(self.complex, start, ")")

    def _recur(self) -> tree.Recur:
        start = self.place
        self.place += 1
        arguments = self._arguments()
        return tree.Recur(self.span_from(start), arguments)

    # Changes to records

    def _merge(self) -> tree.Merge:
        start = self.place
        self.place += 1
        target = self.complex()
        self.expect("of", "an operator")
        value = self.complex()
        self.expect_end(start, "an operator")
        return tree.Merge(self.span_from(start), target, value)

    def _patch(self) -> tree.Patch:
        start = self.place
        self.place += 1
        target = self.complex()
        self.expect("of", "an operator")
        operations = [self._operation()]
        while self.take(","):
            operations.append(self._operation())
        self.expect_end(start, "an operator", "`,`")
        return tree.Patch(self.span_from(start), target, operations)

    def _operation(self) -> tree.Operation:
        start = self.place
        if not self.at(*_KEYED_OPERATIONS):
            raise self.failure(*(f"`{name}`" for name in _KEYED_OPERATIONS))
        name = self.advance().text
        key = None if name == "merge" and self.at("=>") else self.complex()
        value = None
        if name != "erase":
            self.expect("=>", "an operator")
            value = self.complex()
        return tree.Operation(self.span_from(start), name, key, value)
