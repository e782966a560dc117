"""``supervisor script``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.language_text import (
    ARGUMENTS,
    DIALECT,
    MODULE_PATH,
    compile_text,
    print_language_error,
    read_source,
)

if TYPE_CHECKING:
    from pipelines.language import ScriptInstance

__all__ = ["command"]


@click.command("script")
@click.argument("file", required=False, metavar="[FILE]")
@click.option("-e", "--expression", metavar="TEXT", help="A script on the command line instead of a file.")
@click.option("-i", "--interactive", is_flag=True, help="Ask for scripts and run each at once.")
@click.option("--port", "show_ports", is_flag=True, help="Show each result with its port and metadata.")
@ARGUMENTS
@MODULE_PATH
@DIALECT
@click.pass_context
def command(
    ctx: click.Context,
    file: str | None,
    expression: str | None,
    interactive: bool,
    show_ports: bool,
    arguments: dict[str, Any],
    module_path: tuple[Path, ...],
    dialect: str,
) -> None:
    """Run a script on events: one JSON a line on the standard input, one a line on the standard output.

    The script keeps its `state` from event to event. With -e and a terminal as input the event is null. An event that
    fails is shown on the standard error with the place in the script, and costs itself only; the exit code is then 6.

    \b
      supervisor script enrich.tremor < events.jsonl
      supervisor script -e 'event.a + 1' < events.jsonl
    """
    if (file is not None) + (expression is not None) + interactive != 1:
        raise click.UsageError("give one of FILE, -e TEXT and -i")
    if interactive:
        from supervisor.cli.repl import run_repl

        run_repl(module_path, dialect, arguments)
        return
    from pipelines.language import Source, compile_script

    if file == "-":
        raise click.UsageError("the standard input is for events; name the script's file, or use -e")
    source = read_source(file) if file is not None else Source("-e", expression or "")
    script = compile_text(compile_script, source, module_path, dialect)
    failed = _run(script.start(arguments), expression is not None, show_ports)
    if failed:
        click.echo(f"{failed} event{'s' if failed != 1 else ''} failed", err=True)
        ctx.exit(ExitCode.EVENTS_LOST)


def _run(instance: ScriptInstance, null_for_terminal: bool, show_ports: bool) -> int:
    """How many events failed."""
    from supervisor.cli.event_lines import BadLine, json_events

    if null_for_terminal and sys.stdin.isatty():
        return 0 if _one(instance, None, "error", show_ports) else 1
    failed = 0
    for number, event in json_events(sys.stdin.buffer):
        where = f"line {number} of the input"
        if isinstance(event, BadLine):
            click.echo(f"{where}: {event.why}", err=True)
            failed += 1
        elif not _one(instance, event, where, show_ports):
            failed += 1
    return failed


def _one(instance: ScriptInstance, event: Any, where: str, show_ports: bool) -> bool:
    from pipelines.language import ScriptError
    from pipelines.language.faults import Fault
    from supervisor.cli.event_lines import write_json

    try:
        result = instance.run(event, {}, time.time_ns(), "stdin")
    except ScriptError as error:
        print_language_error(where, error)
        return False
    if result is None:
        return True
    shown = result.value
    if show_ports:
        shown = {"port": result.port, "value": result.value, "meta": result.meta or {}}
    try:
        write_json(shown)
    except Fault as fault:
        click.echo(f"{where}: the result cannot be written: {fault.message}", err=True)
        return False
    return True
