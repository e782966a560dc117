"""``supervisor pause``, ``resume``, ``restart`` and ``drain``: what can be done to a running deployment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from supervisor.cli.engine import Engine, engine_options
from supervisor.cli.output import print_json
from supervisor.cli.targets import TargetArgument

__all__ = ["drain", "pause", "restart", "resume"]

_F = TypeVar("_F", bound=Callable[..., Any])

_HELP = {
    "pause": "Hold a component or flow back, with what it has in hand.",
    "resume": "Let a component or flow go on that was paused.",
    "restart": "Stop a component or flow in order, and start it anew with the mailbox that it has.",
    "drain": "Hold back what leads to a component or flow, and wait until nothing is under way any more.",
}
_DONE = {"pause": "Paused", "resume": "Resumed", "restart": "Restarted", "drain": "Drained"}


def _timeout_of(action: str) -> Callable[[_F], _F]:
    if action != "drain":
        return lambda function: function
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True, max=600),
        default=30.0,
        show_default=True,
        help="Seconds that it may take. What leads there stays paused also when it takes longer.",
    )


def _command(action: str) -> click.Command:
    @click.command(
        action,
        help=f"{_HELP[action]}\n\nTARGET is a component, such as `pipeline:main/parse` or `main/parse`, a flow, such "
        "as `flow:main`, or one copy of it, such as `main#2`.",
        short_help=_HELP[action],
    )
    @click.argument("target", type=TargetArgument(with_flows=True))
    @engine_options
    @_timeout_of(action)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def command(
        target: str, engine: Engine, as_json: bool, timeout: float | None = None, **_token: object
    ) -> None:
        components = engine.act(action, target, timeout)
        if as_json:
            print_json({"components": components})
            return
        for name in components:
            click.echo(f"{_DONE[action]} {name}")

    return command


pause, resume, restart, drain = map(_command, ("pause", "resume", "restart", "drain"))
