"""What a name stands for: locals, shadows, constants, and how modules are looked into."""

from pathlib import Path

import pytest

from pipelines.language import tree
from pipelines.language.analysis import analyse_script
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_script
from pipelines.language.source import Source
from pipelines.language.tree import RootKind
from tests.language.analysing import analyse, constant, errors, hint, last, place, program


def root(text: str) -> tree.Root:
    found = last(text)
    assert isinstance(found, tree.Path)
    return found.root


def test_a_local_has_one_slot_in_the_whole_script() -> None:
    found = program("let a = 1; match event of case 1 => let b = 2 default => let a = b end; a")
    assert found.main.locals == ["a", "b"]
    assert root("let a = 1; let b = 2; a").slot == 0


def test_the_names_in_selectors_are_resolved() -> None:
    assert program("event[a:b][c].d").main.locals == ["a", "b", "c"]


def test_a_local_need_not_be_assigned_anywhere() -> None:
    assert root("a.b").kind is RootKind.LOCAL


def test_the_names_of_a_loop_are_seen_in_its_clause_only() -> None:
    loop = last("let k = 1; for event of case (k, v) when k > 1 => [k, v] end")
    assert isinstance(loop, tree.For)
    (clause,) = loop.clauses
    assert (clause.key_slot, clause.value_slot) == (0, 1)
    body = clause.body[0]
    assert isinstance(body, tree.List)
    assert [item.root.slot for item in body.items if isinstance(item, tree.Path)] == [0, 1]
    assert root("let k = 1; let r = for event of case (k, v) => k end; k").kind is RootKind.LOCAL


def test_inner_shadows_hide_outer_ones_and_each_has_a_slot() -> None:
    loop = last("for event of case (k, v) => for v of case (k, w) => k end end")
    assert isinstance(loop, tree.For)
    inner = loop.clauses[0].body[0]
    assert isinstance(inner, tree.For)
    name = inner.clauses[0].body[0]
    assert isinstance(name, tree.Path)
    assert (name.root.kind, name.root.slot) == (RootKind.SHADOW, inner.clauses[0].key_slot)
    assert loop.clauses[0].key_slot != inner.clauses[0].key_slot
    target = inner.target
    assert isinstance(target, tree.Path)
    assert target.root.slot == loop.clauses[0].value_slot


def test_an_assigning_pattern_is_seen_in_guard_and_body_but_not_in_itself() -> None:
    match = last("match event of case x = [x] when x == 1 => x default => x end")
    assert isinstance(match, tree.Match)
    first, default = match.clauses
    assert isinstance(first.pattern, tree.AssignPattern)
    assert isinstance(first.pattern.pattern, tree.ExpressionPattern)
    elements = first.pattern.pattern.expression
    assert isinstance(elements, tree.List)
    guard, body, other = first.guard, first.body[0], default.body[0]
    assert isinstance(guard, tree.Binary)
    kinds = [
        path.root.kind for path in (elements.items[0], guard.left, body, other) if isinstance(path, tree.Path)
    ]
    assert kinds == [RootKind.LOCAL, RootKind.SHADOW, RootKind.SHADOW, RootKind.LOCAL]


def test_assigning_to_a_shadow_does_not_make_a_local() -> None:
    assert program("for event of case (k, v) => let k = v end").main.locals == []


def test_a_constant_wins_over_a_shadow() -> None:
    match = last("const x = 7; match event of case x = %{} => x default => 0 end")
    assert isinstance(match, tree.Match)
    assert isinstance(match.clauses[0].body[0], tree.Literal)


def test_constants_of_modules_have_the_module_before_them() -> None:
    assert constant("mod a with mod b with const c = 1 end; const d = b::c end; a::d + a::b::c") == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("const c = 1;\nmod m with\n  fn f() with m::c end\nend;\nm::f()", (3, 15)),
        ("mod m with const c = 1 end;\nn::c", (2, 1)),
        ("mod m with const c = 1 end;\n[m::d]", (2, 2)),
        ("mod m with mod n with const c = 1 end end;\nn::c", (2, 1)),
        ("mod a with const c = 1 end;\nmod b with const d = a::c end;\n1", (2, 22)),
    ],
)
def test_no_other_module_is_looked_into(text: str, place: tuple[int, int]) -> None:
    assert errors(text) == [(*place, "undefined-constant")]


def test_a_plain_name_in_a_module_is_no_constant_of_the_root() -> None:
    found = last("const c = 1; mod m with fn f() with c end end; m::f()")
    assert isinstance(found, tree.Call)
    assert found.routine is not None
    assert found.routine.locals == ["c"]


def test_an_unknown_constant_is_told_with_its_absolute_path() -> None:
    _, problems = analyse("mod m with fn f() with x::y end end; m::f()")
    assert "`m::x::y`" in problems.errors[0].message


def test_calls_hold_what_they_call() -> None:
    found = last("mod m with fn f(a) with a end end; m::f(1)")
    assert isinstance(found, tree.Call)
    assert found.routine is not None
    assert (found.routine.name, found.routine.parameters, found.routine.locals) == ("m::f", 1, ["a"])
    library = last("core::array::len(event)")
    assert isinstance(library, tree.Call)
    assert library.function is not None
    assert (library.function.module, library.function.name) == ("array", "len")


