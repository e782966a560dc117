"""Whatever the text: a tree, or errors; never another exception, and never a tree too deep for what works on it."""

import json
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS, find_dialect
from pipelines.language.lexer import tokenize
from pipelines.language.parser import MAX_DEPTH, parse_query, parse_script
from pipelines.language.source import Source
from pipelines.language.tokens import KEYWORDS, Token
from pipelines.language.tree_text import describe
from tests.language.parsing import read_query, read_script
from tests.language.strategies import queries, scripts

_WORDS = [
    *sorted(KEYWORDS), "a", "b", "_", "1", "1.5", '"x"', '"#{a}"', '"#{', "|x|", ",", "$", ".", ";", "+", "*", "(", ")",
    "{", "}", "[", "]", "%", "%{", "%[", "%(", "~", "~=", "=", "==", "=>", ":", "::", "-", "<", "<<", ">>", "!=", "!",
    "--", "## d\n", "### m\n", "#!config ", "\n", "=> 1", "case 1 => 2", "of", "end", "end;", "match a of", "let a = ",
]  # fmt: skip

_dialects = st.sampled_from(sorted(DIALECTS))
_word_lists = st.lists(st.sampled_from(_WORDS), max_size=40).map(" ".join)


@given(st.text() | _word_lists, _dialects)
@example("", "0.11")
@settings(max_examples=100)
def test_any_text_gives_a_tree_or_errors(text: str, dialect: str) -> None:
    for read in (read_script, read_query):
        root, errors = read(text, dialect)
        assert errors or root.statements
        assert all(error.message and error.line > 0 for error in errors)


@given(scripts() | queries(), st.data())
@settings(max_examples=30)
def test_a_text_with_a_slip_gives_a_tree_or_errors(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 5, len(text))))
    slip = data.draw(st.sampled_from([*_WORDS, ""]))
    for read in (read_script, read_query):
        root, errors = read(text[:start] + slip + text[end:])
        assert errors or root.statements


@given(st.lists(st.sampled_from(_WORDS), max_size=12), st.permutations(range(12)))
@settings(max_examples=30)
def test_any_list_of_tokens_gives_a_tree_or_errors(words: list[str], order: list[int]) -> None:
    dialect = find_dialect("0.11")
    tokens = tokenize(Source("x", " ".join(words)), dialect, Problems())
    shuffled: list[Token] = [tokens[index] for index in order if index < len(tokens)]
    for parse in (parse_script, parse_query):
        problems = Problems()
        assert parse(shuffled, dialect, problems).statements or problems.errors


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@given(data=st.data())
@settings(max_examples=30)
def test_all_that_the_grammar_allows_is_parsed(dialect: str, data: st.DataObject) -> None:
    assert read_script(data.draw(scripts(dialect)), dialect)[1] == []
    assert read_query(data.draw(queries(dialect)), dialect)[1] == []


NESTS = {
    "parentheses": ("(", "1", ")"),
    "lists": ("[", "1", "]"),
    "records": ('{"a": ', "1", "}"),
    "calls": ("f(", "1", ")"),
    "selectors": ("a[", "1", "]"),
    "ranges": ("a[", "1", ":1]"),
    "lets": ("let a = ", "1", ""),
    "statements": ("match 1 of case 1 => ", "1", " default => 2 end"),
    "matches": ("(match 1 of case 1 => ", "1", " default => 2 end)"),
    "loops": ("(for 1 of case (a, b) => ", "1", " end)"),
    "guards": ("match 1 of case 1 when ", "1", " => 1 end"),
    "patterns": ("match 1 of case %[%{ a == ", "1", " }] => 1 end"),
    "functions": ("fn f() with ", "1", " end"),
    "modules": ("mod a with ", "const a = 1", " end"),
    "patches": ("patch ", "a", " of erase 1 end"),
    "merges": ("merge 1 of ", "a", " end"),
    "binaries": ("<< ", "1", " >>"),
    "negations": ("not ", "1", ""),
    "minuses": ("- ", "a", ""),
    "sums": ("", "1", " + 1"),
    "products in sums": ("a * (", "1", " + 1)"),
}


def _nested(kind: str, levels: int) -> str:
    start, middle, end = NESTS[kind]
    return start * levels + middle + end * levels


@pytest.mark.parametrize("kind", NESTS)
@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 3000])
def test_what_is_nested_too_deeply_is_told(kind: str, levels: int) -> None:
    errors = read_script(_nested(kind, levels))[1]
    assert [error.code for error in errors] == ["too-deep"]


@pytest.mark.parametrize("kind", NESTS)
def test_a_nest_that_is_not_closed_ends_as_well(kind: str) -> None:
    assert read_script(NESTS[kind][0] * 3000)[1] != []


@pytest.mark.parametrize("kind", NESTS)
def test_what_is_accepted_can_be_worked_on_within_the_limits_of_python(kind: str) -> None:
    levels = next(count for count in (98, 49, 32, 24) if not read_script(_nested(kind, count))[1])
    assert sys.getrecursionlimit() <= 1000
    json.dumps(describe(read_script(_nested(kind, levels))[0]), indent=1)


def test_patterns_within_patterns_are_limited_too() -> None:
    for levels, refused in ((40, False), (101, True)):
        text = "match 1 of case " + "%{ a ~= %[ " * levels + "1" + " ] }" * levels + " => 1 end"
        assert bool(read_script(text)[1]) == (refused or levels * 2 > MAX_DEPTH)


def test_groups_within_groups_are_limited_too() -> None:
    text = "select 1 from a group by " + "set(" * 101 + "a" + ")" * 101 + " into b"
    assert [error.code for error in read_query(text)[1]] == ["too-deep"]
