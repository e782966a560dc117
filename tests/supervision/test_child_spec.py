from __future__ import annotations

import math
from typing import Any

import pytest

from actors.testing import Flawless
from supervisor.supervision import (
    ChildKind,
    ChildSpec,
    InvalidSupervision,
    Restart,
    Supervisor,
    supervisor_spec,
)


def test_a_child_is_by_default_a_permanent_worker_with_a_shutdown_timeout():
    spec = ChildSpec("a", Flawless)

    assert (spec.restart, spec.kind, spec.shutdown_timeout_seconds) == (
        Restart.PERMANENT,
        ChildKind.WORKER,
        5.0,
    )


@pytest.mark.parametrize(
    ("setting", "value", "remedy"),
    [
        ("factory", None, "a callable that makes the actor"),
        ("restart", "permanent", "give a Restart"),
        ("kind", "worker", "give a ChildKind"),
        ("limits", 1024, "give a MailboxLimits"),
        ("shutdown_timeout_seconds", -1, "0 or more"),
        ("shutdown_timeout_seconds", math.inf, "None for no limit"),
        ("shutdown_timeout_seconds", "5s", "a number of seconds"),
        ("start_timeout_seconds", 0, "above 0"),
        ("max_message_time_seconds", 0, "above 0"),
        ("max_message_time_seconds", True, "a number of seconds"),
        ("stall_after_seconds", math.nan, "a number of seconds"),
        ("poison_after", 0, "1 or more"),
        ("poison_after", 1.5, "a whole number"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_its_name_its_value_and_a_remedy(setting, value, remedy):
    settings: dict[str, Any] = {"factory": Flawless, setting: value}

    with pytest.raises(InvalidSupervision) as refusal:
        ChildSpec("pipeline:main", **settings)

    assert str(refusal.value).startswith(f"child 'pipeline:main': {setting} is {value!r}; ")
    assert remedy in str(refusal.value)


@pytest.mark.parametrize("id", ["", None, "two\nlines"])
def test_an_id_that_nobody_can_read_in_a_log_line_is_refused(id):
    with pytest.raises(InvalidSupervision, match="the id of a child is"):
        ChildSpec(id, Flawless)


def test_a_stall_bound_on_a_supervisor_is_refused_because_no_flow_passes_through_it():
    with pytest.raises(InvalidSupervision, match="set it on its children"):
        ChildSpec("s", Supervisor, kind=ChildKind.SUPERVISOR, stall_after_seconds=1.0)


@pytest.mark.parametrize("make", [Supervisor, lambda children: supervisor_spec("s", children)])
def test_two_children_with_one_id_are_refused(make):
    with pytest.raises(InvalidSupervision, match="two children have the id 'a'"):
        make([ChildSpec("a", Flawless), ChildSpec("a", Flawless)])


def test_the_spec_of_a_supervisor_leaves_the_timeouts_to_its_children():
    spec = supervisor_spec("s", [ChildSpec("a", Flawless)], restart=Restart.TRANSIENT)

    assert spec.kind is ChildKind.SUPERVISOR
    assert (spec.shutdown_timeout_seconds, spec.start_timeout_seconds) == (None, None)
    assert spec.restart is Restart.TRANSIENT
