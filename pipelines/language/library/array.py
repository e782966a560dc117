"""``array``: functions of arrays."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import check_array, check_string
from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.runtime.json_text import display
from pipelines.language.runtime.strict_equality import strictly_equal
from pipelines.language.values import type_name


@function("array::len(array: array) -> integer", folds=True, example=("array::len([1, 2])", "2"))
def length(array: list[Any]) -> int:
    """How many elements an array has."""
    return len(array)


@function("array::is_empty(array: array) -> boolean", folds=True, example=("array::is_empty([])", "true"))
def is_empty(array: list[Any]) -> bool:
    """Whether an array has no elements."""
    return not array


@function(
    "array::contains(array: array, element: any) -> boolean",
    folds=True,
    example=('array::contains(["a", "b"], "b")', "true"),
)
def contains(array: list[Any], element: Any) -> bool:
    """Whether an array has an element of this value and type; `1` is not `1.0` here."""
    if element.__class__ is str or element is None:
        return element in array
    return any(strictly_equal(one, element) for one in array)


@function(
    "array::push(array: array, element: any) -> array",
    folds=True,
    takes_limits=True,
    example=("array::push([1, 2], 3)", "[1,2,3]"),
)
def push(limits: Limits, array: list[Any], element: Any) -> list[Any]:
    """The array with one more element at its end."""
    check_array(len(array) + 1, limits)
    return [*array, element]


@function(
    "array::zip(left: array, right: array) -> array",
    folds=True,
    example=('array::zip(["a", "b"], [1, 2])', '[["a",1],["b",2]]'),
)
def zip_arrays(left: list[Any], right: list[Any]) -> list[Any]:
    """Pairs of an element of the one and an element of the other array. Both must have the same length."""
    if len(left) != len(right):
        raise Fault(
            f"the arrays must have the same length, but the first has {_elements(len(left))} and the second "
            f"{_elements(len(right))}"
        )
    return [[one, other] for one, other in zip(left, right, strict=True)]


@function(
    "array::unzip(pairs: array) -> array",
    folds=True,
    example=('array::unzip([["a", 1], ["b", 2]])', '[["a","b"],[1,2]]'),
)
def unzip(pairs: list[Any]) -> list[Any]:
    """Two arrays of an array of pairs: one of all that come first in them, one of all that come second."""
    for number, pair in enumerate(pairs):
        if pair.__class__ is not list or len(pair) != 2:
            found = (
                f"has {_elements(len(pair))}"
                if pair.__class__ is list
                else f"is a value of type {type_name(pair)}"
            )
            raise Fault(f"every element must be an array of two elements, but element {number} {found}")
    return [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]


@function(
    "array::flatten(value: any) -> array",
    folds=True,
    takes_limits=True,
    example=("array::flatten([1, [2, [3, []]]])", "[1,2,3]"),
)
def flatten(limits: Limits, value: Any) -> list[Any]:
    """All elements of an array and of the arrays within it, in order. Anything else becomes an array of itself."""
    if value.__class__ is not list:
        return [value]
    result: list[Any] = []
    pending = [iter(value)]
    arrays = 0
    while pending:
        for element in pending[-1]:
            if element.__class__ is list:
                # Empty arrays count as well: they are work, and there may be very many.
                arrays += 1
                check_array(arrays, limits)
                pending.append(iter(element))
                break
            result.append(element)
        else:
            pending.pop()
        check_array(len(result), limits)
    return result


@function(
    "array::coalesce(array: array) -> array",
    folds=True,
    example=("array::coalesce([1, null, 2])", "[1,2]"),
)
def coalesce(array: list[Any]) -> list[Any]:
    """The elements that are not null."""
    return [element for element in array if element is not None]


@function(
    "array::join(array: array, separator: string) -> string",
    folds=True,
    takes_limits=True,
    example=('array::join(["a", 1, 2.0], "-")', '"a-1-2"'),
)
def join(limits: Limits, array: list[Any], separator: str) -> str:
    """The elements as texts, with a separator between them."""
    texts: list[str] = []
    total = len(separator) * (len(array) - 1)
    for element in array:
        texts.append(display(element))
        total += len(texts[-1])
        check_string(total, limits)
    return separator.join(texts)


def _elements(count: int) -> str:
    return "1 element" if count == 1 else f"{count} elements"
