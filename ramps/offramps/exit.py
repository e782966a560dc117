"""The `exit` offramp: ends the deployment when an event says so."""

from __future__ import annotations

from typing import Any, ClassVar

from ramps.errors import Rejected, StopDeployment
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["ExitOfframp"]

_MAX_EXIT_CODE = 255
_MAX_DELAY_MS = 24 * 60 * 60 * 1000


@offramps.register
class ExitOfframp(Offramp):
    """Stops the deployment in an orderly way for ``{"exit": code}``, after ``delay`` milliseconds if there is one.

    It stops from `flush`, after the event was confirmed to its source: a source that replays what was not confirmed
    would otherwise stop the next run with the same event. The first event decides; later ones change nothing.
    """

    name: ClassVar[str] = "exit"
    summary: ClassVar[str] = (
        'Stops the deployment with the exit code of an event such as {"exit": 0, "delay": 100}.'
    )
    example: ClassVar[str] = """
        [offramps.stop]
        type = "exit"
        """
    encodes: ClassVar[bool] = False

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._exit_code: int | None = None
        self._due = 0.0

    def open(self) -> None:
        """Nothing to acquire."""

    def write(self, outgoing: Outgoing) -> None:
        """Note the exit code. Raises `Rejected` for events of another shape."""
        problems: dict[int, str] = {}
        for index, value in enumerate(outgoing.batch.values):
            problem = _problem(value)
            if problem:
                problems[index] = problem
            elif self._exit_code is None:
                self._exit_code = value["exit"]
                self._due = self.clock.now() + value.get("delay", 0) / 1000
        if problems:
            first = next(iter(problems.values()))
            raise Rejected(f'{first}; send an object such as {{"exit": 0, "delay": 100}}', list(problems))

    def flush(self) -> bool:
        """Raises `StopDeployment` once the delay is over."""
        if self._exit_code is None:
            return False
        if self.clock.now() < self._due:
            return True
        code, self._exit_code = self._exit_code, None
        raise StopDeployment(f"an event asked for exit code {code}", code)

    def close(self) -> None:
        """Nothing to release."""


def _problem(value: Any) -> str:
    """What is wrong with an event, or nothing."""
    if not isinstance(value, dict) or "exit" not in value:
        return "the event has no exit code"
    code, delay = value["exit"], value.get("delay", 0)
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code <= _MAX_EXIT_CODE:
        return f"`exit` is not a whole number from 0 to {_MAX_EXIT_CODE}"
    if not isinstance(delay, int | float) or isinstance(delay, bool) or not 0 <= delay <= _MAX_DELAY_MS:
        return f"`delay` is not a number of milliseconds from 0 to {_MAX_DELAY_MS}"
    return ""
