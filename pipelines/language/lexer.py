"""The lexer: a text becomes tokens. It goes on after an error, so that all of a text's errors are told at once.

Numbers, strings, and what stands between other quotes are read in files of their own; all share a `Reader`.
"""

from __future__ import annotations

import re

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.numbers_lexer import read_number
from pipelines.language.quotes_lexer import read_extractor, read_quoted_name
from pipelines.language.reader import Reader, is_starting
from pipelines.language.source import Source
from pipelines.language.strings_lexer import StringReader
from pipelines.language.tokens import KEYWORDS, Comment, Embedded, Kind, Token

__all__ = ["MAX_LENGTH", "tokenize"]

MAX_LENGTH = 1024 * 1024
"""Characters of one text."""

_BLANKS = re.compile(r"\s+")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_COLONS = re.compile(":+")
_MINUSES = re.compile("-+")
_ANGLES = re.compile("[<>][<>=]*")
_SURROGATE = re.compile("[\ud800-\udfff]")

_ANGLE_OPERATORS = frozenset({"<", "<=", ">", ">=", "<<", ">>", ">>>"})
_PAIRS = frozenset({"==", "=>", "!=", "~=", "%{", "%[", "%("})
_SINGLES = frozenset(",$._;+*\\(){}[]/^&=%~")
_CONFIG = "#!config "


def tokenize(source: Source, dialect: Dialect, problems: Problems) -> list[Token]:
    """All tokens of a text, `Kind.END` last. Never raises: what is wrong is noted in ``problems``.

    Punctuation is as short as it can be where several tokens could be one: ``...`` is three of ``.``.
    """
    return _Lexer(source, dialect, problems).read()


