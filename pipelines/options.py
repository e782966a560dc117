"""How a part that a TOML file can name declares its options.

One declaration drives everything: it checks the file, words the errors, prints ``supervisor explain``, writes the
JSON Schema for editors, and documents the part. An option is a pydantic field with a type from this module (or a
plain ``int``, ``str``, ``bool``, ``Literal``), a default, and a ``description``.

Units are in the text that a user writes: ``"250ms"``, ``"64KiB"``. Bare numbers are refused where a unit is meant,
because a bare 30 has been read as seconds, milliseconds and nanoseconds by three generations of engines.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

__all__ = [
    "Address",
    "Duration",
    "HostPort",
    "Options",
    "Secret",
    "SecretReference",
    "Size",
    "check_host",
    "format_duration",
    "format_size",
    "parse_address",
    "parse_duration",
    "parse_size",
]


class Options(BaseModel):
    """Base of every options declaration: unknown keys are errors, values do not change once checked."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, arbitrary_types_allowed=True
    )


_DURATION_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_SIZE_UNITS = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
# What goes beyond is a slip of the keyboard, and overflows nanoseconds in 64 bits, or a float that is to become whole.
_MAX_DURATION_SECONDS = 100 * 365.25 * 86400.0
_MAX_SIZE_BYTES = 2**60
_LAST_PORT = 65535
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Zµ]+)")


def _shown(value: object) -> str:
    """A value as the file has it (``true``, not ``True``), cut where it is too long to be read."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:59]}…"


def parse_duration(text: object) -> float:
    """Seconds from text such as ``"250ms"``, ``"1.5s"`` or ``"1h30m"``, a hundred years at most.

    Raises ``ValueError`` with the remedy.
    """
    if isinstance(text, str):
        seconds, position = 0.0, 0
        stripped = text.strip()
        for match in _QUANTITY.finditer(stripped):
            if match.start() != position or match[2] not in _DURATION_UNITS:
                break
            seconds += float(match[1]) * _DURATION_UNITS[match[2]]
            position = match.end()
        if stripped and position == len(stripped):
            if seconds > _MAX_DURATION_SECONDS:
                raise ValueError(f"{_shown(text)} is longer than a hundred years; write a shorter duration")
            return seconds
    raise ValueError(
        f'{_shown(text)} is not a duration; write a number with a unit, such as "250ms", "5s" or "1h30m"'
    )


def parse_size(text: object) -> int:
    """Bytes from text such as ``"64KiB"`` or ``"10MB"``, 2**60 at most. Raises ``ValueError`` with the remedy."""
    if isinstance(text, str):
        match = _QUANTITY.fullmatch(text.strip())
        if match and match[2] in _SIZE_UNITS:
            size_bytes = float(match[1]) * _SIZE_UNITS[match[2]]
            if size_bytes > _MAX_SIZE_BYTES:
                raise ValueError(f"{_shown(text)} is more than any machine holds; write a smaller size")
            return int(size_bytes)
    raise ValueError(
        f'{_shown(text)} is not a size; write a number with a unit, such as "512B", "64KiB" or "10MB"'
    )


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same number of seconds."""
    for unit, factor in (("d", 86400.0), ("h", 3600.0), ("m", 60.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= factor:
            amount = seconds / factor
            if unit in "dhm" and amount != int(amount):
                continue
            return f"{amount:.12g}{unit}"
    return f"{seconds / 1e-9:.12g}ns" if seconds else "0s"


def format_size(size_bytes: int) -> str:
    """The shortest text that `parse_size` reads back as the same number of bytes."""
    for unit in ("GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % _SIZE_UNITS[unit] == 0:
            return f"{size_bytes // _SIZE_UNITS[unit]}{unit}"
    return f"{size_bytes}B"


class HostPort(NamedTuple):
    """A host name or IP address, and a TCP or UDP port (0: let the system choose)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def check_host(host: str) -> None:
    """Raise ``ValueError`` for what no resolver takes as a host name or IP address, which would fail only at run time,
    and as a ``UnicodeError`` there.
    """
    try:
        host.encode("idna")
    except UnicodeError:
        fits = False
    else:
        fits = host.isprintable() and " " not in host
    if not fits:
        raise ValueError(
            f"{_shown(host)} cannot be a host name: its parts between dots have 1 to 63 characters, and no spaces"
        )


def parse_address(text: object) -> HostPort:
    """Host and port from ``"127.0.0.1:8080"`` or ``"[::1]:8080"``. Raises ``ValueError`` with the remedy."""
    if isinstance(text, HostPort):
        return text
    if isinstance(text, str):
        host, colon, port = text.strip().rpartition(":")
        bracketed = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if bracketed else host
        known_host = colon and host and (bracketed or ":" not in host)
        if known_host and port.isascii() and port.isdigit():
            # Python refuses to read a number of thousands of digits.
            number = int(port.lstrip("0")[:6] or "0")
            if number > _LAST_PORT:
                raise ValueError(
                    f"{_shown(text)} has no port that there is; write one from 0 to {_LAST_PORT} behind the colon"
                )
            check_host(host)
            return HostPort(host, number)
    raise ValueError(
        f'{_shown(text)} is not an address; write "HOST:PORT", such as "127.0.0.1:8080" or "[::1]:8080"'
    )


class SecretReference(Options):
    """Where a secret is kept: ``{ env = "NAME" }`` or ``{ file = "path" }``. Its value is read when it is needed.

    Neither ``repr`` nor serialisation ever holds the value.
    """

    env: str | None = None
    file: Path | None = None

    def model_post_init(self, _context: Any, /) -> None:
        """Exactly one of the two places must be named."""
        if (self.env is None) == (self.file is None):
            raise ValueError('name exactly one place: { env = "NAME" } or { file = "path" }')

    def reveal(self) -> str:
        """The secret's value, a trailing newline of a file removed. Raises ``ValueError`` when it is not there."""
        if self.env is not None:
            if self.env not in os.environ:
                raise ValueError(f"the environment variable {self.env} is not set")
            return os.environ[self.env]
        assert self.file is not None
        try:
            return self.file.read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ValueError(f"the secret's file {self.file} cannot be read: {error.strerror}") from None


def _secret(value: object) -> object:
    if isinstance(value, str):
        raise ValueError(  # noqa: TRY004 pydantic collects ValueError
            'a secret is not written into the file; name its place: { env = "NAME" } or { file = "path" }'
        )
    return value


def _text_schema(kind: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "format": kind, "examples": [example]})


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    _text_schema("duration", "250ms"),
]
"""An option in seconds (``float``), written as text with a unit. A default is given as text and checked too."""

Size = Annotated[
    int, BeforeValidator(parse_size), PlainSerializer(format_size), _text_schema("size", "64KiB")
]
"""An option in bytes (``int``), written as text with a unit."""

Address = Annotated[
    HostPort, BeforeValidator(parse_address), PlainSerializer(str), _text_schema("address", "127.0.0.1:8080")
]
"""An option that is a `HostPort`, written as ``"HOST:PORT"``."""

Secret = Annotated[SecretReference, BeforeValidator(_secret)]
"""An option that is a reference to a secret, never the secret itself."""
