"""The command ``supervisor``. Each subcommand is one module, imported when it is asked for."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from supervisor.cli.exit_codes import ExitCode

__all__ = ["main"]

_COMMANDS = {
    "run": "Run a deployment until it ends or is stopped.",
    "status": "Print what runs, and what is the matter.",
    "top": "Show what each component does right now: rates, latency, mailboxes, drops.",
    "logs": "Print what a running deployment has logged lately, or logs.",
    "tap": "Show events that pass at an edge: before or after a component.",
    "pause": "Hold a component or flow back, with what it has in hand.",
    "resume": "Let a component or flow go on that was paused.",
    "restart": "Stop a component or flow in order, and start it anew.",
    "drain": "Hold back what leads to a component or flow, and wait until nothing is under way any more.",
    "add": "Add flows to a running deployment.",
    "remove": "Take a flow out of a running deployment.",
    "check": "Find everything that is wrong with a deployment, without starting it.",
    "plan": "Print what a reload from one file to another would do.",
    "test": "Run the cases in *.test.toml against the deployments that they are about.",
    "show": "Print a deployment with all defaults filled in, as TOML.",
    "graph": "Draw a deployment as Mermaid, DOT or SVG.",
    "list": "List the onramps, offramps, codecs, … that a deployment can name.",
    "explain": "Explain a component: its options, their defaults, an example.",
    "script": "Run a script on events: JSON lines in, JSON lines out; or try one out (-i).",
    "query": "Run a query on events: JSON lines in, JSON lines out.",
    "format": "Bring scripts and queries into the canonical layout.",
    "language": "Look at a script or query as the compiler does: ast, python, check.",
    "dead-letters": "Look at what a deployment could not process, send it again, or forget it.",
    "wal": "Look at the events in a file of the operator `wal`, export them, or deliver them.",
    "new": "Make a directory with a small deployment that runs.",
    "schema": "Print the JSON Schema of deployments, for editors.",
    "completion": "Print the shell's completion script.",
}

# A module called `list` or `format` would stand in this package's namespace in place of the built-in.
_MODULES = {"dead-letters": "dead_letters", "list": "listing", "format": "formatting", "test": "testing"}
_MODULES |= {action: f"steering:{action}" for action in ("pause", "resume", "restart", "drain")}
_MODULES |= {name: f"amending:{name}" for name in ("add", "remove")}


class _CommandGroup(click.Group):
    """Imports a subcommand when it is used, so that ``--help`` is quick, and answers all exceptions with one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name, _, attribute = _MODULES.get(cmd_name, cmd_name).partition(":")
        module = importlib.import_module(f"supervisor.cli.{name}")
        command: click.Command = getattr(module, attribute or "command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            # Late: rich problems are not needed for a help page.
            from supervisor.deployment.problem import closest, printable

            raise click.UsageError(
                f"there is no command `{printable(args[0], 60)}`; {closest(args[0], _COMMANDS)}", ctx
            )
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # The group's own would import every command to ask whether it is hidden.
        names = [
            CompletionItem(name, help=text) for name, text in _COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except (click.exceptions.Exit, click.ClickException, click.Abort):
            raise
        except BrokenPipeError:
            # The interpreter flushes once more when it ends; there must be something to flush to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.PIPE_CLOSED)
        except KeyboardInterrupt:
            ctx.exit(ExitCode.INTERRUPTED)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                _answer(ctx, error)
            click.echo(f"error: the output cannot be written: {error.strerror}", err=True)
            ctx.exit(ExitCode.INTERNAL_ERROR)
        except Exception as error:
            _answer(ctx, error)
        else:
            return result


def _answer(ctx: click.Context, error: Exception) -> None:
    """Say what was wrong and end with the right code; a traceback is shown only for a bug, and only when asked for."""
    from supervisor.deployment.problem import InvalidDeployment, printable

    if isinstance(error, InvalidDeployment):
        from supervisor.cli.output import print_problems

        print_problems(error.problems)
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
    if ctx.params.get("debug"):
        raise error
    click.echo(f"internal error: {type(error).__name__}: {printable(str(error), 300)}", err=True)
    click.echo("This is a bug. Please report it with the output of `supervisor --debug …`.", err=True)
    ctx.exit(ExitCode.INTERNAL_ERROR)


@click.group(
    cls=_CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 internal error, 2 usage, 3 invalid deployment, 4 cannot start, 5 gave up, "
    "6 events lost, failed or undelivered, 7 layout, 8 cases failed, 9 unhealthy, 10 no engine, 11 refused by it, "
    "130/143 ended by force, 141 output closed by its "
    "reader.",
)
@click.version_option(
    package_name="aftershock", prog_name="supervisor", message="%(prog)s %(version)s (Aftershock)"
)
@click.option("--debug", is_flag=True, help="Show the traceback of an internal error.")
def main(debug: bool) -> None:
    """Run event-processing deployments made of supervised greenlet actors."""
