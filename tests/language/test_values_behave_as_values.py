"""Assigning to one variable never shows in another, in a constant, in the arguments, in the state, or outside."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pipelines.language import CompileError, ScriptError, compile_script
from tests.language.random_scripts import events, scripts
from tests.language.script_runs import value_of


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("let a = event; let a.x = 1; event", {"r": {"y": 0}}),
        ("let a = event; let event.x = 1; a", {"r": {"y": 0}}),
        ("let a = event.r; let event.r.y = 1; a", {"y": 0}),
        ("let a = event.r; let a.y = 1; event.r", {"y": 0}),
        ("let a = [event]; let event.x = 1; a", [{"r": {"y": 0}}]),
        ("let a = {}; let b = a; let b.x = 1; [a, b]", [{}, {"x": 1}]),
        ("let a = {}; let a.x = a; let a.x.y = 1; a", {"x": {"y": 1}}),
        ("const c = {\"d\": {}}; let a = c; let a.d.x = 1; let b = c; [a, b]", [{"d": {"x": 1}}, {"d": {}}]),
        ("match event of case r = %{ present r } => let event.r.y = 1, let r.r.y = 2, [r, event] default => 0 end",
         [{"r": {"y": 2}}, {"r": {"y": 1}}]),
        ("match event of case r = _ => let r.z = 1, event default => 0 end", {"r": {"y": 0}}),
        ("for event of case (k, v) => let v.x = 1, event end", [{"r": {"y": 0}}]),
        ("for event of case (k, v) => let event.r.y = 1, let event.more = k, v end", [{"y": 0}]),
        ("fn f(p) with let p.x = 1; p end; let a = f(event); [a, event]", [{"r": {"y": 0}, "x": 1}, {"r": {"y": 0}}]),
        ("let a = merge event of {\"z\": event.r} end; let event.r.y = 1; a", {"r": {"y": 0}, "z": {"y": 0}}),
        ("let a = patch event of copy \"r\" => \"s\" end; let a.s.y = 1; a", {"r": {"y": 0}, "s": {"y": 1}}),
        ("let state = event; let event.r.y = 1; state", {"r": {"y": 0}}),
        ("let state = event; let a = state.r; let state.r.y = 1; a", {"y": 0}),
        ("let state = {\"a\": event.r}; let state.b = state.a; let state.b.y = 1; state.a", {"y": 0}),
        ("let state = event; for state.r of case (k, v) => let state.r.y = 5, v end", [0]),
        ("let state = event; for state of case (k, v) => let state.r.y = 5, v.y end", [0]),
        ("let state = event; match state of case s = %{ present r } => let state.r.y = 5, s.r.y default => 9 end", 0),
        ("let state = {\"a\": {}}; let state = {\"b\": state, \"c\": state}; let state.b.a.x = 1; state.c", {"a": {}}),
        ("let state = {\"a\": {}}; let state.b = state; let state.b.a.x = 1; state", {"a": {}, "b": {"a": {"x": 1}}}),
        ("let state = {}; let state.b = for [1, 2] of case (i, v) => state end; let state.x = 1; state.b", [{}, {}]),
        ("let state = {}; let state.b = match 1 of default => state end; let state.x = 1; state.b", {}),
        ("let state = {}; let state = patch state of upsert \"b\" => state end; let state.x = 1; state.b", {}),
        ("let state = {\"a\": {}}; let state = patch state of copy \"a\" => \"b\" end; let state.a.x = 1; state.b", {}),
        ("let state = {\"a\": {}}; let state = merge state of {\"b\": state} end; let state.a.x = 1; state.b.a", {}),
        ("let $a = event; let event.x = 1; $a", {"r": {"y": 0}}),
        ("let $a = $; let $b = 1; $a", {}),
        ("let event.x = event; let event.x.r.y = 9; event.r", {"y": 0}),
    ],
)  # fmt: skip
def test_an_assignment_shows_only_where_it_is_made(text: str, result: Any) -> None:
    assert value_of(text, {"r": {"y": 0}}) == result


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts, events)
def test_running_a_script_changes_nothing_outside(text: str, event: Any) -> None:
    try:
        script = compile_script(text)
    except CompileError:
        return
    value, meta, args = deepcopy(event), {"m": {"a": 1}}, {"a": {"b": 1}}
    instance = script.start(args)
    results = []
    for _ in range(2):
        instance.state = None
        try:
            results.append(repr(instance.run(value, meta)))
        except ScriptError:
            results.append("failed")
    assert (value, meta, args) == (event, {"m": {"a": 1}}, {"a": {"b": 1}})
    assert results[0] == results[1]


def containers(value: Any) -> set[int]:
    found = set()
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict | list):
            found.add(id(one))
            pending += one.values() if isinstance(one, dict) else one
    return found


@pytest.mark.parametrize(
    "leaves",
    ["args", "args.list", "[args.list]", "state", "state.a", "{\"x\": state.a}", "constant", "constant.a", "shared",
     "f(1)",
     "match args of case r = %{ present list } => r default => 0 end", "for args.list of case (k, v) => v end",
     "match event of case _ => constant.a end", "merge {} of {\"a\": args} end",
     "patch {} of upsert \"a\" => state end",
     "array::push(args.list, 1)", "[\"new\", [1, {}]]", "event.kept",
     "let state.q = [[1]]"],
)  # fmt: skip
def test_what_leaves_is_shared_with_nothing(leaves: str) -> None:
    text = f"""
    use std::array;
    const constant = {{"a": [1, [2]], "b": {{}}}};
    fn f(x) with constant.a end;
    let shared = args;
    let state = match state of case null => {{"a": [1, {{"b": 1}}]}} default => state end;
    let event.kept = constant.a;
    let $also = {leaves};
    {leaves}"""
    instance = compile_script(text).start({"list": [[1], {"a": 2}]})
    first, second = instance.run({}), instance.run({})
    assert first is not None
    assert second is not None
    assert containers(first.value).isdisjoint(containers(second.value))
    state = containers(instance.state)
    assert state.isdisjoint(containers(second.value) | containers(second.meta))
    assert first.value == second.value


def test_the_roots_of_the_value_and_of_the_metadata_are_never_one() -> None:
    for text in [
        "let $a = event; event",
        "let $a = event.r; event.r",
        "$",
        "emit $a",
        "let event = $; event",
    ]:
        emitted = compile_script(text).run({"r": {}}, {"a": {"b": 1}})
        assert emitted is not None
        assert emitted.meta is not None
        assert id(emitted.value) not in containers(emitted.meta)


def test_metadata_change_in_place_for_the_caller() -> None:
    meta: dict[str, Any] = {"a": 1, "b": 2}
    function = compile_script(
        'let $ = patch $ of erase "a", merge => {"c": 3} end; let $ = merge $ of {"b": null} end; 1'
    )
    assert function.start().function({}, meta, None) == 1  # type: ignore[arg-type]
    assert meta == {"c": 3}


def test_an_accumulator_takes_time_in_proportion_to_what_it_takes_in() -> None:
    text = "let all = {}; for event of case (k, v) => let all[v] = k end; all"
    script = compile_script(text)
    emitted = script.run([str(number) for number in range(100_000)])
    assert emitted is not None
    assert len(emitted.value) == 100_000
