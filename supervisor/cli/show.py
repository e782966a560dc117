"""``supervisor show``."""

from __future__ import annotations

from pathlib import Path

import click

from supervisor.cli.output import FILE_ARGUMENT, print_json, without_foreign_output
from supervisor.deployment.check import plan_file
from supervisor.deployment.show import plan_to_toml

__all__ = ["command"]


@click.command("show")
@FILE_ARGUMENT
@click.option(
    "--json", "as_json", is_flag=True, help="Print the plan as JSON, with every copy of every component."
)
def command(file: str, as_json: bool) -> None:
    """Print a deployment with all defaults filled in, as TOML that can stand in place of the file.

    Secrets are shown as the references that they are, never as values.
    """
    with without_foreign_output():
        plan, _warnings = plan_file(Path(file))
    if as_json:
        print_json(plan.to_json())
    else:
        click.echo(plan_to_toml(plan), nl=False)
