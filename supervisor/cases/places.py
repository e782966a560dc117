"""Where a test puts events in and looks for them: a component of the deployment, or one of its ports, by name."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.deployment.plan import ComponentPlan, OfframpPlan, OnrampPlan, PipelinePlan, Plan
from supervisor.deployment.problem import closest, printable

__all__ = ["BadPlace", "Place", "connector_named", "place_of_input", "place_of_output"]


class BadPlace(Exception):
    """There is no such place. Its text says why, ``hint`` what there is."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Place:
    """A port of a component, of all its copies. The port is empty for what goes through a connector."""

    text: str
    components: tuple[ComponentPlan, ...]
    port: str

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The actors' names, each with the port."""
        return tuple((component.actor_name, self.port) for component in self.components)


def place_of_input(plan: Plan, text: str) -> Place:
    """Where input named ``text`` goes: into the first copy. Raises `BadPlace`."""
    components, port = _components(plan, text)
    flows = sorted({component.id.flow for component in components})
    if len(flows) > 1:
        name = components[0].id.name
        raise BadPlace(
            f"`{printable(name)}` is in the flows {', '.join(flows)}", f"say in which: `{flows[0]}/{text}`"
        )
    component = components[0]
    match component:
        case OnrampPlan():
            known: tuple[str, ...] = ("",)
        case PipelinePlan():
            known, port = component.inputs, port or "in"
        case _:
            known, port = ("in",), port or "in"
    if port not in known:
        what = f"{component.kind.value} `{component.id.name}` takes nothing in by a port `{printable(port)}`"
        raise BadPlace(what, closest(port, known) if any(known) else "write its name alone")
    return Place(text, (component,), port)


def place_of_output(plan: Plan, text: str) -> Place:
    """Where what comes out at ``text`` is seen: at all copies. Raises `BadPlace`."""
    components, port = _components(plan, text)
    component = components[0]
    known: tuple[str, ...]
    match component:
        case OnrampPlan():
            known, port = ("out", "err"), port or "out"
        case PipelinePlan():
            known, port = (*component.outputs, "err"), port or "out"
            if component.open_outputs:
                known = (*known, port)
        case _:
            known = ("", "err")
    if port not in known:
        what = f"nothing leaves {component.kind.value} `{component.id.name}` by a port `{printable(port)}`"
        raise BadPlace(what, closest(port, filter(None, known)))
    return Place(text, components, port)


def connector_named(plan: Plan, text: str) -> Place:
    """The connector that is to fail. Raises `BadPlace`."""
    components, port = _components(plan, text)
    if port or not isinstance(components[0], OnrampPlan | OfframpPlan):
        raise BadPlace(f"`{printable(text)}` is no onramp and no offramp, so it has no connection", "")
    return Place(text, components, "")


def _components(plan: Plan, text: str) -> tuple[tuple[ComponentPlan, ...], str]:
    """Of a text such as ``NAME``, ``NAME/PORT``, ``FLOW/NAME``, ``FLOW#2/NAME/PORT``."""
    first, *rest = text.split("/")
    names = {component.id.name for component in plan.components()}
    flow = ""
    if first not in names and rest:
        flow, first, *rest = first, *rest
    found = tuple(
        component for component in plan.components() if component.id.name == first and _is_in(component, flow)
    )
    if not found or len(rest) > 1:
        hint = closest(first, names)
        raise BadPlace(f"the deployment has no component `{printable(text)}` in a flow", hint)
    return found, rest[0] if rest else ""


def _is_in(component: ComponentPlan, flow: str) -> bool:
    name, _, instance = flow.partition("#")
    return (not name or component.id.flow == name) and (
        not instance or str(component.id.instance) == instance
    )
