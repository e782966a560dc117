"""Tokens to tree: recursive descent, one class a part of the grammar, each on top of the one before::

Cursor            cursor.py       tokens, errors, where to go on after one
ExpressionParser  expressions.py  operators, values, paths, calls, patch, merge
ClauseParser      clauses.py      match, for, patterns
ScriptParser      scripts.py      statements and declarations
QueryParser       queries.py      definitions, nodes, selects
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from pipelines.language import tree
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.parser.cursor import MAX_DEPTH, Cursor, GivenUpError, UnparsableError
from pipelines.language.parser.depth import find_too_deep
from pipelines.language.parser.queries import QueryParser
from pipelines.language.parser.scripts import ScriptParser
from pipelines.language.tokens import Token

__all__ = ["MAX_DEPTH", "parse_query", "parse_script"]

_T = TypeVar("_T", bound=tree.Node)


def parse_script(tokens: Sequence[Token], dialect: Dialect, problems: Problems) -> tree.Script:
    """The tree of a script, whatever the tokens are. Errors are noted in ``problems``; after one, what could be read
    is in the tree, which is good for nothing but looking at.
    """
    parser = ScriptParser(tokens, dialect, problems)
    return _finish(parser, parser.script) or tree.Script(parser.span_from(0), [])


def parse_query(tokens: Sequence[Token], dialect: Dialect, problems: Problems) -> tree.Query:
    """The tree of a query, as `parse_script` does for scripts."""
    parser = QueryParser(tokens, dialect, problems)
    return _finish(parser, parser.query) or tree.Query(parser.span_from(0), [], [])


def _finish(parser: Cursor, action: Callable[[], _T]) -> _T | None:
    try:
        root = action()
    except (GivenUpError, UnparsableError):
        return None
    deep = find_too_deep(root, MAX_DEPTH)
    if deep is None:
        return root
    parser.too_deep(deep.span)
    return None
