"""`replay`: sends dead letters again, and forgets those that were delivered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipelines.batch import Batch
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramp import Outgoing
from ramps.offramps.http import HttpOfframp
from supervisor.dead_letters import Choice, DeadLetterStore, Letter

__all__ = ["Report", "replay"]

_AT_A_TIME = 100


@dataclass(slots=True)
class Report:
    """What became of a replay. ``error`` is what was wrong last, ``broken_off`` whether it ended for that."""

    chosen: int
    delivered: int = 0
    refused: int = 0
    deleted: int = 0
    error: str = ""
    broken_off: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json``."""
        return asdict(self)

    def text(self) -> str:
        """The same in a line."""
        words = [f"{self.delivered:,} of {self.chosen:,} delivered"]
        if self.refused:
            words.append(f"{self.refused:,} refused")
        if self.deleted:
            words.append(f"{self.deleted:,} forgotten")
        return ", ".join(words)


Send = Callable[[list[Letter], Report], set[int]]
"""Sends letters; answers which of them were delivered, and notes in the report what became of others."""


def replay(store: DeadLetterStore, choice: Choice, url: str | None, *, delete: bool) -> Report:
    """Send what is chosen to this URL or to the standard output, oldest first. Blocks.

    With ``delete``, what was delivered is forgotten, a hundred at a time. It ends where sending fails; what a server
    refuses for good stays where it is, and the others go on. Raises ``click.UsageError`` for a URL that is none.
    """
    numbers = store.numbers(choice)
    report = Report(len(numbers))
    with _sender(url, report) as send, _bar(len(numbers), shown=url is not None) as advance:
        for start in range(0, len(numbers), _AT_A_TIME):
            if report.broken_off:
                break
            letters = list(store.find(Choice(ids=numbers[start : start + _AT_A_TIME])))
            delivered = send([found.letter for found in letters], report)
            report.delivered += len(delivered)
            if delete and delivered:
                report.deleted += store.purge(Choice(ids=[letters[index].id for index in delivered]))
            advance(len(letters))
    return report


def _to_stdout(letters: list[Letter], _report: Report) -> set[int]:
    for letter in letters:
        sys.stdout.buffer.write(letter.original.rstrip(b"\n") + b"\n")
    # A reader that went away ends the command here, before anything is forgotten.
    sys.stdout.flush()
    return set(range(len(letters)))


@contextmanager
def _sender(url: str | None, report: Report) -> Iterator[Send]:
    if url is None:
        yield _to_stdout
        return
    try:
        offramp = HttpOfframp(HttpOfframp.Options(url=url))
    except ValidationError as error:
        raise click.UsageError(f"--to: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None

    def post(letters: list[Letter], report: Report) -> set[int]:
        originals = [letter.original for letter in letters]
        outgoing = Outgoing.terminated(originals, b"", Batch([None] * len(originals), ingest_ns=0))
        try:
            offramp.write(outgoing)
        except Rejected as error:
            report.error = str(error)
        except ConnectionLost as error:
            report.error, report.broken_off = str(error), True
        report.refused += len(outgoing.refusals)
        return outgoing.taken

    try:
        offramp.open()
    except (CannotOpen, ConnectionLost) as error:
        report.error, report.broken_off = str(error), True
    try:
        yield post
    finally:
        offramp.close()


@contextmanager
def _bar(total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not (shown and console.is_terminal)
    ) as progress:
        task = progress.add_task("replaying", total=total)
        yield lambda count: progress.advance(task, count)
