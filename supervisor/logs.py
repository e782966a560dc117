"""What the command logs, and how: readable lines for people, JSON for machines, both on the standard error.

Our own loggers (`actors.log.get_logger`) and those of libraries end in the standard library's ``logging``, so one
handler renders all of them alike.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["REPEAT_PERIOD_SECONDS", "LogStream", "RepeatLimit", "component_of", "configure_logs"]

REPEAT_PERIOD_SECONDS = 10.0
"""How long a warning or error that comes again and again is only counted before it is shown again."""

_MAX_REMEMBERED = 1000

_ACTOR_NAME = re.compile(r"(?:onramp|pipeline|offramp|flow):(?P<flow>[^#/]+)(?:#(?P<instance>\d+))?(?:/.+)?")
_NAMES = ("component", "child", "actor")

# For people, the message says it all; programs get these fields too.
_NOT_FOR_PEOPLE = ("logger", "supervisor", "delay_seconds")

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINE_END = " \N{DOWNWARDS ARROW WITH CORNER LEFTWARDS} "
_SEVERAL_LINES = ("exception", "stack")


class LogStream(Protocol):
    """What the log is written to: as much of a text file as a handler needs."""

    def write(self, text: str, /) -> object:
        """Write one record, as whole lines."""

    def flush(self) -> object:
        """See that it is seen."""

    def isatty(self) -> bool:
        """Whether people read it."""


def configure_logs(
    level: Literal["debug", "info", "warning", "error"] = "info",
    log_format: Literal["console", "json"] = "console",
    stream: LogStream | None = None,
) -> logging.Handler:
    """Send everything that is logged in this process to ``stream`` (default: the standard error).

    Console output is coloured on a terminal, unless ``NO_COLOR`` is set. Returns the handler that now stands at the
    root logger in place of all others; call it again to change the settings. Meant for a command: a library must not
    do this.
    """
    stream = sys.stderr if stream is None else stream
    renderer = (
        _json_renderer()
        if log_format == "json"
        else _console_renderer(
            colours=stream.isatty() and "NO_COLOR" not in os.environ, tracebacks=level == "debug"
        )
    )
    target = logging.StreamHandler(stream)
    target.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    handler = RepeatLimit(target)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    return handler


def _json_renderer() -> list[Processor]:
    return [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_place,
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _console_renderer(*, colours: bool, tracebacks: bool) -> list[Processor]:
    return [
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _for_people,
        _with_traceback_as_exception if tracebacks else _without_traceback,
        _without_steering,
        # The first argument, whose name has changed, pads messages: a line must fit a terminal.
        structlog.dev.ConsoleRenderer(
            0, colors=colours, exception_formatter=structlog.dev.plain_traceback, pad_level=False
        ),
    ]


def _with_place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Component, flow and instance as fields, whoever logs: actors are named after their place in the deployment."""
    found = _place_of(event)
    if found:
        event.setdefault("component", found[0])
        event.setdefault("flow", found["flow"])
        event.setdefault("instance", int(found["instance"] or 0))
    return event


def component_of(fields: Mapping[str, object]) -> str:
    """Whom a record with these fields is about: a component or flow; empty if it is about none."""
    found = _place_of(fields)
    return found[0] if found else ""


def _place_of(fields: Mapping[str, object]) -> re.Match[str] | None:
    places = (_ACTOR_NAME.fullmatch(str(fields.get(key, ""))) for key in _NAMES)
    return next(filter(None, places), None)


def _for_people(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """``onramp:main/in: Connected again.``: who it is about comes first, and is said once."""
    names = [str(event.pop(key)) for key in _NAMES if event.get(key)]
    message = str(event.get("event", ""))
    if names and names[0] not in message:
        event["event"] = f"{names[0]}: {message}"
    for key in _NOT_FOR_PEOPLE:
        event.pop(key, None)
    return event


def _without_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """One line for each failure; the level ``debug`` and JSON have the traceback as well."""
    event.pop("traceback", None)
    return event


def _with_traceback_as_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Below the line, where tracebacks belong."""
    traceback = event.pop("traceback", "")
    if traceback:
        event.setdefault("exception", traceback.rstrip())
    return event


def _without_steering(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Text from outside may end up in a message; it must not steer the terminal that shows it, nor pass for a line."""
    for key, value in event.items():
        if isinstance(value, str):
            text = value if key in _SEVERAL_LINES else value.rstrip("\n").replace("\n", _LINE_END)
            event[key] = _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)
    return event


@dataclass(slots=True)
class _Window:
    """One message that was shown at ``since`` and has come ``repeats`` times since."""

    since: float
    last: logging.LogRecord
    repeats: int = 0


class RepeatLimit(logging.Handler):
    """Hands records on, but a warning or error that repeats only once in a period, and then with a count.

    Two records are the same if logger, level, message and component are. A count is shown when its period is over
    and anything at all is logged, and when the handler is flushed or closed.
    """

    def __init__(
        self,
        target: logging.Handler,
        *,
        period_seconds: float = REPEAT_PERIOD_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._target = target
        self._period_seconds = period_seconds
        self._now = now
        self._windows: dict[tuple[object, ...], _Window] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on, or count. Does not block but for the target's own writing."""
        try:
            self._emit(record)
        except Exception:
            # A library that logs with the wrong arguments must not fail for it.
            self.handleError(record)

    def flush(self) -> None:
        """Show all counts now."""
        self._close_all()
        self._target.flush()

    def close(self) -> None:
        """Show all counts, then close the target (which never closes its stream)."""
        self._close_all()
        self._target.close()
        super().close()

    def _emit(self, record: logging.LogRecord) -> None:
        now = self._now()
        self._close_windows(now - self._period_seconds)
        if record.levelno < logging.WARNING:
            self._target.handle(record)
            return
        key = (record.name, record.levelno, record.getMessage(), getattr(record, "component", None))
        window = self._windows.get(key)
        if window is not None:
            window.repeats += 1
            window.last = record
            return
        if len(self._windows) >= _MAX_REMEMBERED:
            self._report(self._windows.pop(next(iter(self._windows))), now)
        self._windows[key] = _Window(now, record)
        self._target.handle(record)

    def _close_all(self) -> None:
        self.acquire()
        try:
            self._close_windows(float("inf"))
        finally:
            self.release()

    def _close_windows(self, started_before: float) -> None:
        # Oldest first, so the first that is still open ends the search: this runs for each record.
        while self._windows:
            key, window = next(iter(self._windows.items()))
            if window.since > started_before:
                return
            del self._windows[key]
            self._report(window, self._now())

    def _report(self, window: _Window, now: float) -> None:
        if not window.repeats:
            return
        record = copy.copy(window.last)
        seconds = max(1, round(now - window.since))
        times = "time" if window.repeats == 1 else "times"
        record.msg, record.args = (
            f"{record.getMessage()} … repeated {window.repeats} {times} in {seconds} s",
            (),
        )
        record.exc_info = record.exc_text = None
        self._target.handle(record)
