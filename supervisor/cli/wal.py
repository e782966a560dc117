"""``supervisor wal``: what the operator `wal` has in its file."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.table import Table

from pipelines.errors import CannotStart
from pipelines.event_store import StoredBatch
from pipelines.event_store_reader import EventStoreReader, StoreSummary
from pipelines.options import format_size
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import print_json
from supervisor.deployment.problem import printable

__all__ = ["command"]

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


def _open(file: Path) -> EventStoreReader:
    try:
        return EventStoreReader(file)
    except CannotStart as error:
        raise click.UsageError(str(error)) from None


@click.group("wal")
def command() -> None:
    """Look at the events in a file of the operator `wal`, export them, or deliver them.

    FILE is the operator's `path`. It may be in use meanwhile, except for `drain`.
    """


@command.command("inspect")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect_command(file: Path, as_json: bool) -> None:
    """Print how much is stored, since when, and where it came from."""
    with closing(_open(file)) as reader:
        try:
            found = reader.summary()
        except CannotStart as error:
            raise click.ClickException(str(error)) from None
    if as_json:
        print_json(_to_json(found))
        return
    table = Table(title=str(file), show_header=False)
    table.add_row("events", f"{found.stored.events:,}")
    table.add_row("batches", f"{found.stored.batches:,}")
    table.add_row("bytes", format_size(found.stored.size))
    if found.damaged:
        table.add_row("damaged batches", f"{found.damaged:,}")
    if found.oldest_ns is not None and found.newest_ns is not None:
        table.add_row("oldest", _time(found.oldest_ns))
        table.add_row("newest", _time(found.newest_ns))
    table.add_row("in use", "yes" if found.in_use else "no")
    for origin, events in found.origins.items():
        table.add_row(f"from {printable(origin, 100) or 'nowhere'}", f"{events:,}")
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _to_json(found: StoreSummary) -> dict[str, Any]:
    return {
        "events": found.stored.events,
        "batches": found.stored.batches,
        "bytes": found.stored.size,
        "damaged_batches": found.damaged,
        "oldest": None if found.oldest_ns is None else _time(found.oldest_ns),
        "newest": None if found.newest_ns is None else _time(found.newest_ns),
        "origins": found.origins,
        "in_use": found.in_use,
    }


@command.command("export")
@_FILE
@click.option(
    "-o", "--output", type=click.File("wb"), default="-", help="Where to; else the standard output."
)
@click.option("--envelope", is_flag=True, help="With each event's time, origin and metadata.")
def export_command(file: Path, output: BinaryIO, envelope: bool) -> None:
    """Write the stored events as lines of JSON, oldest first. Nothing is removed.

    Bytes in them become text if they are UTF-8, and base64 otherwise.
    """
    with closing(_open(file)) as reader, _integers_of_any_length():
        try:
            for batch in reader.batches():
                output.write(b"".join(_lines(batch, envelope=envelope)))
        except CannotStart as error:
            raise click.ClickException(str(error)) from None


@contextmanager
def _integers_of_any_length() -> Iterator[None]:
    """Python's limit is there for texts from strangers, which are read; these are written."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)


def _lines(batch: StoredBatch, *, envelope: bool) -> list[bytes]:
    values, metas, origin = batch.events
    if not envelope:
        return [_line(value) for value in values]
    return [
        _line({"event": value, "meta": meta, "origin": origin, "ingest_ns": batch.ingest_ns})
        for value, meta in zip(values, metas or [None] * len(values), strict=True)
    ]


def _line(value: Any) -> bytes:
    # A key may be anything in an event of a Python function.
    return json.dumps(value, default=_other, skipkeys=True).encode() + b"\n"


def _other(value: object) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return base64.b64encode(value).decode()
    return repr(value)


@command.command("drain")
@_FILE
@click.argument("deployment", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to", required=True, metavar="NAME", help="The pipeline or offramp of DEPLOYMENT that gets them."
)
@click.option("--flow", help="In which flow, where several have it.")
def drain_command(file: Path, deployment: Path, to: str, flow: str | None) -> None:
    """Deliver the stored events by a part of DEPLOYMENT, and remove what was delivered.

    Runs NAME and all that comes after it, without any onramp, until the file is empty. Ctrl-C stops in order; what was
    not delivered stays in the file. Do not run it while a process works with FILE, or with what NAME writes to.
    """
    from gevent import monkey

    monkey.patch_all()
    from supervisor.cli.wal_drain import drain

    _open(file).close()
    left = drain(file, deployment, to, flow)
    if left:
        click.echo(f"error: {left:,} events stay in {file}", err=True)
        sys.exit(ExitCode.EVENTS_LOST)


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="milliseconds")
