"""Events as lines of JSON: read from the standard input as they come, written to the standard output at once."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from pipelines.language.faults import Fault
from pipelines.language.runtime.json_text import decode, encode

__all__ = ["MAX_LINE_BYTES", "TICK", "BadLine", "json_events", "write_json"]

MAX_LINE_BYTES = 16 * 1024 * 1024
_CHUNK = 64 * 1024

TICK = object()
"""Stands among the lines when a while has passed."""


class BadLine:
    """A line that is no event; ``why`` is for people."""

    def __init__(self, why: str) -> None:
        self.why = why


def json_events(stream: BinaryIO, tick_seconds: float | None = None) -> Iterator[tuple[int, Any]]:
    """The number of each line that is not empty, from 1, and its value, or a `BadLine`. Blocks while there is none.

    With ``tick_seconds`` there is also a `TICK` at least that often, unless lines come faster than they are worked on.
    """
    for number, line in _numbered(stream, tick_seconds):
        if line is TICK:
            yield number, TICK
        elif isinstance(line, BadLine):
            yield number, line
        else:
            assert isinstance(line, bytes)
            if line.strip():
                yield number, _value(line)


def _value(line: bytes) -> Any:
    try:
        return decode(line.decode("utf-8"))
    except UnicodeDecodeError:
        return BadLine("it is not UTF-8 text")
    except Fault as fault:
        return BadLine(f"it is no JSON: {fault.message}")


def _numbered(stream: BinaryIO, tick_seconds: float | None) -> Iterator[tuple[int, Any]]:
    number, rest, too_long = 1, b"", False
    for chunk in _chunks(stream, tick_seconds):
        if not chunk:
            yield number, TICK
            continue
        first, *others = (rest + chunk).split(b"\n")
        for line in (first, *others)[:-1]:
            yield number, BadLine(_TOO_LONG) if too_long or len(line) > MAX_LINE_BYTES else line
            number, too_long = number + 1, False
        rest = others[-1] if others else first
        if len(rest) > MAX_LINE_BYTES:
            rest, too_long = b"", True
    if rest or too_long:
        yield number, BadLine(_TOO_LONG) if too_long else rest


_TOO_LONG = f"it has more than {MAX_LINE_BYTES // 1024 // 1024} MiB"


def _chunks(stream: BinaryIO, tick_seconds: float | None) -> Iterator[bytes]:
    """What comes, as it comes; an empty chunk for a tick."""
    try:
        descriptor = stream.fileno()
    except OSError:
        # Not a file of the system: everything is there already.
        while chunk := stream.read(_CHUNK):
            yield chunk
        return
    while True:
        if tick_seconds is not None and not select.select([descriptor], [], [], tick_seconds)[0]:
            yield b""
            continue
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return
        yield chunk


def write_json(value: Any) -> None:
    """One line on the standard output, at once. Raises `Fault` for a value that JSON has no form for."""
    click.echo(encode(value))
