"""``supervisor status``: what runs, and what is the matter."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from supervisor.cli.engine import Engine, engine_options
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import print_json
from supervisor.deployment.problem import printable
from supervisor.observation.health import reasons_of
from supervisor.observation.snapshot import Snapshot

__all__ = ["command"]


@click.command("status")
@engine_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(engine: Engine, as_json: bool, **_token: object) -> None:
    """Print how a running deployment is.

    The exit code is 0 when every component runs and is connected, and 9 when one is not.
    """
    snapshot = engine.snapshot()
    reasons = reasons_of(snapshot)
    if as_json:
        print_json({"healthy": not reasons, "reasons": reasons, "deployment": snapshot.to_json()})
    else:
        console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False)
        console.print(_table(snapshot))
        for reason in reasons:
            console.print(printable(reason, 400), style="bold red", soft_wrap=True)
        if not reasons:
            console.print("All is well.")
    if reasons:
        sys.exit(ExitCode.UNHEALTHY)


def _table(snapshot: Snapshot) -> Table:
    table = Table(title=f"{printable(snapshot.file, 200)}: {snapshot.state}")
    for heading in ("component", "state"):
        table.add_column(heading, overflow="fold")
    for heading in ("in", "out", "dropped", "errors", "waiting", "restarts"):
        table.add_column(heading, justify="right")
    for component in snapshot.components:
        table.add_row(
            component.name,
            component.state,
            f"{component.received:,}",
            f"{component.events_out:,}",
            f"{component.events_dropped:,}",
            f"{component.errors:,}",
            f"{component.waiting:,}" if component.max_waiting else "",
            str(component.restarts),
        )
    return table
