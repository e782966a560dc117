"""The `blaster` onramp: replays a file from memory, as fast as downstream takes it. For benchmarks and load
tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from pydantic import Field

from pipelines.options import Duration, Options, Size, format_size
from ramps.confirmations import Confirmations
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput, FrameError
from ramps.files.input_files import InputFile, check_readable
from ramps.onramp import InboundStream, Intake, Onramp, onramps
from ramps.pause import Pause
from ramps.ticker import Ticker
from ramps.time_slice import TimeSlice
from ramps.tracker import Tracker

__all__ = ["BlasterOnramp"]

_CHUNK_LINES = 128


class _Chunks(list[tuple[bytes, int]]):
    """Texts, and how many lines each has. A class of its own, because a plain list has no weak references."""


# Many flows that replay one file hold it once. What each held for itself would push the events out of the caches:
# with 1,024 flows, that is a tenth of the throughput.
_shared: WeakValueDictionary[tuple[object, ...], _Chunks] = WeakValueDictionary()


class BlasterOptions(Options):
    """Options of `blaster`."""

    path: Path = Field(description="the file of lines; .gz, .xz, .zst and .lz4 are decompressed")
    count: int | None = Field(
        default=None, ge=1, description="end after this many lines; without it, it goes round for ever"
    )
    interval: Duration | None = Field(
        default=None, gt=0, description="send `burst` lines per interval instead of all at full speed"
    )
    burst: int = Field(default=1, ge=1, description="lines at a time, where there is an interval")
    max_in_flight: int = Field(
        default=100_000,
        ge=1,
        description="in a flow that promises at-least-once: lines that may be under way",
    )
    max_size: Size = Field(  # type: ignore[assignment] # text, as in a file
        default="256MiB", description="the most that the file may take in memory, decompressed"
    )


@onramps.register
class BlasterOnramp(Onramp):
    """Holds the lines of a file in memory, joined in chunks of up to 128, and feeds them round and round.

    The preprocessors must split lines, as the default ones do. With ``interval`` bursts lie at its whole
    multiples; those missed while downstream is full are left out.

    In a flow that promises at-least-once, lines that were not delivered are sent again, and all after them.
    """

    name: ClassVar[str] = "blaster"
    summary: ClassVar[str] = "Replays a file from memory at full speed, for benchmarks."
    example: ClassVar[str] = """
        [onramps.load]
        type = "blaster"
        path = "events.json.xz"
        count = 1000000
        """
    default_preprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    replays = True
    Options = BlasterOptions
    options: BlasterOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._time_slice = TimeSlice()
        self._chunks = _Chunks()
        self._position = 0
        self._sent = 0
        self._awaits_delivery = False
        self._ticker: Ticker | None = None
        self._stream: InboundStream | None = None
        # A position is the chunk that comes next, and how many lines have been sent.
        self._tracker = Tracker((0, 0), most=self.options.max_in_flight)

    def check(self) -> None:
        """Refuse a directory, and a file that is there but not for us."""
        check_readable(self.options.path)

    def open(self) -> None:
        """Load the file. Raises `CannotOpen` when it is missing, broken, empty or too large."""
        self._chunks = self._load_once(_CHUNK_LINES if self.options.interval is None else self.options.burst)
        self._position, self._sent = self._tracker.rewind() if self.at_least_once else (0, self._sent)
        interval = self.options.interval
        self._ticker = None if interval is None else Ticker(self.clock, interval)
        self._stream = None
        self._pause.allow()

    def read(self, intake: Intake) -> None:
        """Feed the next chunk. Raises `EndOfInput` after ``count`` lines."""
        if self._pause.ended:
            raise ConnectionLost("the blaster onramp is not open")
        stream = self._stream
        if stream is None:
            stream = self._stream = intake.stream(str(self.options.path))
        if self._ticker is not None and not self._ticker.wait(self._pause):
            return
        if self.at_least_once and not self._may_go_on():
            return
        chunk, lines = self._chunks[self._position]
        count = self.options.count
        if count is not None and self._sent + lines >= count:
            lines = count - self._sent
            chunk = b"".join([line + b"\n" for line in chunk.split(b"\n")[:lines]])
        if chunk:
            self._position = (self._position + 1) % len(self._chunks)
            self._sent += lines
            ticket = None
            if self.at_least_once:
                ticket = self._tracker.ticket((self._position, self._sent), lines)
                self._tracker.count(lines)
            stream.feed(chunk, ticket=ticket)
            self._time_slice.give_way()
        if count is not None and self._sent >= count:
            if self.at_least_once:
                self._awaits_delivery = True
                try:
                    self._tracker.wait_until_settled()
                finally:
                    self._awaits_delivery = False
                if self._tracker.failed or self._pause.ended:
                    return
            stream.end()
            raise EndOfInput(f"{self._sent} lines were sent")

    @property
    def awaits_delivery(self) -> bool:
        """After ``count`` lines."""
        return self._awaits_delivery and not self._tracker.failed

    def confirmations(self) -> Confirmations:
        """What is not confirmed is in the file, but nobody remembers where."""
        tracker = self._tracker
        return Confirmations(
            tracker.confirmed_events,
            tracker.events_sent_again,
            tracker.unconfirmed_events,
            "" if tracker.is_settled else f"{self.options.path} is sent from its beginning at the next start",
        )

    def _may_go_on(self) -> bool:
        """Wait while too much is under way; go back to what has failed."""
        self._tracker.wait_for_room()
        if self._tracker.failed:
            self._position, self._sent = self._tracker.rewind()
        return not self._pause.ended

    def _load_once(self, step: int) -> _Chunks:
        key = *_identity(self.options.path), step, self.options.max_size
        found = _shared.get(key)
        if found is None:
            lines = self._load()
            parts = [lines[index : index + step] for index in range(0, len(lines), step)]
            found = _shared[key] = _Chunks((b"\n".join(part) + b"\n", len(part)) for part in parts)
        return found

    def _load(self) -> list[bytes]:
        path, limit = self.options.path, self.options.max_size
        file = InputFile(path)
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := file.read():
                size += len(piece)
                if size > limit:
                    raise CannotOpen(
                        f"onramp cannot load {path}: it is larger than {format_size(limit)}; raise `max_size`"
                    )
                pieces.append(piece)
                self._time_slice.give_way()
        except FrameError as error:
            raise CannotOpen(f"onramp cannot load {path}: {error}; compress it again") from None
        finally:
            file.close()
        lines = b"".join(pieces).removesuffix(b"\n").split(b"\n")
        if lines == [b""]:
            raise CannotOpen(f"onramp cannot load {path}: it is empty; name a file with at least one line")
        return lines

    def close(self) -> None:
        """Forget the file."""
        self._pause.end()
        self._tracker.wake()
        self._chunks = _Chunks()


def _identity(path: Path) -> tuple[object, ...]:
    """What tells a file from another one, and from what it was before."""
    try:
        found = path.stat()
    except OSError:
        return (path,)
    return path.suffix, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
