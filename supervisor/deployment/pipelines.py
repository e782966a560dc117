"""Checks what a file says about a pipeline, and makes the compiled pipeline that the plan means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.compiler import Codes, compile_graph
from pipelines.errors import ConfigurationError
from pipelines.graph import Graph, chain
from pipelines.operator import operators
from pipelines.pipeline import Pipeline
from pipelines.python_function import resolve_python
from pipelines.python_modules import loaded_files
from pipelines.shape import Ends
from supervisor.deployment.parts import build_part, look_up
from supervisor.deployment.plan import ComponentId, ComponentPlan, Kind, OfframpPlan, PartPlan, PipelinePlan
from supervisor.deployment.problem import KeyPath
from supervisor.deployment.schema import LANGUAGE_KEYS, PipelineTable
from supervisor.deployment.validate import Findings, map_paths

__all__ = ["check_pipeline", "compiles_alike", "ends_of", "joined_outputs", "make_pipeline"]


def check_pipeline(findings: Findings, name: str, table: dict[str, Any]) -> PipelinePlan | None:
    """The plan of ``[pipelines.NAME]`` without its place in a flow, or ``None`` and problems.

    Imports the module that it names, reads the file and compiles the text that it names, and makes its graph once to
    know its ports.
    """
    path, who = ("pipelines", name), f"pipeline `{name}`"
    checked = findings.validate(PipelineTable, table, path, who)
    if checked is None:
        return None
    if checked.pipeline_kind in LANGUAGE_KEYS:
        # Late: most deployments have no use for the languages.
        from supervisor.deployment.language_pipelines import check_text

        return check_text(findings, name, checked)
    chain_parts = _operators(findings, path, who, checked.operators or [])
    if chain_parts is None:
        return None
    table_alone = checked.model_copy(update={"operators": None})
    directory = str(findings.document.directory)
    plan = PipelinePlan(ComponentId("", 0, name), (), table_alone, chain_parts, directory, (), ())
    try:
        graph = graph_of(plan)
    except ConfigurationError as error:
        findings.configuration_error(
            path, who, error, "bad-value" if checked.python is None else "import-failed"
        )
        return None
    wrong = graph.check()
    for problem in wrong:
        findings.configuration_error(path, who, problem)
    for warning in graph.warnings():
        findings.warning(path + warning.path, "not-linked", f"{who}: {warning}", warning.hint)
    if wrong:
        return None
    modules = () if checked.python is None else loaded_files(_directory_of(plan))
    return replace(plan, inputs=graph.inputs, outputs=graph.outputs, modules=modules)


def _directory_of(plan: PipelinePlan) -> Path:
    """Where its function's module is looked for."""
    file, _, _name = (plan.table.python or "").rpartition(":")
    return (Path(plan.search_path) / file).parent if file.endswith(".py") else Path(plan.search_path)


def graph_of(plan: PipelinePlan) -> Graph:
    """A new graph of new operators. Imports the Python module that the plan names, if it names one.

    Raises `ConfigurationError`, with the path below the pipeline's table; the check would have found the same.
    """
    if plan.text is not None:
        return plan.text.graph(plan.outputs)
    if plan.table.python is None:
        return chain([part.build() for part in plan.operators])
    try:
        function = resolve_python(
            plan.table.python, search_path=Path(plan.search_path), options=plan.table.options
        )
        return chain([function], path=("python",))
    except ConfigurationError as error:
        error.path = error.path or ("python",)
        raise


def make_pipeline(
    plan: PipelinePlan,
    name: str,
    targets: Callable[[ComponentId], ComponentPlan],
    codes: Codes | None = None,
) -> Pipeline:
    """A new compiled pipeline without any state. ``name`` is its actor's, and stands in its error events; ``targets``
    finds the components that it is linked to; ``codes`` is shared with its other copies and incarnations.
    """
    ends = ends_of(plan, targets)
    return compile_graph(
        graph_of(plan), name=name.removeprefix(f"{Kind.PIPELINE.value}:"), ends=ends, codes=codes
    )


def ends_of(plan: PipelinePlan, targets: Callable[[ComponentId], ComponentPlan]) -> Ends:
    """What its compiled code knows of where its outputs lead; ``targets`` as for `make_pipeline`."""
    without_meta = frozenset(
        port
        for port in plan.outputs
        if not any(_reads_meta(targets(link.target)) for link in plan.targets(port))
    )
    return Ends(joined_outputs(plan), without_meta)


def compiles_alike(one: PipelinePlan, other: PipelinePlan) -> bool:
    """Whether both come to the same code."""

    def recipe(plan: PipelinePlan) -> tuple[Any, ...]:
        return plan.table, plan.operators, plan.text, plan.outputs, joined_outputs(plan)

    return one is other or recipe(one) == recipe(other)


def _reads_meta(component: ComponentPlan) -> bool:
    return not isinstance(component, OfframpPlan) or component.connector.member.reads_meta


def joined_outputs(plan: PipelinePlan) -> dict[str, str]:
    """Outputs that lead to the very same place as one before them, by that one."""
    first: dict[tuple[tuple[ComponentId, str], ...], str] = {}
    joined: dict[str, str] = {}
    for port in plan.outputs:
        places = tuple((link.target, link.target_port) for link in plan.targets(port))
        if places and port != "err" and first.setdefault(places, port) != port:
            joined[port] = first[places]
    return joined


def _operators(
    findings: Findings, path: KeyPath, who: str, tables: list[dict[str, Any]]
) -> tuple[PartPlan[Any], ...] | None:
    parts = [
        _operator(findings, (*path, "operators", index), f"{who}, operator {index + 1}", table)
        for index, table in enumerate(tables)
    ]
    checked = tuple(part for part in parts if part is not None)
    return checked if len(checked) == len(parts) else None


def _operator(findings: Findings, path: KeyPath, who: str, table: dict[str, Any]) -> PartPlan[Any] | None:
    type_name = table.get("type")
    if not isinstance(type_name, str):
        hint = 'write { type = "filter", … }; `supervisor list operators` names them'
        findings.error(path, "missing-key", f"{who}: `type` is missing, or is no text", hint)
        return None
    member = look_up(findings, (*path, "type"), who, operators, type_name, code="unknown-operator")
    if member is None:
        return None
    who = f"{who} of type `{member.name}`"
    own = {key: value for key, value in table.items() if key != "type"}
    options = findings.validate(member.Options, own, path, who, also_known=["type"])
    if options is None:
        return None
    part: PartPlan[Any] = PartPlan(member, map_paths(options, findings.document.directory.joinpath))
    return part if build_part(findings, path, who, part) else None
