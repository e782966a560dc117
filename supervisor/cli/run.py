"""``supervisor run``: run a deployment until it ends or is stopped, and account for every event."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import FILE_ARGUMENT, print_problems, without_foreign_output

if TYPE_CHECKING:
    from supervisor.deployment.account import Account
    from supervisor.deployment.outcome import StartRefused
    from supervisor.deployment.plan import Plan
    from supervisor.deployment.problem import Problem
    from supervisor.deployment.running import Running

__all__ = ["command"]


class _Duration(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic in the stubs only
    """Text such as ``10s`` as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        from pipelines.options import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = _Duration()

_STILL_DRAINING_SECONDS = 2.0
_HUB_TIMER_SECONDS = 3600.0


@click.command(name="run")
@FILE_ARGUMENT
@click.option(
    "--for", "run_seconds", type=DURATION, metavar="DURATION", help='Stop in order after, say, "10s".'
)
@click.option(
    "--drain-timeout",
    type=DURATION,
    metavar="DURATION",
    help="How long an orderly stop may take; else the file says.",
)
@click.option(
    "--account-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Write the account as JSON to this file at the end, as a whole.",
)
@click.option("--watch", is_flag=True, help="Reload when FILE, or a file that it names, changes.")
@click.option("--log-format", type=click.Choice(["console", "json"]), help="Else the file says.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Else the file says."
)
def command(
    file: str,
    run_seconds: float | None,
    drain_timeout: float | None,
    account_file: Path | None,
    watch: bool,
    log_format: Any,
    log_level: Any,
) -> None:
    """Run the deployment in FILE (config.toml).

    It ends when every onramp has come to its end and everything is delivered, or in order at the first SIGINT (Ctrl-C)
    or SIGTERM; a second one ends it at once. SIGHUP has it read FILE again, and change what differs. Events go where
    the file sends them; logs and the account go to the standard error.
    """
    _patch()
    from supervisor.api import open_api
    from supervisor.cli.progress import InputBars
    from supervisor.cli.reloading import Reloader
    from supervisor.collector import settle_collector
    from supervisor.deployment.check import plan_file
    from supervisor.deployment.outcome import StartRefused
    from supervisor.executors.fleet import open_plan
    from supervisor.logs import configure_logs
    from supervisor.observation.push import open_push

    with without_foreign_output():
        plan, warnings = plan_file(Path(file))
    settings = plan.supervisor.logs
    bars = None if (log_format or settings.format) == "json" else InputBars(plan)
    log_handler = configure_logs(
        log_level or settings.level, log_format or settings.format, None if bars is None else bars.stream
    )
    log = _logger()
    print_problems(warnings)
    deployment = open_plan(plan)
    reloader = Reloader(deployment, Path(file), watch=watch)
    with _PreEmption():
        _handle_signals(deployment)
        api = None
        try:
            # Here all loggers are ours.
            api = open_api(deployment, loggers=[""])
            push = open_push(deployment)
            deployment.start()
        except StartRefused as error:
            if api is not None:
                api.stop()
            log_handler.flush()
            print_problems([_start_problem(plan, error)])
            sys.exit(ExitCode.CANNOT_START)
        settle_collector()
        if push is not None:
            push.start()
        _announce(deployment)
        if api is not None:
            api.serve()
            log.info(f"The API listens on http://{api.address}.")
        _keep_the_hub_alive(deployment)
        reloader.start()
        if bars is not None:
            bars.start(deployment)
        if run_seconds is not None:
            deployment.system.clock.call_later(
                run_seconds, lambda: deployment.request_stop("the time given with --for is over")
            )
        outcome = deployment.wait()
        assert outcome is not None
        log.info(f"Stopping: {outcome.why}.")
        reloader.stop()
        account = _stop(deployment, drain_timeout)
        if push is not None:
            push.stop()
        if bars is not None:
            bars.stop()
        if api is not None:
            api.stop()
    # Before the account: the counts of what was repeated are part of the log.
    log_handler.flush()
    _report(account, account_file)
    if outcome.failed:
        click.echo(f"error: gave up: {outcome.why}", err=True)
        sys.exit(ExitCode.GAVE_UP)
    if outcome.exit_code == ExitCode.PIPE_CLOSED:
        # Whoever read the output wanted no more of it: what was under way was lost on purpose.
        sys.exit(ExitCode.PIPE_CLOSED)
    if account.lost or account.unaccounted or account.broken_off:
        sys.exit(ExitCode.EVENTS_LOST)
    sys.exit(outcome.exit_code)


