"""``supervisor list``."""

from __future__ import annotations

import click

from supervisor.cli.output import print_json
from supervisor.deployment.families import FAMILIES
from supervisor.deployment.problem import printable

__all__ = ["command"]


@click.command("list")
@click.argument("family", type=click.Choice(list(FAMILIES)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(family: str, as_json: bool) -> None:
    """List what a deployment can name: onramps, offramps, codecs, preprocessors, postprocessors or operators.

    Components of other installed distributions are among them. `supervisor explain NAME` tells more about one.
    """
    members = FAMILIES[family].members()
    for error in FAMILIES[family].broken.values():
        click.echo(f"warning: {printable(str(error), 300)}; {error.hint}", err=True)
    if as_json:
        print_json([{"name": member.name, "summary": member.summary} for member in members])
        return
    width = max((len(member.name) for member in members), default=0)
    for member in members:
        click.echo(f"{click.style(member.name.ljust(width), bold=True)}  {member.summary}")
