"""For any text: its layout means the same, has the same comments, and is its own layout."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS, find_dialect
from pipelines.language.format import format_source
from pipelines.language.lexer import tokenize
from pipelines.language.source import Source
from pipelines.language.tree_text import describe
from tests.language.parsing import query, script
from tests.language.strategies import queries, scripts


def _meaning(text: str, dialect: str, is_query: bool) -> Any:
    """The tree, without positions."""
    return _without_positions(describe(query(text, dialect) if is_query else script(text, dialect)))


def _without_positions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_positions(item) for key, item in value.items() if key not in ("from", "to")}
    return [_without_positions(item) for item in value] if isinstance(value, list) else value


def _comments(text: str, dialect: str) -> list[str]:
    """The words of all comments, sorted: two that come to stand in one line become one."""
    tokens = tokenize(Source("x", text), find_dialect(dialect), Problems())
    words = [comment.text.replace("#", " ").split() for token in tokens for comment in token.comments]
    return sorted(word for group in words for word in group)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("is_query", [False, True], ids=["script", "query"])
@given(data=st.data())
@settings(max_examples=30)
def test_the_layout_of_any_text_means_the_same_and_is_its_own_layout(
    dialect: str, is_query: bool, data: st.DataObject
) -> None:
    text = data.draw(queries(dialect) if is_query else scripts(dialect))
    laid_out = format_source(Source("x", text), find_dialect(dialect), query=is_query)
    assert _meaning(laid_out, dialect, is_query) == _meaning(text, dialect, is_query)
    assert _comments(laid_out, dialect) == _comments(text, dialect)
    assert format_source(Source("x", laid_out), find_dialect(dialect), query=is_query) == laid_out
    assert not any(line.endswith((" ", "\t")) for line in laid_out.split("\n") if '"' not in line)
