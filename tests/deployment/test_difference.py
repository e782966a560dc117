"""What has to be done to come from one plan to another: worked out before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from supervisor.deployment.difference import Difference, How, difference
from supervisor.deployment.plan import Plan

OLD = """
[onramps.in]
type = "memory"
[onramps.other]
type = "memory"
[pipelines.tag]
operators = [{ type = "set", fields = { x = 1 } }]
[offramps.out]
type = "memory"
[offramps.spare]
type = "blackhole"
[flows.main]
links = ["in -> tag -> out"]
[flows.second]
links = ["other -> spare"]
"""

Planned = Callable[[str], Plan]


@pytest.fixture
def changed(planned: Planned) -> Callable[..., Difference]:
    """The difference that it makes to replace some texts in the file."""

    def change(*replacements: tuple[str, str], old: str = OLD) -> Difference:
        new = old
        for before, after in replacements:
            assert before in new
            new = new.replace(before, after)
        return difference(planned(old), planned(new))

    return change


Changed = Callable[..., Difference]


def test_nothing_differs_between_two_plans_of_one_file(changed: Changed) -> None:
    found = changed()
    assert found.is_empty
    assert [change.how for change in found.components] == [How.STAYS] * 5
    assert list(found.lines()) == ["0 to start, 0 to change, 0 to link anew, 0 to stop, 5 as they are"]


def test_what_is_written_otherwise_and_means_the_same_is_no_difference(changed: Changed) -> None:
    assert changed(
        ('type = "memory"\n[pipelines', 'type = "memory"\ncodec = { name = "json" }\n[pipelines')
    ).is_empty


def test_options_that_differ_are_named_and_their_values_are_not(changed: Changed) -> None:
    found = changed(
        ("x = 1", "x = 2"), ('[onramps.in]\ntype = "memory"', '[onramps.in]\ntype = "memory"\ncapacity = 7')
    )
    assert list(found.lines())[:2] == ["~ pipeline:main/tag: operators", "~ onramp:main/in: capacity"]
    assert found.by(How.CHANGES) == ["pipeline:main/tag", "onramp:main/in"]


def test_another_connector_of_one_name_is_a_change(changed: Changed) -> None:
    assert "~ offramp:second/spare: type" in changed(("blackhole", "memory")).lines()


def test_who_sends_elsewhere_runs_on(changed: Changed) -> None:
    found = changed(
        ('[offramps.out]\ntype = "memory"', '[offramps.away]\ntype = "memory"'), ("-> out", "-> away")
    )
    assert found.by(How.COMES, How.RELINKED, How.LEAVES) == [
        "offramp:main/away",
        "pipeline:main/tag",
        "offramp:main/out",
    ]


def test_a_link_from_a_port_that_joins_another_changes_the_compiled_pipeline(changed: Changed) -> None:
    old = OLD.replace(
        'operators = [{ type = "set", fields = { x = 1 } }]',
        'script = "match event of case %{} => emit event => \\"a\\" default => event end"',
    )
    old = old.replace('"in -> tag -> out"', '"in -> tag -> out", "tag/a -> out"')
    found = changed(('"tag/a -> out"', '"tag/a -> spare"'), old=old)
    assert "~ pipeline:main/tag: links" in found.lines()


def test_flows_come_and_leave_with_all_that_they_have(changed: Changed) -> None:
    found = changed(("[flows.second]", "[flows.third]"))
    assert found.by(How.COMES) == ["offramp:third/spare", "onramp:third/other"]
    assert found.by(How.LEAVES) == ["offramp:second/spare", "onramp:second/other"]
    assert [(flow.name, flow.how) for flow in found.flows] == [
        ("main", How.STAYS),
        ("third", How.COMES),
        ("second", How.LEAVES),
    ]


def test_copies_that_change_alike_are_one_line(changed: Changed) -> None:
    found = changed(('"in -> tag -> out"]', '"in -> tag -> out"]\ninstances = 3'))
    lines = list(found.lines())
    assert "~ flow:main: instances" in lines
    assert "+ pipeline:main/tag x3" in lines
    assert "- pipeline:main/tag" in lines


def test_a_new_guarantee_changes_the_onramps_of_its_flow_and_nothing_else(changed: Changed) -> None:
    old = "[supervisor]\ndead_letters = 'letters.sqlite'\n" + OLD
    found = changed(('"other -> spare"]', '"other -> spare"]\nguarantee = "at-least-once"'), old=old)
    assert found.by(How.CHANGES) == ["onramp:second/other"]
    assert "~ onramp:second/other: guarantee" in found.lines()


def test_a_flow_that_drops_for_closed_offramps_is_linked_anew(changed: Changed) -> None:
    old = OLD.replace('"in -> tag -> out"', '"in -> tag -> out", "tag -> spare"')
    found = changed(('"tag -> spare"]', '"tag -> spare"]\nwhen_closed = "drop"'), old=old)
    assert found.by(How.RELINKED) == ["pipeline:main/tag"]


@pytest.mark.parametrize(
    ("setting", "key"),
    [
        ('heartbeat_timeout = "1s"', "heartbeat_timeout"),
        ('api = "127.0.0.1:9"', "api"),
        ('logs = { level = "error" }', "logs"),
        ('otlp = "http://127.0.0.1:4318"', "otlp"),
    ],
)
def test_what_is_decided_at_the_start_is_refused(changed: Changed, setting: str, key: str) -> None:
    found = changed(("[onramps.in]", f"[supervisor]\n{setting}\n[onramps.in]"))
    assert [reason.split(" of ")[0] for reason in found.refused] == [f"`{key}`"]
    assert next(iter(found.lines())).startswith(f"! `{key}` of [supervisor] differs")


def test_another_number_of_processes_is_refused(planned: Planned) -> None:
    plan = planned(OLD)
    assert "`executors`" in difference(plan, replace(plan, executors=2)).refused[0]


def test_other_settings_take_effect_at_once(changed: Changed) -> None:
    found = changed(("[onramps.in]", '[supervisor]\ndrain_timeout = "1s"\n[onramps.in]'))
    assert (found.settings, found.refused) == (("drain_timeout",), ())


def test_a_module_of_a_script_that_says_something_else_is_a_change(planned: Planned, directory: Path) -> None:
    modules = directory / "modules"
    modules.mkdir()
    (modules / "twice.tremor").write_text("fn double(n) with n * 2 end;\n")
    text = OLD.replace(
        'operators = [{ type = "set", fields = { x = 1 } }]',
        'script = "use twice; twice::double(event)"\nmodule_path = ["modules"]',
    )
    before = planned(text)
    assert difference(before, planned(text)).is_empty
    (modules / "twice.tremor").write_text("fn double(n) with n * 3 end;\n")
    assert difference(before, planned(text)).by(How.CHANGES) == ["pipeline:main/tag"]
