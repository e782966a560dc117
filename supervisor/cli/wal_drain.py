"""Delivers what lies in the file of a wal, by a deployment of that wal and of a part of another deployment."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actors import ActorSystem
from pipelines.actor import PipelinePart
from supervisor.cli.exit_codes import ExitCode
from supervisor.cli.output import without_foreign_output
from supervisor.deployment.check import examine, plan_file
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.load import load, parse
from supervisor.deployment.outcome import StartRefused
from supervisor.deployment.plan import ComponentPlan, FlowPlan, OnrampPlan, Plan
from supervisor.deployment.problem import InvalidDeployment, closest
from supervisor.deployment.toml_text import toml_document

__all__ = ["drain"]

_WAL, _INPUT, _ERRORS = "wal-drain", "wal-drain-input", "wal-drain-errors"
_KEPT = ("restart", "dead_letters")
_LOOK_SECONDS = 0.1


def drain(file: Path, deployment: Path, to: str, flow: str | None) -> int:
    """Blocks until all is delivered, or a signal comes. Returns how many events stay."""
    with without_foreign_output():
        plan, _warnings = plan_file(deployment)
        tables = _tables(file, deployment, plan, to, flow)
        # In the same directory, for relative paths; its lines are not those of the file.
        name = deployment.with_name(f"{deployment.name}, as it is drained")
        examination = examine(parse(toml_document(tables), str(name)))
    if examination.plan is None:
        raise InvalidDeployment(list(examination.problems))
    running = Deployment(examination.plan)
    _stop_at_signals(running)
    try:
        running.start()
    except StartRefused as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(ExitCode.CANNOT_START)
    try:
        return _watch(running)
    finally:
        running.stop()


def _tables(file: Path, deployment: Path, plan: Plan, to: str, flow_name: str | None) -> dict[str, Any]:
    flow = _flow_with(plan, to, flow_name)
    components = {component.id.name: component for component in flow.components()}
    if isinstance(components[to], OnrampPlan):
        raise click.UsageError(f"`{to}` is an onramp; name a pipeline or an offramp")
    tables = load(deployment).tables
    settings = {
        key: value for key, value in tables.get("supervisor", {}).items() if key not in ("api", "executors")
    }
    links = [f"{_INPUT} -> {_WAL} -> {to}"]
    made: dict[str, Any] = {"supervisor": settings, "pipelines": {}, "offramps": {}}
    settled = {key: tables["flows"][flow.name][key] for key in _KEPT if key in tables["flows"][flow.name]}
    letters = settled.get("dead_letters")
    named = [letters["offramp"]] if isinstance(letters, dict) else []
    for component in _behind(components, to, *named):
        section = f"{component.kind.value}s"
        made[section][component.id.name] = tables[section][component.id.name]
        links += [
            f"{component.id.name}/{link.port} -> {link.target.name}/{link.target_port}"
            for link in component.links
        ]
    if not settings.get("dead_letters") and letters is None:
        # Nothing comes there: what is stored can be stored, and nobody puts anything into the onramp.
        made["offramps"][_ERRORS] = {"type": "blackhole"}
        links += [f"{name}/err -> {_ERRORS}" for name in (_INPUT, _WAL)]
    made["onramps"] = {_INPUT: {"type": "memory"}}
    made["pipelines"][_WAL] = {"operators": [{"type": "wal", "path": str(file.absolute())}]}
    made["flows"] = {
        flow.name: {
            "guarantee": "at-least-once",
            "links": list(dict.fromkeys(links)),
            **settled,
        }
    }
    return made


def _flow_with(plan: Plan, name: str, flow_name: str | None) -> FlowPlan:
    flows = [flow for flow in plan.flows if any(component.id.name == name for component in flow.components())]
    if flow_name is not None:
        flows = [flow for flow in flows if flow.name == flow_name]
    if len(flows) > 1:
        names = ", ".join(flow.name for flow in flows)
        raise click.UsageError(f"several flows have `{name}`: {names}; choose one with --flow")
    if not flows:
        known = {
            component.id.name for component in plan.components() if not isinstance(component, OnrampPlan)
        }
        where = "" if flow_name is None else f" in the flow `{flow_name}`"
        raise click.UsageError(f"there is no component `{name}`{where}; {closest(name, known)}")
    return flows[0]


def _behind(components: dict[str, ComponentPlan], *first: str) -> list[ComponentPlan]:
    found: dict[str, ComponentPlan] = {}
    pending = list(first)
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = components[name]
            pending += [link.target.name for link in components[name].links]
    return list(found.values())


def _stop_at_signals(running: Deployment) -> None:
    def handle(number: int, _frame: object) -> None:
        # The second one ends the process.
        signal.signal(number, signal.SIG_DFL)
        name = signal.Signals(number).name
        try:
            system: ActorSystem = running.system
        except RuntimeError:
            running.request_stop(name)
        else:
            system.call_threadsafe(running.request_stop, name)

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


def _watch(running: Deployment) -> int:
    (wal,) = (
        part
        for name, part in running._parts().items()
        if isinstance(part, PipelinePart) and name.endswith(f"/{_WAL}")
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        total = wal.stored
        task = progress.add_task("delivered", total=total)
        while wal.stored and running.outcome is None:
            running.wait(_LOOK_SECONDS)
            progress.update(task, completed=total - wal.stored)
    running.stop()
    click.echo(f"{total - wal.stored:,} events delivered", err=True)
    return wal.stored