def test_an_intrinsic_calls_the_library_with_the_same_arguments() -> None:
    found = last("mod a with intrinsic fn size(x) as array::len end; a::size(event)")
    assert isinstance(found, tree.Call)
    assert found.routine is None
    assert found.function is not None
    assert found.function.name == "len"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("f(1)", (1, 1)),
        ("[1,\n f(1)]; fn f(x) with x end", (2, 2)),
        ("fn f(x) with\n  f(x)\nend;\nf(1)", (2, 3)),
        ("fn g() with 1 end;\nmod m with fn f() with g() end end;\nm::f()", (2, 24)),
        ("m::f(1)", (1, 1)),
        ("core::array::nothing(1)", (1, 1)),
        ("core::nothing::len(1)", (1, 1)),
        ("mod m with\n  intrinsic fn f() as array::nothing\nend;\n1", (2, 3)),
        ("aggr::nothing::at_all()", (1, 1)),
    ],
)
def test_an_unknown_function_is_told_at_its_call(text: str, place: tuple[int, int]) -> None:
    assert errors(text) == [(*place, "undefined-function")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fn f(x) with f(x) end; f(1)", "recur"),
        ("[f(1)]; fn f(x) with x end", "further down"),
        ("fn first() with 1 end; frist()", "`first`"),
        ("mod math with fn one() with 1 end end; meth::one()", "the module `math`"),
        ("mod m with const colour = 1 end; m::color", "`m::colour`"),
        ("core::aray::len([])", "`array`"),
        ("core::array::lenn([])", "`array::len`"),
        ("core::object::len({})", "`record`"),
        ("array::len([])", "use std::array;"),
        ("mod m with fn f() with g() end end; m::f()", "module `m` only"),
        ("mod m with fn f() with n::c end end; m::f()", "module `m` only"),
    ],
)
def test_what_was_meant_is_suggested(text: str, expected: str) -> None:
    assert expected in hint(text)


@pytest.mark.parametrize(
    "text", ["f(1)", "core::array::something_else()", "core::something::else()", "x::y", "aggr::a::b()"]
)
def test_nothing_is_suggested_where_nothing_is_near(text: str) -> None:
    assert hint(text) == ""


def test_a_function_of_a_newer_dialect_is_unknown_in_the_old_one() -> None:
    assert errors("core::type::is_binary(event)") == []
    assert errors("core::type::is_binary(event)", "0.9") == [(1, 1, "undefined-function")]
    assert "dialect 0.11" in hint("core::type::is_binary(event)", "0.9")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("const a = 1;\nconst a = 2; a", (2, 1)),
        ("fn f() with 1 end;\nfn f() with 2 end; f()", (2, 1)),
        ("fn f() with 1 end;\nintrinsic fn f(x) as array::len; f()", (2, 1)),
        ("mod m with const a = 1 end;\nmod m with const a = 2 end; m::a", (2, 12)),
        ("fn f(a, a) with a end; f(1, 2)", (1, 1)),
    ],
)
def test_nothing_can_be_defined_twice(text: str, place: tuple[int, int]) -> None:
    assert errors(text) == [(*place, "defined-twice")]


def test_a_module_that_was_not_loaded_is_told() -> None:
    problems, version = Problems(), DIALECTS["0.11"]
    script = parse_script(
        tokenize(Source("test", "1;\nuse std::array;"), version, problems), version, problems
    )
    analyse_script(script, version, problems)
    assert [place(error) for error in problems.errors] == [(2, 1, "module-not-found")]


def test_a_module_may_be_used_twice(tmp_path: Path) -> None:
    (tmp_path / "mine.tremor").write_text("const c = 1; fn f() with c end; intrinsic fn g(x) as array::len")
    text = "use std::array;\nuse mine;\nuse std::array;\nuse mine;\n[array::len([]), mine::f(), mine::g([mine::c])]"
    assert analyse(text, module_path=[tmp_path])[1].errors == []
    (tmp_path / "other.tremor").write_text("const c = 1; fn g() with 2 end")
    errors = analyse("use mine;\nuse other as mine;\nmine::c", module_path=[tmp_path])[1].errors
    assert [place(error) for error in errors] == [(1, 1, "defined-twice"), (1, 14, "defined-twice")]
    assert [Path(error.file).name for error in errors] == ["other.tremor", "other.tremor"]


def test_one_wrong_constant_is_told_once() -> None:
    assert errors("const a = event; const b = [a]; const c = (b + 1); [a.x, c]") == [(1, 11, "not-constant")]


def test_args_stay_in_scripts_and_functions_and_groups_are_null() -> None:
    assert root("args.x").kind is RootKind.ARGS
    assert constant("group") is None
    assert root("window.x").kind is RootKind.CONSTANT


def test_a_script_of_declarations_passes_the_event_and_one_that_ends_with_a_constant_gives_it() -> None:
    assert root("fn f() with 1 end").kind is RootKind.EVENT
    assert constant("const a = 1; const b = [a]") == [1]


def test_functions_that_call_each_other_twice_come_to_an_end() -> None:
    def text(count: int) -> str:
        more = [f"fn f{number + 1}() with [f{number}(), f{number}()] end;\n" for number in range(count)]
        return f"fn f0() with 1 end; {''.join(more)} f{count}()"

    assert errors(text(15)) == []
    assert [(line, code) for line, _, code in errors(text(60))][:1] == [(19, "too-many-calls")]


def test_thousands_of_unknown_names_are_told_quickly() -> None:
    declared = "".join(f"const constant_{number} = {number};" for number in range(2000))
    wrong = ", ".join(f"constant_x{number}" for number in range(2000))
    _, problems = analyse(f"{declared} [{wrong}]")
    assert len(problems.warnings) == 4000
