"""The `cron` onramp: events at times that cron expressions name."""

from __future__ import annotations

import copy
import heapq
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from croniter import croniter
from croniter.croniter import CroniterError
from pydantic import Field, field_validator

from pipelines.options import Options
from ramps.errors import ConnectionLost, EndOfInput
from ramps.onramp import Intake, Onramp, onramps
from ramps.pause import Pause

__all__ = ["CronOnramp"]

# The wall clock may be set while we wait, so we look at it again now and then.
_LONGEST_WAIT_SECONDS = 60.0


def _schedule(expression: str, after: datetime) -> Any:
    return croniter(expression, after, second_at_beginning=True)


class CronEntry(Options):
    """One line of the crontab."""

    name: str = Field(min_length=1, description="what the event's `trigger.name` says")
    expression: str = Field(
        description="minute hour day month weekday, with seconds before them if there are six fields"
    )
    payload: Any = Field(
        default=None, description="what the event's `trigger.payload` says; left out without it"
    )

    @field_validator("expression")
    @classmethod
    def _check_expression(cls, expression: str) -> str:
        remedy = (
            'write five fields, such as "*/5 * * * *", or six with seconds first, such as "30 */5 * * * *"'
        )
        if len(expression.split()) not in (5, 6) and not expression.startswith("@"):
            raise ValueError(f"{expression!r} is not a cron expression: {remedy}")
        try:
            # The next date shows what the fields alone do not: that there is no 31st of February.
            _schedule(expression, datetime(2024, 1, 1, tzinfo=UTC)).get_next(datetime)
        except (CroniterError, ValueError, OverflowError) as error:
            raise ValueError(f"{expression!r} is not a cron expression: {error}; {remedy}") from None
        return expression


class CronOptions(Options):
    """Options of `cron`."""

    entries: list[CronEntry] = Field(min_length=1, description="name, expression and payload of each")
    timezone: str = Field(
        default="UTC", description='where the expressions\' hours are meant, such as "Europe/Berlin"'
    )
    count: int | None = Field(default=None, ge=1, description="end after this many events; without it, never")

    @field_validator("timezone")
    @classmethod
    def _check_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f'{name!r} is no time zone; write a name such as "UTC" or "Europe/Berlin"'
            ) from None
        return name


@onramps.register
class CronOnramp(Onramp):
    """Events ``{"onramp": "cron", "ingest_ns": …, "id": …, "trigger": {"name": …, "payload": …}}``, ids from
    0.

    Times that pass while downstream is full, or that the clock jumps over, fire once per entry, late. In a
    time zone with daylight saving, hours are those of the wall clock.
    """

    name: ClassVar[str] = "cron"
    summary: ClassVar[str] = "Sends events at the times of a crontab."
    example: ClassVar[str] = """
        [onramps.nightly]
        type = "cron"
        timezone = "Europe/Berlin"
        entries = [{ name = "report", expression = "0 3 * * *", payload = { kind = "daily" } }]
        """
    Options = CronOptions
    options: CronOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._zone: tzinfo = ZoneInfo(self.options.timezone)
        self._due: list[tuple[float, int]] = []
        self._sent = 0

    def open(self) -> None:
        """Find out when each entry is due next."""
        self._pause.allow()
        now = self._now()
        self._due = [(self._next(index, now), index) for index in range(len(self.options.entries))]
        heapq.heapify(self._due)

    def read(self, intake: Intake) -> None:
        """Wait for the next time and send its event. Raises `EndOfInput` after ``count`` of them."""
        if self._pause.ended:
            raise ConnectionLost("the cron onramp is not open")
        if self.options.count is not None and self._sent >= self.options.count:
            raise EndOfInput(f"{self._sent} events were sent")
        due, index = self._due[0]
        wait = due - self._now()
        if wait > 0:
            self._pause.wait(self.clock, min(wait, _LONGEST_WAIT_SECONDS))
            return
        heapq.heapreplace(self._due, (self._next(index, max(due, self._now())), index))
        entry = self.options.entries[index]
        trigger: dict[str, Any] = {"name": entry.name}
        if entry.payload is not None:
            # An event belongs to whoever holds it, and may be changed.
            trigger["payload"] = copy.deepcopy(entry.payload)
        event = {"onramp": "cron", "ingest_ns": self.clock.time_ns(), "id": self._sent, "trigger": trigger}
        self._sent += 1
        intake.emit([event], origin="cron")

    def close(self) -> None:
        """Stop."""
        self._pause.end()

    def _now(self) -> float:
        return self.clock.time_ns() / 1e9

    def _next(self, index: int, after: float) -> float:
        moment = datetime.fromtimestamp(after, self._zone)
        schedule = _schedule(self.options.entries[index].expression, moment)
        return float(schedule.get_next(float))
