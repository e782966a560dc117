"""What the yaml codec reads by the core schema, and what it refuses before building it."""

from __future__ import annotations

from typing import Any

import pytest

from ramps.codecs.yaml import Yaml
from ramps.errors import DecodeError, EncodeError
from ramps.testing.codec_battery import same

codec = Yaml()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("010", 10),
        ("0o10", 8),
        ("0xff", 255),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        ("+.inf", float("inf")),
        ("~", None),
        ("", None),
        ("True", True),
        ("'1'", "1"),
        ("!!binary aGk=", b"hi"),
        ("!!str 1", "1"),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("# comment\n- a\n- b: c\n", ["a", {"b": "c"}]),
    ],
)
def test_the_core_schema_of_yaml_1_2_decides_what_a_scalar_is(text: str, value: Any) -> None:
    assert same(codec.decode(text.encode()), value)


def laughs(levels: int) -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines)


def chain(levels: int) -> str:
    return "\n".join(["- &a0 []", *(f"- &a{n} [*a{n - 1}]" for n in range(1, levels))])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (laughs(20), "more than 100000 values"),
        (chain(5000), "deeper than 64"),
        ("[" * 65 + "]" * 65, "deeper than 64"),
        ("[" * 100_000, "deeper than 64|not YAML"),
        ("&a [*a]", "refers to what is not complete"),
        ("*a", "refers to what is not complete"),
        ("!!python/object/apply:os.system [ls]", "no meaning here"),
        ("!!timestamp 2024-01-01", "no meaning here"),
        ("!!merge x: 1", "no meaning here"),
        ("!local x", "no meaning here"),
        ("!!int x", "not an integer"),
        ("1" * 10_000, "not an integer"),
        ("18446744073709551616", "64 bits"),
        ("1e999", "beyond what a double"),
        ("!!float x", "not a number"),
        ("!!bool x", "not a boolean"),
        ("!!binary '*'", "not base64"),
        ("--- 1\n--- 2", "more than one YAML document"),
        ("1: a", "key is of type int"),
        ("? [a]\n: b", "not YAML"),
        ("a: b: c", "not YAML"),
        ('"\\ud800"', "not YAML|surrogate"),
    ],
    ids=range(22),
)
def test_what_is_no_event_is_refused_with_the_reason(text: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        codec.decode(text.encode())


def test_nesting_up_to_the_limit_is_read() -> None:
    assert codec.decode(b"[" * 64 + b"]" * 64)


def test_equal_parts_are_written_without_aliases() -> None:
    part = ["no", True]
    assert codec.encode({"a": part, "b": part}) == b"a:\n- no\n- true\nb:\n- no\n- true"


def test_a_value_that_holds_itself_is_not_written() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(EncodeError, match="deeper than 64"):
        codec.encode(loop)
