"""Every key and value of a TOML text is found at its line and column."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.deployment.load import parse
from supervisor.deployment.locate import Positions
from supervisor.deployment.problem import InvalidDeployment, KeyPath

TEXT = """\
title = "x"
[supervisor]
drain_timeout = "1s"  # comment = "no"
"onramps".access . type = 'file'

[onramps.access]
"über" = { env = "N", list = [1, [2, {deep = 3}]] }
many = [ # a comment
  "one",
  "two",
]
text = \"\"\"
a = 1
[b]
\"\"\"
[[rules]]
name = "first"
[[rules]]
name = "second"
[rules.inner]
key = 1979-05-27T07:32:00Z
"""


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("title",), (1, 1), (1, 9)),
        (("supervisor",), (2, 2), (2, 2)),
        (("supervisor", "drain_timeout"), (3, 1), (3, 17)),
        (("supervisor", "onramps", "access", "type"), (4, 20), (4, 27)),
        (("onramps", "access"), (6, 10), (6, 10)),
        (("onramps", "access", "über"), (7, 1), (7, 10)),
        (("onramps", "access", "über", "env"), (7, 12), (7, 18)),
        (("onramps", "access", "über", "list", 1, 1, "deep"), (7, 39), (7, 46)),
        (("onramps", "access", "many", 1), (10, 3), (10, 3)),
        (("onramps", "access", "text"), (12, 1), (12, 8)),
        (("rules", 0, "name"), (17, 1), (17, 8)),
        (("rules", 1, "name"), (19, 1), (19, 8)),
        (("rules", 1, "inner", "key"), (21, 1), (21, 7)),
    ],
)
def test_a_path_leads_to_the_line_and_column_of_its_key_and_value(
    path: KeyPath, key: tuple[int, int], value: tuple[int, int]
) -> None:
    positions = Positions(TEXT)
    found_key, found_value = positions.key(path), positions.value(path)
    assert found_key is not None
    assert found_value is not None
    assert found_key[:2] == key
    assert found_value[:2] == value


def test_the_length_of_a_value_is_counted_in_characters() -> None:
    position = Positions('"é" = "äöü" # x').value(("é",))
    assert position == (1, 7, 5)


def test_a_path_that_is_not_there_is_found_nowhere() -> None:
    assert Positions(TEXT).value(("supervisor", "nothing", 3)) is None
    assert Positions(TEXT).key(("nothing",)) is None


def test_keys_that_look_like_numbers_are_keys() -> None:
    positions = Positions("[0.0]\nb = 2\n[c.2024-01-01]\n1.5 = 3\n")
    assert positions.value(("0", "0", "b")) == (2, 5, 1)
    assert positions.value(("c", "2024-01-01", "1", "5")) == (4, 7, 1)


def test_columns_are_right_in_a_file_with_carriage_returns() -> None:
    assert parse("a = 1\r\nb = 2\r\n").positions.value(("b",)) == (2, 5, 1)


_KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=4)
_BARE = st.text("abcXYZ019_-", min_size=1, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML text in all its spellings, in which every number is there only once."""
    number = iter(range(700001, 800000))

    def key() -> str:
        return draw(
            _BARE | _KEYS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
        )

    def value(depth: int) -> str:
        shape = draw(st.sampled_from(["number", "number", "text", "list", "table"] if depth else ["number"]))
        gap = draw(st.sampled_from(["", " ", "\t"]))
        if shape == "text":
            return draw(st.sampled_from(["'ä]'", '"# [x]"', '"""\nx = 1\n"""', '"\\u00e9\\""', "'''a'b'''"]))
        if shape == "list":
            newline = draw(st.sampled_from(["", "\n", " # ]\n"]))
            return (
                "["
                + "".join(gap + value(depth - 1) + "," + newline for _ in range(draw(st.integers(0, 3))))
                + "]"
            )
        if shape == "table":
            return "{" + ", ".join(pair(depth - 1) for _ in range(draw(st.integers(0, 3)))) + "}"
        return str(next(number))

    def pair(depth: int) -> str:
        gap = draw(st.sampled_from(["", " ", "  "]))
        keys = f"{gap}.{gap}".join(key() for _ in range(draw(st.integers(1, 3))))
        return f"{keys}{gap}={gap}{value(depth)}"

    def header() -> str:
        keys = ".".join(key() for _ in range(draw(st.integers(1, 3))))
        return draw(st.sampled_from(["[{}]", "[ {} ]", "[[{}]]", "[{}] # x"])).format(keys)

    lines = [draw(st.sampled_from(["pair", "pair", "header"])) for _ in range(draw(st.integers(0, 8)))]
    return "\n".join(pair(3) if line == "pair" else header() for line in lines)


def walk(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from walk(item, (*path, step))


@settings(max_examples=150, deadline=None)
@given(documents())
def test_in_any_valid_document_every_path_is_found_and_every_number_where_it_stands(text: str) -> None:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    positions = Positions(text)
    lines = text.split("\n")
    for path, value in walk(tables):
        found = positions.value(path)
        assert found is not None, (path, text)
        assert positions.key(path) is not None
        if isinstance(value, int):
            line, column, length = found
            assert lines[line - 1][column - 1 : column - 1 + length] == str(value)


@settings(max_examples=120, deadline=None)
@given(
    st.text()
    | documents().flatmap(lambda text: st.text(max_size=3).map(lambda cut: text[: len(text) // 2] + cut))
)
def test_any_text_is_a_document_or_a_syntax_problem_with_a_place(text: str) -> None:
    try:
        document = parse(text)
    except InvalidDeployment as invalid:
        (problem,) = invalid.problems
        assert problem.code == "syntax"
        return
    for path, _ in walk(document.tables):
        document.positions.value(path)
