"""The `file` offramp: appends to a file, rotates it, and never leaves half a line behind a full disk."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from actors.native_thread import call_in_thread
from pipelines.options import Duration, Options, Size
from ramps.errors import CannotOpen, ConnectionLost
from ramps.files.directory_sync import sync_directory
from ramps.files.file_rotation import GzipInBackground, shift_files
from ramps.network.outbound_stream import reason
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["FileOfframp"]

# What waiting does not mend, with what a person can do about it.
_REMEDIES = {
    errno.ENOENT: "create the directory, or set `create_directories = true`",
    errno.EACCES: "check the rights of the file and its directory",
    errno.EPERM: "check the rights of the file and its directory",
    errno.EROFS: "name a path on a file system that can be written to",
    errno.EISDIR: "name a file, not a directory",
    errno.ENOTDIR: "a part of the path is not a directory",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.ELOOP: "a symbolic link leads back to itself",
    errno.ENXIO: "it is a pipe or a socket; only files can be written to",
}


class FileOptions(Options):
    """Options of `file`."""

    path: Path = Field(description="The file to write to.")
    mode: Literal["append", "truncate"] = Field(
        default="append", description="Keep what is in the file, or empty it at the start."
    )
    create_directories: bool = Field(default=False, description="Make the directories of the path.")
    rotate_size: Size | None = Field(
        default=None, gt=0, description="Rotate before the file would grow beyond this."
    )
    rotate_every: Duration | None = Field(
        default=None,
        ge=1.0,
        description='Rotate at the first write of each period of this length since 1970 (UTC): "1h", "1d".',
    )
    keep: int = Field(
        default=5, ge=0, le=1000, description="How many rotated files stay: path.1 is the newest."
    )
    compress: bool = Field(default=False, description="Compress rotated files with gzip.")
    fsync: Literal["never", "interval", "always"] = Field(
        default="never",
        description="When to wait for the disk: a written batch survives a power failure only after that.",
    )
    fsync_interval: Duration = Field(
        default="1s", validate_default=True, gt=0, description='How often, with `fsync = "interval"`.'
    )


# Some file systems do not know it, and a directory that one may write to need not be one that one may read.
_NO_SYNC = {errno.EINVAL, errno.EACCES, errno.ENOTSUP}


@offramps.register
class FileOfframp(Offramp):
    """Batches at the end of a file.

    A write that fails half way (a full disk) is cut off again, so that the retry does not begin in the middle of a
    line, unless another process has written behind it. A file that was moved away (logrotate) is made anew. Where lines
    are appended and the file ends without a newline, as after a crash in mid-write, one is written first.

    What was written survives the end of this process, however it comes; with ``fsync = "always"`` also that of the
    machine; with ``fsync = "interval"`` it is confirmed to its source only when it does. That includes the names
    of files that were made or rotated.
    """

    name: ClassVar[str] = "file"
    summary: ClassVar[str] = "Appends to a file, one line an event by default; can rotate, compress and sync."
    example: ClassVar[str] = """
        [offramps.out]
        type = "file"
        path = "events.jsonl"
        rotate_size = "100MiB"
        """
    default_postprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    Options = FileOptions
    options: FileOptions

    def __init__(self, options: FileOptions) -> None:
        super().__init__(options)
        self.confirms = "flush" if self.options.fsync == "interval" else "write"
        self._descriptor: int | None = None
        self._regular = True
        self._looks_at_end = True
        self._emptied = False
        self._identity = (0, 0)
        self._period = 0
        self._torn: tuple[tuple[int, int], int, int] | None = None
        self._unsynced = False
        self._unsynced_directories: list[Path] = []
        self._told_unsyncable = False
        self._synced_at = 0.0
        self._compression: GzipInBackground | None = None

    def check(self) -> None:
        """Look at the directory and at what stands in the file's place."""
        path = self.options.path
        parent = path.parent
        if "\0" in str(path):
            raise CannotOpen(f"{str(path)!r}: a path cannot hold a NUL character")
        if os.path.isdir(path):
            raise _cannot_open(path, OSError(errno.EISDIR, os.strerror(errno.EISDIR)))
        if not os.path.lexists(parent):
            if self.options.create_directories:
                return
            raise _cannot_open(path, OSError(errno.ENOENT, f"there is no directory {parent}"))
        if not os.path.isdir(parent):
            raise _cannot_open(path, OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
        rotates = self.options.rotate_size is not None or self.options.rotate_every is not None
        target = path if os.path.exists(path) and not rotates else parent
        if not os.access(target, os.W_OK):
            raise CannotOpen(f"{path}: no right to write to {target}; {_REMEDIES[errno.EACCES]}")

    def open(self) -> None:
        """Open the file, make it if need be, and cut off half a write that could not be cut off when it failed."""
        self.close()
        self.check()
        self._open_file()

    def write(self, outgoing: Outgoing) -> None:
        """Append the batch; with ``fsync = "always"``, wait for the disk."""
        data = outgoing.joined()
        if not data:
            return
        path = self.options.path
        try:
            start_bytes = self._prepare(len(data)) if self._regular else 0
            if self._looks_at_end and self._regular and data.endswith(b"\n"):
                self._looks_at_end = False
                if start_bytes and not _ends_a_line(path):
                    data = b"\n" + data
            self._append(data, start_bytes)
        except CannotOpen as error:
            # From reopening in mid-life: a directory that was moved away may come back, and the batch is kept.
            raise ConnectionLost(str(error)) from error
        except OSError as error:
            raise _lost(path, error) from error
        self._unsynced = self._unsynced or self.options.fsync == "interval"

    def flush(self) -> bool:
        """Wait for the disk if the interval is over."""
        if not self._unsynced:
            return False
        if self.clock.now() - self._synced_at < self.options.fsync_interval:
            return True
        try:
            self._sync()
        except OSError as error:
            raise _lost(self.options.path, error) from error
        return False

    def close(self) -> None:
        """Close the file; what was not synced yet and should be is synced first."""
        compression, self._compression = self._compression, None
        if compression is not None:
            compression.stop()
        if self._unsynced:
            try:
                self._sync()
            except OSError as error:
                self.log.error("could not sync the file", path=str(self.options.path), error=reason(error))
        self._unsynced = False
        self._close_descriptor()

    def _open_file(self) -> None:
        path = self.options.path
        # Non-blocking, because opening a pipe that nobody reads would stop the whole process.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        # Also of a file that is there: whoever made it may have died before its name was on the disk.
        directories = [path.parent, *(each.parent for each in path.parents if not each.exists())]
        self._unsynced_directories = list(dict.fromkeys([*self._unsynced_directories, *directories]))
        try:
            if self.options.create_directories:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o666)
        except OSError as error:
            raise (_cannot_open if error.errno in _REMEDIES else _lost)(path, error) from None
        status = os.fstat(self._descriptor)
        self._regular = stat.S_ISREG(status.st_mode)
        if stat.S_ISFIFO(status.st_mode):
            self._close_descriptor()
            raise _cannot_open(path, OSError(errno.ENXIO, "not a file"))
        self._identity = (status.st_dev, status.st_ino)
        size_bytes = self._mend(status.st_size)
        if self.options.rotate_every is not None:
            # A file from an earlier run belongs to the period in which it was last written to.
            written_ns = status.st_mtime_ns if size_bytes else self.clock.time_ns()
            self._period = int(written_ns / 1e9 // self.options.rotate_every)

    def _mend(self, size_bytes: int) -> int:
        """Empty the file at the first start, or cut off half a write. Returns the size after that."""
        assert self._descriptor is not None
        torn, self._torn = self._torn, None
        if self.options.mode == "truncate" and not self._emptied and self._regular:
            # Only once: what was written before a lost connection must outlive the reopening.
            os.ftruncate(self._descriptor, 0)
            size_bytes = 0
        elif torn is not None and torn[0] == self._identity and torn[2] == size_bytes:
            os.ftruncate(self._descriptor, torn[1])
            size_bytes = torn[1]
        self._emptied = True
        return size_bytes

    def _prepare(self, data_bytes: int) -> int:
        """Reopen or rotate if it is time to. Returns the size of the file now open, in bytes."""
        if self._descriptor is None:
            raise ConnectionLost(f"{self.options.path}: not open")
        try:
            status = os.stat(self.options.path)
        except FileNotFoundError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self._identity:
            self._reopen()
        elif status.st_size and self._is_due(status.st_size + data_bytes):
            self._rotate()
        else:
            return status.st_size
        return os.fstat(self._descriptor).st_size

    def _is_due(self, size_bytes: int) -> bool:
        options = self.options
        if options.rotate_size is not None and size_bytes > options.rotate_size:
            return True
        if options.rotate_every is None:
            return False
        return int(self.clock.time_ns() / 1e9 // options.rotate_every) != self._period

    def _rotate(self) -> None:
        path = self.options.path
        rotated = shift_files(path, self.options.keep)
        self._reopen()
        if rotated is None or not self.options.compress:
            return
        self._compression = GzipInBackground(rotated, durable=self.options.fsync != "never")
        try:
            # Waiting here holds back our own input only, and keeps one archive at a time in the making.
            self._compression.wait()
        except OSError as error:
            self.log.warning("could not compress the rotated file", path=str(rotated), error=reason(error))
        self._compression = None

    def _reopen(self) -> None:
        if self._unsynced:
            self._sync()
        self._close_descriptor()
        self._open_file()

    def _append(self, data: bytes, start_bytes: int) -> None:
        if self._descriptor is None:
            raise ConnectionLost(f"{self.options.path}: not open")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
            if self.options.fsync == "always":
                self._sync()
        except OSError:
            if self._regular:
                self._cut_back(start_bytes, start_bytes + len(data) - len(view))
            raise

    def _cut_back(self, start_bytes: int, end_bytes: int) -> None:
        assert self._descriptor is not None
        try:
            if os.fstat(self._descriptor).st_size == end_bytes:
                os.ftruncate(self._descriptor, start_bytes)
        except OSError:
            self._torn = (self._identity, start_bytes, end_bytes)

    def _sync(self) -> None:
        if self._regular and self._descriptor is not None:
            call_in_thread(os.fsync, self._descriptor)
            self._sync_directories()
        self._unsynced = False
        self._synced_at = self.clock.now()

    def _sync_directories(self) -> None:
        while self._unsynced_directories:
            directory = self._unsynced_directories[0]
            try:
                call_in_thread(sync_directory, directory)
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise
                if not self._told_unsyncable:
                    self._told_unsyncable = True
                    self.log.warning(
                        "The directory cannot be synced: a file that was just made may be gone after a power failure.",
                        path=str(directory),
                        error=reason(error),
                    )
            self._unsynced_directories.pop(0)

    def _close_descriptor(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _cannot_open(path: Path, error: OSError) -> CannotOpen:
    assert error.errno is not None
    return CannotOpen(f"{path} cannot be opened: {reason(error)}; {_REMEDIES[error.errno]}")


def _lost(path: Path, error: OSError) -> ConnectionLost:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ConnectionLost(f"{path}: {reason(error)}; events are held back until there is room again")
    if error.errno == errno.EFBIG:
        return ConnectionLost(f"{path}: {reason(error)}; raise the limit (ulimit -f), or set `rotate_size`")
    return ConnectionLost(f"{path}: {reason(error)}")
