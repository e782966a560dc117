"""Writes ``commands.md``: every command with its arguments and options, from the commands themselves."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator

import click
from table_cells import cell

from supervisor.cli import main as supervisor

__all__ = ["commands", "every_command"]

COMMANDS_HEAD = """\
# All commands

Every command with its arguments and options, as `supervisor COMMAND --help` prints them. How they fit together, and
what the exit codes mean, is in [cli.md](cli.md). This page is generated from the commands themselves; to change it,
change those and run `python docs/generate.py`.

`supervisor --version` prints the version. `--debug`, before the command, shows the traceback of an internal error.
Every command has `--help`.
"""


def commands() -> str:
    """The text of ``commands.md``."""
    return "\n".join([COMMANDS_HEAD, *(_command(path, command) for path, command in every_command())])


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands and their subcommands, each with how it is called."""
    yield from _subcommands("supervisor", supervisor)


def _subcommands(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _subcommands(f"{path} {name}", command)


def _command(path: str, command: click.Command) -> str:
    context = click.Context(command)
    arguments = [_argument(one) for one in command.params if isinstance(one, click.Argument)]
    options = [one for one in command.params if isinstance(one, click.Option)]
    usage = " ".join([path, *arguments, *(["COMMAND"] if isinstance(command, click.Group) else [])])
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(command.help or ""))
    help_text = "\n\n".join(map(_paragraph, paragraphs))
    lines = [f"## `{path}`", "", help_text, "", "```text", usage, "```", ""]
    if options:
        rows = ["| option | default | |", "|---|---|---|"]
        rows += [_option_row(option, context) for option in options]
        lines += [*rows, ""]
    return "\n".join(lines)


def _paragraph(text: str) -> str:
    if text.startswith("\b"):  # click's mark: not to be wrapped
        lines = textwrap.dedent(text.removeprefix("\b").strip("\n"))
        return f"```text\n{lines}\n```"
    return _outside_of_code(" ".join(text.split()))


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper()
    if isinstance(argument.type, click.Choice):
        name = "|".join(argument.type.choices)
    name = re.sub(r"[\[\].…]", "", name) + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _option_row(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    if isinstance(option.type, click.Choice):
        names += " " + " or ".join(f"`{choice}`" for choice in option.type.choices)
    elif not option.is_flag and not option.count:
        names += f" {option.metavar or option.type.name.upper()}"
    default = option.get_default(context)
    shown = f"`{default}`" if isinstance(default, (str, int, float)) and default not in ("", False) else ""
    if option.required:
        shown = "required"
    return f"| {cell(names)} | {cell(shown)} | {cell(_outside_of_code(option.help or ''))} |"


def _outside_of_code(text: str) -> str:
    """Plain text as Markdown: only what stands in back-ticks is left as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<])", r"\\\1", part) for part in parts)
