"""`Syslog`: one syslog message a frame, RFC 5424 or RFC 3164."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

import pipelines.options
from ramps.codec import Codec, codecs
from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import require_record
from ramps.formats.syslog_names import split_priority
from ramps.formats.syslog_rfc3164 import parse_rfc3164, write_rfc3164
from ramps.formats.syslog_rfc5424 import is_rfc5424, parse_rfc5424, write_rfc5424

__all__ = ["Syslog"]

_REQUIRED = frozenset({"severity", "facility"})
_OPTIONAL = frozenset(
    [
        "hostname",
        "appname",
        "procid",
        "msgid",
        "protocol",
        "protocol_version",
        "timestamp",
        "structured_data",
        "msg",
    ]
)


def _zone(name: str) -> tzinfo:
    # A slim container has no time zone database, and UTC needs none.
    return UTC if name == "UTC" else ZoneInfo(name)


@codecs.register
class Syslog(Codec):
    """Messages as records; the format is told by the version behind the priority.

    ``{severity, facility, hostname, appname, procid, msgid, protocol, protocol_version, timestamp, structured_data,
    msg}``, every key always there, ``None`` for what the message does not have. ``severity`` and ``facility`` are
    names, ``procid`` is an ``int`` where it is written as one, ``timestamp`` is in nanoseconds since 1970.
    ``structured_data`` is ``{id: [{name: value}, ...]}``, a list because names may repeat.

    On the way out ``protocol`` decides, ``"RFC5424"`` if it is absent. RFC 5424 holds microseconds, RFC 3164 seconds
    and no year. Messages that are not UTF-8 are refused.
    """

    name = "syslog"
    summary = "One syslog message per frame (RFC 5424 and RFC 3164)."
    example = 'codec = { name = "syslog", year = "closest", timezone = "UTC" }'

    class Options(pipelines.options.Options):
        """Options of `Syslog`; both are about RFC 3164, whose times have neither year nor zone."""

        year: int | Literal["closest"] = Field(
            "closest",
            description="the year of times without one, or closest: the year that brings them closest to now",
        )
        timezone: str = Field("UTC", description="the zone of times without one, by its IANA name")

        def model_post_init(self, _context: Any, /) -> None:
            """The zone must exist, and the year be one."""
            try:
                _zone(self.timezone)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(
                    f"there is no time zone called {self.timezone!r}; write a name such as Europe/Berlin"
                ) from None
            if self.year != "closest" and not 2 <= self.year <= 9998:
                raise ValueError('year must be from 2 to 9998, or "closest"')

    options: Options

    clock_ns: Callable[[], int] = staticmethod(time.time_ns)
    """Nanoseconds since 1970, to find the closest year; set it on an instance to use another clock."""

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self._zone = _zone(self.options.timezone)
        self._year = None if self.options.year == "closest" else self.options.year

    def decode(self, frame: bytes) -> dict[str, Any]:
        """The message. Raises `DecodeError`."""
        try:
            text = frame.decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None
        priority, rest = split_priority(text)
        if is_rfc5424(rest):
            return parse_rfc5424(priority, rest)
        return parse_rfc3164(priority, rest, year=self._year, zone=self._zone, now_ns=self.clock_ns())

    def encode(self, value: Any) -> bytes:
        """The message's bytes. Raises `EncodeError`."""
        event = require_record(value, "syslog", _REQUIRED, _OPTIONAL)
        protocol = event.get("protocol", "RFC5424")
        if protocol not in ("RFC5424", "RFC3164"):
            raise EncodeError(f'protocol must be "RFC5424" or "RFC3164", not {str(protocol)[:40]!r}')
        text = write_rfc5424(event) if protocol == "RFC5424" else write_rfc3164(event, self._zone)
        try:
            return text.encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None
