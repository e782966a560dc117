"""`Cursor`: a place in a list of tokens, what is expected there, and where to go on after an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.parser.hints import find_hint, show
from pipelines.language.source import Source, Span
from pipelines.language.tokens import Kind, Token

__all__ = ["MAX_DEPTH", "MAX_ERRORS", "Cursor", "GivenUpError", "UnparsableError"]

MAX_DEPTH = 100
"""How many expressions, statements and patterns may stand within one another. The parser and all that works on its
trees is recursive: this keeps them within Python's own limit, whatever the text."""

MAX_ERRORS = 50
"""After so many, the rest of the text is not looked at."""

_WORDS = (Kind.KEYWORD, Kind.PUNCTUATION)
_STATEMENT_WORDS = frozenset(
    [
        "const",
        "create",
        "define",
        "drop",
        "emit",
        "fn",
        "for",
        "intrinsic",
        "let",
        "match",
        "mod",
        "select",
        "use",
    ]
)

_T = TypeVar("_T")
_Line = tuple[int, int]


def _line(span: Span) -> _Line:
    return id(span.source), span.line


class UnparsableError(Exception):
    """What stands here cannot be read; it has been noted. Caught where it is clear how to go on."""


class GivenUpError(Exception):
    """Nested too deeply, or too many errors; it has been noted. Ends the parsing."""


