"""``supervisor dead-letters``: what a deployment with ``dead_letters`` in ``[supervisor]`` could not process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from supervisor.cli.output import print_json
from supervisor.dead_letters import BadStore, DeadLetterStore, StoredLetter
from supervisor.deployment.problem import printable

__all__ = ["command"]

_F = TypeVar("_F", bound=Callable[..., Any])
_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def _filters(function: _F) -> _F:
    function = click.option("--component", help="Only of components with this in their names.")(function)
    return click.option("--flow", help="Only of this flow.")(function)


def _open(file: Path) -> DeadLetterStore:
    try:
        return DeadLetterStore(file, must_exist=True)
    except BadStore as error:
        raise click.UsageError(str(error)) from None


@click.group("dead-letters")
def command() -> None:
    """Look at what a deployment could not process, send it again, or forget it.

    FILE is what `dead_letters` in [supervisor] names. It may be in use meanwhile.
    """


@command.command("list")
@_FILE
@_filters
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(file: Path, flow: str | None, component: str | None, limit: int, as_json: bool) -> None:
    """List dead letters, oldest first."""
    store = _open(file)
    found = [
        letter for letter, _ in zip(store.find(flow=flow, component=component), range(limit), strict=False)
    ]
    total = store.count()
    store.close()
    if as_json:
        print_json({"total": total, "letters": [_summary(letter) for letter in found]})
        return
    table = Table("number", "time", "component", "reason", "error", title=f"{total:,} dead letters")
    for number, letter in found:
        table.add_row(
            str(number), _time(letter.time_ns), letter.component, letter.reason, printable(letter.error, 200)
        )
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@command.command("show")
@_FILE
@click.argument("number", type=int)
def show_command(file: Path, number: int) -> None:
    """Print everything that is known of one dead letter, as JSON."""
    store = _open(file)
    found = list(store.find(ids=[number]))
    store.close()
    if not found:
        raise click.UsageError(f"there is no dead letter {number} in {file}")
    letter = found[0].letter
    original = letter.original.decode(errors="backslashreplace")
    print_json({**_summary(found[0]), "original": original, "details": json.loads(letter.details)})


@command.command("replay")
@_FILE
@click.argument("numbers", type=int, nargs=-1)
@_filters
@click.option("--delete", is_flag=True, help="Forget them once they are written.")
def replay_command(
    file: Path, numbers: tuple[int, ...], flow: str | None, component: str | None, delete: bool
) -> None:
    """Write the original events to the standard output, one a line: all of them, or those with these NUMBERS.

    Pipe them into a deployment that reads its standard input, or into a client of one that listens.
    """
    store = _open(file)
    written: list[int] = []
    for found in store.find(flow=flow, component=component, ids=numbers):
        sys.stdout.buffer.write(found.letter.original.rstrip(b"\n") + b"\n")
        written.append(found.id)
    sys.stdout.flush()
    if delete and written:
        store.purge(ids=written)
    store.close()


@command.command("purge")
@_FILE
@click.argument("numbers", type=int, nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="All of them.")
def purge_command(
    file: Path, numbers: tuple[int, ...], flow: str | None, component: str | None, everything: bool
) -> None:
    """Forget dead letters: those with these NUMBERS, of a flow or component, or all."""
    if not (numbers or flow or component or everything):
        raise click.UsageError("say which: NUMBERS, --flow, --component, or --all")
    store = _open(file)
    count = store.purge(flow=flow, component=component, ids=numbers)
    store.close()
    click.echo(f"{count:,} forgotten")


def _summary(found: StoredLetter) -> dict[str, Any]:
    letter = found.letter
    return {
        "number": found.id,
        "time": _time(letter.time_ns),
        "flow": letter.flow,
        "component": letter.component,
        "reason": letter.reason,
        "error": letter.error,
        "origin": letter.origin,
        "bytes": len(letter.original),
    }


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
