"""Which component runs in which executor."""

from __future__ import annotations

from typing import Any

from supervisor.deployment.check import examine
from supervisor.deployment.load import parse
from supervisor.deployment.plan import Plan
from supervisor.deployment.toml_text import toml_document
from supervisor.executors.placement import Placement, place


def plan_of(flows: dict[str, Any]) -> Plan:
    tables = {
        "onramps": {"in": {"type": "metronome", "interval": "1s"}},
        "pipelines": {"work": {"operators": [{"type": "counter"}]}},
        "offramps": {"hole": {"type": "blackhole"}, "file": {"type": "stdout"}},
        "flows": flows,
    }
    examination = examine(parse(toml_document(tables), "deployment.toml"))
    assert examination.plan is not None, examination.problems
    return examination.plan


def homes(placement: Placement, name: str) -> list[tuple[int, ...]]:
    return [homes for component, homes in placement.homes.items() if component.name == name]


def test_copies_go_round_the_executors_with_all_their_components() -> None:
    plan = plan_of({"main": {"links": ["in -> work -> hole"], "instances": 5, "shared": ["hole"]}})
    placement = place(plan, 2)
    assert homes(placement, "in") == homes(placement, "work") == [(1,), (2,), (1,), (2,), (1,)]


def test_flows_with_one_copy_go_round_too() -> None:
    plan = plan_of({name: {"links": ["in -> work -> hole"]} for name in ("a", "b", "c")})
    assert homes(place(plan, 2), "hole") == [(1,), (2,), (1,)]


def test_what_is_shared_is_wherever_a_copy_is_and_crosses_only_if_it_is_single() -> None:
    links = ["in -> work -> hole", "work -> file"]
    plan = plan_of({"main": {"links": links, "instances": 4, "shared": ["hole", "file"]}})
    placement = place(plan, 3)
    shared = {component.id.name: component for component in plan.flows[0].shared}
    assert homes(placement, "hole") == homes(placement, "file") == [(1, 2, 3)]
    assert not placement.crosses(shared["hole"])
    assert placement.crosses(shared["file"])
    assert placement.owner(shared["file"].id) == 1


def test_copies_that_share_a_pipeline_stay_in_one_executor() -> None:
    flow = {"links": ["in -> work -> hole"], "instances": 4, "shared": ["work", "hole"]}
    placement = place(plan_of({"main": flow, "other": {"links": ["in -> work -> hole"]}}), 2)
    assert set(placement.homes.values()) == {(1,), (2,)}
    assert [homes for component, homes in placement.homes.items() if component.flow == "main"] == [(1,)] * 6


def test_one_executor_has_everything() -> None:
    plan = plan_of({"main": {"links": ["in -> work -> file"], "instances": 3, "shared": ["file"]}})
    placement = place(plan, 1)
    assert placement.of_executor(1) == frozenset(placement.homes)
    assert not any(placement.crosses(component) for component in plan.components())
