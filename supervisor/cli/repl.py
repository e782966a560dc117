"""The prompt of ``supervisor script -i``."""

from __future__ import annotations

import contextlib
import os
import readline
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipelines.language import LanguageError
from pipelines.language.faults import Fault
from pipelines.language.runtime.json_text import decode, encode_pretty
from supervisor.cli.language_text import print_language_problems
from supervisor.cli.repl_completion import complete
from supervisor.cli.repl_session import Outcome, Session

__all__ = ["run_repl"]

_HELP = """\
A script is run as soon as it is complete; an empty line ends it in any case. Locals, functions, constants, modules and
the state are there for the next one, and so is what it did to the event.

  :event JSON   sets the event
  :help         prints this
  :quit         ends; so does Ctrl-D

The Tab key completes words, functions of the library, locals, and fields of the event.
"""
_MAX_HISTORY = 1000


def run_repl(module_path: Sequence[Path], dialect: str, arguments: dict[str, Any]) -> None:
    """Ask, run, show, until the input ends. What is wrong with an input is shown, and the next one asked for."""
    session = Session(module_path, dialect, arguments)
    if not sys.stdin.isatty():
        _loop(session)
        return
    click.echo(f"Aftershock script, dialect {dialect}. :help helps, :quit ends.")
    history = _history_file()
    _prepare_readline(session, history)
    try:
        _loop(session)
    finally:
        if history is not None:
            with contextlib.suppress(OSError):
                history.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                readline.write_history_file(history)


def _loop(session: Session) -> None:
    while (text := _read(session)) is not None:
        stripped = text.strip()
        if stripped.startswith(":"):
            if not _obey(session, stripped):
                return
        elif stripped:
            _run(session, text)


def _read(session: Session) -> str | None:
    """The lines of one input; ``None`` at the end of all of them."""
    lines: list[str] = []
    while True:
        try:
            line = _ask(f"{session.line + len(lines)}{'.' if lines else '>'} ")
        except KeyboardInterrupt:
            click.echo()
            lines = []
            continue
        if line is None:
            return "\n".join(lines) if lines else None
        lines.append(line)
        text = "\n".join(lines)
        if not line.strip() or text.lstrip().startswith(":") or session.is_complete(text):
            return text


def _ask(prompt: str) -> str | None:
    if sys.stdin.isatty():
        try:
            return input(prompt)
        except EOFError:
            click.echo()
            return None
    line = sys.stdin.readline()
    return line.rstrip("\n") if line else None


def _obey(session: Session, text: str) -> bool:
    """Whether to go on."""
    word, _, rest = text[1:].partition(" ")
    if word in ("quit", "q", "exit"):
        return False
    if word == "help":
        click.echo(_HELP, nl=False)
    elif word == "event":
        try:
            session.event = decode(rest)
        except Fault as fault:
            click.echo(
                f'error: this is no JSON: {fault.message}; write for instance :event {{"a": 1}}', err=True
            )
    else:
        click.echo(f"error: there is no command :{word}; :help names them", err=True)
    return True


def _run(session: Session, text: str) -> None:
    try:
        outcome = session.evaluate(text)
        print_language_problems(outcome.warnings)
        _show(outcome)
    except LanguageError as error:
        click.echo(error.render(), err=True, nl=False)
    except Fault as fault:
        click.echo(f"error: the result cannot be shown: {fault.message}", err=True)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)


def _show(outcome: Outcome) -> None:
    if outcome.port is None:
        click.echo("dropped")
    elif outcome.shown:
        to = "" if outcome.port == "out" else f"  => {encode_pretty(outcome.port)}"
        click.echo(f"{encode_pretty(outcome.value)}{to}")


def _history_file() -> Path | None:
    try:
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return Path(state) / "aftershock" / "script_history"


def _prepare_readline(session: Session, history: Path | None) -> None:
    readline.set_completer_delims(" \t\n,;=+-*/%<>&|^~()[]{}")
    readline.parse_and_bind("tab: complete")

    def completer(_word: str, index: int) -> str | None:
        words = complete(session, readline.get_line_buffer()[: readline.get_endidx()])
        return words[index] if index < len(words) else None

    readline.set_completer(completer)
    readline.set_history_length(_MAX_HISTORY)
    if history is not None:
        with contextlib.suppress(OSError):
            readline.read_history_file(history)
