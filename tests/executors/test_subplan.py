"""The part of a plan that one executor runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.deployment.plan import ComponentId, OfframpPlan, OnrampPlan, Plan
from supervisor.executors.placement import Placement, place
from supervisor.executors.subplan import part_of, sockets_of

from .parts import plan_of

LINKS = Path("/links")


def plan_with(*links: str, shared: tuple[str, ...] = (), instances: int = 4, **flows: Any) -> Plan:
    return plan_of(
        {
            "onramps": {
                "ticks": {"type": "metronome", "interval": "1s"},
                "net": {"type": "tcp", "address": "127.0.0.1:0"},
                "table": {"type": "memory", "codec": "csv"},
            },
            "pipelines": {"work": {"operators": [{"type": "counter"}]}},
            "offramps": {"hole": {"type": "blackhole"}, "file": {"type": "stdout"}, "stop": {"type": "exit"}},
            "flows": {
                "main": {"links": list(links), "instances": instances, "shared": list(shared)},
                **flows,
            },
        }
    )


def parts(plan: Plan, executors: int = 2) -> tuple[Placement, list[Plan]]:
    placement = place(plan, executors)
    return placement, [part_of(plan, placement, number, LINKS) for number in range(1, executors + 1)]


def described(plan: Plan) -> dict[str, str]:
    """Each component with its connector and what it sends to."""
    found: dict[str, str] = {}
    for component in plan.components():
        connector = "" if component.kind.value == "pipeline" else component.connector.member.name  # type: ignore[attr-defined]
        targets = ", ".join(
            f"{link.port}>{link.target}" + (f" ({link.group})" if link.group else "")
            for link in component.links
        )
        found[f"{component.kind.value}:{component.id}"] = f"{connector} {targets}".strip()
    return found


def test_one_executor_runs_the_whole_plan() -> None:
    plan = plan_with("ticks -> work -> file", shared=("ticks", "file"))
    _, (whole,) = parts(plan, 1)
    assert whole == plan


def test_a_flow_without_a_component_here_is_left_out() -> None:
    plan = plan_with("ticks -> work -> hole", instances=1, other={"links": ["net -> hole"]})
    _, (first, second) = parts(plan)
    assert [flow.name for flow in first.flows] == ["main"]
    assert [flow.name for flow in second.flows] == ["other"]


def test_a_shared_offramp_that_is_single_has_one_owner_and_links_elsewhere() -> None:
    plan = plan_with("net -> work -> file", "work -> hole", shared=("file", "hole"), instances=2)
    _, (first, second) = parts(plan)
    assert described(first) == {
        "offramp:main/file": "stdout",
        "offramp:main/hole": "blackhole",
        "pipeline:main#1/work": "out>main/file, out>main/hole",
        "onramp:main#1/net": "tcp out>main#1/work",
        "onramp:main/file.links": "link-batches out>main/file",
    }
    assert described(second) == {
        "offramp:main/file": "link",
        "offramp:main/hole": "blackhole",
        "pipeline:main#2/work": "out>main/file, out>main/hole",
        "onramp:main#2/net": "tcp out>main#2/work",
    }


def test_a_link_encodes_as_the_offramp_would() -> None:
    plan = plan_with("net -> work -> file", shared=("file",), instances=2)
    _, (first, second) = parts(plan)
    (owned,) = [component for component in first.components() if isinstance(component, OfframpPlan)]
    (link,) = [component for component in second.components() if isinstance(component, OfframpPlan)]
    assert (link.codec, link.postprocessors) == (owned.codec, owned.postprocessors)
    assert link.id == owned.id
    (intake,) = [component for component in first.components() if component.id.name == "file.links"]
    assert isinstance(intake, OnrampPlan)
    assert link.connector.options == intake.connector.options


def test_an_offramp_that_wants_values_gets_values_over_its_links() -> None:
    plan = plan_with("net -> stop", shared=("stop",), instances=2)
    _, (_, second) = parts(plan)
    (link,) = [component for component in second.components() if isinstance(component, OfframpPlan)]
    assert not link.connector.member.encodes


def test_a_shared_onramp_that_is_single_is_read_by_one_and_dealt_to_all() -> None:
    plan = plan_with("ticks -> work -> hole", "ticks/err -> hole", shared=("ticks", "hole"))
    _, (first, second) = parts(plan)
    assert described(first) == {
        "offramp:main/hole": "blackhole",
        "pipeline:main#1/work": "out>main/hole",
        "pipeline:main#3/work": "out>main/hole",
        "onramp:main/ticks.frames": (
            "link-frames out>main#1/work (work/in), out>main#3/work (work/in), err>main/hole"
        ),
        "offramp:main/ticks.to-1": "link",
        "offramp:main/ticks.to-2": "link",
        "onramp:main/ticks": (
            "metronome out>main/ticks.to-1 (executors), out>main/ticks.to-2 (executors), err>main/hole"
        ),
    }
    assert described(second) == {
        "offramp:main/hole": "blackhole",
        "pipeline:main#2/work": "out>main/hole",
        "pipeline:main#4/work": "out>main/hole",
        "onramp:main/ticks.frames": (
            "link-frames out>main#2/work (work/in), out>main#4/work (work/in), err>main/hole"
        ),
    }


def test_the_reader_frames_and_the_others_decode_unless_the_codec_needs_all_frames_in_order() -> None:
    def codecs(name: str) -> dict[str, str]:
        _, (first, _) = parts(plan_with(f"{name} -> work -> hole", shared=(name, "hole")))
        return {
            component.id.name: component.codec.member.name
            for component in first.components()
            if isinstance(component, OnrampPlan)
        }

    assert codecs("ticks") == {"ticks": "binary", "ticks.frames": "json"}
    assert codecs("table")["table"] == "csv"


def test_a_shared_onramp_of_which_each_executor_can_have_one_deals_to_the_copies_there() -> None:
    plan = plan_with("net -> work -> hole", shared=("net", "hole"))
    _, (first, second) = parts(plan)
    assert described(first)["onramp:main/net"] == "tcp out>main#1/work (work/in), out>main#3/work (work/in)"
    assert described(second)["onramp:main/net"] == "tcp out>main#2/work (work/in), out>main#4/work (work/in)"


def test_with_one_copy_here_nothing_is_dealt() -> None:
    plan = plan_with("net -> work -> hole", shared=("net", "hole"), instances=2)
    _, (first, _) = parts(plan)
    assert described(first)["onramp:main/net"] == "tcp out>main#1/work"


def test_a_shared_onramp_that_sends_only_to_what_is_shared_stays_whole() -> None:
    plan = plan_with("ticks -> file", "net -> work -> hole", shared=("ticks", "file"), instances=2)
    _, (first, second) = parts(plan)
    assert described(first)["onramp:main/ticks"] == "metronome out>main/file"
    assert "onramp:main/ticks" not in described(second)
    assert "offramp:main/file" not in described(second), "nobody there sends to it"


def test_copies_that_share_a_pipeline_need_no_links() -> None:
    plan = plan_with("net -> work -> file", shared=("work", "file"))
    _, (first, second) = parts(plan)
    assert first == plan
    assert second.flows == ()


def test_sockets_are_numbered_the_same_for_all_and_short() -> None:
    plan = plan_with("ticks -> work -> file", shared=("ticks", "file"))
    placement = place(plan, 3)
    sockets = sockets_of(plan, placement, LINKS)
    ticks, file = ComponentId("main", 0, "ticks"), ComponentId("main", 0, "file")
    assert set(sockets) == {(file, 1), (ticks, 1), (ticks, 2), (ticks, 3)}
    assert sorted(map(str, sockets.values())) == [f"/links/{number}" for number in range(1, 5)]


@given(
    instances=st.integers(1, 7),
    executors=st.integers(1, 5),
    shared=st.sets(st.sampled_from(["ticks", "net", "work", "file", "hole"])),
)
@settings(max_examples=60, deadline=None)
def test_every_copy_is_in_one_part_and_every_link_has_both_ends(
    instances: int, executors: int, shared: set[str]
) -> None:
    if "work" in shared:
        shared |= {"file", "hole"}
    plan = plan_with(
        "ticks -> work -> file", "net -> work -> hole", shared=tuple(sorted(shared)), instances=instances
    )
    _, all_parts = parts(plan, executors)
    copies = [c.id for flow in plan.flows for instance in flow.instances for c in instance.components]
    found = [c.id for part in all_parts for flow in part.flows for i in flow.instances for c in i.components]
    assert sorted(found) == sorted(copies)
    listening: list[Path] = []
    sending: set[Path] = set()
    for part in all_parts:
        names = {component.id for component in part.components()}
        started: set[ComponentId] = set()
        for component in part.components():
            assert {link.target for link in component.links} <= started, "downstream starts first"
            started.add(component.id)
            assert {link.target for link in component.links} <= names
            if isinstance(component, OnrampPlan) and component.connector.member.name.startswith("link-"):
                listening.append(component.connector.options.path)  # type: ignore[attr-defined]
            if isinstance(component, OfframpPlan) and component.connector.member.forwards:
                sending.add(component.connector.options.path)  # type: ignore[attr-defined]
        assert len({component.actor_name for component in part.components()}) == len(list(part.components()))
    assert len(set(listening)) == len(listening)
    assert sending <= set(listening)
