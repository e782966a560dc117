"""``array``: functions of arrays."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.limits import Limits
from pipelines.language.runtime.strict_equality import strictly_equal
from tests.language.calling import call, fault, types_of
from tests.language.values_of_scripts import few, json_values, texts

arrays = st.lists(json_values, max_size=6)


def doubled(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = [value, value]
    return value


def test_length_and_emptiness() -> None:
    assert call("array::len", [1, [2, 3]]) == 2
    assert call("array::len", []) == 0
    assert call("array::is_empty", []) is True
    assert call("array::is_empty", [None]) is False


@pytest.mark.parametrize(
    ("array", "element", "result"),
    [
        ([1, 2], 2, True),
        ([1, 2], 3, False),
        ([1], 1.0, False),
        ([1.0], 1, False),
        ([1], True, False),
        ([True], 1, False),
        ([0], False, False),
        ([None], None, True),
        (["a"], "a", True),
        (["a"], b"a", False),
        ([b"a"], b"a", True),
        ([0.1 + 0.2], 0.3, True),
        ([1e300], math.nextafter(1e300, math.inf), True),
        ([1e300], 1e300 + 5 * math.ulp(1e300), False),
        ([1.001], 1.0, False),
        ([math.nan], math.nan, False),
        ([math.inf], math.inf, True),
        ([math.inf], 1e308, False),
        ([[1, {"a": 2}]], [1, {"a": 2}], True),
        ([[1, {"a": 2}]], [1, {"a": 2.0}], False),
        ([[1, {"a": 2}]], [1, {"b": 2}], False),
        ([[1]], [1, 1], False),
        ([{"a": [True]}], {"a": [1]}, False),
        ([{}], [], False),
    ],
)
def test_contains_compares_strictly(array: list[Any], element: Any, result: bool) -> None:
    assert call("array::contains", array, element) is result


@few
@given(json_values, json_values)
def test_strict_equality_is_equality_of_types_and_values(left: Any, right: Any) -> None:
    assert strictly_equal(left, left)
    if types_of(left) == types_of(right):
        assert strictly_equal(left, right)
    elif "float" not in repr(types_of([left, right])):
        assert not strictly_equal(left, right)


def test_strict_equality_looks_at_shared_parts_once() -> None:
    assert strictly_equal(doubled(200, [1]), doubled(200, [1]))
    assert not strictly_equal(doubled(200, [1]), doubled(200, [2]))


def test_push_makes_a_new_array() -> None:
    array = [1]

    assert call("array::push", array, [2]) == [1, [2]]
    assert array == [1]


@few
@given(st.lists(st.tuples(json_values, json_values).map(list), max_size=6))
def test_zip_undoes_unzip(pairs: list[Any]) -> None:
    assert call("array::zip", *call("array::unzip", pairs)) == pairs


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        (
            [1],
            [1, 2],
            "the arrays must have the same length, but the first has 1 element and the second 2 elements",
        ),
        (
            [1],
            [],
            "the arrays must have the same length, but the first has 1 element and the second 0 elements",
        ),
    ],
)
def test_arrays_of_different_lengths_cannot_be_zipped(
    left: list[Any], right: list[Any], message: str
) -> None:
    assert fault("array::zip", left, right) == message


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([[1, 2], [1]], "every element must be an array of two elements, but element 1 has 1 element"),
        ([[1, 2, 3]], "every element must be an array of two elements, but element 0 has 3 elements"),
        (["ab"], "every element must be an array of two elements, but element 0 is a value of type string"),
    ],
)
def test_only_pairs_can_be_unzipped(pairs: list[Any], message: str) -> None:
    assert fault("array::unzip", pairs) == message


def naively_flat(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [leaf for element in value for leaf in naively_flat(element)]


@few
@given(json_values)
def test_flatten_gives_the_leaves_in_order(value: Any) -> None:
    assert types_of(call("array::flatten", value)) == types_of(naively_flat(value))


def test_flatten_does_not_mind_depth() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]

    assert call("array::flatten", value) == [1]


@few
@given(arrays)
def test_coalesce_leaves_out_nulls_only(array: list[Any]) -> None:
    assert types_of(call("array::coalesce", array)) == types_of([one for one in array if one is not None])


def test_join_shows_each_element() -> None:
    assert (
        call("array::join", ["a", 1, 2.0, 0.5, None, True, [1.0]], ", ") == "a, 1, 2, 0.5, null, true, [1.0]"
    )
    assert call("array::join", [], ", ") == ""
    assert call("array::join", [1], ", ") == "1"


@given(st.lists(texts, min_size=1), st.text("-|", min_size=1, max_size=3))
def test_split_undoes_join(parts: list[str], separator: str) -> None:
    clean = [part.replace("-", "").replace("|", "") for part in parts]

    assert call("string::split", call("array::join", clean, separator), separator) == clean


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("array::push", [[1, 2, 3], 4]),
        ("array::flatten", [[[1, 2], [3, 4]]]),
        ("array::flatten", [[[], [], [], []]]),
        ("array::flatten", [doubled(100, [])]),
        ("array::flatten", [doubled(100, 1)]),
    ],
)
def test_arrays_stay_within_the_limit(name: str, arguments: list[Any]) -> None:
    assert fault(name, *arguments, limits=Limits(array=3)) == "the result would have more than 3 elements"


def test_what_fits_the_limit_exactly_is_made() -> None:
    limits = Limits(array=3, string=5)

    assert call("array::push", [1, 2], 3, limits=limits) == [1, 2, 3]
    assert call("array::flatten", [[1, 2], [3]], limits=limits) == [1, 2, 3]
    assert call("array::join", ["a", "b", "c"], "-", limits=limits) == "a-b-c"


@pytest.mark.parametrize("array", [["abc", "def"], [1, 2, 3, 4], [""] * 10])
def test_joined_strings_stay_within_the_limit(array: list[Any]) -> None:
    message = "the result would be longer than 5 characters"

    assert fault("array::join", array, "-", limits=Limits(string=5)) == message
