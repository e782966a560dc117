"""``supervisor query``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.language_text import DIALECT, MODULE_PATH, compile_text, fail, read_source

if TYPE_CHECKING:
    from pipelines.language import QueryInstance

__all__ = ["command"]

_TICK_SECONDS = 0.1


@click.command("query")
@click.argument("file")
@click.option("--input", "port", default="in", show_default=True, help="The stream by which events come in.")
@click.option("--port", "show_ports", is_flag=True, help="Show each result with its port and metadata.")
@MODULE_PATH
@DIALECT
@click.pass_context
def command(
    ctx: click.Context,
    file: str,
    port: str,
    show_ports: bool,
    module_path: tuple[Path, ...],
    dialect: str,
) -> None:
    """Run a query on events: one JSON a line on the standard input, one a line on the standard output.

    A result of another port than `out` is shown as an object of `port`, `value` and `meta`. An event's time is when it
    is read, and windows of time close as time passes. An event that fails is shown on the standard error, and the exit
    code is then 6.
    """
    if file == "-":
        raise click.UsageError("the standard input is for events; name the query's file")
    from pipelines.language import compile_query

    query = compile_text(compile_query, read_source(file), module_path, dialect)
    if port not in query.inputs:
        raise fail(f"the query has no input {port!r}; its inputs: {', '.join(query.inputs)}")
    failed = _run(query.start(), port, show_ports)
    if failed:
        click.echo(f"{failed} event{'s' if failed != 1 else ''} failed", err=True)
        ctx.exit(ExitCode.EVENTS_LOST)


def _run(instance: QueryInstance, port: str, show_ports: bool) -> int:
    """How many events failed."""
    from supervisor.cli.event_lines import TICK, BadLine, json_events

    failed = 0
    due = time.monotonic() + _TICK_SECONDS
    for number, event in json_events(sys.stdin.buffer, _TICK_SECONDS):
        if isinstance(event, BadLine):
            click.echo(f"line {number} of the input: {event.why}", err=True)
            failed += 1
        elif event is not TICK:
            left = instance.push(port, event, {}, number, time.time_ns(), "stdin")
            failed += _show(left, f"line {number} of the input", show_ports)
        if time.monotonic() >= due:
            failed += _show(instance.tick(time.time_ns()), "a tick", show_ports)
            due = time.monotonic() + _TICK_SECONDS
    return failed + _show(instance.finish(), "the end of the input", show_ports)


def _show(left: list[tuple[str, Any, dict[str, Any]]], where: str, show_ports: bool) -> int:
    from pipelines.language.faults import Fault
    from supervisor.cli.event_lines import write_json

    failed = 0
    for port, value, meta in left:
        if port == "err" and isinstance(value, dict) and {"error", "operator", "event"} <= value.keys():
            click.echo(f"{where}: {value['operator']}: {value['error']}", err=True)
            failed += 1
            continue
        plain = port == "out" and not show_ports
        try:
            write_json(value if plain else {"port": port, "value": value, "meta": meta})
        except Fault as fault:
            click.echo(f"{where}: the result cannot be written: {fault.message}", err=True)
            failed += 1
    return failed
