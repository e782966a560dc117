"""`Influx`: one point of InfluxDB's line protocol a frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ramps.codec import SKIP, Codec, codecs
from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import INTEGER_MAX, INTEGER_MIN, require_record
from ramps.formats.influx_line import Point, parse_point, write_point

__all__ = ["Influx"]

_REQUIRED = frozenset({"measurement", "fields", "timestamp"})
_OPTIONAL = frozenset({"tags"})


@codecs.register
class Influx(Codec):
    """Points as ``{measurement, tags, fields, timestamp}``: tags are texts, ``timestamp`` is in ns since 1970.

    A field with the suffix ``i`` or ``u`` is an ``int`` within 64 bits, one without is a ``float``; ``i`` is also
    read beyond 2**63 - 1, because other engines write it there. A line without a timestamp gets the time of
    decoding. Blank lines and comments are no events.
    """

    name = "influx"
    summary = "One point of InfluxDB's line protocol per frame."
    example = 'codec = "influx"'

    clock_ns: Callable[[], int] = staticmethod(time.time_ns)
    """Nanoseconds since 1970, for lines without a timestamp; set it on an instance to use another clock."""

    def decode(self, frame: bytes) -> Any:
        """The point; `SKIP` for a blank line and a comment. Raises `DecodeError`."""
        try:
            line = frame.decode().strip(" \r\n")
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None
        if not line or line.isspace() or line.startswith("#"):
            return SKIP
        point = parse_point(line)
        return {
            "measurement": point.measurement,
            "tags": point.tags,
            "fields": point.fields,
            "timestamp": self.clock_ns() if point.timestamp_ns is None else point.timestamp_ns,
        }

    def encode(self, value: Any) -> bytes:
        """The point's line, tags and fields sorted by key. Raises `EncodeError`."""
        event = require_record(value, "influx", _REQUIRED, _OPTIONAL)
        tags, fields, timestamp = event.get("tags", {}), event["fields"], event["timestamp"]
        if not _is_str_dict(tags) or not _is_str_dict(fields):
            raise EncodeError("tags and fields must be records with text keys")
        if (
            isinstance(timestamp, bool)
            or not isinstance(timestamp, int)
            or not INTEGER_MIN <= timestamp <= INTEGER_MAX
        ):
            raise EncodeError("timestamp must be an integer, nanoseconds since 1970, within 64 bits")
        try:
            return write_point(Point(event["measurement"], tags, fields, timestamp)).encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None


def _is_str_dict(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)
