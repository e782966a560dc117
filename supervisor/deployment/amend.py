"""Adds flows to what runs, and takes flows out of it: from a plan and a piece of a file to the whole new plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from supervisor.deployment.check import examine
from supervisor.deployment.load import Document, parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment, Problem, Severity, closest, printable
from supervisor.deployment.toml_text import toml_document

__all__ = ["ADDED_FILE", "UnknownFlow", "plan_text", "with_flows", "without_flow"]

ADDED_FILE = "added.toml"
"""What messages call a text of flows that are to be added, which comes without a name."""

_COMPONENTS = ("onramps", "pipelines", "offramps")


class UnknownFlow(LookupError):
    """There is no flow of that name. The text says which there are."""


def plan_text(text: str, file: str) -> tuple[Plan, tuple[Problem, ...]]:
    """The plan of a text as if it stood in that file, and the warnings. Raises `InvalidDeployment`."""
    return _planned(parse(text, file))


def with_flows(plan: Plan, text: str, file: str = ADDED_FILE) -> tuple[Plan, tuple[Problem, ...]]:
    """``plan`` with the flows of a text, and the components that they need. ``file`` is what messages call it.

    A component that both have must be the same. Raises `InvalidDeployment`, with places in the text.
    """
    added = parse(text, file)
    tables = parse(plan.text, plan.file).tables
    problems = []
    for section, named in added.tables.items():
        if section not in (*_COMPONENTS, "flows") or not isinstance(named, dict):
            problems.append(
                added.problem(
                    (section,),
                    "not-added",
                    f"`{printable(section, 60)}` cannot be added to a deployment that runs",
                    "only flows and their components can; change the whole deployment for the rest",
                    at_key=True,
                )
            )
            continue
        for name, table in named.items():
            known = tables.setdefault(section, {}).setdefault(name, table)
            if known != table:
                problems.append(
                    added.problem(
                        (section, name),
                        "exists",
                        f"there is another `{printable(name, 60)}` in [{section}] already",
                        "give it another name, or change the whole deployment",
                        at_key=True,
                    )
                )
    if not added.tables.get("flows"):
        problems.append(added.problem(("flows",), "no-flows", "there is no flow in it, so nothing would run"))
    if problems:
        raise InvalidDeployment(problems)
    try:
        found, warnings = _planned(_document(tables, plan))
    except InvalidDeployment as invalid:
        raise InvalidDeployment([_placed(problem, added) for problem in invalid.problems]) from None
    return found, tuple(
        _placed(warning, added) for warning in warnings if _mentions(added.tables, warning.path)
    )


def without_flow(plan: Plan, flow: str) -> Plan:
    """``plan`` without this flow, and without the components that only it had.

    Raises `UnknownFlow`, and `InvalidDeployment` where nothing would be left.
    """
    names = [each.name for each in plan.flows]
    if flow not in names:
        raise UnknownFlow(f"there is no flow called {printable(flow, 60)!r}; {closest(flow, names)}")
    tables = parse(plan.text, plan.file).tables
    of_others = {each.id.name for other in plan.flows if other.name != flow for each in other.components()}
    own = {each.id.name for each in plan.components() if each.id.flow == flow} - of_others
    for section in _COMPONENTS:
        if section in tables:
            tables[section] = {name: table for name, table in tables[section].items() if name not in own}
    del tables["flows"][flow]
    return _planned(_document(tables, plan))[0]


def _document(tables: dict[str, Any], plan: Plan) -> Document:
    return parse(toml_document({section: named for section, named in tables.items() if named}), plan.file)


def _planned(document: Document) -> tuple[Plan, tuple[Problem, ...]]:
    examination = examine(document)
    if examination.plan is None:
        raise InvalidDeployment(list(examination.problems))
    return examination.plan, examination.problems


def _placed(problem: Problem, added: Document) -> Problem:
    """With its place in what was added: the whole stands in no file."""
    if not _mentions(added.tables, problem.path):
        return replace(problem, position=None, excerpt="")
    return added.problem(
        problem.path, problem.code, problem.message, problem.hint, severity=problem.severity or Severity.ERROR
    )


def _mentions(tables: Any, path: tuple[Any, ...]) -> bool:
    for key in path[:2]:
        if not isinstance(tables, dict) or key not in tables:
            return False
        tables = tables[key]
    return bool(path)
