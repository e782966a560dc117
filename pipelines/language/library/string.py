"""``string``: functions of strings."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import bound_string, check_array, check_string
from pipelines.language.library.function import function
from pipelines.language.library.string_format import fill
from pipelines.language.limits import Limits

# Unicode's White_Space. Python's own notion of it has the separators U+001C to U+001F besides.
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


@function("string::is_empty(string: string) -> boolean", folds=True, example=('string::is_empty("")', "true"))
def is_empty(string: str) -> bool:
    """Whether a string has no characters."""
    return not string


@function("string::len(string: string) -> integer", folds=True, example=('string::len("bär")', "3"))
def length(string: str) -> int:
    """How many characters a string has."""
    return len(string)


@function("string::bytes(string: string) -> integer", folds=True, example=('string::bytes("bär")', "4"))
def count_bytes(string: str) -> int:
    """How many bytes a string has in UTF-8."""
    return len(string) if string.isascii() else len(_utf8(string))


@function(
    "string::replace(string: string, old: string, new: string) -> string",
    folds=True,
    takes_limits=True,
    example=('string::replace("a-b-c", "-", "+")', '"a+b+c"'),
)
def replace(limits: Limits, string: str, old: str, new: str) -> str:
    """The string with all places of one text replaced by another."""
    if len(new) > len(old):
        check_string(len(string) + string.count(old) * (len(new) - len(old)), limits)
    return string.replace(old, new)


@function("string::trim(string: string) -> string", folds=True, example=('string::trim("  a b ")', '"a b"'))
def trim(string: str) -> str:
    """The string without blanks at its ends."""
    return string.strip(_BLANKS)


@function(
    "string::trim_start(string: string) -> string", folds=True, example=('string::trim_start("  a ")', '"a "')
)
def trim_start(string: str) -> str:
    """The string without blanks at its beginning."""
    return string.lstrip(_BLANKS)


@function(
    "string::trim_end(string: string) -> string", folds=True, example=('string::trim_end(" a  ")', '" a"')
)
def trim_end(string: str) -> str:
    """The string without blanks at its end."""
    return string.rstrip(_BLANKS)


@function(
    "string::lowercase(string: string) -> string",
    folds=True,
    takes_limits=True,
    example=('string::lowercase("ABC")', '"abc"'),
)
def lowercase(limits: Limits, string: str) -> str:
    """The string in small letters."""
    return bound_string(string.lower(), limits)


@function(
    "string::uppercase(string: string) -> string",
    folds=True,
    takes_limits=True,
    example=('string::uppercase("abc")', '"ABC"'),
)
def uppercase(limits: Limits, string: str) -> str:
    """The string in capital letters."""
    return bound_string(string.upper(), limits)


@function(
    "string::capitalize(string: string) -> string",
    folds=True,
    takes_limits=True,
    example=('string::capitalize("john DOE")', '"John DOE"'),
)
def capitalize(limits: Limits, string: str) -> str:
    """The string with a capital as its first letter."""
    return bound_string(string[:1].upper() + string[1:], limits)


@function(
    "string::substr(string: string, start: unsigned, end: unsigned) -> string",
    folds=True,
    example=('string::substr("badger", 1, 4)', '"adg"'),
)
def substring(string: str, start: int, end: int) -> str:
    """The characters from `start` to before `end`, counted from 0; an end beyond the string's end is that end.

    A start beyond the end stands for 0, as upstream has it.
    """
    if start >= len(string):
        start = 0
    if start > end:
        raise Fault(f"the start, {start}, is greater than the end, {end}")
    return string[start:end]


@function(
    "string::split(string: string, separator: string) -> array",
    folds=True,
    fresh=True,
    takes_limits=True,
    example=('string::split("a,b,,c", ",")', '["a","b","","c"]'),
)
def split(limits: Limits, string: str, separator: str) -> list[str]:
    """The parts of a string between the separators; with an empty one each character, and "" before and behind."""
    check_array(string.count(separator) + 1, limits)
    return string.split(separator) if separator else ["", *string, ""]


@function(
    "string::contains(string: string, part: string) -> boolean",
    folds=True,
    example=('string::contains("snot badger", "bad")', "true"),
)
def contains(string: str, part: str) -> bool:
    """Whether a string has another one in it."""
    return part in string


@function(
    "string::format(format: string, values*: any) -> string",
    folds=True,
    takes_limits=True,
    example=('string::format("{} is {}", "one", 1)', '"one is 1"'),
)
def format_string(limits: Limits, format: str, *values: Any) -> str:
    """The first argument with each `{}` replaced by the next of the others; `{{` and `}}` are braces."""
    return fill(limits, format, values)


@function(
    "string::into_binary(string: string) -> binary",
    folds=True,
    dialect="0.11",
    example=('binary::into_bytes(string::into_binary("bär"))', "[98,195,164,114]"),
)
def into_binary(string: str) -> bytes:
    """The string in UTF-8."""
    return _utf8(string)


@function(
    "string::from_utf8_lossy(binary: binary) -> string",
    folds=True,
    dialect="0.11",
    example=("string::from_utf8_lossy(binary::from_bytes([97, 255]))", '"a\ufffd"'),
)
def from_utf8_lossy(binary: bytes) -> str:
    """The string that a binary holds in UTF-8; what is not UTF-8 becomes U+FFFD."""
    return binary.decode("utf-8", "replace")


def _utf8(string: str) -> bytes:
    # A codec may have let half of a surrogate pair pass.
    return string.encode("utf-8", "surrogatepass")
