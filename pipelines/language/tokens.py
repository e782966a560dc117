"""`Token`: what the lexer makes of a text and the parser reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipelines.language.source import Span

__all__ = ["KEYWORDS", "Comment", "Embedded", "Kind", "StringPieces", "Token"]

_WORDS = """
absent and args as by case const copy create default define drop each emit end erase event false fn for from group
having insert into intrinsic let match merge mod move not null of operator or order patch present recur script select
set sliding state stream true tumbling update upsert use when where window with xor
"""

KEYWORDS = frozenset(_WORDS.split())
"""Words that are names only between backticks; ``true``, ``false`` and ``null`` are among them."""


class Kind(Enum):
    """What a token is. ``text`` of the token tells which."""

    IDENT = "identifier"
    """``text`` is the name, without backticks."""
    KEYWORD = "keyword"
    PUNCTUATION = "punctuation"
    """``text`` is as written: ``=>``, ``%{``, ``>>>``, …"""
    INT = "integer"
    FLOAT = "float"
    """Numbers: ``value`` is the number."""
    STRING = "string"
    HEREDOC = "heredoc"
    """``value`` is `StringPieces`, escapes already replaced."""
    EXTRACTOR = "extractor"
    """The part between two ``|``: ``value`` is its text, escapes replaced and lines joined."""
    DOC_COMMENT = "doc comment"
    MODULE_COMMENT = "module comment"
    """``value`` is the text after the marker."""
    CONFIG = "#!config"
    BAD = "bad token"
    """No token of the language, such as ``--``; the parser complains when it comes to it."""
    END = "end of text"
    """The last token; its span is that of the last one before it."""


@dataclass(frozen=True, slots=True)
class Comment:
    """An ordinary comment. ``text`` is what follows the ``#``, without blanks at its end."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Embedded:
    """An expression within a string: its tokens, `Kind.END` last. The span includes the braces."""

    tokens: tuple[Token, ...]
    span: Span


StringPieces = tuple[str | Embedded, ...]
"""A string: texts (never two in a row, none empty) and expressions."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``comments`` are the ordinary ones between it and the token before, ``blank_lines`` how many empty
    lines stand directly before it or its first comment: only the formatter reads them.
    """

    kind: Kind
    text: str
    span: Span
    value: object = None
    comments: tuple[Comment, ...] = ()
    blank_lines: int = 0
