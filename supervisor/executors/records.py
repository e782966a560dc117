"""Log records across the control channel: plain data on the way, and bounded, however madly an executor logs."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import structlog
from gevent.event import Event

from supervisor.executors.control import Records

__all__ = ["RecordPump", "replay", "wanted_level"]

MAX_WAITING = 1000
"""Records that wait in an executor; what comes on top is only counted."""

_RECORDS_A_MESSAGE = 100
_PAUSE_SECONDS = 0.1
_MAX_CHARACTERS = 16 * 1024
_HIGHEST = 2**63

_extra_of = structlog.stdlib.ExtraAdder()
_tracebacks = logging.Formatter()


class RecordPump(logging.Handler):
    """In an executor: takes records from any thread without ever blocking, and sends them a hundred at a time.

    ``send`` queues a message, ``has_room`` says whether the one before has left. At most a thousand records a second
    leave; of what is beyond, only the number does.
    """

    def __init__(self, send: Callable[[Records], None], has_room: Callable[[], bool]) -> None:
        super().__init__()
        self._send = send
        self._has_room = has_room
        self._waiting: deque[dict[str, Any]] = deque()
        self._dropped = 0
        self._work = Event()
        self._loop = gevent.get_hub().loop
        self._greenlet = gevent.spawn(self._pump)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, or count it. Does not block."""
        if len(self._waiting) >= MAX_WAITING:
            self._dropped += 1
            return
        try:
            self._waiting.append(_plain(record))
        except Exception:
            # Whoever logs with the wrong arguments must not fail for it.
            self.handleError(record)
        # The monitor of the hub logs from a thread of its own.
        self._loop.run_callback_threadsafe(self._work.set)

    def flush(self) -> None:
        """Queue all that waits. Does not block."""
        while self._waiting or self._dropped:
            self._send_some()

    def close(self) -> None:
        """Send nothing any more."""
        self._greenlet.kill(block=False)
        super().close()

    def _pump(self) -> None:
        while True:
            self._work.wait()
            self._work.clear()
            while self._waiting or self._dropped:
                room = self._has_room()
                if room:
                    self._send_some()
                if self._waiting or not room:
                    gevent.sleep(_PAUSE_SECONDS)

    def _send_some(self) -> None:
        waiting = self._waiting
        records = [waiting.popleft() for _ in range(min(len(waiting), _RECORDS_A_MESSAGE))]
        dropped, self._dropped = self._dropped, 0
        self._send(Records(records, dropped))


def wanted_level() -> int:
    """The least level that anybody in this process wants to see of our own loggers."""
    names = ("", "actors", "pipelines", "ramps", "supervisor")
    return min(logging.getLogger(name).getEffectiveLevel() for name in names)


def replay(records: Records, executor: int) -> None:
    """In the parent: log what an executor has logged, as if it came from here, with its number as a field."""
    for plain in records.records:
        logger = logging.getLogger(str(plain.get("name", "")))
        level = int(plain.get("level", logging.INFO))
        if not logger.isEnabledFor(level):
            continue
        record = logger.makeRecord(
            logger.name, level, "(executor)", 0, str(plain.get("message", "")), (), None, extra=None
        )
        record.__dict__.update(plain.get("fields", {}))
        record.__dict__["executor"] = executor
        record.created = float(plain.get("time", record.created))
        logger.handle(record)
    if records.dropped:
        logging.getLogger("supervisor").warning(
            "%s more log records came too fast to be shown.", records.dropped, extra={"executor": executor}
        )


def _plain(record: logging.LogRecord) -> dict[str, Any]:
    extra = _extra_of(logging.root, "", {"_record": record})
    fields = {str(key): _value(value) for key, value in extra.items() if key != "_record"}
    if record.exc_info:
        fields["exception"] = _tracebacks.formatException(record.exc_info)[-_MAX_CHARACTERS:]
    return {
        "name": record.name,
        "level": record.levelno,
        "time": record.created,
        "message": record.getMessage()[:_MAX_CHARACTERS],
        "fields": fields,
    }


def _value(value: object) -> object:
    """As it is where msgpack can carry it, otherwise as text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and -_HIGHEST <= value < _HIGHEST:
        return int(value)
    return str(value)[:_MAX_CHARACTERS]
