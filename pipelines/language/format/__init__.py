"""The canonical layout of a text: what `format_source` makes of it depends on its tokens and comments only.

document.py     texts that can be broken into lines
writer.py       tokens and comments, in their order
words.py        single tokens
expressions.py, scripts.py, queries.py   one method a node of the tree
"""

from __future__ import annotations

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.format.document import render
from pipelines.language.format.queries import QueryWriter
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_query, parse_script
from pipelines.language.source import Source

__all__ = ["format_source"]

_MOST_PASSES = 10


def format_source(source: Source, dialect: Dialect, *, query: bool) -> str:
    """The text in its canonical layout, with a newline at its end. It means the same, and has the same comments.

    Raises `CompileError` if the text cannot be parsed.
    """
    text = _format_once(source, dialect, query=query)
    # A comment within an expression goes to the end of its line, which then may be broken in other places.
    for _ in range(_MOST_PASSES):
        before, text = text, _format_once(Source(source.name, text), dialect, query=query)
        if text == before:
            break
    return text


def _format_once(source: Source, dialect: Dialect, *, query: bool) -> str:
    problems = Problems()
    tokens = tokenize(source, dialect, problems)
    writer = QueryWriter(tokens, dialect)
    if query:
        parsed = parse_query(tokens, dialect, problems)
        problems.raise_errors()
        document = writer.query(parsed)
    else:
        script = parse_script(tokens, dialect, problems)
        problems.raise_errors()
        document = writer.script(script)
    return render(document) + "\n"
