"""The `sqlite` onramp: the rows of a table in a SQLite file, in the order of a key."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from actors.native_thread import call_in_thread
from pipelines.options import Duration, Options, Size
from ramps.databases.sqlite_rows import RowPlace, Rows, SqliteRows
from ramps.errors import CannotOpen, ConnectionLost, EndOfInput
from ramps.files.checkpoint import Checkpoint
from ramps.files.replay import Replay
from ramps.files.replaying_onramp import ReplayingOnramp
from ramps.onramp import Intake, onramps
from ramps.pause import Pause

__all__ = ["SqliteOnramp"]

_TABLE_LETTERS = 100


class SqliteOptions(Options):
    """Options of `sqlite`."""

    path: Path = Field(description="the database's file; it is opened for reading only")
    table: str = Field(min_length=1, max_length=256, description="the table whose rows become events")
    key: str | None = Field(
        default=None,
        min_length=1,
        description="a column that only grows, best with an index; without it, the number that SQLite gives each row "
        "(the `rowid`)",
    )
    columns: list[str] = Field(
        default_factory=list, description="the columns that events have; without it, all of them"
    )
    follow: bool = Field(
        default=True,
        description="wait for more rows at the end, and for a file or a table that is not there yet",
    )
    start_at: Literal["beginning", "end"] = Field(
        default="beginning", description="with `follow`: where to start when nothing was read before"
    )
    poll_interval: Duration = Field(  # type: ignore[assignment] # text, as in a file
        default="1s", gt=0, description="with `follow`: how often to look for more"
    )
    batch: int = Field(default=500, ge=1, le=100_000, description="rows that a query reads at most")
    max_row: Size = Field(  # type: ignore[assignment]
        default="16MiB",
        ge=1024,
        le=1 << 30,
        description="bytes that a row may have; the reading does not go on behind a larger one",
    )
    lock_timeout: Duration = Field(  # type: ignore[assignment]
        default="5s",
        description="how long a query waits while others have the database locked, before it is tried again later",
    )
    checkpoint: Path | None = Field(
        default=None,
        description="in a flow that promises at-least-once: the file that keeps how far everything was delivered; "
        "without it, that of `path` with the table's name and `.checkpoint` behind its name",
    )
    max_in_flight: Size = Field(  # type: ignore[assignment]
        default="64MiB",
        gt=0,
        description="in a flow that promises at-least-once: how much may be read and not delivered yet",
    )

    @model_validator(mode="after")
    def _end_needs_follow(self) -> SqliteOptions:
        if self.start_at == "end" and not self.follow:
            raise ValueError('`start_at = "end"` reads nothing without `follow = true`')
        return self


@onramps.register
class SqliteOnramp(ReplayingOnramp):
    """Each row is an event: an object with a field for each column. Integers, numbers, texts and ``null`` are what they
    are; a blob, and text that is no UTF-8, are bytes.

    Rows come in the order of the key; those with the same key in the order of their numbers. Rows whose key is ``NULL``
    are not read. What is changed or deleted after it was read is not noticed.

    What is not seen: a row that is committed *later* with a *smaller* key than one that was read. That happens where
    several processes take keys first and commit later (not with SQLite's own numbers, because only one writes at a
    time), where the clock that keys come from goes back, and where numbers are used again: a table without
    ``INTEGER PRIMARY KEY AUTOINCREMENT`` gives the number of its last row again once that was deleted, and ``VACUUM``
    may change those of a table without ``INTEGER PRIMARY KEY``. Declare such a column, and let the database fill it.

    In a flow that promises at-least-once it keeps in its checkpoint up to which row everything was delivered, and
    begins there when it is started again; what was not delivered is read again. If the file is another one than then
    (by its inode), or table or key are, or the checkpoint cannot be used, all rows are read again.
    """

    name: ClassVar[str] = "sqlite"
    summary: ClassVar[str] = (
        "Reads rows of a table of a SQLite database, and polls for new ones by a key that grows."
    )
    example: ClassVar[str] = """
        [onramps.in]
        type = "sqlite"
        path = "orders.db"
        table = "orders"
        key = "id"
        """
    Options = SqliteOptions
    options: SqliteOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._rows: SqliteRows | None = None
        self._place: RowPlace | None = None
        """Behind the last row that was read."""
        self._replay: Replay[RowPlace] | None = None

    def check(self) -> None:
        """Refuse what is no file, and what is not for us to read."""
        path = self.options.path
        try:
            is_regular = stat.S_ISREG(os.stat(path).st_mode)
        except FileNotFoundError:
            return
        except OSError as error:
            raise CannotOpen(
                f"{path} cannot be read: {error.strerror}; check the path and the rights"
            ) from None
        if not is_regular:
            raise CannotOpen(f"{path} is not a regular file; name the file of the database")
        # Not by opening it: closing it would give up the locks that this process has on it.
        if not os.access(path, os.R_OK):
            raise CannotOpen(f"{path} cannot be read: it is not for us; check the rights")

    def open(self) -> None:
        """Connect and look at the table. Blocks while the database is locked."""
        self.close()
        self.check()
        options = self.options
        if self.at_least_once:
            self._go_back()
        rows = self._rows = SqliteRows(
            options.path,
            options.table,
            options.key,
            options.columns,
            max_row=options.max_row,
            lock_timeout_seconds=options.lock_timeout,
        )
        failure = call_in_thread(rows.open)
        if failure is None:
            failure = self._begin(rows)
        if failure is not None:
            self.close()
            if isinstance(failure, ConnectionLost) and failure.expected and not options.follow:
                raise CannotOpen(f"{failure}; check `path` and `table`, or set `follow` to wait for it")
            raise failure
        self._tell_of_rows_without_key(rows)
        self._pause.allow()

    def read(self, intake: Intake) -> None:
        """Move the rows of one query. Raises `EndOfInput` behind the last one, or waits with ``follow``."""
        rows, place, replay = self._rows, self._place, self._replay
        if rows is None or place is None or self._pause.ended:
            raise ConnectionLost("the sqlite onramp is not open")
        if replay is not None:
            replay.save()
            replay.wait_for_room()
            if self._pause.ended:
                return
        found, failure = call_in_thread(rows.after, place, self.options.batch)
        if self._pause.ended:
            return
        if failure is not None:
            raise failure
        if found.values:
            self._emit(intake, place, found)
        elif self.options.follow:
            self._pause.wait(self.clock, self.options.poll_interval)
        else:
            self._end()

    @property
    def checkpoint_path(self) -> Path:
        """Beside the database, unless an option says otherwise."""
        options = self.options
        table = quote(options.table, safe=" ")[:_TABLE_LETTERS]
        return options.checkpoint or options.path.with_name(f"{options.path.name}.{table}.checkpoint")

    def close(self) -> None:
        """Close the database; a query under way ends by itself."""
        self._pause.end()
        self._leave()
        rows, self._rows = self._rows, None
        if rows is not None:
            rows.close()

    def _go_back(self) -> None:
        """To the last row up to which everything is delivered."""
        if self._replay is None:
            checkpoint = Checkpoint(self.checkpoint_path, RowPlace)
            self._replay = Replay(
                checkpoint, most=self.options.max_in_flight, now=self.clock.now, log=self.log
            )
        self._place = self._replay.begin()

    def _begin(self, rows: SqliteRows) -> Exception | None:
        """Find out where to read on; what failed, for the caller to raise."""
        place, beginning = self._place, rows.beginning
        if place is not None and place.is_like(beginning):
            self._warn_if_keys_end_before(place, rows)
            return None
        if place is not None:
            self.log.warning(
                "File, table or key are others than before, so all rows are read.",
                path=str(self.options.path),
            )
            self._place = beginning
        elif self.options.start_at == "beginning":
            self._place = beginning
        else:
            self._place, failure = call_in_thread(rows.last)
            if failure is not None:
                self._place = None
                return failure
        if self._replay is not None:
            self._replay.start(self._place)
        return None

    def _tell_of_rows_without_key(self, rows: SqliteRows) -> None:
        count = call_in_thread(rows.without_key)
        if count:
            self.log.warning(
                "Rows without a key (NULL) are not read until they have one.",
                path=str(self.options.path),
                table=self.options.table,
                key=self.options.key,
                rows=count,
            )

    def _warn_if_keys_end_before(self, place: RowPlace, rows: SqliteRows) -> None:
        """A database that was made anew may have the inode of the old one, and nobody can tell it from one whose rows
        are removed when they were read.
        """
        last, failure = call_in_thread(rows.last)
        if failure is None and last.is_before(place):
            self.log.warning(
                "The keys of the table end before the row that was read last, so its rows are not read. If the "
                "database was made anew, remove the checkpoint.",
                path=str(self.options.path),
                checkpoint=str(self.checkpoint_path),
                last=last.key,
                read=place.key,
            )

    def _emit(self, intake: Intake, place: RowPlace, found: Rows) -> None:
        reached = found.place or place
        origin = str(self.options.path)
        # Before they are sent: the intake keeps what is not sent when somebody kills us meanwhile.
        self._place = reached
        if self._replay is None:
            intake.emit(found.values, origin=origin)
            return
        with self._replay.ticket(place, found.size, lambda: reached) as ticket:
            self._replay.count((len(found.values), 0))
            intake.emit(found.values, origin=origin, ticket=ticket)

    def _end(self) -> None:
        if self._replay is not None:
            if not self._replay.wait_until_settled():
                return
            self._replay.save(at_once=True)
        raise EndOfInput(f"{self.options.path}: there are no more rows in {self.options.table!r}")
