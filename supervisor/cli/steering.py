"""``supervisor pause``, ``resume`` and ``restart``: what can be done to a running deployment."""

from __future__ import annotations

import click

from supervisor.cli.engine import Engine, engine_options
from supervisor.cli.output import print_json

__all__ = ["pause", "restart", "resume"]

_HELP = {
    "pause": "Hold a component or flow back, with what it has in hand.",
    "resume": "Let a component or flow go on that was paused.",
    "restart": "Stop a component or flow in order, and start it anew with the mailbox that it has.",
}
_DONE = {"pause": "Paused", "resume": "Resumed", "restart": "Restarted"}


def _command(action: str) -> click.Command:
    @click.command(
        action,
        help=f"{_HELP[action]}\n\nTARGET is a component, such as `pipeline:main/parse` or `main/parse`, a flow, such "
        "as `flow:main`, or one copy of it, such as `main#2`.",
        short_help=_HELP[action],
    )
    @click.argument("target")
    @engine_options
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def command(target: str, engine: Engine, as_json: bool, **_token: object) -> None:
        components = engine.act(action, target)
        if as_json:
            print_json({"components": components})
            return
        for name in components:
            click.echo(f"{_DONE[action]} {name}")

    return command


pause, resume, restart = map(_command, ("pause", "resume", "restart"))
