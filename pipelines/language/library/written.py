"""`WRITTEN`: the functions and constants of the library that are written in the language itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["WRITTEN", "Written"]


@dataclass(frozen=True, slots=True)
class Written:
    """One declaration. ``path`` is its module as ``use`` names it, ``signature`` what people read, ``text`` the
    declaration itself; the rest as in `function.Function`.
    """

    path: tuple[str, ...]
    signature: str
    summary: str
    text: str
    example: tuple[str, str]
    dialect: str = "0.9"


_RANGE: Final = ("std", "range")
_INTEGER: Final = ("std", "integer")
_TEST: Final = ("std", "test")
_LOGS: Final = ("cncf", "otel", "logs")
_TRACE: Final = ("cncf", "otel", "trace")

_CONTAINS: Final = """\
fn contains(range, number) with
  let length = core::array::len(range);
  match length of
    case 0 => false
    default => range[0] <= number and range[length - 1] >= number
  end
end"""


def _constant(path: tuple[str, ...], name: str, value: int, summary: str, dialect: str = "0.9") -> Written:
    written = f"({value})" if value < 0 else str(value)
    return Written(
        path,
        f"{path[-1]}::{name}",
        summary,
        f"const {name} = {written}",
        (f"{path[-1]}::{name}", str(value)),
        dialect,
    )


def _function(
    path: tuple[str, ...],
    head: str,
    result: str,
    summary: str,
    body: str,
    example: tuple[str, str],
    dialect: str = "0.9",
) -> Written:
    signature = f"{path[-1]}::{head} -> {result}"
    return Written(path, signature, summary, f"fn {head} with {body} end", example, dialect)


_BOUNDS: Final = [
    _constant((*_INTEGER, *inner), name, value, summary)
    for inner in ((), ("signed",))
    for name, value, summary in (
        ("min", -9223372036854775807, "The least integer, or nearly: `-9223372036854775808` is one as well."),
        ("max", 9223372036854775807, "The greatest integer with a sign."),
    )
]

_LEVELS: Final = [
    (f"{level}{number if number > 1 else ''}", 4 * place + number)
    for place, level in enumerate(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
    for number in range(1, 5)
]
_CASES: Final = " ".join(f'case {number} => "{name}"' for name, number in _LEVELS)
_SEVERITY: Final = (*_LOGS, "severity")
_SEVERITIES: Final = [
    _constant(_SEVERITY, "UNSPECIFIED", 0, "Nobody said how severe it is.", "0.11"),
    *(
        _constant(_SEVERITY, name, number, f"The severity number of {name}.", "0.11")
        for name, number in _LEVELS
    ),
    _function(
        _SEVERITY,
        "to_string(number)",
        "string",
        'The name of a severity number; "UNSPECIFIED" for all that is none.',
        f'match number of {_CASES} default => "UNSPECIFIED" end',
        ("severity::to_string(10)", '"INFO2"'),
        "0.11",
    ),
    _function(
        _SEVERITY,
        "indicates_error(number)",
        "boolean",
        "Whether a severity number is that of an error.",
        "number >= 17",
        ("severity::indicates_error(17)", "true"),
        "0.11",
    ),
    _function(
        _SEVERITY,
        "make_default()",
        "integer",
        "The severity number for what says nothing about it: that of INFO.",
        "9",
        ("severity::make_default()", "9"),
        "0.11",
    ),
]

_FLAGS: Final = (*_LOGS, "traceflags")
_TRACE_FLAGS: Final = [
    _function(
        _FLAGS,
        "from_int(flags)",
        "record",
        "What trace flags say, by W3C's Trace Context: whether the trace is sampled.",
        '{"sampled": (flags & 1) == 1}',
        ("traceflags::from_int(1)", '{"sampled":true}'),
        "0.11",
    ),
    _function(
        _FLAGS,
        "is_valid(flags)",
        "boolean",
        "Whether a value can be trace flags: one byte, with no flag set but that of sampling.",
        "match core::type::is_integer(flags) of case true => flags >= 0 and flags <= 1 default => false end",
        ("traceflags::is_valid(2)", "false"),
        "0.11",
    ),
    _function(
        _FLAGS,
        "make_default()",
        "integer",
        "The trace flags for what says nothing about them.",
        "0",
        ("traceflags::make_default()", "0"),
        "0.11",
    ),
]

_KIND: Final = (*_TRACE, "spankind")
_KINDS: Final = [
    *(
        _constant(_KIND, name, number, summary, "0.11")
        for number, (name, summary) in enumerate(
            [
                ("UNSPECIFIED", "Nobody said which kind of span it is."),
                ("INTERNAL", "A span within an application."),
                ("SERVER", "The side of a remote call that answers."),
                ("CLIENT", "The side of a remote call that asks."),
                ("PRODUCER", "One that gives a message to a broker."),
                ("CONSUMER", "One that takes a message from a broker."),
            ]
        )
    ),
    _function(
        _KIND,
        "make_default()",
        "integer",
        "The kind of a span that says nothing about it: INTERNAL.",
        "1",
        ("spankind::make_default()", "1"),
        "0.11",
    ),
]

_STATUS: Final = (*_TRACE, "status")
_CODE: Final = (*_STATUS, "code")
_STATUSES: Final = [
    _constant(_CODE, "UNSET", 0, "Nobody said how a span ended.", "0.11"),
    _constant(_CODE, "OK", 1, "A span ended well.", "0.11"),
    _constant(_CODE, "ERROR", 2, "A span ended with an error.", "0.11"),
    _function(
        _STATUS,
        "ok()",
        "record",
        "The status of a span that ended well.",
        '{"code": 1, "deprecated_code": 0, "message": "Ok"}',
        ("status::ok()", '{"code":1,"deprecated_code":0,"message":"Ok"}'),
        "0.11",
    ),
    _function(
        _STATUS,
        "error(message)",
        "record",
        "The status of a span that ended with an error.",
        '{"code": 2, "deprecated_code": 2, "message": message}',
        ('status::error("late")', '{"code":2,"deprecated_code":2,"message":"late"}'),
        "0.11",
    ),
]

WRITTEN: Final[tuple[Written, ...]] = (
    Written(
        _RANGE,
        "range::contains(range: array, number: integer) -> boolean",
        "Whether a number lies within a range; false for an empty one.",
        _CONTAINS,
        ("range::contains(range::range(1, 4), 3)", "true"),
    ),
    *_BOUNDS,
    _function(
        _TEST,
        "suite(...)",
        "null",
        "Stands for a suite of tests; does nothing.",
        "null",
        ('test::suite("numbers")', "null"),
    ),
    _function(
        _TEST, "test(...)", "null", "Stands for a test; does nothing.", "null", ('test::test("one")', "null")
    ),
    *_SEVERITIES,
    *_TRACE_FLAGS,
    *_KINDS,
    *_STATUSES,
)
