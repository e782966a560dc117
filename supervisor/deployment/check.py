"""Checks a whole deployment, finds everything that is wrong at once, and makes the plan where nothing is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.errors import ConfigurationError
from pipelines.python_modules import forget_changed_modules
from ramps.formats.json_engines import choose_engine
from supervisor.deployment.api_table import is_loopback
from supervisor.deployment.claims import check_claims
from supervisor.deployment.cores import usable_cores
from supervisor.deployment.flows import Definition, check_flow
from supervisor.deployment.guarantees import check_guarantees
from supervisor.deployment.json_engine import with_json_engine
from supervisor.deployment.load import Document, load
from supervisor.deployment.otlp_table import is_installed
from supervisor.deployment.parts import check_offramp, check_onramp
from supervisor.deployment.pipelines import check_pipeline
from supervisor.deployment.plan import ComponentPlan, FlowPlan, Kind, Plan
from supervisor.deployment.problem import InvalidDeployment, KeyPath, Problem, closest, printable
from supervisor.deployment.schema import MAX_EXECUTORS, SECTIONS, RestartPolicy, SupervisorTable
from supervisor.deployment.validate import Findings, map_paths
from supervisor.executors.checks import check_executors

__all__ = ["Examination", "check", "examine", "plan_file"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

_CHECKS = {
    "onramps": (Kind.ONRAMP, check_onramp),
    "pipelines": (Kind.PIPELINE, check_pipeline),
    "offramps": (Kind.OFFRAMP, check_offramp),
}


@dataclass(frozen=True)
class Examination:
    """Everything found in a document, in the order of its lines; the plan, if there is no error."""

    plan: Plan | None
    problems: tuple[Problem, ...]


def check(document: Document) -> list[Problem]:
    """Everything that is wrong with a deployment, at once.

    Imports the Python modules that it names and compiles the pipelines; opens no socket and no file for writing.
    """
    return list(examine(document).problems)


def plan_file(path: Path) -> tuple[Plan, tuple[Problem, ...]]:
    """Load and check a file: its plan, and the warnings. Raises `InvalidDeployment` if there is an error."""
    examination = examine(load(path))
    if examination.plan is None:
        raise InvalidDeployment(list(examination.problems))
    return examination.plan, examination.problems


def examine(document: Document, executors: int | None = None) -> Examination:
    """Check a document and make its plan. Raises nothing that a user's text could cause.

    ``executors``: how many there are, for one of them, which might count other cores than its parent did.
    """
    # A plan says what the files say now, whoever asks for one: a reload by whatever way, or an embedding program.
    forget_changed_modules()
    findings = Findings(document)
    for section in document.tables:
        if section not in SECTIONS:
            message = f"there is no section [{printable(section, 60)}]"
            findings.document.hide((section,))
            findings.error((section,), "unknown-key", message, closest(section, SECTIONS), at_key=True)
    supervisor_table = findings.table(("supervisor",), "[supervisor]")
    supervisor = (
        None
        if supervisor_table is None
        else findings.validate(SupervisorTable, supervisor_table, ("supervisor",), "[supervisor]")
    )
    settings = supervisor or SupervisorTable()
    definitions = {
        name: replace(definition, plan=with_json_engine(definition.plan, settings.json_))
        for name, definition in _definitions(findings).items()
    }
    _check_json_engine(findings, settings)
    if executors is None:
        executors = len(usable_cores()) if settings.executors == "auto" else settings.executors
        executors = min(executors, MAX_EXECUTORS)
    flows, used = _flows(findings, definitions, settings.restart, executors)
    _check_unused(findings, definitions, used)
    plan = None
    if not findings.errors and supervisor is not None:
        supervisor = map_paths(supervisor, document.directory.joinpath)
        plan = Plan(document.file, supervisor, tuple(flows), executors, document.text)
        _check_api(findings, supervisor)
        _check_otlp(findings, supervisor)
        check_claims(findings, plan)
        check_guarantees(findings, plan)
        if executors > 1:
            check_executors(findings, plan)
    problems = sorted(findings.problems, key=lambda problem: _order(document, problem))
    return Examination(None if findings.errors else plan, tuple(problems))


def _order(document: Document, problem: Problem) -> tuple[Any, ...]:
    """By line; what stands in other files (scripts, modules) behind it, file by file."""
    return problem.file != document.file, problem.file, problem.position or (0, 0, 0)


def _check_api(findings: Findings, settings: SupervisorTable) -> None:
    api = settings.api
    if api is not None and api.token is None and not is_loopback(api.address.host):
        findings.error(
            ("supervisor", "api"),
            "no-token",
            f"[supervisor]: the API would listen on {api.address}, beyond this machine, for everybody",
            'set `token`, as in api = { address = "…", token = { env = "NAME" } }, or listen on 127.0.0.1',
        )


def _check_otlp(findings: Findings, settings: SupervisorTable) -> None:
    if settings.otlp is not None and not is_installed():
        findings.error(
            ("supervisor", "otlp"),
            "not-installed",
            "[supervisor]: OpenTelemetry, which pushes metrics, is not installed",
            'pip install "aftershock[otlp]"',
        )


def _check_json_engine(findings: Findings, settings: SupervisorTable) -> None:
    try:
        choose_engine(settings.json_)
    except ConfigurationError as error:
        findings.error(("supervisor", "json"), "not-installed", f"[supervisor]: {error}", error.hint)


def _definitions(findings: Findings) -> dict[str, Definition]:
    definitions: dict[str, Definition] = {}
    for section, (kind, check_one) in _CHECKS.items():
        for name, table in _named_tables(findings, section):
            if name in definitions:
                other = definitions[name].kind.value
                message = f"two components are called `{name}`: this {kind.value} and the {other}"
                hint = "a link names a component by its bare name; rename one of them"
                findings.error((section, name), "duplicate-name", message, hint, at_key=True)
            plan: ComponentPlan | None = None if table is None else check_one(findings, name, table)
            definitions.setdefault(name, Definition(kind, plan))
    return definitions


def _named_tables(findings: Findings, section: str) -> list[tuple[str, dict[str, Any] | None]]:
    """The tables of a section; ``None`` for one that is no table."""
    named: list[tuple[str, dict[str, Any] | None]] = []
    for name, table in (findings.table((section,), f"[{section}]") or {}).items():
        path: KeyPath = (section, name)
        if not _NAME.fullmatch(name):
            message = f"`{printable(name, 60)}` cannot be a name here"
            findings.error(
                path,
                "bad-name",
                message,
                "use up to 64 letters, digits, hyphens and underscores",
                at_key=True,
            )
        if not isinstance(table, dict) and not _is_array_of_tables(table):
            message = f"`{printable(name, 60)}` stands in [{section}] itself, where each name must be a table"
            hint = f"write a header with a name, such as [{section}.main], above it"
            findings.error(path, "bad-value", message, hint, at_key=True)
            named.append((name, None))
            continue
        named.append((name, findings.table(path, f"[{section}.{printable(name, 60)}]")))
    return named


def _is_array_of_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _flows(
    findings: Findings, definitions: dict[str, Definition], restart: RestartPolicy, executors: int
) -> tuple[list[FlowPlan], set[str]]:
    plans: list[FlowPlan] = []
    used: set[str] = set()
    for name, table in _named_tables(findings, "flows"):
        if table is None:
            continue
        plan, names = check_flow(findings, name, table, definitions, restart, executors)
        used |= names
        if plan is not None:
            plans.append(plan)
    tables = findings.document.tables
    misspelt = any(closest(section, ("flows",)).startswith("did") for section in tables if section != "flows")
    if not tables.get("flows") and not misspelt:
        example = 'write [flows.main] and below it `links = ["in -> out"]`'
        findings.error(("flows",), "no-flows", "there is no flow, so nothing would run", example, at_key=True)
    return plans, used


def _check_unused(findings: Findings, definitions: dict[str, Definition], used: set[str]) -> None:
    unread = any(
        problem.code in ("bad-link", "unknown-component")
        or (problem.code == "bad-value" and problem.path[:1] == ("flows",))
        for problem in findings.problems
    )
    if unread or not findings.document.tables.get("flows"):
        return
    for name, definition in definitions.items():
        if name not in used:
            kind = definition.kind.value
            message = f"no flow uses the {kind} `{name}`, so it will not run"
            findings.warning(
                (f"{kind}s", name), "unused", message, "link it in a flow, or remove it", at_key=True
            )
