"""``range``: arrays of integers in a row."""

from __future__ import annotations

from pipelines.language.library.bounds import check_array
from pipelines.language.library.function import function
from pipelines.language.limits import Limits


@function(
    "range::range(first: integer, stop: integer) -> array",
    folds=True,
    fresh=True,
    takes_limits=True,
    example=("range::range(1, 4)", "[1,2,3]"),
)
def make_range(limits: Limits, first: int, stop: int) -> list[int]:
    """The integers from the first one to before the second one."""
    check_array(stop - first, limits)
    return list(range(first, stop))
