"""``random``: values by chance. They depend on when the event came in, so that a replay gets the same ones."""

from __future__ import annotations

from math import isfinite

from pipelines.language.faults import BadType, Fault
from pipelines.language.library.bounds import check_string
from pipelines.language.library.function import Occasion, function
from pipelines.language.library.generator import Generator
from pipelines.language.limits import Limits
from pipelines.language.values import INTEGER_MAX, UNSIGNED_MAX


@function("random::bool() -> boolean", takes_occasion=True, example=("type::is_bool(random::bool())", "true"))
def boolean(occasion: Occasion) -> bool:
    """True or false."""
    return bool(Generator(occasion.ingest_ns).bits() & 1 << 31)


@function(
    "random::string(length: unsigned) -> string",
    takes_occasion=True,
    takes_limits=True,
    example=("string::len(random::string(16))", "16"),
)
def string(occasion: Occasion, limits: Limits, length: int) -> str:
    """A text of so many ASCII letters and digits."""
    check_string(length, limits)
    return Generator(occasion.ingest_ns).letters(length)


@function(
    "random::integer(low?: integer, high?: integer) -> integer",
    takes_occasion=True,
    example=("random::integer(42, 43)", "42"),
)
def integer(occasion: Occasion, low: int | None = None, high: int | None = None) -> int:
    """An integer from `low` to before `high`; with one argument from 0 to before that; with none any 64-bit one."""
    generator = Generator(occasion.ingest_ns)
    if low is None:
        bits = generator.bits()
        return bits if bits <= INTEGER_MAX else bits - 2**64
    if high is None:
        if low < 0:
            raise BadType("a range that begins with 0 cannot end with a negative number")
        low, high = 0, low
    if low >= high:
        raise _not_lower()
    if high - low > UNSIGNED_MAX:
        raise Fault("the range is too wide")
    return low + generator.below(high - low)


@function(
    "random::float(low?: number, high?: number) -> float",
    takes_occasion=True,
    example=("random::float(1.0, 2.0) >= 1.0", "true"),
)
def floating(occasion: Occasion, low: int | float | None = None, high: int | float | None = None) -> float:
    """A float from `low` to before `high`; with one argument from 0 to before that; with none from 0 to before 1."""
    if low is None:
        return Generator(occasion.ingest_ns).fraction()
    if high is None:
        low, high = 0, low
    start, end = float(low), float(high)
    if not start < end:
        raise _not_lower()
    if not isfinite(end - start):
        raise Fault("the range is too wide")
    # The nearest float to the sum may be the end, which does not belong to the range.
    result = start + Generator(occasion.ingest_ns).fraction() * (end - start)
    return result if result < end else start


def _not_lower() -> Fault:
    return Fault("the range is empty: its beginning must be lower than its end")
