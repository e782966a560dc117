"""``supervisor plan``."""

from __future__ import annotations

from pathlib import Path

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import print_json, print_problems, without_foreign_output
from supervisor.deployment.check import plan_file
from supervisor.deployment.difference import difference
from supervisor.deployment.problem import InvalidDeployment

__all__ = ["command"]


@click.command("plan")
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, old: Path, new: Path, as_json: bool) -> None:
    """Print what a reload from the deployment in OLD to that in NEW would do.

    `+` comes, `~` is stopped and started anew with the mailbox that it has, `>` runs on and sends elsewhere, `-` is
    stopped; what is not named runs on untouched. `!` cannot be changed while it runs. Exits with 3 if one of the files
    has an error, or the reload would be refused.
    """
    try:
        with without_foreign_output():
            (before, _), (after, warnings) = plan_file(old), plan_file(new)
    except InvalidDeployment as invalid:
        print_problems(invalid.problems)
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
    print_problems(warnings)
    found = difference(before, after)
    if as_json:
        print_json(found.to_json())
    else:
        for line in found.lines():
            click.echo(line)
    if found.refused:
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
