"""InfluxDB's line protocol: one point to and from one line of text.

Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/. A backslash escapes comma and space in
a measurement, and also the equals sign in keys and tags, quote and backslash in a text; before anything else it is
itself.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, NamedTuple

from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import INTEGER_MAX, INTEGER_MIN

__all__ = ["Point", "parse_point", "write_point"]


class Point(NamedTuple):
    """One line: ``timestamp_ns`` is in nanoseconds since 1970, ``None`` where the line has none."""

    measurement: str
    tags: dict[str, str]
    fields: dict[str, Any]
    timestamp_ns: int | None


# The longest run of what does not end a name. Nothing follows in the pattern, so it never has to try again.
_MEASUREMENT = re.compile(r"(?:[^, \\]|\\[, ]|\\)+")
_NAME = re.compile(r"(?:[^,= \\]|\\[,= ]|\\)+")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r"[^, ]*")
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,4})?")

_UNESCAPE_MEASUREMENT = re.compile(r"\\([, ])")
_UNESCAPE_NAME = re.compile(r"\\([,= ])")
_UNESCAPE_TEXT = re.compile(r'\\(["\\])')

_BOOLEANS: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), False),
}


class _Cursor:
    """Reads a line from left to right."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.position = 0
        self._token_start = 0

    def take(self, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        match = pattern.match(self.line, self.position)
        if match is None:
            raise self.error(f"expected {what}")
        self._token_start = self.position
        self.position = match.end()
        return match

    def skip(self, character: str) -> bool:
        if not self.line.startswith(character, self.position):
            return False
        self.position += 1
        return True

    def expect(self, character: str, what: str) -> None:
        if not self.skip(character):
            raise self.error(f"expected {what}")

    def error(self, message: str) -> DecodeError:
        return self._error_at(self.position, message)

    def token_error(self, message: str) -> DecodeError:
        return self._error_at(self._token_start, message)

    def _error_at(self, index: int, message: str) -> DecodeError:
        position = len(self.line[:index].encode())
        return DecodeError(f"not line protocol: {message} at byte {position}", position)

    def at_end(self) -> bool:
        return self.position == len(self.line)


def parse_point(line: str) -> Point:
    """The point in a line that is neither blank nor a comment. Raises `DecodeError` with the position."""
    cursor = _Cursor(line)
    measurement = _UNESCAPE_MEASUREMENT.sub(r"\1", cursor.take(_MEASUREMENT, "a measurement")[0])
    tags: dict[str, str] = {}
    while cursor.skip(","):
        key = _name(cursor, "a tag's key")
        cursor.expect("=", "= behind a tag's key")
        tags[key] = _name(cursor, "a tag's value")
    cursor.expect(" ", "a space before the fields")
    _spaces(cursor)
    fields: dict[str, Any] = {}
    while True:
        key = _name(cursor, "a field's key")
        cursor.expect("=", "= behind a field's key")
        fields[key] = _field_value(cursor)
        if not cursor.skip(","):
            break
    timestamp_ns = None
    if not cursor.at_end():
        cursor.expect(" ", "a comma, a space or the end behind a field")
        _spaces(cursor)
        timestamp_ns = _integer(cursor, cursor.take(_BARE, "a timestamp")[0], INTEGER_MIN)
        if not cursor.at_end():
            raise cursor.error("expected the end behind the timestamp")
    return Point(measurement, tags, fields, timestamp_ns)


def _spaces(cursor: _Cursor) -> None:
    while cursor.skip(" "):
        pass


def _name(cursor: _Cursor, what: str) -> str:
    return _UNESCAPE_NAME.sub(r"\1", cursor.take(_NAME, what)[0])


def _field_value(cursor: _Cursor) -> Any:
    if cursor.line.startswith('"', cursor.position):
        return _UNESCAPE_TEXT.sub(r"\1", cursor.take(_TEXT, "the closing quote of a text")[1])
    token = cursor.take(_BARE, "a field's value")[0]
    if token in _BOOLEANS:
        return _BOOLEANS[token]
    if token[-1:] in ("i", "u"):
        return _integer(cursor, token[:-1], INTEGER_MIN if token[-1] == "i" else 0)
    if not _FLOAT.fullmatch(token):
        raise cursor.token_error(f"{token[:40]!r} is no number, boolean or quoted text")
    number = float(token)
    if math.isinf(number):
        raise cursor.token_error(f"{token[:40]} is beyond what a double can hold")
    return number


def _integer(cursor: _Cursor, token: str, smallest: int) -> int:
    if not _INTEGER.fullmatch(token):
        raise cursor.token_error(f"{token[:40]!r} is no integer")
    value = int(token)
    if not smallest <= value <= INTEGER_MAX:
        raise cursor.token_error(f"{token} does not fit into 64 bits")
    return value


def write_point(point: Point) -> str:
    """The line of a point, tags and fields sorted by key. Raises `EncodeError`."""
    if not point.fields:
        raise EncodeError("influx needs at least one field")
    head = [_escaped(point.measurement, "the measurement", ", ")]
    if head[0].startswith("#"):
        raise EncodeError("the measurement cannot begin with #: its line would be a comment")
    for key in sorted(point.tags):
        value = _escaped(point.tags[key], f"the tag {key[:40]}", ",= ")
        head.append(f"{_escaped(key, 'a tag', ',= ')}={value}")
    fields = [
        f"{_escaped(key, 'a field', ',= ')}={_field_text(point.fields[key], key)}"
        for key in sorted(point.fields)
    ]
    suffix = "" if point.timestamp_ns is None else f" {point.timestamp_ns}"
    return f"{','.join(head)} {','.join(fields)}{suffix}"


def _escaped(text: object, what: str, special: str) -> str:
    if not isinstance(text, str) or not text:
        raise EncodeError(f"{what} must be text that is not empty")
    if text.endswith("\\") or "\n" in text or "\r" in text:
        raise EncodeError(f"{what} cannot hold a line break or end in a backslash in line protocol")
    for character in special:
        text = text.replace(character, "\\" + character)
    return text


def _field_text(value: Any, key: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise EncodeError(f"the field {key[:40]} does not fit into 64 bits")
        return f"{value}i" if value < 2**63 else f"{value}u"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EncodeError(f"the field {key[:40]} is {value}, which line protocol cannot carry")
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    raise EncodeError(
        f"the field {key[:40]} is of type {type(value).__name__}; line protocol has text, numbers, booleans"
    )
