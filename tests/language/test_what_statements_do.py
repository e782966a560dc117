"""Statements: what a script emits, match and for, functions, merge and patch, texts and binaries."""

from __future__ import annotations

import linecache
import traceback
from typing import Any

import pytest

from pipelines.language import CompileError, Emit, Limits, ScriptError, Source, compile_script
from pipelines.language.script import SimpleOccasion
from tests.language.script_runs import failed_part, failure_of, value_of


def emitted(text: str, event: Any = None, dialect: str = "0.11") -> Emit | None:
    return compile_script(text, dialect=dialect).run(event)


@pytest.mark.parametrize(
    ("text", "value", "port"),
    [
        ("event", {"a": 1}, "out"),
        ("let event.b = 2", 2, "out"),
        ("emit", {"a": 1}, "out"),
        ("emit 5", 5, "out"),
        ('emit => "other"', {"a": 1}, "other"),
        ('emit event.a => "port #{event.a}"', 1, "port 1"),
        ("emit 1; 2", 1, "out"),
        ("match event of case %{ present a } => emit 1 default => 2 end; 3", 1, "out"),
        ("for [1, 2, 3] of case (i, e) when e == 2 => emit e case (i, e) => e end; 9", 2, "out"),
        ("let x = match 1 of case 1 => emit 7, 8 default => 9 end; x", 7, "out"),
        ("const a = 4", 4, "out"),
        ("fn f() with 1 end", {"a": 1}, "out"),
    ],
)
def test_what_a_script_emits(text: str, value: Any, port: str) -> None:
    result = emitted(text, {"a": 1})
    assert result is not None
    assert (result.value, result.port) == (value, port)


def test_a_drop_ends_the_script_wherever_it_stands() -> None:
    assert emitted("drop; 1") is None
    assert emitted("match event of case 1 => drop default => 2 end; 3", 1) is None
    assert emitted("for [1] of case (k, v) => drop end; 3") is None


def test_values_that_nobody_uses_are_not_worked_out() -> None:
    assert value_of("missing; event.gone.too; 1 + 1", {}) == 2
    assert value_of("match 1 of case 1 => missing, event.gone, 5 default => 0 end") == 5
    assert value_of("[match 1 of case 1 => missing, 5 default => 0 end]") == [5]
    assert value_of("match 1 of case 1 => missing default => 0 end; 5") == 5


@pytest.mark.parametrize(
    ("pattern", "target", "result"),
    [
        ("1", 1.0, 1),
        ("1", True, "no"),
        ('"a"', b"a", "a"),
        ("[1, 2]", [1, 2.0], [1, 2]),
        ("%{}", {"a": 1}, {}),
        ("%{}", [], "no"),
        ("%{ present a }", {"a": None}, {"a": None}),
        ("%{ absent a }", {"b": 1}, {}),
        ("%{ absent a }", {"a": 1}, "no"),
        ("%{ absent a }", 5, "no"),
        ("%{ a == 1, b != 2, c < 3 }", {"a": 1, "b": 1, "c": 2}, {}),
        ("%{ b != 2 }", {}, "no"),
        ("%{ a == null }", {}, "no"),
        ("%{ a == null }", {"a": None}, {}),
        ("%{ a ~= re|(?P<x>b+)| }", {"a": "abb"}, {"a": {"x": "bb"}}),
        ("%{ q = a ~= re|(?P<x>b+)| }", {"a": "abb"}, {"q": {"x": "bb"}}),
        ("%{ a ~= %{ present b } }", {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}),
        ("%{ a ~= %{ present b } }", {"a": 5}, "no"),
        ("%{ a ~= %[ 1, %{ present b } ] }", {"a": [{"b": 2}, 1]}, {"a": [[1, 1], [0, {"b": 2}]]}),
        ("%[ 1 ]", [2, 1, 1], [[1, 1], [2, 1]]),
        ("%[ 1 ]", [2], "no"),
        ("%[ _ ]", [], "no"),
        ("%[ ~ re|(?P<x>a)| ]", ["b", "a", 5], [[1, {"x": "a"}]]),
        ("%( 1, _, %{ present a } )", [1, 2, {"a": 3}], [1, 2, {"a": 3}]),
        ("%( 1 )", [1, 2], "no"),
        ("%( 1, ... )", [1, 2], [1]),
        ("%( ... )", [], []),
        ("%()", [], []),
        ("%()", [1], "no"),
        ("~ re|(?P<x>a)|", "cab", {"x": "a"}),
        ("~ re|(?P<x>a)|", 5, "no"),
        ("_", 7, 7),
    ],
)
def test_patterns(pattern: str, target: Any, result: Any) -> None:
    text = 'match event of case r = {} => r default => "no" end'
    assert value_of(text.format(pattern), target) == result
    assert value_of(text.format(pattern).replace("=> r ", "when present r => r "), target) == result
    # Without a variable nothing is made of it, and the tests are other code.
    expected = "no" if result == "no" else "yes"
    assert value_of(f'match event of case {pattern} => "yes" default => "no" end', target) == expected


