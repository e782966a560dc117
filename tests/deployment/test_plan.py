"""What a plan of a correct file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actors import ActorSystem
from supervisor.deployment.build import Builder
from supervisor.deployment.plan import Kind, OfframpPlan, OnrampPlan, PipelinePlan, Plan

Planned = Callable[[str], Plan]


def names(plan: Plan) -> list[str]:
    return [component.actor_name for component in plan.components()]


def test_components_stand_downstream_first(planned: Planned, good: str) -> None:
    assert names(planned(good)) == [
        "offramp:main/out",
        "offramp:main/errors",
        "pipeline:main/keep",
        "onramp:main/access",
    ]


def test_a_component_stands_behind_all_that_it_sends_to(planned: Planned) -> None:
    text = """
    [onramps.z]
    type = "stdin"
    [offramps.a]
    type = "stdout"
    [offramps.b]
    type = "stderr"
    [offramps.c]
    type = "blackhole"
    [flows.main]
    links = ["a/err -> b", "z -> a", "b/err -> c"]
    """
    order = [component.id.name for component in planned(text).components()]
    assert order == ["c", "b", "a", "z"]


def test_each_instance_has_its_own_copies_and_shared_ones_stand_first_and_once(planned: Planned) -> None:
    text = """
    [onramps.tick]
    type = "metronome"
    interval = "1s"
    [offramps.out]
    type = "stdout"
    [flows.main]
    links = ["tick -> out"]
    instances = 3
    shared = ["out"]
    """
    plan = planned(text)
    assert names(plan) == [
        "offramp:main/out",
        "onramp:main#1/tick",
        "onramp:main#2/tick",
        "onramp:main#3/tick",
    ]
    targets = [str(link.target) for component in plan.components() for link in component.links]
    assert targets == ["main/out"] * 3


def test_links_are_by_port_in_the_order_of_the_file(planned: Planned, good: str) -> None:
    plan = planned(good)
    (pipeline,) = [component for component in plan.components() if component.kind is Kind.PIPELINE]
    assert [(link.port, link.target.name, link.target_port) for link in pipeline.links] == [
        ("out", "out", "in"),
        ("err", "errors", "in"),
    ]
    assert [link.target.name for link in pipeline.targets("err")] == ["errors"]


def test_options_are_checked_values_and_defaults_are_filled_in(planned: Planned, good: str) -> None:
    by_name = {component.id.name: component for component in planned(good).components()}
    access, keep, out = by_name["access"], by_name["keep"], by_name["out"]
    assert isinstance(access, OnrampPlan)
    assert access.codec.member.name == "string"
    assert [step.member.name for step in access.preprocessors] == ["lines"]
    assert access.table.batch_max == 128
    assert isinstance(keep, PipelinePlan)
    assert keep.table.stall_after == 30.0
    assert set(keep.outputs) >= {"out", "err"}
    assert isinstance(out, OfframpPlan)
    assert out.table.mailbox_bytes == 64 * 2**20


def test_relative_paths_start_where_the_file_is(planned: Planned, good: str, directory: Path) -> None:
    (access,) = [component for component in planned(good).components() if isinstance(component, OnrampPlan)]
    assert access.connector.options.path == directory / "access.log"  # type: ignore[attr-defined]


def test_two_plans_of_one_file_are_equal(planned: Planned, good: str) -> None:
    assert planned(good) == planned(good)


def test_a_change_of_one_option_shows_in_that_component_only(planned: Planned, good: str) -> None:
    before, after = planned(good), planned(good.replace("rejected.jsonl", "other.jsonl"))
    changed = [
        old.id.name for old, new in zip(before.components(), after.components(), strict=True) if old != new
    ]
    assert changed == ["errors"]


def test_a_file_whose_lines_are_only_moved_about_makes_an_equal_plan(planned: Planned, good: str) -> None:
    turned = good.replace(
        '["access -> keep -> out", "keep/err -> errors"]',
        '["keep -> out", "keep/err -> errors", "access -> keep"]',
    )
    assert turned != good
    assert planned(turned) == planned(good)


def test_a_flow_takes_what_its_restart_table_leaves_out_from_the_supervisor(
    planned: Planned, good: str
) -> None:
    text = f"""
[supervisor]
restart = {{ max_restarts = 7, within = "1m" }}
{good}
restart = {{ within = "2m" }}
"""
    (flow,) = planned(text).flows
    assert (flow.restart.max_restarts, flow.restart.within) == (7, 120.0)


def test_a_plan_as_data_holds_no_secret(planned: Planned, good: str) -> None:
    text = good.replace(
        'type = "stdout"', 'type = "http"\nurl = "http://localhost/"\ntoken = { env = "PATH" }'
    )
    data = str(planned(text).to_json())
    assert "'env': 'PATH'" in data


def test_a_wal_has_all_the_time_it_takes_to_look_at_what_it_has_stored(planned: Planned) -> None:
    """Regression: one of some gigabytes on a slow disk was killed while it did, and never started."""
    text = """
    [onramps.in]
    type = "stdin"
    [pipelines.keep]
    operators = [{ type = "wal", path = "events.wal" }]
    [pipelines.work]
    operators = [{ type = "filter", expression = "event.a" }]
    [offramps.out]
    type = "blackhole"
    [flows.main]
    guarantee = "at-least-once"
    links = ["in -> keep -> work -> out"]
    dead_letters = "letters.db"
    """
    plan = planned(text)
    with ActorSystem() as system:
        builder = Builder(plan, system, lambda _code, _why: None, lambda: None)
        specs = {component.id.name: builder.child(component) for component in plan.components()}
        builder.dead_letters.close()
    assert specs["keep"].start_timeout_seconds is None
    assert specs["work"].start_timeout_seconds == 30.0
