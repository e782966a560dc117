"""The `file` onramp: a whole file once, or a file that is followed as it grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pipelines.options import Duration, Options, Size
from ramps.errors import ConnectionLost, EndOfInput, FrameError
from ramps.files.archives import compression_of
from ramps.files.checkpoint import Checkpoint, Place
from ramps.files.input_files import InputFile, cannot_read, check_readable
from ramps.files.replay import Replay
from ramps.files.replaying_onramp import ReplayingOnramp
from ramps.files.tail import Change, Tail
from ramps.onramp import InboundStream, Intake, Progress, onramps
from ramps.pause import Pause
from ramps.time_slice import TimeSlice

__all__ = ["FileOnramp"]


class FileOptions(Options):
    """Options of `file`."""

    path: Path = Field(description="the file; .gz, .xz, .zst and .lz4 are decompressed on the fly")
    follow: bool = Field(
        default=False,
        description="wait for more at the end, through rotation and truncation, and for a file that is not there yet",
    )
    start_at: Literal["beginning", "end"] = Field(
        default="beginning", description="with `follow`: where to start in a file that is there already"
    )
    poll_interval: Duration = Field(  # type: ignore[assignment] # text, as in a file
        default="250ms", gt=0, description="with `follow`: how often to look for more"
    )

    checkpoint: Path | None = Field(
        default=None,
        description="in a flow that promises at-least-once: the file that keeps how far everything was delivered; "
        "without it, that of `path` with `.checkpoint` behind its name",
    )
    max_in_flight: Size = Field(  # type: ignore[assignment] # text, as in a file
        default="64MiB",
        gt=0,
        description="in a flow that promises at-least-once: how much may be read and not delivered yet",
    )

    @model_validator(mode="after")
    def _follow_needs_plain_file(self) -> FileOptions:
        if self.follow and compression_of(self.path):
            raise ValueError(
                "a compressed file does not grow: drop `follow`, or name the file before it is compressed"
            )
        if self.start_at == "end" and not self.follow:
            raise ValueError('`start_at = "end"` reads nothing without `follow = true`')
        return self


@onramps.register
class FileOnramp(ReplayingOnramp):
    """Reads a file to its end, or follows it.

    A last line without its newline counts at the end of a whole file and of one that was rotated away; while
    a file is followed, it waits for the rest. After a failure it is read on from where it was, in the middle of a
    line if need be, as long as the path is still the same file; one that was read to its end is read again.

    In a flow that promises at-least-once it keeps in its checkpoint how far everything was delivered, and begins there
    when it is started again: known by its inode and its first bytes, the file may have been rotated to another name in
    the same directory meanwhile; it is read to its end before the new one. What was not delivered is read again. A
    whole file ends when all of it was delivered; started again, it is read on from there. What is lost when a file is
    removed, truncated or written anew before it was read to its end, nobody can read again. A checkpoint that cannot be
    used means that the file is read from its beginning. Files that were rotated away one after the other are read in
    the order in which they were written to, if all that is behind the name is a number, a date, or ``old``, ``prev`` or
    ``bak``. Where nobody can begin in the middle (a codec that reads a header, preprocessors that decompress), a file
    is read again as a whole until it is delivered as a whole.
    """

    name: ClassVar[str] = "file"
    summary: ClassVar[str] = "Reads a file, once to its end or following it as it grows and is rotated."
    example: ClassVar[str] = """
        [onramps.in]
        type = "file"
        path = "access.log"
        follow = true
        codec = "string"
        """
    default_preprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    Options = FileOptions
    options: FileOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._time_slice = TimeSlice()
        self._stream: InboundStream | None = None
        self._replaced_stream: InboundStream | None = None
        self._file: InputFile | None = None
        self._progress: Progress | None = None
        self._left_off: tuple[tuple[int, int], int] | None = None
        self._tail = Tail(self.options.path, from_end=self.options.start_at == "end")
        self._waits_for_file = False
        self._replay: Replay[Place] | None = None
        self._safe: Place | None = None
        """The last place of what was read that no frame reaches across."""

    def check(self) -> None:
        """Refuse a directory, and a file that is there but not for us."""
        check_readable(self.options.path)

    def open(self) -> None:
        """Open the file. Raises `CannotOpen`; a missing file is no error with ``follow``."""
        self.close()
        if self.at_least_once:
            self._go_back()
        if not (self._open_followed() if self.options.follow else self._open_whole()) and self._stream:
            self._replaced_stream, self._stream = self._stream, None
        self._pause.allow()

    def read(self, intake: Intake) -> None:
        """Move the next piece. Raises `EndOfInput` at the end of a whole file; waits at the end of a
        followed one.
        """
        if self._pause.ended:
            raise ConnectionLost("the file onramp is not open")
        if self._replaced_stream is not None:
            stream, self._replaced_stream = self._replaced_stream, None
            stream.abort("the file was replaced while we did not look")
            if self._pause.ended:
                return
        if self._stream is None:
            self._stream = intake.stream(str(self.options.path))
        if self.options.follow:
            self._follow(self._stream)
        else:
            self._read_whole(intake, self._stream)
        self._time_slice.give_way()

    def _go_back(self) -> None:
        """To the last place up to which everything is delivered, with nothing of what was read behind it."""
        if self._replay is None:
            checkpoint = Checkpoint(self.checkpoint_path, Place)
            self._replay = Replay(
                checkpoint, most=self.options.max_in_flight, now=self.clock.now, log=self.log
            )
        self._safe = place = self._replay.begin()
        self._stream = self._replaced_stream = None
        self._tail.resume(place)
        self._left_off = None if place is None else ((place.device, place.inode), place.offset)

    def _open_followed(self) -> bool:
        """Open, and answer whether it goes on where it was."""
        try:
            goes_on = self._tail.open()
        except OSError as error:
            raise cannot_read(self.options.path, error) from None
        self._tell_whether_it_is_there()
        if not goes_on:
            self._begin_anew()
        if self._replay is not None and self._tail.is_open:
            self._replay.start(self._tail.place)
        return goes_on

    def _tell_whether_it_is_there(self) -> None:
        """Say once that the file is waited for, as a misspelt path looks the same, and once that it came."""
        waits = not self._tail.is_open
        if waits == self._waits_for_file:
            return
        self._waits_for_file = waits
        path = self.options.path
        self.log.info(
            f"{path} is not there yet; waiting for it." if waits else f"{path} is there now; reading it."
        )

    def _open_whole(self) -> bool:
        path, left_off = self.options.path, self._left_off
        file = InputFile(path)
        is_known = left_off is not None and left_off[0] == file.identity
        if is_known and self._safe is not None:
            is_known = file.begins_like(self._safe)
        if is_known and left_off is not None:
            # Skipping may switch, and only what is whole may be seen by a `close` that comes meanwhile.
            if self._skip(file, left_off[1], only_at_end=self._safe is not None and self._safe.only_at_end):
                self._file = file
                return True
            file = InputFile(path)
        self._file = file
        self._left_off = (file.identity, 0)
        self._begin_anew()
        return False

    def _begin_anew(self) -> None:
        if self._safe is not None:
            self.log.warning(
                "The file is not the one that the checkpoint is about, or cannot be read on from there, so it is read "
                "from its beginning.",
                path=str(self.options.path),
            )
        self._safe = None

    def _skip(self, file: InputFile, count: int, *, only_at_end: bool) -> bool:
        """Whether the file goes on behind what was read of it; otherwise it is closed."""
        goes_on = False
        try:
            goes_on = file.skip(count, self._time_slice.give_way) and not (only_at_end and file.read())
        except FrameError:
            # Read well before, so it was written anew: its error is reported when the reading comes to it.
            pass
        finally:
            if not goes_on:
                file.close()
        return goes_on

    def _read_whole(self, intake: Intake, stream: InboundStream) -> None:
        assert self._file is not None
        if self._replay is not None:
            self._replay.save()
            self._replay.wait_for_room()
            if self._pause.ended:
                return
        try:
            data = self._file.read()
        except FrameError as error:
            self.log.warning(
                "the file is broken, its rest is not read", path=str(self.options.path), error=str(error)
            )
            _, errors = stream.abort(str(error))
            if not errors:
                intake.reject(b"", str(error), origin=str(self.options.path))
            self._stream = None
            if self._replay is not None and not self._replay.wait_until_settled():
                return
            self._forget()
            raise EndOfInput(f"{self.options.path}: {error}") from None
        if not data:
            if not self._end(stream):
                return
            self._forget()
            raise EndOfInput(f"{self.options.path} is at its end")
        assert self._left_off is not None
        identity, position = self._left_off
        # Before the pieces of it are sent: the intake keeps what is not sent when somebody kills us meanwhile.
        self._left_off = (identity, position + len(data))
        self._feed(stream, data, self._file.beginning.at(position + len(data)))

    def _feed(self, stream: InboundStream, data: bytes, place: Place) -> None:
        """Feed what ends at a place of the file."""
        if self._replay is None:
            stream.feed(data)
            return

        def reached() -> Place:
            held = stream.held
            if held is not None:
                self._safe = place.at(max(0, place.offset - held))
            return self._safe or place.at(0)

        with self._replay.ticket(self._safe or place.at(0), len(data), reached) as ticket:
            self._replay.count(stream.feed(data, ticket=ticket))

    def _end(self, stream: InboundStream) -> bool:
        """The whole file has been read: whether all that it promises is kept."""
        if self._replay is None:
            stream.end()
            return True
        assert self._file is not None
        assert self._left_off is not None
        place = self._file.beginning.at(self._left_off[1], only_at_end=stream.held is None)
        with self._replay.ticket(place, 0, lambda: place) as ticket:
            self._replay.count(stream.end(ticket=ticket))
        self._stream = None
        if not self._replay.wait_until_settled():
            return False
        self._replay.save(at_once=True)
        return True

    def _forget(self) -> None:
        self._stream = self._left_off = None

    def _follow(self, stream: InboundStream) -> None:
        if self._replay is not None:
            self._replay.save()
            self._replay.wait_for_room()
            if self._pause.ended:
                return
        before = self._tail.place if self._replay is not None and self._tail.is_open else None
        news = self._tail.advance()
        if self._waits_for_file:
            self._tell_whether_it_is_there()
        if self._replay is not None and before is None and self._tail.is_open:
            self._replay.start(self._tail.place.at(0))
        if isinstance(news, bytes):
            if self._replay is None:
                stream.feed(news)
            else:
                self._feed(stream, news, self._tail.place)
            return
        if news is Change.NOTHING:
            self._pause.wait(self.clock, self.options.poll_interval)
        elif news is Change.REPLACED:
            self._stream = None
            if self._replay is None or before is None:
                stream.end()
            else:
                end = before.at(before.offset, only_at_end=stream.held is None)
                with self._replay.ticket(end, 0, lambda: end) as ticket:
                    self._replay.count(stream.end(ticket=ticket))
                self._safe = end
        else:
            self.log.warning(
                "the file was truncated, reading it from the beginning", path=str(self.options.path)
            )
            self._stream = self._safe = None
            stream.abort("the file was truncated")
            if self._replay is not None:
                place = self._tail.place
                with self._replay.ticket(place, 0, lambda: place) as ticket:
                    ticket.answer()

    def progress(self) -> Progress | None:
        """Of a file that is read once; of a closed one, how far it came."""
        return self._progress if self._file is None else Progress(self._file.position, self._file.size)

    @property
    def checkpoint_path(self) -> Path:
        """Beside the file, unless an option says otherwise."""
        path = self.options.path
        return self.options.checkpoint or path.with_name(f"{path.name}.checkpoint")

    def close(self) -> None:
        """Release the file; a followed one is remembered."""
        self._progress = self.progress()
        self._pause.end()
        self._leave()
        self._tail.close()
        file, self._file = self._file, None
        if file is not None:
            file.close()
