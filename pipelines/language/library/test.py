"""``test``: what scripts test themselves with."""

from __future__ import annotations

from typing import Any

from pipelines.language.library.function import function
from pipelines.language.runtime.strict_equality import strictly_equal


@function(
    "test::assert(description: any, expected: any, got: any) -> boolean",
    example=('test::assert("one is one", 1, 1)', "true"),
)
def assert_equal(description: Any, expected: Any, got: Any) -> bool:
    """Whether two values are equal and have the same type; `1` is not `1.0` here."""
    return strictly_equal(expected, got)