class Cursor:
    """The tokens, and how far they have been read."""

    def __init__(self, tokens: Sequence[Token], dialect: Dialect, problems: Problems) -> None:
        nowhere = tokens[-1].span if tokens else Span(Source("", ""), 0, 0)
        end = [] if tokens and tokens[-1].kind is Kind.END else [Token(Kind.END, "", nowhere)]
        self.tokens: list[Token] = [*tokens, *end]
        self.place = 0
        self.dialect = dialect
        self.problems = problems
        self._level = 0
        self._failed: set[Span] = set()
        self._failed_lines: set[_Line] = set()
        self._bad_lines = {_line(error.span) for error in problems.errors if error.span is not None}

    # Reading

    @property
    def token(self) -> Token:
        """The one that is next."""
        return self.tokens[self.place]

    @property
    def previous(self) -> Token:
        """The one that was read last."""
        return self.tokens[max(self.place - 1, 0)]

    def ahead(self, count: int) -> Token:
        """The one that comes ``count`` tokens later."""
        return self.tokens[min(self.place + count, len(self.tokens) - 1)]

    def advance(self) -> Token:
        """Read one; the end is never passed."""
        token = self.tokens[self.place]
        if token.kind is not Kind.END:
            self.place += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these keywords or punctuation marks is next."""
        token = self.tokens[self.place]
        return token.kind in _WORDS and token.text in texts

    def at_kind(self, *kinds: Kind) -> bool:
        """Whether a token of such a kind is next."""
        return self.tokens[self.place].kind in kinds

    def take(self, text: str) -> bool:
        """Read this keyword or punctuation mark, if it is next."""
        if not self.at(text):
            return False
        self.place += 1
        return True

    def expect(self, text: str, *others: str) -> Token:
        """Read this keyword or mark, or fail. ``others``: what else could have stood here, for the message."""
        if not self.at(text):
            raise self.failure(*others, f"`{text}`")
        return self.advance()

    def expect_end(self, opener: int, *others: str) -> Token:
        """Read the ``end`` of what began with the token number ``opener``."""
        return self.expect_closer("end", opener, *others)

    def expect_closer(self, text: str, opener: int, *others: str) -> Token:
        """Read what closes the token number ``opener``; the message tells about that one if it stands elsewhere."""
        if not self.at(text):
            first = self.tokens[opener]
            expected = (*others, f"`{text}`")
            hint = find_hint(self.token, self.previous, expected)
            if not hint and (self.at_kind(Kind.END) or first.span.line != self.token.span.line):
                hint = f"the `{first.text}` in line {first.span.line} has no `{text}` yet"
            raise self.failure(*expected, hint=hint)
        return self.advance()

    def name(self, what: str = "a name") -> Token:
        """Read a name, or fail. ``what`` it names, for the message."""
        if not self.at_kind(Kind.IDENT):
            raise self.failure(what)
        return self.advance()

    def names(self, what: str = "a name") -> tuple[str, ...]:
        """Read ``a::b::c``."""
        words = [self.name(what).text]
        while self.take("::"):
            words.append(self.name(what).text)
        return tuple(words)

    def items(self, one: Callable[[], _T], opener: int, closer: str, *, trailing: bool = True) -> list[_T]:
        """Read ``one, one, one closer``, from none to many; ``trailing``: with a comma at the end allowed."""
        found: list[_T] = []
        while not self.at(closer) or (found and not trailing):
            found.append(one())
            if not self.take(","):
                break
        self.expect_closer(closer, opener, "an operator", "`,`")
        return found

    def span_from(self, start: int) -> Span:
        """From the token number ``start`` to the last one that was read."""
        first = self.tokens[start].span
        return first.to(self.tokens[self.place - 1].span) if self.place > start else first

    # Errors

    def failure(self, *expected: str, hint: str = "") -> UnparsableError:
        """Note that something else was expected here; the caller raises what this returns."""
        self.note(*expected, hint=hint)
        return UnparsableError()

    def note(self, *expected: str, hint: str = "") -> None:
        """Note that something else was expected here, unless it is likely to be due to an earlier error."""
        token = self.token
        if token.span not in self._failed and not self._is_echo(token):
            wanted = expected[0] if len(expected) == 1 else f"{', '.join(expected[:-1])} or {expected[-1]}"
            hint = hint or find_hint(token, self.previous if self.place else None, expected)
            self.problems.error(f"expected {wanted}, but found {show(token)}", token.span, hint, "syntax")
            self._failed_lines.add(_line(token.span))
        self._failed.add(token.span)
        if len(self._failed) >= MAX_ERRORS:
            raise GivenUpError

    def _is_echo(self, token: Token) -> bool:
        """Whether an error here is likely to be due to another one: in this line, or one that hid what was to end."""
        if _line(token.span) in self._failed_lines or not self._bad_lines.isdisjoint(
            (_line(token.span), _line(self.previous.span))
        ):
            return True
        return bool(self._failed or self._bad_lines) and (self.at_kind(Kind.END) or self.at("end"))

    def enter(self) -> None:
        """Go one level deeper. Raises `GivenUpError`."""
        self._level += 1
        if self._level > MAX_DEPTH:
            self.too_deep(self.token.span)
            raise GivenUpError

    def leave(self) -> None:
        """Come back from `enter`."""
        self._level -= 1

    def too_deep(self, span: Span) -> None:
        """Note it."""
        message = f"this is nested too deeply: at most {MAX_DEPTH} expressions may stand within one another"
        hint = (
            "give parts of it names, with `let` or `const`; every operator of a long row is a level as well"
        )
        self.problems.error(message, span, hint, "too-deep")

    # Statements, and going on after an error

    def statements(self, one: Callable[[], _T], closer: str = "", *others: str) -> list[_T]:
        """Read ``one; one; one``, with or without ``;`` at the end, up to the closer (not read) or the text's end.

        What cannot be read is noted and skipped up to the next ``;``. ``others``: what else could stand behind one.
        """
        found: list[_T] = []
        while True:
            start, level = self.place, self._level
            try:
                found.append(one())
                if not self.take(";") and not self._closed(closer):
                    self._note_missing_semicolon(closer, others)
            except UnparsableError:
                self._level = level
                self.place = self._find(start, ";", "end")
                if not closer and self.at("end"):
                    self.place += 1
                self.take(";")
            if self._closed(closer):
                return found

    def clauses(self, one: Callable[[], _T], *starts: str) -> list[_T]:
        """Read clauses as long as one of the words ``starts`` is next. What cannot be read is noted and skipped up to
        the next clause, unless the whole statement seems to end before.
        """
        found: list[_T] = []
        while self.at(*starts):
            start, level = self.place, self._level
            try:
                found.append(one())
            except UnparsableError:
                place = self._find(start, "case", "default", "end", ";")
                if self.tokens[place].text not in ("case", "default", "end"):
                    raise
                self._level, self.place = level, place
        return found

    def _closed(self, closer: str) -> bool:
        return self.at_kind(Kind.END) or (bool(closer) and self.at(closer))

    def _note_missing_semicolon(self, closer: str, others: Sequence[str]) -> None:
        token, expected = self.token, (*others, "`;`", f"`{closer}`" if closer else "the end of the text")
        begins = token.kind is Kind.KEYWORD and token.text in _STATEMENT_WORDS
        if not begins or token.span.line == self.previous.span.line:
            raise self.failure(*expected)
        self.note(*expected, hint="a `;` is missing before it, where the other statement ends")

    def _find(self, start: int, *stops: str) -> int:
        """The first of these words or marks from here on that belongs to the construct which began at ``start``."""
        blocks: list[str] = []
        for index in range(start, len(self.tokens)):
            token = self.tokens[index]
            if token.kind is Kind.END:
                return index
            if token.kind not in _WORDS:
                continue
            if index >= self.place and not blocks and token.text in stops:
                return index
            # Whatever ends with `end` has one `of`, `with` or `script`, or `with` and later `script`.
            if token.text in ("of", "with"):
                blocks.append(token.text)
            elif token.text == "script" and self.tokens[index - 1].text not in ("define", "create"):
                blocks[-1:] = [] if blocks and blocks[-1] == "with" else blocks[-1:]
                blocks.append(token.text)
            elif token.text == "end" and blocks:
                blocks.pop()
        return len(self.tokens) - 1
