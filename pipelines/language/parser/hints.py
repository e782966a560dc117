"""What to say about a token that was not expected: how to show it, and what its author may have meant."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.language.closest import closest
from pipelines.language.tokens import KEYWORDS, Kind, Token

__all__ = ["BINARY_OPERATORS", "find_hint", "show"]

_LONGEST_SHOWN = 30

_DESCRIPTIONS = {
    Kind.STRING: "a string",
    Kind.HEREDOC: "a heredoc",
    Kind.EXTRACTOR: "an extractor's text",
    Kind.DOC_COMMENT: "a doc comment (`##`)",
    Kind.MODULE_COMMENT: "a module comment (`###`)",
    Kind.CONFIG: "`#!config`",
    Kind.END: "the end of the text",
}

BINARY_OPERATORS = {
    "or": 1, "xor": 2, "and": 3, "^": 5, "&": 6, "==": 7, "!=": 7, ">=": 8, ">": 8, "<=": 8, "<": 8,
    ">>": 9, ">>>": 9, "<<": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}  # fmt: skip
"""Each with its precedence; the higher one binds more tightly. (``|`` always begins an extractor.)"""

_DEFINITIONS = ["const", "fn", "intrinsic", "mod", "use"]
_EXPRESSIONS = [
    "match",
    "for",
    "merge",
    "patch",
    "not",
    "present",
    "absent",
    "recur",
    "event",
    "state",
    "true",
    "false",
]
_STATEMENTS = [*_DEFINITIONS, "drop", "emit", "let", *_EXPRESSIONS]

_MEANT = {
    "a statement": _STATEMENTS,
    "a definition": _DEFINITIONS,
    "an expression": _EXPRESSIONS,
    "an operator": list(BINARY_OPERATORS),
}
"""The words that each of the parser's plain terms stands for."""

_FOREIGN = {
    "||": "did you mean `or`?",
    "<>": "did you mean `!=`?",
    "===": "did you mean `==`?",
    "=<": "did you mean `<=`?",
    "->": "did you mean `=>`?",
    "!": "did you mean `not`?",
    "'": 'strings stand between double quotes: "…"',
}
"""Marks of other languages, and what stands for them here."""

_FOREIGN_WORDS = {
    "if": "there is no `if`: write `match … of case … when … => …, default => … end`",
    "else": "there is no `else`: a `match` has a clause `default => …`",
    "return": "there is no `return`: the last statement is the result",
    "while": "there is no `while`: `for` goes through the elements of a value",
    "def": "functions begin with `fn`",
    "function": "functions begin with `fn`",
    "var": "variables are set with `let`",
}


def show(token: Token) -> str:
    """The token, for a message."""
    if token.kind in _DESCRIPTIONS and token.text != "}":
        return _DESCRIPTIONS[token.kind]
    text = token.text if token.kind is not Kind.IDENT else token.span.text or token.text
    text = text.partition("\n")[0]
    return f"`{text[:_LONGEST_SHOWN]}…`" if len(text) > _LONGEST_SHOWN else f"`{text}`"


def find_hint(token: Token, previous: Token | None, expected: Sequence[str]) -> str:
    """What may help: "" if nothing comes to mind. ``expected``: plain terms, and words or marks in backticks."""
    return (
        _of_what_was_meant(token, previous, expected)
        or _of_a_name(token, previous, expected)
        or _of_the_position(token, previous, expected)
        or _of_a_slip(token, previous, expected)
    )


def _of_what_was_meant(token: Token, previous: Token | None, expected: Sequence[str]) -> str:
    if token.kind is Kind.BAD and token.text in _FOREIGN:
        return _FOREIGN[token.text]
    if _is_mark(token, "/") and (
        previous is None or _is_mark(previous, "/", ";") or "an operator" not in expected
    ):
        return "comments begin with `#`"
    if token.kind is Kind.PUNCTUATION and token.text == "&" and previous is not None and previous.text == "&":
        return "did you mean `and`?"
    for word in (previous, token):
        if word is not None and word.kind is Kind.IDENT and word.text in _FOREIGN_WORDS:
            return _FOREIGN_WORDS[word.text]
    if "an operator" in expected:
        if token.kind is Kind.PUNCTUATION and token.text == "=":
            return "`=` stands only after `let` and `const`; to compare, write `==`"
        if token.kind is Kind.PUNCTUATION and token.text in (".", "["):
            return (
                "only names, `event`, `state`, `$…` and the like have paths: give the value a name with `let`"
            )
        if token.kind in (Kind.INT, Kind.FLOAT) and token.text.startswith("-"):
            return "to subtract, put a blank between the `-` and the number"
        if token.kind is Kind.EXTRACTOR:
            return "`|` is no operator: it begins the text of an extractor"
    return ""


def _is_mark(token: Token, *texts: str) -> bool:
    return token.kind is Kind.PUNCTUATION and token.text in texts


def _of_a_name(token: Token, previous: Token | None, expected: Sequence[str]) -> str:
    wanted = any("name" in term or "field" in term for term in expected)
    if wanted and token.kind is Kind.KEYWORD:
        other = f', or write ["{token.text}"]' if previous is not None and previous.text == "." else ""
        return f"`{token.text}` is a word of the language: as a name, put it between backticks{other}"
    if "a string" in expected and token.kind is Kind.IDENT:
        return f'a name is no string: write "{token.text}"'
    return ""


def _of_the_position(token: Token, previous: Token | None, expected: Sequence[str]) -> str:
    starts = "an expression" in expected or "a statement" in expected
    if starts and token.text in ("case", "default", "end") and token.kind is Kind.KEYWORD:
        if previous is not None and previous.text == ",":
            return "the `,` before it is one too many"
        return ""
    if "a value without operators" in expected:
        return "put it in parentheses: `( … )`"
    if starts and token.kind is Kind.KEYWORD and token.text in ("let", "emit", "drop", "const"):
        return f"`{token.text}` is a statement: it cannot stand within an expression"
    return ""


def _of_a_slip(token: Token, previous: Token | None, expected: Sequence[str]) -> str:
    if previous is not None and previous.kind is Kind.IDENT and "an operator" in expected:
        meant = _closest(previous.text, _STATEMENTS)
        if meant:
            return f"did you mean `{meant}` where it says `{previous.text}`?"
    known = [
        word for term in expected for word in _MEANT.get(term, [term.strip("`")] if term[0] == "`" else [])
    ]
    if token.kind is Kind.BAD:
        known = [word for word in known if not word.isalpha()]
    elif token.kind is Kind.IDENT:
        known = [word for word in known if word in KEYWORDS]
    else:
        return ""
    meant = _closest(token.text, known)
    return f"did you mean `{meant}`?" if meant else ""


def _closest(word: str, known: Sequence[str]) -> str | None:
    return closest(word, known, 2 if len(word) > 3 else 1)
