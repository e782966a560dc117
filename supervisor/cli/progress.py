"""Bars for how far finite inputs have been read, below the log on a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import gevent
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from supervisor.deployment.plan import OfframpPlan, Plan
from supervisor.deployment.summary import format_size_roughly
from supervisor.logs import LogStream

if TYPE_CHECKING:
    from supervisor.deployment.running import Running
    from supervisor.observation.snapshot import ComponentSnapshot

__all__ = ["InputBars"]

_LOOK_SECONDS = 1.0
_MAX_BARS = 8
_ROOM = 3
_TERMINAL_OFFRAMPS = {"stdout": 1, "stderr": 2}


class InputBars:
    """Shows a bar for each finite input of what runs, and writes what is logged above them. Not for programs: only if
    the standard error is a terminal that no offramp writes to.
    """

    def __init__(self, plan: Plan) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._watching: gevent.Greenlet[..., None] | None = None
        self.fits = (
            sys.stderr.isatty() and not self._console.is_dumb_terminal and not _has_offramps_on_terminal(plan)
        )
        """Whether there may be bars."""

    @property
    def stream(self) -> LogStream:
        """Where the log goes, so that it and the bars do not garble each other."""
        return _AboveBars(self) if self.fits else sys.stderr

    def start(self, running: Running) -> None:
        """Look at it once a second from now on, if there is a finite input at all. Does not block."""
        if self.fits:
            self._watching = gevent.spawn(self._watch, running)

    def stop(self) -> None:
        """Take the bars away. A second call does nothing."""
        if self._watching is not None:
            self._watching.kill()
            self._watching = None
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.stop()

    def write(self, text: str) -> None:
        """Some whole lines of the log."""
        if self._progress is None:
            sys.stderr.write(text)
        else:
            self._console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)

    def _watch(self, running: Running) -> None:
        while True:
            gevent.sleep(_LOOK_SECONDS)
            inputs = [component for component in running.snapshot().components if component.size_bytes]
            if not inputs:
                return
            self._show(inputs)

    def _show(self, inputs: list[ComponentSnapshot]) -> None:
        progress = self._progress or self._open()
        for name, position, size in _bars(inputs):
            if name not in self._tasks:
                self._tasks[name] = progress.add_task(name, total=size, completed=position)
            progress.update(self._tasks[name], total=size, completed=position)
        progress.refresh()

    def _open(self) -> Progress:
        progress = _Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(binary_units=True),
            _Speed(),
            TimeRemainingColumn(),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            expand=True,
        )
        progress.start()
        # Whatever ends this process, nobody shall have to look for it.
        self._console.show_cursor(True)
        self._progress = progress
        return progress


class _AboveBars:
    """As much of a stream as a log handler needs."""

    def __init__(self, bars: InputBars) -> None:
        self._bars = bars

    def write(self, text: str) -> int:
        self._bars.write(text)
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def isatty(self) -> bool:
        return True


class _Bars(Progress):
    """Leaves room at the right for the ``^C`` that a terminal shows: in a line of its own it would push the bars down,
    and they could not be taken away.
    """

    def get_renderable(self) -> RenderableType:
        return _Narrower(super().get_renderable())


class _Narrower:
    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from console.render(self._inner, options.update_width(max(1, options.max_width - _ROOM)))


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{format_size_roughly(round(speed))}/s", justify="right")


def _bars(inputs: list[ComponentSnapshot]) -> list[tuple[str, int, int]]:
    """Name, bytes read and bytes in all of each bar; one for all where they would fill the screen."""
    if len(inputs) <= _MAX_BARS:
        return [(component.name, component.position_bytes, component.size_bytes) for component in inputs]
    read = sum(component.position_bytes for component in inputs)
    return [(f"{len(inputs)} inputs", read, sum(component.size_bytes for component in inputs))]


def _has_offramps_on_terminal(plan: Plan) -> bool:
    kinds = {
        component.connector.member.name
        for component in plan.components()
        if isinstance(component, OfframpPlan)
    }
    return any(kind in kinds and os.isatty(descriptor) for kind, descriptor in _TERMINAL_OFFRAMPS.items())
