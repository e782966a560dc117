"""``supervisor check``."""

from __future__ import annotations

from pathlib import Path

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import (
    FILE_ARGUMENT,
    count_problems,
    print_json,
    print_problems,
    without_foreign_output,
)
from supervisor.deployment.check import Examination, examine
from supervisor.deployment.load import load
from supervisor.deployment.problem import InvalidDeployment

__all__ = ["command"]


@click.command("check")
@FILE_ARGUMENT
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON on the standard output.")
@click.pass_context
def command(ctx: click.Context, file: str, as_json: bool) -> None:
    """Find everything that is wrong with a deployment, without starting it.

    Imports the Python modules that the file names and compiles its pipelines; opens no socket. Exits with 3 if there
    is an error; warnings alone are 0.
    """
    try:
        with without_foreign_output():
            examination = examine(load(Path(file)))
    except InvalidDeployment as unreadable:
        examination = Examination(None, tuple(unreadable.problems))
    plan, problems = examination.plan, examination.problems
    if as_json:
        print_json(
            {"file": file, "ok": plan is not None, "problems": [problem.to_json() for problem in problems]}
        )
    else:
        print_problems(problems)
        counted = count_problems(problems)
        if plan is None:
            click.echo(f"{file}: {counted}", err=True)
        else:
            components = sum(1 for _ in plan.components())
            flows = f"{len(plan.flows)} flow{'s' if len(plan.flows) != 1 else ''}"
            where = f" in {plan.executors} executors" if plan.executors > 1 else ""
            click.echo(
                f"{file}: ok ({flows}, {components} components{where}{', ' + counted if counted else ''})"
            )
    if plan is None:
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