class _Lexer:
    def __init__(self, source: Source, dialect: Dialect, problems: Problems) -> None:
        self._reader = Reader(source, dialect, problems)
        self._dialect = dialect
        self._strings = StringReader(self._reader, self._read_embedded)

    def read(self) -> list[Token]:
        reader = self._reader
        if len(reader.text) > MAX_LENGTH:
            reader.error(
                f"this text is too long: {len(reader.text)} characters, and {MAX_LENGTH} are allowed",
                0,
                1,
                "move parts of it into modules, and include them with `use`",
            )
            reader.stop()
        elif wrong := _SURROGATE.search(reader.text):
            reader.error(
                "this is half of a surrogate pair, and no character",
                wrong.start(),
                wrong.end(),
                "save the text as UTF-8",
            )
            reader.stop()
        return self._read_tokens(0, embedded=False)

    def _read_tokens(self, start: int, *, embedded: bool) -> list[Token]:
        """All tokens to the end of what may be read, or, if they are embedded, to the ``}`` that closes them: that
        one is read but left out, and the last token is no `Kind.END` if it was not there.
        """
        reader = self._reader
        found: list[Token] = []
        braces = 0
        while True:
            comments, blank_lines = self._read_blanks()
            if reader.place >= reader.end:
                if not embedded:
                    found.append(self._end(found, start, comments, blank_lines))
                return found
            token_start = reader.place
            token = self._read_token()
            if embedded and token.kind is Kind.PUNCTUATION:
                if token.text in ("{", "%{"):
                    braces += 1
                elif token.text == "}" and braces == 0:
                    found.append(self._end(found, token_start, comments, blank_lines))
                    return found
                elif token.text == "}":
                    braces -= 1
            if comments or blank_lines:
                token = Token(token.kind, token.text, token.span, token.value, comments, blank_lines)
            found.append(token)

    def _read_embedded(self, start: int) -> Embedded | None:
        tokens = self._read_tokens(start, embedded=True)
        if not tokens or tokens[-1].kind is not Kind.END:
            return None
        return Embedded(tuple(tokens), self._reader.span(start))

    def _end(self, found: list[Token], start: int, comments: tuple[Comment, ...], blank_lines: int) -> Token:
        span = found[-1].span if found else self._reader.span(start, min(start + 1, len(self._reader.text)))
        return Token(Kind.END, "", span, None, comments, blank_lines)

    def _read_blanks(self) -> tuple[tuple[Comment, ...], int]:
        """Ordinary comments before the next token, and the empty lines before the first of them or the token."""
        reader = self._reader
        blank_lines = self._read_newlines()
        comments: list[Comment] = []
        text = reader.text
        while reader.place < reader.end and text[reader.place] == "#":
            start = reader.place
            if text.startswith(("##", _CONFIG), start):
                break
            reader.place = reader.line_end()
            comments.append(Comment(text[start + 1 : reader.place].rstrip(), reader.span(start)))
            self._read_newlines()
        return tuple(comments), blank_lines

    def _read_newlines(self) -> int:
        reader = self._reader
        blanks = _BLANKS.match(reader.text, reader.place, reader.end)
        if not blanks:
            return 0
        at_beginning = reader.place == 0
        reader.place = blanks.end()
        newlines = blanks.group().count("\n")
        return newlines if at_beginning else max(newlines - 1, 0)

    def _read_token(self) -> Token:
        reader = self._reader
        word = _WORD.match(reader.text, reader.place, reader.end)
        if word:
            return self._read_word(word.end())
        character = reader.text[reader.place]
        if character in "0123456789" or (character == "-" and self._begins_negative_number()):
            return read_number(reader)
        if character == '"':
            return self._strings.read()
        if character == "`":
            return read_quoted_name(reader)
        if character == "|":
            return read_extractor(reader)
        if character == "#":
            return self._read_special_comment()
        if is_starting(character):
            return self._read_word(reader.place + 1)
        return self._read_punctuation(character)

    def _read_word(self, end: int) -> Token:
        reader = self._reader
        start, reader.place = reader.place, end
        reader.skip_word()
        word = reader.text[start : reader.place]
        return Token(Kind.KEYWORD if word in KEYWORDS else Kind.IDENT, word, reader.span(start))

    def _begins_negative_number(self) -> bool:
        reader = self._reader
        after = reader.text[reader.place + 1 : min(reader.place + 2, reader.end)]
        return self._dialect.number_separators and after != "" and after in "0123456789"

    def _read_special_comment(self) -> Token:
        reader = self._reader
        start = reader.place
        if reader.text.startswith(_CONFIG, start):
            reader.place = start + len(_CONFIG)
            return Token(Kind.CONFIG, _CONFIG.rstrip(), reader.span(start, reader.place - 1))
        reader.place = reader.line_end()
        text = reader.text[start : reader.place].rstrip()
        span = reader.span(start, start + len(text))
        marker, kind = ("###", Kind.MODULE_COMMENT) if text.startswith("###") else ("##", Kind.DOC_COMMENT)
        return Token(kind, text, span, text.removeprefix(marker))

    def _read_punctuation(self, character: str) -> Token:
        reader = self._reader
        start = reader.place
        kind = Kind.PUNCTUATION
        if character in "<>":
            kind = self._read_run(_ANGLES)
        elif character == "-":
            kind = self._read_run(_MINUSES)
        elif character == ":":
            kind = self._read_run(_COLONS)
        elif reader.text[start : min(start + 2, reader.end)] in _PAIRS:
            reader.place += 2
        else:
            reader.place += 1
            if character not in _SINGLES and not (character == "!" and self._dialect.lone_bang):
                kind = Kind.BAD
        return Token(kind, reader.text[start : reader.place], reader.span(start))

    def _read_run(self, pattern: re.Pattern[str]) -> Kind:
        reader = self._reader
        run = pattern.match(reader.text, reader.place, reader.end)
        text = run.group() if run else ""
        if text == "<<>>" and self._dialect.binaries:
            reader.place += 2
            return Kind.PUNCTUATION
        reader.place += len(text)
        good = text in _ANGLE_OPERATORS or text in ("-", ":", "::")
        return Kind.PUNCTUATION if good else Kind.BAD
