"""A script reaches nothing of Python, does not run for ever, and does not fill the memory."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language import CompileError, Limits, ScriptError, compile_query, compile_script
from tests.language.random_scripts import scripts
from tests.language.script_runs import failure_of, value_of

PYTHON_NAMES = [
    "__class__", "__builtins__", "__import__", "__globals__", "__dict__", "__subclasses__", "mro", "format", "gi_frame",
    "f_back", "exec", "eval", "open", "getattr", "limits", "cell", "main", "occasion", "fail", "copy", "t1", "v0",
    "None", "True", "lambda", "import", "raise", "meta", "Emit", "Exception",
]  # fmt: skip


@pytest.mark.parametrize("name", PYTHON_NAMES)
def test_a_name_of_python_is_an_unset_variable(name: str) -> None:
    name = f"`{name}`"
    assert failure_of(f"{name}", {}).diagnostic.code == "unset-variable"
    assert failure_of(f"event.{name}", {}).diagnostic.code == "missing-key"
    assert value_of(f"let {name} = 1; let event.{name} = {name} + 1; event", {}) == {name.strip("`"): 2}


@pytest.mark.parametrize("name", PYTHON_NAMES)
@pytest.mark.parametrize("value", ["text", 1, 1.5, True, None, [1], {"a": 1}, b"bytes"])
def test_values_have_no_attributes(name: str, value: Any) -> None:
    assert failure_of(f"event.value.`{name}`", {"value": value}).diagnostic.line == 1
    assert value_of(f"present event.value.`{name}`", {"value": value}) is False


def test_there_is_no_function_of_python() -> None:
    for name in PYTHON_NAMES:
        with pytest.raises(CompileError):
            compile_script(f"`{name}`(1)")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


OWN_ATTRIBUTES = {"__class__", "append", "copy", "get", "value", "add", "recursion", "steps"}


@settings(max_examples=20, deadline=None)
@given(scripts)
def test_generated_code_uses_only_its_own_names(text: str) -> None:
    try:
        source = compile_script(text).python_source()
    except CompileError:
        return
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, ast.Import | ast.ImportFrom | ast.Lambda | ast.Global | ast.Nonlocal)
        if isinstance(node, ast.Attribute):
            assert node.attr in OWN_ATTRIBUTES
        if isinstance(node, ast.Name):
            assert node.id.isascii()
            assert not node.id.startswith("_")


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(exclude_characters="`\n\r", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_quoted_name_can_be_any_text(name: str) -> None:
    script = f"let `{name}` = event.`{name}`; fn `{name}`(`{name}`) with [`{name}`] end; `{name}`(`{name}`)"
    try:
        assert value_of(script, {name: 1}) == [1]
    except CompileError:
        # What a name may not hold, the lexer says.
        return


def test_generated_code_has_no_builtins() -> None:
    function = compile_script("event").start().function
    assert function.__globals__["__builtins__"] == {}  # type: ignore[attr-defined]


NESTED_LOOPS = "for event of case (i, x) => for event of case (j, y) => 1 end end"
NESTED_RECURSION = """
fn inner(n) with match n > 100 of case true => n default => recur(n + 1) end end;
fn outer(n) with match n > 100 of case true => n default => match inner(0) of default => recur(n + 1) end end end;
outer(0)
"""
DOUBLING = "fn f0(n) with n end;\n" + "".join(
    f"fn f{level}(n) with f{level - 1}(n) + f{level - 1}(n) end;\n" for level in range(1, 15)
)


@pytest.mark.parametrize("text", [NESTED_LOOPS, NESTED_RECURSION], ids=["loops", "recursion"])
def test_loops_within_loops_end(text: str) -> None:
    assert failure_of(text, [0] * 100, steps=5000).diagnostic.code == "steps-limit"
    value_of(text, [0] * 100, steps=20_000)


def test_functions_that_call_each_other_twice_as_often_each_time_end() -> None:
    assert failure_of(DOUBLING + "f14(event)", 1, steps=5000).diagnostic.code == "steps-limit"
    assert value_of(DOUBLING + "f14(event)", 1) == 2**14


def test_each_event_has_its_own_steps() -> None:
    instance = compile_script(NESTED_LOOPS, limits=Limits(steps=11_000)).start()
    for _ in range(3):
        instance.run([0] * 100)


def test_steps_of_a_query_are_those_of_one_event() -> None:
    query = compile_query(f"select ({NESTED_LOOPS}) from in into out;", limits=Limits(steps=11_000)).start()
    for _ in range(3):
        ((port, _value, _meta),) = query.push("in", [0] * 100)
        assert port == "out"


CALLING = "for event of case (i, x) => for event of case (j, y) => core::system::ingest_ns() end end"


def _steps_of_a_script() -> Callable[[], Any]:
    script = compile_script(CALLING, limits=Limits(steps=11_000))
    return lambda: script.start().function


def _steps_of_a_select() -> Callable[[], Any]:
    query = compile_query(f"select ({CALLING}) from in into out;", limits=Limits(steps=11_000))

    def make() -> Any:
        (node,) = query.graph().nodes.values()
        return node.operator.event_function()

    return make


@pytest.mark.parametrize("make", [_steps_of_a_script, _steps_of_a_select])
def test_an_event_that_another_instance_pre_empts_counts_its_own_steps(make: Callable[[], Any]) -> None:
    new_instance = make()
    first, second = new_instance(), new_instance()

    class PreEmpted:
        origin, ingest_ns = "", 0

    class PreEmpting:
        origin = ""

        @property
        def ingest_ns(self) -> int:
            if not others:
                others.append(second([0] * 100, {}, PreEmpted()))
            return 0

    others: list[Any] = []
    assert len(first([0] * 100, {}, PreEmpting())) == len(others[0]) == 100


def test_recursion_ends() -> None:
    error = failure_of("fn f(n) with recur(n + 1) end; f(0)", recursion=100)
    assert error.diagnostic.code == "recursion-limit"
    assert "100" in error.diagnostic.message


def test_calls_that_are_nested_too_deeply_fail_cleanly() -> None:
    functions = ["fn f0(x) with x end"]
    functions += [f"fn f{number}(x) with f{number - 1}(x) + 1 end" for number in range(1, 300)]
    script = compile_script("; ".join([*functions, "f299(event)"]))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 200)
    try:
        with pytest.raises(ScriptError, match="nested too deeply"):
            script.run(0)
    finally:
        sys.setrecursionlimit(limit)


def test_a_deep_event_fails_cleanly_or_passes() -> None:
    event: Any = "end"
    for _ in range(sys.getrecursionlimit() * 2):
        event = {"a": event}
    assert value_of("event.a == event.a", event) is True
    assert failure_of('"#{event}"', event).diagnostic.code == "too-deep"
    assert value_of("merge event of event end", event).keys() == {"a"}
    instance = compile_script("let state = event; let state.a.b = 1; event.a.a").start()
    assert instance.run(event) is not None


@pytest.mark.parametrize(
    "script",
    [
        "let x = [x, x];" * 60,
        'let x = {"a": x, "b": x};' * 60,
        "let event.x = event; let event.y = event;" * 30 + "let x = event;",
        "let x = for event.list of case (k, v) => x end;" * 8,
        "for event.list of case (k, v) => let x = [x, x] end;",
        'let x = patch {} of upsert "a" => x, copy "a" => "b" end;' * 60,
        'let x = merge {"a": x} of {"b": x} end;' * 60,
        "fn f(n, x) of case (0, _) => x default => recur(n - 1, [x, x]) end; let x = f(60, 1);",
        "fn f(x) with [x, x] end;" + "let x = f(x);" * 60,
        "match event.list of case r = %[ _ ] => let x = [r, r, r, r, r, r, r, r], let x = [x, x, x, x, x, x],"
        " let x = [x, x, x, x, x, x, x], let x = [x, x, x, x, x, x, x], let x = [x, x, x, x, x, x, x] end;",
    ],
)
def test_values_that_hold_the_same_parts_many_times_do_not_leave(script: str) -> None:
    event = {"list": list(range(60))}
    begin, limit = 'let x = [1, 2, "three"];\n', 20_000
    for end in [
        "x",
        "let $a = x; 1",
        "emit x",
        '"#{x}"',
        "let state = x; 1",
        "let state = {}; let state.a = x; 1",
    ]:
        error = failure_of(f"{begin}{script}\n{end}", event, string=limit)
        assert error.diagnostic.code in ("limit-exceeded", "too-deep")
    assert value_of(f"{begin}{script}\n x == x", event) is True


def test_state_that_doubles_with_each_event_is_stopped() -> None:
    script = compile_script(
        'let state = match state of case null => {"a": ["some text"]} default => state end;'
        "let state.a = [state.a, state.a]; 1",
        limits=Limits(string=10_000),
    )
    instance = script.start()
    with pytest.raises(ScriptError, match="are the limits"):
        for _ in range(30):
            instance.run(None)


def _one_of_many(queries: int, create: str, link: str) -> str:
    names = ["in", *(f"s{number}" for number in range(queries)), "out"]
    parts = [create.replace("NAME", name) for name in names[1:-1]]
    parts += [f"{link} from {one} into {other};" for one, other in pairwise(names)]
    return "".join(parts)


@pytest.mark.parametrize(
    "text",
    [
        _one_of_many(60, "create stream NAME;", 'select {"a": event, "b": event}'),
        'define script twice script {"a": event, "b": event} end;'
        + _one_of_many(60, "create script NAME from twice;", "select event"),
        "define script twice script let $a = $; let $b = $; event end;"
        + _one_of_many(60, "create script NAME from twice;", "select event"),
    ],
    ids=["selects", "scripts", "metadata"],
)
def test_a_row_of_selects_and_scripts_lets_nothing_grow_beyond_the_limit(text: str) -> None:
    query = compile_query(text, limits=Limits(array=10_000, string=100_000)).start()
    ((port, value, meta),) = query.push("in", {"x": 1}, {"m": 1})
    assert (port, value["event"], meta) == ("err", None, {})
    assert "are the limits" in value["error"]


def test_short_rows_of_selects_are_not_weighed() -> None:
    text = _one_of_many(3, "create stream NAME;", 'select {"a": event.a, "b": event.b, "c": event.c}')
    assert not any(name.startswith("weigh") for name in compile_query(text).graph().nodes)


def test_an_event_in_many_groups_is_not_copied_for_each_without_limit() -> None:
    query = compile_query("select event from in group by each(event) into out;", limits=Limits(array=1000))
    assert len(query.start().push("in", list(range(40)))) == 40
    ((port, value, _meta),) = query.start().push("in", list(range(100)))
    assert port == "err"
    assert "are the limits" in value["error"]


def test_a_text_does_not_grow_beyond_the_limit() -> None:
    script = 'let x = "some text";' + 'let x = "#{x}#{x}";' * 40 + "x"
    assert failure_of(script, string=1000).diagnostic.code == "limit-exceeded"
    script = 'let x = "some text";' + "let x = x + x;" * 40 + "x"
    assert failure_of(script, string=1000).diagnostic.code == "limit-exceeded"


def test_a_loop_goes_through_no_more_than_the_limit() -> None:
    assert (
        failure_of("for event of case (k, v) => v end", [1, 2, 3], array=2).diagnostic.code
        == "limit-exceeded"
    )
    assert value_of("for event of case (k, v) => v end", [1, 2], array=2) == [1, 2]


def test_a_record_does_not_grow_beyond_the_limit() -> None:
    merging = 'merge event of {"c": 1} end'
    assert failure_of(merging, {"a": 1, "b": 2}, record=2).diagnostic.code == "limit-exceeded"
    patching = 'patch event of insert "c" => 1 end'
    assert failure_of(patching, {"a": 1, "b": 2}, record=2).diagnostic.code == "limit-exceeded"


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("[", "]"),
        ("(1 + ", ")"),
        ("not (", ")"),
        ("match event of case ", " => 1 default => 2 end"),
        ("(match event of case 1 => ", " default => 2 end)"),
        ("for event of case (k, v) => ", " end"),
        ("let x = match event of case 1 => ", " default => 2 end"),
        ("merge {} of ", " end"),
        ("f(", ")"),
        ("event[", "]"),
        ('"#{', '}"'),
        ("match event of case %{ a ~= %{ b == ", "}} => 1 default => 2 end"),
        ("case_", ""),
    ],
)
def test_what_is_nested_deeply_compiles_or_is_told(head: str, tail: str) -> None:
    for depth in (5, 15, 25, 95, 3000):
        text = "fn f(x) with x end;\n" + head * depth + "1" + tail * depth
        try:
            compile_script(text).run({})
        except (CompileError, ScriptError):
            continue


def test_long_scripts_compile() -> None:
    clauses = " ".join(f"case {number} => let x = {number}" for number in range(700))
    assert value_of(f"let y = match event of {clauses} end; x", 699) == 699
    texts = " ".join(f'case "{number}" => {number}' for number in range(700))
    assert value_of(f"[match event of {texts} default => null end]", "699") == [699]
    fields = ", ".join(f'"{number}": event' for number in range(1500))
    assert len(value_of(f"{{{fields}}}", 1)) == 1500
    assert value_of(";".join(f"let x{number} = {number}" for number in range(1500)) + "; x1499") == 1499