def test_arrays_match_always_in_the_old_dialect() -> None:
    text = 'match event of case r = %[ 1, %{ present a } ] => r default => "no" end'
    assert value_of(text, [{"a": 1}, 1], "0.9") == [[0, {"a": 1}], [1, 1]]
    assert value_of(text, [5], "0.9") == []
    assert value_of(text, 5, "0.9") == "no"


def test_the_first_clause_that_matches_is_taken() -> None:
    clauses = " ".join(
        f'case %{{ a == "{letter}" }} => "{letter}{place}"' for place, letter in enumerate("abcab")
    )
    text = f'match event of {clauses} case %{{ b == "x" }} => "b" default => "none" end'
    for letter, result in [
        ("a", "a0"),
        ("b", "b1"),
        ("c", "c2"),
        ("d", "none"),
        (None, "none"),
        ([], "none"),
        (b"c", "c2"),
    ]:
        assert value_of(text, {"a": letter}) == result
    assert value_of(text, {"a": "d", "b": "x"}) == "b"
    assert value_of(text, {}) == value_of(text, "a") == "none"


def test_fields_of_the_same_name_at_two_levels_are_two() -> None:
    text = "match event of case %{ a ~= %{ a == 2 } } => 1 case %{ a == 2 } => 2 default => 3 end"
    assert [value_of(text, event) for event in ({"a": {"a": 2}}, {"a": 2}, {"a": {"a": 3}})] == [1, 2, 3]


def test_a_guard_that_fails_lets_the_next_clause_try() -> None:
    clauses = "case r = %{ present a } when r.a > 1 => 1 case %{ a == 1 } when event.b => 2 default => 3"
    text = f"match event of {clauses} end"
    assert [value_of(text, event) for event in ({"a": 2}, {"a": 1, "b": True}, {"a": 1, "b": False})] == [
        1,
        2,
        3,
    ]
    assert failed_part(text, {"a": 1, "b": 5}) == ("a condition is a boolean, not integer", "event.b")


def test_a_match_without_a_fitting_clause_fails() -> None:
    text = "match event of\n case 1 => 1\n case 2 => 2\nend"
    assert failure_of(text, 3).diagnostic.code == "no-clause"
    assert failed_part("[" + text + "]", 3)[1] == text
    assert failure_of(text + "; 1", 3).diagnostic.code == "no-clause"


