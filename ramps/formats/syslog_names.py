"""What both syslog formats share: the PRI part, its names, and the checks of header fields (RFC 5424, section 6)."""

from __future__ import annotations

import re
from typing import Any, Final

from ramps.errors import DecodeError, EncodeError

__all__ = ["NANOSECONDS", "header_field", "priority_of", "read_priority", "split_priority"]

NANOSECONDS: Final = 1_000_000_000

_SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
_FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clockd",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip

_PRIORITY = re.compile(r"<(0|[1-9][0-9]{0,2})>")
_PRINTABLE = re.compile(r"[!-~]+")


def split_priority(text: str) -> tuple[int, str]:
    """The number between the angle brackets, and what follows them. Raises `DecodeError`."""
    match = _PRIORITY.match(text)
    if match is None or int(match[1]) >= 8 * len(_FACILITIES):
        raise DecodeError("not syslog: it does not begin with a priority, <0> to <191>", 0)
    return int(match[1]), text[match.end() :]


def read_priority(priority: int) -> dict[str, str]:
    """``severity`` and ``facility`` by name."""
    return {"severity": _SEVERITIES[priority & 7], "facility": _FACILITIES[priority >> 3]}


def priority_of(event: dict[str, Any]) -> int:
    """The number for the event's ``severity`` and ``facility``. Raises `EncodeError` for unknown names."""
    number = 0
    for key, names in (("facility", _FACILITIES), ("severity", _SEVERITIES)):
        name = event[key]
        if name not in names:
            raise EncodeError(f"the {key} {str(name)[:40]!r} is not one of {', '.join(names)}")
        number = number * 8 + names.index(name)
    return number


def header_field(event: dict[str, Any], key: str, max_length: int) -> str | None:
    """The event's text under this key, ``None`` where there is none. Raises `EncodeError` if a header cannot hold it.

    ``procid`` may be an ``int``.
    """
    value = event.get(key)
    if value is None:
        return None
    if key == "procid" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if (
        not isinstance(value, str)
        or len(value) > max_length
        or not _PRINTABLE.fullmatch(value)
        or value == "-"
    ):
        raise EncodeError(
            f"{key} must be 1 to {max_length} printable ASCII characters without spaces, or null"
        )
    return value
