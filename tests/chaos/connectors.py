"""The plainest source that replays, and the plainest sink that confirms: with them, what is lost was lost in the core.

They come into the engine as the distribution in ``tests/chaos/distribution``, as anybody's connectors do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Options
from ramps.errors import ConnectionLost
from ramps.offramp import Offramp, Outgoing
from ramps.onramp import InboundStream, Intake, Onramp
from ramps.pause import Pause
from ramps.tracker import Tracker

__all__ = ["ChaosLedger", "ChaosQueue"]

_MOST_BYTES = 65536
_CHUNK_BYTES = 2000
_POLL_SECONDS = 0.02


class QueueOptions(Options):
    """Options of `chaos-queue`."""

    path: Path = Field(description="The file of lines; its confirmed position stands in PATH.position.")


class ChaosQueue(Onramp):
    """Lines of a file that grows, in pieces of whole lines."""

    name: ClassVar[str] = "chaos-queue"
    summary: ClassVar[str] = "Reads lines of a file from the position that is confirmed."
    example: ClassVar[str] = '[onramps.in]\ntype = "chaos-queue"\npath = "in.jsonl"\n'
    default_preprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    replays = True
    Options = QueueOptions
    options: QueueOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._kept = self.options.path.with_suffix(".position")
        start = int(self._kept.read_text()) if self._kept.exists() else 0
        self._tracker = Tracker(start, most=_MOST_BYTES)
        self._position = self._remembered = start
        self._stream: InboundStream | None = None

    def open(self) -> None:
        """Begin behind what is confirmed."""
        self._position = self._tracker.rewind()
        self._stream = None
        self._pause.allow()

    def read(self, intake: Intake) -> None:
        """One piece; what has failed is read again."""
        if self._pause.ended:
            raise ConnectionLost("the queue is not open")
        if self._stream is None:
            self._stream = intake.stream(str(self.options.path))
        self._tracker.wait_for_room(_POLL_SECONDS)
        if self._tracker.failed:
            self._position = self._tracker.rewind()
        self._remember()
        with self.options.path.open("rb") as file:
            file.seek(self._position)
            data = file.read(_CHUNK_BYTES)
        piece = data[: data.rfind(b"\n") + 1]
        if not piece:
            self._pause.wait(self.clock, _POLL_SECONDS)
        elif self._tracker.in_flight < _MOST_BYTES:
            self._position += len(piece)
            self._stream.feed(piece, ticket=self._tracker.ticket(self._position, len(piece)))

    def close(self) -> None:
        """Let whoever waits go on."""
        self._pause.end()
        self._tracker.wake()

    def _remember(self) -> None:
        if self._tracker.confirmed != self._remembered:
            self._remembered = self._tracker.confirmed
            new = self._kept.with_suffix(".new")
            new.write_text(str(self._remembered))
            os.replace(new, self._kept)


class LedgerOptions(Options):
    """Options of `chaos-ledger`."""

    path: Path = Field(description="The file to append to.")


class ChaosLedger(Offramp):
    """Lines at the end of a file, and on the disk when `write` returns."""

    name: ClassVar[str] = "chaos-ledger"
    summary: ClassVar[str] = "Appends lines to a file, and waits for the disk."
    example: ClassVar[str] = '[offramps.out]\ntype = "chaos-ledger"\npath = "out.jsonl"\n'
    default_postprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    confirms = "write"
    Options = LedgerOptions
    options: LedgerOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._descriptor: int | None = None

    def open(self) -> None:
        """Open, behind a newline: what was torn is a line of its own."""
        self.close()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._descriptor = os.open(self.options.path, flags, 0o644)
        os.write(self._descriptor, b"\n")

    def write(self, outgoing: Outgoing) -> None:
        """All of it, or an ``OSError``."""
        assert self._descriptor is not None
        data = outgoing.joined()
        if os.write(self._descriptor, data) < len(data):
            raise ConnectionLost("the disk is full")
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Release the file."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