def test_a_comparison_that_is_not_defined_fails_in_a_pattern() -> None:
    text = "match event of case %{ a > 1 } => 1 default => 2 end"
    assert failed_part(text, {"a": "text"}) == ("`>` is not defined for string and integer", text)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("for event of case (k, v) => [k, v] end", [["a", 1], ["b", [2]]]),
        ("for event.b of case (i, e) => [i, e] end", [[0, 2]]),
        ("for 5 of case (k, v) => 1 end", []),
        ("for event of case (k, v) when v == 1 => k case (k, v) when false => 0 end", ["a"]),
        ("let n = 0; for [1, 2, 3] of case (i, e) => let n = n + e end; n", 6),
        ("for [1, 2] of case (i, e) => let x = e, x * 2 end", [2, 4]),
        ("for [[1], [2, 3]] of case (i, e) => for e of case (j, f) => f end end", [[1], [2, 3]]),
    ],
)
def test_for(text: str, result: Any) -> None:
    assert value_of(text, {"a": 1, "b": [2]}) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("fn f(a, b) with a + b end; f(1, 2)", 3),
        ("fn f(a) with let b = a; b end; f(1) + f(2)", 3),
        ("fn f(a, ...) with [a, args] end; f(1, 2, 3)", [1, [2, 3]]),
        ("fn f(a) with a end; f(1, 2)", 1),
        ("fn f(a) with present a end; [f(), f(null)]", [False, True]),
        ("fn f() with [event, state, $] end; f()", [None, None, None]),
        ('fn f(n) with match n of case 0 => "done" default => recur(n - 1) end end; f(500)', "done"),
        (
            "fn f(n, a) of case (0, a) => a case (n, _) when n > 0 => recur(n - 1, a + n) default => -1 end; f(4, 0)",
            10,
        ),
        ('fn f(a) of case (~ re|(?P<x>b+)|) => a.x default => a end; [f("abb"), f(5)]', ["bb", 5]),
        (
            "fn f(a) with let x = a; match a of case 0 => present y default => let y = a, recur(a - 1) end end; f(2)",
            False,
        ),
    ],
)
def test_functions(text: str, result: Any) -> None:
    assert value_of(text, {"a": 1}) == result


def test_a_parameter_that_was_not_given_fails_when_it_is_read() -> None:
    assert failed_part("fn f(a, b) with\n[a, b] end; f(1)", {}) == (
        "the local variable `b` has no value",
        "b",
    )
    assert failed_part("fn f(a, ...) with match a of case 1 => recur() default => a end end; f(1)")[
        0
    ].endswith("no value")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("merge event of {\"a\": null, \"b\": {\"c\": null, \"e\": 1}, \"n\": {\"x\": null}} end",
         {"b": {"d": 2, "e": 1}, "n": {"x": None}}),
        ("merge event of {\"b\": 1} end", {"a": 1, "b": 1}),
        ("patch event of insert \"x\" => event.a, update \"a\" => 5 end", {"a": 5, "b": {"c": 1, "d": 2}, "x": 1}),
        ("patch event of upsert \"a\" => 2, erase \"b\", erase \"q\" end", {"a": 2}),
        ("patch event of move \"a\" => \"x\", move \"q\" => \"y\", erase \"b\" end", {"x": 1}),
        ("patch event of copy \"a\" => \"x\", erase \"b\" end", {"a": 1, "x": 1}),
        ("patch event of merge \"b\" => {\"c\": null}, merge \"n\" => {\"x\": 1} end",
         {"a": 1, "b": {"d": 2}, "n": {"x": 1}}),
        ("patch event of merge => {\"b\": null} end", {"a": 1}),
        ("patch event of merge => 5 end", 5),
        ("let event = patch event of erase \"b\" end; event", {"a": 1}),
        ("let x = event; let x = merge x of {\"b\": null} end; [x, event.b.c]", [{"a": 1}, 1]),
    ],
)  # fmt: skip
def test_merge_and_patch(text: str, result: Any) -> None:
    assert value_of(text, {"a": 1, "b": {"c": 1, "d": 2}}) == result


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("merge event.a of {} end", "event.a"),
        ("merge {} of event.a end", "event.a"),
        ('patch event.a of erase "x" end', "event.a"),
        ('patch event of insert "a" => 1 end', '"a"'),
        ('patch event of update "x" => 1 end', '"x"'),
        ("patch event of upsert event.a => 1 end", "event.a"),
        ('patch event of merge "a" => {} end', '"a"'),
        ('patch event of merge => 5, erase "a" end', "event"),
    ],
)
def test_merge_and_patch_tell_which_part_does_not_fit(text: str, part: str) -> None:
    assert failed_part(text, {"a": 1})[1] == part


