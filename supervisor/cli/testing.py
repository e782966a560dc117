"""``supervisor test``."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

from supervisor.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from supervisor.cases.run import CaseResult
    from supervisor.cases.suite import Case, Suite
    from supervisor.deployment.problem import Problem

__all__ = ["command"]


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "-k", "--keyword", metavar="WORD", help="Only cases with this in their file's path or their name."
)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON on the standard output.")
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the results as JUnit's XML."
)
@click.option("-v", "--verbose", is_flag=True, help="Show each case, and what was logged in those that fail.")
@click.option("-x", "--fail-fast", is_flag=True, help="End with the first case that fails.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    keyword: str | None,
    as_json: bool,
    junit: Path | None,
    verbose: bool,
    fail_fast: bool,
) -> None:
    """Run the cases in PATH: files, or directories with *.test.toml in or below them (this one, if none is named).

    Each case runs the deployment that its file names, with stubs in place of all connectors and a clock that does not
    wait. Exits with 8 if a case failed, with 3 if a file has errors. See docs/testing-deployments.md.
    """
    from gevent import monkey

    monkey.patch_all()
    from actors.preemption import Preemption
    from supervisor.cases.discovery import SUFFIX, find_files
    from supervisor.cases.report import junit_xml, result_to_json
    from supervisor.cli.output import print_json, without_foreign_output

    try:
        files = find_files(paths or [Path()])
    except FileNotFoundError as error:
        raise click.UsageError(f"there is no {error}") from None
    if not files:
        raise click.UsageError(f"there is no *{SUFFIX} in {', '.join(map(str, paths)) or 'this directory'}")
    session = _Session(keyword, as_json=as_json, verbose=verbose, fail_fast=fail_fast)
    with without_foreign_output(), Preemption():
        session.run(files)
    if keyword and not session.results and not session.problems:
        raise click.UsageError(f"no case has `{keyword}` in its file's path or its name")
    if junit is not None:
        _write(junit, junit_xml(session.results, session.problems))
    if as_json:
        print_json(
            {
                "ok": not session.failed and not session.problems,
                "cases": [result_to_json(result) for result in session.results],
                "problems": [problem.to_json() for problem in session.problems],
            }
        )
    else:
        click.echo(session.summary())
    if session.problems:
        ctx.exit(ExitCode.INVALID_DEPLOYMENT)
    if session.failed:
        ctx.exit(ExitCode.CASES_FAILED)


class _Session:
    """One run of the command: the results as they come, shown to people at once."""

    def __init__(self, keyword: str | None, *, as_json: bool, verbose: bool, fail_fast: bool) -> None:
        self.results: list[CaseResult] = []
        self.problems: list[Problem] = []
        """Those that keep files from being run."""
        self._keyword = (keyword or "").lower()
        self._silent = as_json
        self._verbose = verbose
        self._fail_fast = fail_fast
        self._started = perf_counter()
        # What the deployments print goes elsewhere meanwhile.
        self._out = sys.stdout

    @property
    def failed(self) -> int:
        """How many cases."""
        return sum(not result.passed for result in self.results)

    def run(self, files: list[Path]) -> None:
        """Run the cases of these files, until one fails if that is wanted."""
        from supervisor.cases.suite import load_suite
        from supervisor.cli.output import print_problems
        from supervisor.deployment.problem import InvalidDeployment

        for file in files:
            try:
                suite = load_suite(file)
            except InvalidDeployment as invalid:
                self.problems += invalid.problems
                if not self._silent:
                    print_problems(invalid.problems)
                continue
            for case in self._chosen(suite):
                self._run_case(suite, case)
                if self._fail_fast and self.failed:
                    return

    def summary(self) -> str:
        """One line for the end."""
        counts = [(len(self.results) - self.failed, "passed"), (self.failed, "failed")]
        text = ", ".join(f"{count} {what}" for count, what in counts if count) or "no case was run"
        if self.problems:
            text += f", {len({problem.file for problem in self.problems})} of the files have errors"
        return f"{text} in {perf_counter() - self._started:.2f} s"

    def _chosen(self, suite: Suite) -> Iterator[Case]:
        return (case for case in suite.cases if self._keyword in f"{suite.file}: {case.name}".lower())

    def _run_case(self, suite: Suite, case: Case) -> None:
        from supervisor.cases.report import failure_lines
        from supervisor.cases.run import run_case
        from supervisor.deployment.problem import printable
        from supervisor.logs import configure_logs

        logged = io.StringIO()
        configure_logs("warning", stream=logged)
        result = run_case(suite, case)
        self.results.append(result)
        if self._silent or (result.passed and not self._verbose):
            return
        verdict = click.style("ok  ", fg="green") if result.passed else click.style("FAIL", fg="red")
        place = f"{result.file}:{result.line}"
        took = f" ({result.seconds * 1000:.0f} ms)" if self._verbose else ""
        self._say(f"{verdict} {place}: {printable(result.name, 200)}{took}")
        if not result.passed:
            for line in failure_lines(result):
                self._say(f"     {line}")
            if self._verbose:
                for line in logged.getvalue().splitlines():
                    self._say(f"     log: {line}")

    def _say(self, line: str) -> None:
        click.echo(line, file=self._out)


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise click.UsageError(f"{file} cannot be written: {error.strerror}") from None
