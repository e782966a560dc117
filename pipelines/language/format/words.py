"""How single tokens are written: names, strings, comments."""

from __future__ import annotations

import re

from pipelines.language.tokens import KEYWORDS, Comment, Kind, Token

__all__ = ["write_comment", "write_piece", "write_token"]

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ESCAPED_OR_CONTROL = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[\x00-\x1f\x7f]", re.DOTALL)
_ESCAPES = {"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
_NEVER_BARE = '{}"\\#'


def write_token(token: Token) -> str:
    """The token as it is written; strings by `write_piece`."""
    if token.kind is Kind.IDENT:
        plain = _PLAIN_NAME.fullmatch(token.text) and token.text not in KEYWORDS
        return token.text if plain else token.span.text
    if token.kind in (Kind.DOC_COMMENT, Kind.MODULE_COMMENT):
        marker = "##" if token.kind is Kind.DOC_COMMENT else "###"
        return _with_marker(marker, str(token.value))
    if token.kind in (Kind.KEYWORD, Kind.PUNCTUATION, Kind.CONFIG):
        return token.text
    return token.span.text


def write_comment(comment: Comment) -> str:
    """An ordinary comment."""
    return _with_marker("#", comment.text)


def _with_marker(marker: str, text: str) -> str:
    text = text.rstrip()
    return f"{marker} {text}" if text and text[0] not in " \t#!" else f"{marker}{text}"


def write_piece(source: str) -> str:
    """What stands in a string between its expressions, with the usual escapes. Braces stay as they are: what they
    mean depends on the rest of the string.
    """
    return _ESCAPED_OR_CONTROL.sub(_write_escape, source)


def _write_escape(found: re.Match[str]) -> str:
    text = found.group()
    if text in (r"\/", r"\'"):
        return text[1]
    if text.startswith(r"\u"):
        character = chr(int(text[2:], 16))
        return character if character.isprintable() and character not in _NEVER_BARE else _control(character)
    return text if text[0] == "\\" else _control(text)


def _control(character: str) -> str:
    return _ESCAPES.get(character, f"\\u{ord(character):04x}")
