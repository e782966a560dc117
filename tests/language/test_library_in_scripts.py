"""The library as scripts see it: what is written in the language itself, and calls whose arguments are not constant."""

from typing import Any

import pytest

from pipelines.language import CompileError, ScriptError, compile_script
from tests.language.calling import types_of
from tests.language.running import evaluate


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
@pytest.mark.parametrize(
    ("numbers", "number", "inside"),
    [
        ([1, 2, 3], 1, True),
        ([1, 2, 3], 3, True),
        ([1, 2, 3], 4, False),
        ([1, 2, 3], 0, False),
        ([], 0, False),
    ],
)
def test_a_range_contains_what_is_between_its_ends(
    numbers: list[int], number: int, inside: bool, dialect: str
) -> None:
    assert (
        evaluate("range::contains(event.range, event.number)", {"range": numbers, "number": number}, dialect)
        is inside
    )


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_integers_have_bounds(dialect: str) -> None:
    bounds = [
        evaluate(f"integer::{name}", dialect=dialect) for name in ("min", "max", "signed::min", "signed::max")
    ]

    assert bounds == [-(2**63) + 1, 2**63 - 1] * 2


@pytest.mark.parametrize(
    ("number", "name", "error"),
    [(0, "UNSPECIFIED", False), (1, "TRACE", False), (12, "INFO4", False), (16, "WARN4", False), (17, "ERROR", True),
     (24, "FATAL4", True), (25, "UNSPECIFIED", True)],
)  # fmt: skip
def test_severities(number: int, name: str, error: bool) -> None:
    assert evaluate("severity::to_string(event)", number) == name
    assert evaluate("severity::indicates_error(event)", number) is error
    if number < 25:
        assert evaluate(f"severity::{name}") == number


@pytest.mark.parametrize(
    ("flags", "valid"), [(0, True), (1, True), (2, False), (-1, False), ("1", False), (1.0, False)]
)
def test_trace_flags(flags: Any, valid: bool) -> None:
    assert evaluate("traceflags::is_valid(event)", flags) is valid


def test_a_package_brings_all_of_its_modules() -> None:
    values = "std::array::len(event), std::integer::signed::max, cncf::otel::logs::severity::INFO"
    script = f"use std;\nuse cncf;\n[{values}]"
    emitted = compile_script(script).run([1, 2])

    assert emitted is not None
    assert emitted.value == [2, 2**63 - 1, 9]


def test_functions_get_what_they_need_to_know_of_the_event() -> None:
    script = compile_script("use tremor;\n[tremor::system::ingest_ns(), tremor::origin::host()]")
    emitted = script.run(None, ingest_ns=7, origin="tcp://example.com:1")

    assert emitted is not None
    assert emitted.value == [7, "example.com"]


@pytest.mark.parametrize(
    ("expression", "event", "value"),
    [
        ('string::format("#{event}{}", 1)', "a", "a1"),
        ("array::push(event, 1)", [None], [None, 1]),
        ("random::integer(event, event + 1)", 5, 5),
        ("core::datetime::year(event)", 0, 1970),
        ('re::replace(event, "ab", "$0$0")', "b", "abb"),
        ("binary::into_bytes(<< event:16 >>)", 258, [1, 2]),
        ('test::suite(event, "any", "number")', 1, None),
    ],
)
def test_arguments_can_come_with_the_event(expression: str, event: Any, value: Any) -> None:
    assert types_of(evaluate(expression, event)) == types_of(value)


def test_a_wrong_argument_costs_the_event() -> None:
    with pytest.raises(ScriptError) as caught:
        evaluate("array::len(event)", {"a": 1})

    assert caught.value.diagnostic.message == "array::len takes an array as its first argument, not a record"
    assert caught.value.diagnostic.code == "bad-type"


@pytest.mark.parametrize(
    ("expression", "code"),
    [("array::len(1)", "bad-type"), ("array::len()", "bad-arity"), ('integer::parse("x")', "failed")],
)
def test_a_constant_that_is_wrong_is_found_by_the_compiler(expression: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        evaluate(expression)

    assert caught.value.diagnostic.code == code


def test_the_new_functions_are_not_in_the_old_dialect() -> None:
    with pytest.raises(
        CompileError, match=r"no function `string::into_binary`|no function `type::is_binary`"
    ):
        evaluate("core::type::is_binary(1)", dialect="0.9")
