"""A plan as the TOML text that says the same with every default written out. Secrets stay references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.deployment.plan import (
    ComponentPlan,
    FlowPlan,
    Link,
    OfframpPlan,
    OnrampPlan,
    PartPlan,
    PipelinePlan,
    Plan,
)
from supervisor.deployment.toml_text import toml_document, without_nothing
from supervisor.deployment.validate import map_paths

__all__ = ["component_table", "plan_to_toml"]


def plan_to_toml(plan: Plan) -> str:
    """TOML that, put in place of the plan's file, makes an equal plan. Components that no flow uses are left out."""
    directory = Path(plan.file).parent
    sections: dict[str, dict[str, Any]] = {
        "supervisor": plan.supervisor.model_dump(mode="json", by_alias=True),
        "onramps": {},
        "pipelines": {},
        "offramps": {},
        "flows": {flow.name: _flow(flow, directory) for flow in plan.flows},
    }
    for component in reversed(list(plan.components())):
        section = sections[f"{component.kind.value}s"]
        if component.id.name not in section:
            section[component.id.name] = _component(component, directory)
    present = {section: content for section, content in sections.items() if content}
    return toml_document(without_nothing(present))


def component_table(plan: Plan, component: ComponentPlan) -> dict[str, Any]:
    """The table of a component as `plan_to_toml` writes it, as plain data."""
    table: dict[str, Any] = without_nothing(_component(component, Path(plan.file).parent))
    return table


def _component(component: ComponentPlan, directory: Path) -> dict[str, Any]:
    match component:
        case OnrampPlan() | OfframpPlan():
            key, steps = (
                ("preprocessors", component.preprocessors)
                if isinstance(component, OnrampPlan)
                else ("postprocessors", component.postprocessors)
            )
            return {
                "type": component.connector.member.name,
                **component.table.model_dump(mode="json", by_alias=True, exclude={"codec", key}),
                "codec": _part(component.codec, directory),
                key: [_part(step, directory) for step in steps],
                **_options(component.connector, directory),
            }
        case PipelinePlan():
            table = component.table.model_dump(mode="json", by_alias=True)
            if component.table.python is None and component.text is None:
                table["operators"] = [
                    {"type": operator.member.name, **_options(operator, directory)}
                    for operator in component.operators
                ]
            return table
        case _:
            raise TypeError(f"not a component of a plan: {component!r}")


def _part(part: PartPlan[Any], directory: Path) -> Any:
    options = without_nothing(_options(part, directory))
    return {"name": part.member.name, **options} if options else part.member.name


def _options(part: PartPlan[Any], directory: Path) -> dict[str, Any]:
    options = map_paths(part.options, lambda path: Path(_as_written(path, directory) or ""))
    return options.model_dump(mode="json", by_alias=True)


def _as_written(path: Path | None, directory: Path) -> str | None:
    if path is None:
        return None
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def _flow(flow: FlowPlan, directory: Path) -> dict[str, Any]:
    components = [*flow.shared_sinks, *flow.instances[0].components, *flow.shared_sources]
    return {
        # A shared onramp has a link to each copy of a target, which the file has once.
        "links": list(
            dict.fromkeys(
                _link(component.id.name, link)
                for component in reversed(components)
                for link in component.links
            )
        ),
        "instances": len(flow.instances),
        "guarantee": "at-least-once" if flow.at_least_once else "best-effort",
        "shared": [component.id.name for component in flow.shared],
        "dead_letters": {"offramp": flow.dead_letter_offramp}
        if flow.dead_letter_offramp
        else _as_written(flow.dead_letters, directory),
        "when_closed": "drop" if flow.drops_when_closed else "wait",
        "restart": flow.restart.model_dump(mode="json", by_alias=True),
    }


def _link(source: str, link: Link) -> str:
    left = source if link.port == "out" else f"{source}/{link.port}"
    right = link.target.name if link.target_port == "in" else f"{link.target.name}/{link.target_port}"
    return f"{left} -> {right}"
