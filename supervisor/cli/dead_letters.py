"""``supervisor dead-letters``: what a deployment with ``dead_letters`` could not process."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from pipelines.options import parse_duration
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import print_json
from supervisor.cli.replay import replay
from supervisor.dead_letters import BadStore, Choice, DeadLetterStore, StoredLetter
from supervisor.deployment.problem import printable

__all__ = ["command"]

_F = TypeVar("_F", bound=Callable[..., Any])
_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    """Nanoseconds since 1970, from an ISO date and time or a duration before now."""
    if text is None:
        return None
    try:
        return _storable(time.time_ns() - round(parse_duration(text) * 1e9))
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f'{text!r} is neither a time such as "2026-11-27T10:00" (UTC) nor a duration such as "1h"'
        ) from None
    return _storable(round(seconds * 1e9))


def _storable(time_ns: int) -> int:
    """The nearest that an integer of SQLite can be."""
    return max(-(1 << 63), min(time_ns, (1 << 63) - 1))


def _filters(function: _F) -> _F:
    for option in (
        click.option(
            "--before", callback=_moment, help='Only given up before then: "2026-11-27T10:00", "1h".'
        ),
        click.option("--since", callback=_moment, help='Only given up since then: "2026-11-27T10:00", "1h".'),
        click.option("--component", help="Only of components with this in their names."),
        click.option("--flow", help="Only of this flow."),
    ):
        function = option(function)
    return function


@contextmanager
def _opened(file: Path) -> Iterator[DeadLetterStore]:
    try:
        store = DeadLetterStore(file, must_exist=True)
    except BadStore as error:
        raise click.UsageError(str(error)) from None
    try:
        yield store
    except sqlite3.Error as error:
        raise click.UsageError(f"{file}: {error}; is something else at work on it? try again") from None
    finally:
        store.close()


@click.group("dead-letters")
def command() -> None:
    """Look at what a deployment could not process, send it again, or forget it.

    FILE is what `dead_letters` in [supervisor] or in a flow names. It may be in use meanwhile.
    """


@command.command("list")
@_FILE
@_filters
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@_JSON
def list_command(
    file: Path,
    flow: str | None,
    component: str | None,
    since: int | None,
    before: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """List dead letters, oldest first."""
    choice = Choice(flow, component, since, before)
    with _opened(file) as store:
        found, total = list(store.find(choice, most=limit)), store.count(choice)
    if as_json:
        print_json({"total": total, "letters": [_summary(letter) for letter in found]})
        return
    columns = ("number", "time", "component", "reason", "attempts", "error")
    table = Table(*columns, title=f"{total:,} dead letters")
    for number, letter in found:
        table.add_row(
            str(number),
            _time(letter.time_ns),
            letter.component,
            letter.reason,
            str(letter.attempts),
            printable(letter.error, 200),
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@command.command("show")
@_FILE
@click.argument("number", type=int)
def show_command(file: Path, number: int) -> None:
    """Print everything that is known of one dead letter, as JSON."""
    with _opened(file) as store:
        found = list(store.find(Choice(ids=[number])))
    if not found:
        raise click.UsageError(f"there is no dead letter {number} in {file}")
    letter = found[0].letter
    details = json.loads(letter.details)
    is_error = isinstance(details, dict) and "error" in details and "event" in details
    print_json(
        {
            **_summary(found[0]),
            "original": letter.original.decode(errors="backslashreplace"),
            "value": details["event"] if is_error else details,
            "details": details,
        }
    )


@command.command("replay")
@_FILE
@click.argument("numbers", type=int, nargs=-1)
@_filters
@click.option(
    "--to", "url", help="An HTTP server that takes one event a request; by default the standard output."
)
@click.option("--delete", is_flag=True, help="Forget each once it is delivered.")
@_JSON
def replay_command(
    file: Path,
    numbers: tuple[int, ...],
    flow: str | None,
    component: str | None,
    since: int | None,
    before: int | None,
    url: str | None,
    delete: bool,
    as_json: bool,
) -> None:
    """Send the original events again: all of them, or those with these NUMBERS.

    With `--to`, to a server, such as the onramp `http` of a deployment: delivered is what it has answered with 2xx, so
    that with an at-least-once flow nothing is forgotten that has not arrived. Without, to the standard output, one a
    line: delivered is what was written there.
    """
    if as_json and url is None:
        raise click.UsageError("--json is a report on the standard output, which the events go to; give --to")
    with _opened(file) as store:
        report = replay(store, Choice(flow, component, since, before, numbers), url, delete=delete)
    if as_json:
        print_json(report.to_json())
    elif url is not None:
        click.echo(report.text(), err=True)
    if report.error:
        if not as_json:
            click.echo(f"Error: {report.error}", err=True)
        sys.exit(ExitCode.EVENTS_LOST)


@command.command("purge")
@_FILE
@click.argument("numbers", type=int, nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="All of them.")
@_JSON
def purge_command(
    file: Path,
    numbers: tuple[int, ...],
    flow: str | None,
    component: str | None,
    since: int | None,
    before: int | None,
    everything: bool,
    as_json: bool,
) -> None:
    """Forget dead letters: those with these NUMBERS, of a flow, a component or a time, or all."""
    choice = Choice(flow, component, since, before, numbers)
    if choice == Choice(ids=()) and not everything:
        raise click.UsageError("say which: NUMBERS, --flow, --component, --since, --before, or --all")
    with _opened(file) as store:
        count = store.purge(choice)
    if as_json:
        print_json({"purged": count})
    else:
        click.echo(f"{count:,} forgotten")


def _summary(found: StoredLetter) -> dict[str, Any]:
    letter = found.letter
    return {
        "number": found.id,
        "time": _time(letter.time_ns),
        "first_time": _time(letter.first_ns),
        "attempts": letter.attempts,
        "flow": letter.flow,
        "component": letter.component,
        "reason": letter.reason,
        "error": letter.error,
        "origin": letter.origin,
        "bytes": len(letter.original),
    }


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
