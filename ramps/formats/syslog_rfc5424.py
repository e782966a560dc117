"""Syslog messages by RFC 5424: header, structured data, message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from ramps.errors import DecodeError, EncodeError
from ramps.formats.syslog_names import NANOSECONDS, header_field, priority_of, read_priority

__all__ = ["is_rfc5424", "parse_rfc5424", "write_rfc5424"]

# VERSION is what tells the two formats apart: no message of RFC 3164 has digits and a space behind its priority.
_VERSION = re.compile(r"([1-9][0-9]{0,2}) ")
_HEADER = re.compile(r"(\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) ")
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_SD_ID = re.compile(r"\[([!#-<>-\\^-~]{1,32})(?=[ \]])")
_SD_PARAM = re.compile(r' ([!#-<>-\\^-~]{1,32})="((?:[^"\\\]]|\\["\\\]]|\\(?!["\\\]]))*)"', re.DOTALL)
_SD_NAME = re.compile(r"[!#-<>-\\^-~]{1,32}")
_UNESCAPE = re.compile(r'\\(["\\\]])')
_ESCAPE = re.compile(r'(["\\\]])')
_CANONICAL_PID = re.compile(r"0|[1-9][0-9]{0,9}")
_BOM = "\ufeff"


def is_rfc5424(rest: str) -> bool:
    """Whether what follows the priority begins as RFC 5424 has it."""
    return _VERSION.match(rest) is not None


def parse_rfc5424(priority: int, rest: str) -> dict[str, Any]:
    """The event for what follows the priority. Nil values are ``None``. Raises `DecodeError`."""
    version = _VERSION.match(rest)
    assert version is not None
    header = _HEADER.match(rest, version.end())
    if header is None:
        raise DecodeError(
            "not RFC 5424: expected TIMESTAMP HOSTNAME APP-NAME PROCID MSGID behind the version, each with its space"
        )
    hostname, appname, procid, msgid = (None if text == "-" else text for text in header.groups()[1:])
    structured_data, position = _structured_data(rest, header.end())
    message = None
    if position < len(rest):
        if rest[position] != " ":
            raise DecodeError("not RFC 5424: expected a space or the end behind the structured data")
        message = rest[position + 1 :].removeprefix(_BOM)
    return {
        **read_priority(priority),
        "hostname": hostname,
        "appname": appname,
        "procid": int(procid) if procid is not None and _CANONICAL_PID.fullmatch(procid) else procid,
        "msgid": msgid,
        "protocol": "RFC5424",
        "protocol_version": int(version[1]),
        "timestamp": None if header[1] == "-" else _timestamp_ns(header[1]),
        "structured_data": structured_data,
        "msg": message,
    }


def _structured_data(rest: str, position: int) -> tuple[dict[str, list[dict[str, str]]] | None, int]:
    if rest.startswith("-", position):
        return None, position + 1
    elements: dict[str, list[dict[str, str]]] = {}
    while (identifier := _SD_ID.match(rest, position)) is not None:
        if identifier[1] in elements:
            raise DecodeError(f"not RFC 5424: two elements of structured data are called {identifier[1]}")
        params = elements[identifier[1]] = []
        position = identifier.end()
        while (param := _SD_PARAM.match(rest, position)) is not None:
            params.append({param[1]: _UNESCAPE.sub(r"\1", param[2])})
            position = param.end()
        if not rest.startswith("]", position):
            raise DecodeError(
                f'not RFC 5424: the element {identifier[1]} has no NAME="VALUE" or ] where one must be'
            )
        position += 1
    if not elements:
        raise DecodeError('not RFC 5424: expected structured data, "-" or [ID NAME="VALUE" ...]')
    return elements, position


def _timestamp_ns(text: str) -> int:
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise DecodeError(f"not RFC 5424: {text[:40]!r} is no time stamp such as 2003-10-11T22:14:15.003Z")
    fraction, sign, hours, minutes = match.groups()[6:]
    try:
        moment = datetime(*(int(part) for part in match.groups()[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise DecodeError(f"not RFC 5424: the time stamp {text[:40]} is not possible: {error}") from None
    offset_seconds = 0 if sign is None else int(hours) * 3600 + int(minutes) * 60
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        raise DecodeError(f"not RFC 5424: the time stamp {text[:40]} has no possible offset")
    seconds = _whole_seconds(moment) - (-offset_seconds if sign == "-" else offset_seconds)
    return seconds * NANOSECONDS + int((fraction or "0").ljust(9, "0"))


def _whole_seconds(moment: datetime) -> int:
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return elapsed.days * 86400 + elapsed.seconds


def write_rfc5424(event: dict[str, Any]) -> str:
    """The message of an event. Time is cut to microseconds, which is all the format holds. Raises `EncodeError`."""
    version = event.get("protocol_version")
    if version is None:
        version = 1
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= 999:
        raise EncodeError("protocol_version must be an integer from 1 to 999")
    fields = [
        header_field(event, key, max_length) or "-"
        for key, max_length in (("hostname", 255), ("appname", 48), ("procid", 128), ("msgid", 32))
    ]
    stamp = _timestamp_text(event.get("timestamp"))
    data = _structured_data_text(event.get("structured_data"))
    message = event.get("msg")
    if message is None:
        suffix = ""
    elif isinstance(message, str):
        # A message that is not ASCII must begin with the mark (section 6.4); one that begins with it needs a second.
        suffix = " " + message if message.isascii() else f" {_BOM}{message}"
    else:
        raise EncodeError("msg must be text or null")
    return f"<{priority_of(event)}>{version} {stamp} {' '.join(fields)} {data}{suffix}"


def _timestamp_text(timestamp_ns: Any) -> str:
    if timestamp_ns is None:
        return "-"
    if isinstance(timestamp_ns, bool) or not isinstance(timestamp_ns, int):
        raise EncodeError("timestamp must be an integer, nanoseconds since 1970, or null")
    seconds, nanoseconds = divmod(timestamp_ns, NANOSECONDS)
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise EncodeError(f"the timestamp {timestamp_ns} ns lies outside of the years 1 to 9999") from None
    fraction = f".{nanoseconds // 1000:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + "Z"


def _structured_data_text(data: Any) -> str:
    if data is None:
        return "-"
    if not isinstance(data, dict) or not data:
        raise EncodeError("structured_data must be null or a record with at least one element")
    parts: list[str] = []
    for identifier, params in data.items():
        _require_sd_name(identifier)
        if not isinstance(params, list) or not all(isinstance(param, dict) for param in params):
            raise EncodeError(f"the element {identifier} of structured_data must be a list of records")
        parts.append(f"[{identifier}")
        for name, value in (pair for param in params for pair in param.items()):
            _require_sd_name(name)
            if not isinstance(value, str):
                raise EncodeError(f"{identifier}.{name} in structured_data must be text")
            escaped = _ESCAPE.sub(r"\\\1", value)
            parts.append(f' {name}="{escaped}"')
        parts.append("]")
    return "".join(parts)


def _require_sd_name(name: Any) -> None:
    if not isinstance(name, str) or not _SD_NAME.fullmatch(name):
        raise EncodeError(
            f"{str(name)[:40]!r} cannot be a name in structured data: "
            '1 to 32 printable ASCII characters without space, =, ] and "'
        )
