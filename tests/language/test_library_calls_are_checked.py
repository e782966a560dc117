"""`function` registers what it decorates, and `checked` refuses what does not fit."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.language.faults import BadType, Fault
from pipelines.language.library.function import FUNCTIONS, function
from tests.language.calling import call, fault


@pytest.fixture(autouse=True)
def examples() -> Iterator[None]:
    before = dict(FUNCTIONS)

    @function("example::one(value: string|binary) -> string")
    def one(value: Any) -> str:
        """Shows one.

        And more.
        """
        return f"one {value!r}"

    @function(
        "example::optional(a: any, b?: unsigned, c?: number) -> array", takes_occasion=True, takes_limits=True
    )
    def optional(occasion: Any, limits: Any, a: Any, b: Any = "b", c: Any = "c") -> Any:
        return [a, b, c]

    @function("example::many(a: boolean, rest*: integer) -> array")
    def many(a: Any, *rest: Any) -> Any:
        return [a, *rest]

    @function("example::nothing() -> null")
    def nothing() -> None:
        raise Fault("never works", "do not try", "broken")

    @function("example::deep(value: any) -> null")
    def deep(value: Any) -> Any:
        return deep(value)

    @function("example::picky(value: any) -> null")
    def picky(value: Any) -> Any:
        raise BadType("that is the wrong type")

    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)


def test_the_signature_says_what_a_function_takes() -> None:
    found = FUNCTIONS["example", "optional"]

    assert [(one.name, one.written, one.types) for one in found.parameters] == [
        ("a", "any", None),
        ("b", "unsigned", frozenset({int})),
        ("c", "number", frozenset({int, float})),
    ]
    assert (found.required, found.variadic, found.result) == (1, False, "array")
    assert FUNCTIONS["example", "many"].variadic
    assert FUNCTIONS["example", "many"].required == 1


def test_the_first_line_of_the_docstring_is_the_summary() -> None:
    assert FUNCTIONS["example", "one"].summary == "Shows one."


def test_a_result_without_parts_is_fresh() -> None:
    assert FUNCTIONS["example", "one"].fresh
    assert not FUNCTIONS["example", "many"].fresh


@pytest.mark.parametrize(
    "signature",
    ["one", "example::one", "example::one()", "example::one(a) -> null", "example::one(a: b c) -> null"],
)
def test_what_is_no_signature_is_refused(signature: str) -> None:
    with pytest.raises(ValueError, match=r"signature|parameter"):
        function(signature)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ([None], [None, "b", "c"]),
        ([1, 2], [1, 2, "c"]),
        ([1, 2, 3.5], [1, 2, 3.5]),
    ],
)
def test_what_may_be_left_out_may_be(arguments: list[Any], result: list[Any]) -> None:
    assert call("example::optional", *arguments) == result


def test_what_may_be_repeated_may_be_there_any_number_of_times() -> None:
    assert call("example::many", True) == [True]
    assert call("example::many", True, 1, 2, 3) == [True, 1, 2, 3]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("example::one", [], "takes one argument, but is called with none"),
        ("example::one", ["a", "b"], "takes one argument, but is called with 2"),
        ("example::optional", [], "takes one to three arguments, but is called with none"),
        ("example::optional", [1, 2, 3, 4], "takes one to three arguments, but is called with 4"),
        ("example::many", [], "takes at least one argument, but is called with none"),
        ("example::nothing", [1], "takes no arguments, but is called with 1"),
        ("random::integer", [1, 2, 3], "takes at most two arguments, but is called with 3"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(name: str, arguments: list[Any], message: str) -> None:
    assert fault(name, *arguments) == message


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("example::one", [1], "takes a string or a binary as its first argument, not an integer"),
        ("example::one", [None], "takes a string or a binary as its first argument, not null"),
        (
            "example::optional",
            [1, True],
            "takes an integer that is not negative as its second argument, not a boolean",
        ),
        (
            "example::optional",
            [1, -1],
            "takes an integer that is not negative as its second argument, not -1",
        ),
        ("example::optional", [1, 1, "x"], "takes a number as its third argument, not a string"),
        ("example::many", [1], "takes a boolean as its first argument, not an integer"),
        ("example::many", [True, 1, 2, 3.0], "takes an integer as its fourth argument, not a float"),
        ("array::len", [{}], "takes an array as its first argument, not a record"),
        ("record::len", [b""], "takes a record as its first argument, not a binary"),
        ("array::len", [()], "takes an array as its first argument, not a tuple"),
    ],
)
def test_an_argument_of_a_wrong_type_is_refused(name: str, arguments: list[Any], message: str) -> None:
    with pytest.raises(BadType):
        call(name, *arguments)
    assert fault(name, *arguments) == message


def test_a_fault_of_the_function_gets_its_name_and_keeps_the_rest() -> None:
    with pytest.raises(Fault) as caught:
        call("example::nothing")

    assert caught.value.message == "example::nothing: never works"
    assert (caught.value.hint, caught.value.code) == ("do not try", "broken")


def test_a_complaint_about_a_type_stays_one() -> None:
    with pytest.raises(BadType, match="example::picky: that is the wrong type"):
        call("example::picky", 1)


def test_endless_recursion_is_a_fault() -> None:
    assert fault("example::deep", 1) == "the value is nested too deeply"


def test_every_function_of_the_library_is_described() -> None:
    lacking = [
        key
        for key, one in FUNCTIONS.items()
        if key[0] != "example" and not (one.summary.endswith(".") and one.example and one.result)
    ]

    assert lacking == []
