"""`LogRing`: the latest log records of a deployment, for whoever asks by its API."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import Literal

import gevent
import structlog
from gevent.event import Event

from supervisor.deployment.targets import is_meant
from supervisor.logs import RepeatLimit, component_of

__all__ = ["LEVELS", "OUR_LOGGERS", "Level", "LogEntry", "LogRing", "Wanted"]

OUR_LOGGERS = ("actors", "api", "pipelines", "ramps", "supervisor")
"""The loggers that the engine itself writes to."""

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = ("debug", "info", "warning", "error")

MAX_ENTRIES = 2000
_MAX_CHARACTERS = 8192
_MAX_FIELDS = 32
_ENDS_MATTER = ("exception", "traceback")
_PAUSE_SECONDS = 0.05

_extra_of = structlog.stdlib.ExtraAdder()
_tracebacks = logging.Formatter()

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record. Its texts have some thousand characters together at most."""

    id: int
    """Counts all records that were kept, from 1."""
    time: str
    """ISO 8601, UTC."""
    level: str
    """``debug``, ``info``, ``warning`` or ``error``; ``error`` for what is worse, too."""
    component: str
    """The component or flow that it is about; empty if it is about none."""
    message: str
    fields: Mapping[str, Plain]
    executor: int
    """The process that it comes from; 0 is the command's own."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: about this component or flow (`is_meant`), and at least of this level. By default all."""

    component: str = ""
    level: Level = "debug"

    def has(self, entry: LogEntry) -> bool:
        """Whether it is one of them."""
        if LEVELS.index(entry.level) < LEVELS.index(self.level):
            return False
        return not self.component or (bool(entry.component) and is_meant(entry.component, self.component))


class LogRing(logging.Handler):
    """Keeps the latest records, bounded in number and length. Takes them from any thread.

    Made in the thread of the hub; all other methods but ``emit`` are for that thread.
    """

    def __init__(self, most: int = MAX_ENTRIES) -> None:
        super().__init__()
        self._entries: deque[LogEntry] = deque(maxlen=most)
        self._latest = 0
        self._followers = 0
        self._came = Event()
        self._loop = gevent.get_hub().loop

    def keep(self, loggers: Sequence[str] = OUR_LOGGERS) -> Callable[[], None]:
        """Keep what these loggers get from now on, repetitions only counted (`RepeatLimit`), until the function is
        called that this returns.
        """
        limit = RepeatLimit(self)
        stack = ExitStack()
        stack.callback(limit.close)
        for name in loggers:
            logger = logging.getLogger(name)
            logger.addHandler(limit)
            stack.callback(logger.removeHandler, limit)
        return stack.close

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record. Does not block."""
        try:
            self._entries.append(_entry(self._latest + 1, record))
        except Exception:
            # A library that logs with the wrong arguments must not fail for it.
            self.handleError(record)
            return
        self._latest += 1
        if self._followers:
            self._loop.run_callback_threadsafe(self._came.set)

    def find(self, wanted: Wanted, limit: int, after: int | None = None) -> list[LogEntry]:
        """So many at most, in order: the latest, or those that follow the one with the id ``after``."""
        entries = tuple(self._entries)
        if after is None:
            newest_first = filter(wanted.has, reversed(entries))
            return list(islice(newest_first, limit))[::-1]
        after = self._known(after)
        return list(islice((entry for entry in entries if entry.id > after and wanted.has(entry)), limit))

    def follow(
        self, wanted: Wanted, after: int | None = None, idle_seconds: float = 15.0
    ) -> Iterator[LogEntry | int | None]:
        """All that come, or that follow the one with the id ``after``, for ever. Blocks between them.

        A number is of records, whatever they were about, that were forgotten before this reader took them; ``None``
        says that nothing has come for a while. Close it to follow no more.
        """
        last = self._latest if after is None else self._known(after)
        self._followers += 1
        try:
            while True:
                entries = tuple(self._entries)
                if entries and entries[0].id > last + 1:
                    yield entries[0].id - last - 1
                for entry in entries:
                    if entry.id > last:
                        last = entry.id
                        if wanted.has(entry):
                            yield entry
                # Only now: what has come since this look sets it again.
                self._came.clear()
                if last == self._latest and not self._came.wait(idle_seconds):
                    yield None
                # However madly somebody logs, others get their turn.
                gevent.sleep(_PAUSE_SECONDS)
        finally:
            self._followers -= 1

    def _known(self, after: int) -> int:
        """An id from an earlier life of the process, which counted anew, stands for the beginning."""
        return after if after <= self._latest else 0


def _entry(number: int, record: logging.LogRecord) -> LogEntry:
    extra = {
        str(key): value
        for key, value in _extra_of(logging.root, "", {"_record": record}).items()
        if key != "_record"
    }
    if record.exc_info:
        extra["exception"] = _tracebacks.formatException(record.exc_info)
    component = component_of(extra)
    if extra.get("component") == component:
        del extra["component"]
    executor = extra.pop("executor", 0)
    message = record.getMessage()[:_MAX_CHARACTERS]
    return LogEntry(
        id=number,
        time=datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        level=_level(record.levelno),
        component=component,
        message=_writable(message),
        fields=_bounded({"logger": record.name} | extra, _MAX_CHARACTERS),
        executor=executor if type(executor) is int else 0,
    )


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"


def _bounded(extra: Mapping[str, object], characters: int) -> dict[str, Plain]:
    fields: dict[str, Plain] = {}
    for key, value in islice(extra.items(), _MAX_FIELDS):
        if value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value)):
            fields[key[:100]] = value
            continue
        text = str(value)
        text = text[len(text) - min(len(text), characters) :] if key in _ENDS_MATTER else text[:characters]
        characters -= len(text)
        fields[key[:100]] = _writable(text)
    return fields


def _writable(text: str) -> str:
    """Without halves of surrogate pairs, which JSON cannot carry."""
    return text.encode(errors="backslashreplace").decode()