def _patch() -> None:
    """The command, unlike the library, owns its process: everything that blocks becomes cooperative."""
    from gevent import monkey

    monkey.patch_all()


def _logger() -> Any:
    from actors.log import get_logger

    return get_logger("supervisor")


class _PreEmption:
    """Forced cooperative sleeps and reports of a blocked hub, while the deployment runs."""

    def __enter__(self) -> None:
        from actors.hub_monitor import HubMonitor
        from actors.preemption import Preemption

        self._parts = (Preemption(), HubMonitor())
        for part in self._parts:
            part.start()

    def __exit__(self, *_exception: object) -> None:
        for part in self._parts:
            part.stop()


def _announce(deployment: Running) -> None:
    from supervisor.deployment.summary import component_lines
    from supervisor.executors.placement import places_in_words

    log = _logger()
    plan = deployment.plan
    for name, what in component_lines(plan, places_in_words(plan)):
        log.info(f"Started, {what}.", component=name)
    for name, address in deployment.addresses().items():
        log.info(f"Listening on {address}.", component=name)


def _start_problem(plan: Plan, error: StartRefused) -> Problem:
    """The failed start as a problem with the table of the component, so that it names line and column."""
    from supervisor.api import API
    from supervisor.deployment.load import parse
    from supervisor.deployment.problem import Problem
    from supervisor.observation.push import OTLP

    if error.component in (API, OTLP):
        key = ("supervisor", error.component)
        return parse(plan.text, plan.file).problem(key, "cannot-start", str(error))
    for component in plan.components():
        if component.actor_name == error.component:
            key = (f"{component.kind.value}s", component.id.name)
            return parse(plan.text, plan.file).problem(key, "cannot-start", str(error), at_key=True)
    return Problem("cannot-start", str(error), file=plan.file)


def _keep_the_hub_alive(deployment: Running) -> None:
    """A timer, because gevent takes a process that waits for signals only for one that waits for ever."""
    clock = deployment.system.clock
    clock.call_later(_HUB_TIMER_SECONDS, lambda: _keep_the_hub_alive(deployment))


def _handle_signals(deployment: Running) -> None:
    """The first signal asks for a stop in order, the second ends the process at once.

    A signal handler runs between any two bytecodes, so the first only leaves a note for the hub, and the second does
    not trust anything that might be half done. What comes while components start makes them stop when all are ready.
    """
    seen: list[int] = []

    def handle(number: int, _frame: object) -> None:
        if seen:
            os.write(2, b"forced to end; what was under way is lost where nothing more is promised\n")
            os._exit(ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED)
        seen.append(number)
        name = signal.Signals(number).name
        try:
            system = deployment.system
        except RuntimeError:
            deployment.request_stop(name)
        else:
            system.call_threadsafe(deployment.request_stop, name)

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def _stop(deployment: Running, drain_timeout: float | None) -> Account:
    import gevent

    def tell() -> None:
        log = _logger()
        while True:
            gevent.sleep(_STILL_DRAINING_SECONDS)
            for line in deployment.account().undelivered():
                log.info(f"Still draining: {line}.")

    teller = gevent.spawn(tell)
    try:
        return deployment.stop(drain_timeout)
    finally:
        teller.kill()


def _report(account: Account, file: Path | None) -> None:
    from supervisor.deployment.summary import account_text

    click.echo(account_text(account), err=True)
    if file is None:
        return
    temporary = file.with_name(f"{file.name}.new")
    try:
        temporary.write_text(json.dumps(account.to_json(), indent=2) + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        # It is printed above, and what the exit code says of the events matters more.
        click.echo(f"error: the account cannot be written to {file}: {error.strerror or error}", err=True)
