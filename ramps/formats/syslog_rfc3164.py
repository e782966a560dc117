"""Syslog messages by RFC 3164, the BSD format: a time without year and zone, a host, a tag, a message."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from ramps.errors import DecodeError, EncodeError
from ramps.formats.syslog_names import NANOSECONDS, header_field, priority_of, read_priority

__all__ = ["parse_rfc3164", "write_rfc3164"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HEADER = re.compile(
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) ([ 0-9]?[0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) (\S+)(?: |\Z)"
)
_TAG = re.compile(r"([^\s:\[\]]{1,48})(?:\[([^\]\s]{1,128})\])?:(?: |\Z)")
_CANONICAL_PID = re.compile(r"0|[1-9][0-9]{0,9}")


def parse_rfc3164(priority: int, rest: str, *, year: int | None, zone: tzinfo, now_ns: int) -> dict[str, Any]:
    """The event for what follows the priority.

    The year is ``year``, or the one that puts the time closest to now. Without a proper header all of ``rest`` is the
    message (RFC 3164, section 4.3.2). Raises `DecodeError` for a date that does not exist.
    """
    hostname = timestamp = appname = procid = None
    header = _HEADER.match(rest)
    if header is not None:
        month, day, hour, minute, second = (
            _MONTHS.index(header[1]) + 1,
            *(int(part) for part in header.groups()[1:5]),
        )
        timestamp = _timestamp_ns((month, day, hour, minute, second), year, zone, now_ns)
        hostname = header[6]
        rest = rest[header.end() :]
        tag = _TAG.match(rest)
        if tag is not None:
            appname, procid = tag.groups()
            rest = rest[tag.end() :]
    return {
        **read_priority(priority),
        "hostname": hostname,
        "appname": appname,
        "procid": int(procid) if procid is not None and _CANONICAL_PID.fullmatch(procid) else procid,
        "msgid": None,
        "protocol": "RFC3164",
        "protocol_version": None,
        "timestamp": timestamp,
        "structured_data": None,
        "msg": rest,
    }


def _timestamp_ns(parts: tuple[int, ...], year: int | None, zone: tzinfo, now_ns: int) -> int:
    this_year = datetime.fromtimestamp(now_ns // NANOSECONDS, zone).year
    # The 29th of February may be four years away, and eight around a year such as 2100.
    reach = 8 if parts[:2] == (2, 29) else 1
    years = [year] if year is not None else range(max(this_year - reach, 2), min(this_year + reach + 1, 9999))
    candidates: list[int] = []
    reason = ""
    for candidate in years:
        try:
            moment = datetime(candidate, *parts, tzinfo=zone)  # type: ignore[misc,arg-type]
        except ValueError as error:
            reason = str(error)
        else:
            candidates.append(int(moment.timestamp()) * NANOSECONDS)
    if not candidates:
        raise DecodeError(f"not RFC 3164: the time stamp is not possible: {reason}")
    return min(candidates, key=lambda timestamp_ns: abs(timestamp_ns - now_ns))


def write_rfc3164(event: dict[str, Any], zone: tzinfo) -> str:
    """The message of an event; its time in ``zone``, cut to seconds. Raises `EncodeError`."""
    for key in ("msgid", "structured_data", "protocol_version"):
        if event.get(key) is not None:
            raise EncodeError(f'RFC 3164 has no place for {key}; use protocol = "RFC5424", or set it to null')
    timestamp_ns, message = event.get("timestamp"), event.get("msg")
    hostname = header_field(event, "hostname", 255)
    appname, procid = header_field(event, "appname", 48), header_field(event, "procid", 128)
    if message is None:
        message = ""
    if not isinstance(message, str):
        raise EncodeError("msg must be text or null")
    prefix = f"<{priority_of(event)}>"
    if timestamp_ns is None and hostname is None and appname is None and procid is None:
        return prefix + message
    if timestamp_ns is None or hostname is None:
        raise EncodeError("RFC 3164 needs both timestamp and hostname, or neither and no appname and procid")
    return f"{prefix}{_timestamp_text(timestamp_ns, zone)} {hostname} {_tag_text(appname, procid)}{message}"


def _tag_text(appname: str | None, procid: str | None) -> str:
    if appname is None:
        if procid is not None:
            raise EncodeError("RFC 3164 has no place for procid without appname")
        return ""
    text = f"{appname}: " if procid is None else f"{appname}[{procid}]: "
    if not _TAG.fullmatch(text):
        raise EncodeError(
            "with RFC 3164, appname cannot hold colon and brackets, nor procid a closing bracket"
        )
    return text


def _timestamp_text(timestamp_ns: Any, zone: tzinfo) -> str:
    if isinstance(timestamp_ns, bool) or not isinstance(timestamp_ns, int):
        raise EncodeError("timestamp must be an integer, nanoseconds since 1970, or null")
    try:
        moment = datetime.fromtimestamp(timestamp_ns // NANOSECONDS, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        raise EncodeError(f"the timestamp {timestamp_ns} ns lies outside of the years 1 to 9999") from None
    return f"{_MONTHS[moment.month - 1]} {moment.day:2d} {moment:%H:%M:%S}"