def test_a_patch_in_place_that_fails_leaves_what_it_did() -> None:
    error = failure_of('let event = patch event of erase "a", update "x" => 1 end', {"a": 1})
    assert error.event == {}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('"a#{event}b"', 'a{"x":[1.0,"y"]}b'),
        ('"#{event.x[1]}"', "y"),
        ('"#{1}#{null}#{true}"', "1nulltrue"),
        ('{"k#{event.x[1]}": 1, "k": 2}', {"ky": 1, "k": 2}),
    ],
)
def test_texts(text: str, result: Any) -> None:
    assert value_of(text, {"x": [1.0, "y"]}) == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("<< event:4, 1:4 >>", b"\x51"),
        ("<< event:4 >>", b"\x05"),
        ("<< event:16/little >>", b"\x05\x00"),
        ('<< event, "ab"/binary, "xyz":1/binary >>', b"\x05abx"),
        ("<< (0 - event):8/signed-integer >>", b"\xfb"),
        ("<< 258 >>", b"\x02"),
        ("<<>>", b""),
        ("<< 1:12, event:8 >>", b"\x00\x10\x05"),
    ],
)
def test_binaries(text: str, result: bytes) -> None:
    assert value_of(text, 5) == result


def test_a_binary_tells_which_field_does_not_fit() -> None:
    assert failed_part("<< 1, event >>", "text")[1] == "event"
    assert failed_part("<< (0 - event) >>", 1)[0] == "-1 is negative"
    assert failed_part("<< event:3/binary >>", "ab")[0] == "this has 2 bytes, but 3 are needed"


def test_an_instance_keeps_its_state_and_has_its_arguments() -> None:
    script = compile_script(
        'let state = match state of case null => {"n": args.start} default => state end;'
        "let state.n = state.n + 1; state.n"
    )
    one, other = script.start({"start": 10}), script.start({"start": 20})
    values = [instance.run(None) for instance in (one, one, other)]
    assert [value and value.value for value in values] == [11, 12, 21]
    assert one.state == {"n": 12}
    assert failure_of("args.start").diagnostic.message == "this needs a record, not null"


def test_state_is_kept_when_a_script_fails_later() -> None:
    instance = compile_script("let state = 5; event.gone").start()
    with pytest.raises(ScriptError):
        instance.run({})
    assert instance.state == 5


def test_a_traceback_shows_the_lines_of_the_script() -> None:
    source = Source("inline script", "let a = 1;\n  a +\n event.x")
    with pytest.raises(ScriptError) as caught:
        compile_script(source).run({})
    entry = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert entry.filename == "inline script"
    assert linecache.getline("inline script", 3) == " event.x\n"


def test_functions_have_their_names_and_lines() -> None:
    text = "fn double(x) with\n x +\n x end;\nlet a = double(event);\na"
    function = compile_script(text).start().function
    double = function.__globals__["function0"].__code__  # type: ignore[attr-defined]
    assert (double.co_name, double.co_firstlineno) == ("double", 1)
    lines = {line for _, _, line in function.__code__.co_lines() if line}  # type: ignore[attr-defined]
    assert {4, 5} <= lines <= {1, 2, 3, 4, 5}


def test_a_mistake_of_ours_is_not_told_as_one_of_the_script() -> None:
    function = compile_script("event.a + 1").start().function
    with pytest.raises(ZeroDivisionError):
        function(_Broken(), {}, SimpleOccasion())


class _Broken(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise ZeroDivisionError


def test_the_python_source_can_be_read() -> None:
    text = compile_script('match event.a of case "secret name" => event.b default => 1 end').python_source()
    assert "def main(event, meta, occasion):" in text


def test_ports_are_known() -> None:
    script = compile_script(
        'match event of case 1 => emit 1 => "a" case 2 => emit 2 => "out" default => emit => "b" end'
    )
    assert (script.ports, script.open_ports) == (frozenset({"a", "b"}), False)
    assert compile_script('emit => "#{event}"').open_ports


def test_errors_of_all_stages_are_compile_errors() -> None:
    for text in ['"unterminated', "1 +", "nothing::there(1)", "let x = ;"]:
        with pytest.raises(CompileError):
            compile_script(text)


def test_limits_are_those_of_the_script() -> None:
    script = compile_script("for event of case (k, v) => v end", limits=Limits(array=1))
    with pytest.raises(ScriptError):
        script.run([1, 2])
