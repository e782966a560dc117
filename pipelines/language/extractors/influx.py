"""``influx``: a point of InfluxDB's line protocol."""

from __future__ import annotations

import re
from typing import Any, Final

from pipelines.language.extractors.extractor import Extractor, refuse_text, register
from pipelines.language.extractors.numbers import read_float, read_integer
from pipelines.language.library.function import Occasion
from pipelines.language.values import INTEGER_MIN, MISSING, UNSIGNED_MAX

__all__ = ["Influx"]

_BLANKS: Final = " \t\r\n\x0b\x0c\x85\xa0"
# A backslash before anything else than these stands for itself, as InfluxDB's reference of the protocol has it.
_MEASUREMENT = re.compile(r"((?:[^, \\]++|\\.|\\$)++)", re.DOTALL)
_TAG = re.compile(r",((?:[^,= \\]++|\\.|\\$)++)=((?:[^,= \\]++|\\.|\\$)*+)", re.DOTALL)
_FIELD = re.compile(r'((?:[^,= \\]++|\\.|\\$)++)=(?:"((?:[^"\\]++|\\.)*+)"|([^, "]++))', re.DOTALL)
_TIMESTAMP = re.compile(r"[0-9]{1,20}", re.ASCII)
_ESCAPED = re.compile(r"\\([,= \\])")
_ESCAPED_IN_STRING = re.compile(r'\\(["\\])')
_BOOLEANS: Final = {
    "t": True, "T": True, "true": True, "True": True, "TRUE": True,
    "f": False, "F": False, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


@register
class Influx(Extractor):
    """Matches one line: ``measurement[,tag=value…] field=value[,field=value…] [timestamp]``.

    Without a timestamp it is the time at which the event came in. An empty line and a comment match where no result
    is wanted, but have none.
    """

    name = "influx"
    summary = "Reads a line of InfluxDB's line protocol; gives measurement, tags, fields and timestamp."
    example = ("", "cpu,host=a idle=92.5,cores=8i 1560983100000000000",
               '{"measurement": "cpu", "tags": {"host": "a"}, "fields": {"idle": 92.5, "cores": 8}, '
               '"timestamp": 1560983100000000000}')  # fmt: skip

    def __init__(self, text: str) -> None:
        refuse_text(self, text)

    def matches(self, string: str) -> bool:
        """Whether it is a line, an empty one and a comment included."""
        line = string.strip(_BLANKS)
        return not line or line.startswith("#") or _parse(line, 0) is not None

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record."""
        line = string.strip(_BLANKS)
        if not line or line.startswith("#"):
            return MISSING
        record = _parse(line, occasion.ingest_ns)
        return MISSING if record is None else record


def _parse(line: str, default_ns: int) -> dict[str, Any] | None:
    match = _MEASUREMENT.match(line)
    if match is None:
        return None
    measurement, tags = _plain(match[1]), {}
    place = match.end()
    while match := _TAG.match(line, place):
        tags[_plain(match[1])] = _plain(match[2])
        place = match.end()
    if not line.startswith(" ", place):
        return None
    fields: dict[str, Any] = {}
    place = _fields(line, place + 1, fields)
    if place < 0:
        return None
    timestamp = default_ns
    if place < len(line):
        written = line[place:].lstrip(" ")
        if not _TIMESTAMP.fullmatch(written) or int(written) > UNSIGNED_MAX:
            return None
        timestamp = int(written)
    return {"measurement": measurement, "tags": tags, "fields": fields, "timestamp": timestamp}


def _fields(line: str, place: int, fields: dict[str, Any]) -> int:
    """Read fields from ``place`` on; where they end, which is a blank or the end of the line; negative if bad."""
    while match := _FIELD.match(line, place):
        key, string, other = match.groups()
        value = _ESCAPED_IN_STRING.sub(r"\1", string) if string is not None else _value(other)
        if value is None:
            return -1
        fields[_plain(key)] = value
        place = match.end()
        if not line.startswith(",", place):
            return place if place == len(line) or line[place] == " " else -1
        place += 1
    return -1


def _value(text: str) -> bool | int | float | None:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text.endswith("i"):
        return read_integer(text[:-1], INTEGER_MIN, UNSIGNED_MAX)
    return read_float(text)


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text
