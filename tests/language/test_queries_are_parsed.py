"""Queries (specification: grammar of queries)."""

import pytest

from pipelines.language import tree
from tests.language.parsing import query, query_shape, read_query, show

SELECT = "select event from in into out"


def test_a_query_has_directives_and_statements() -> None:
    found = query(f'### Why\n#!config a = 1 + 2\n#!config b = "x"\n{SELECT};\ncreate stream s;')
    assert found.documentation == "Why"
    assert [show(parameter) for parameter in found.config] == ["(parameter a (+ 1 2))", '(parameter b "x")']
    assert [type(statement).__name__ for statement in found.statements] == ["Select", "CreateStream"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "#!config a = 1\n",
        f"{SELECT}; #!config a = 1\n{SELECT}",
        f"#!config 1\n{SELECT}",
        f"{SELECT} {SELECT}",
    ],
)
def test_a_query_of_another_form_is_refused(text: str) -> None:
    assert read_query(text)[1] != []


@pytest.mark.parametrize(
    "text",
    ["event", "let a = 1", "const a = 1", "fn f() with 1 end", "intrinsic fn f() as m::g", "emit 1", "drop"],
)
def test_statements_of_scripts_stand_in_modules_or_scripts_only(text: str) -> None:
    assert read_query(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "define tumbling window w with size = 1 end",
            "(definewindow tumbling w [(parameter size 1)] -)",
        ),
        (
            "define sliding window w with size = 1 + 1, interval = f(2), script event.a end",
            "(definewindow sliding w [(parameter size (+ 1 1)) (parameter interval (call [f] [2]))] event.a)",
        ),
        ("define a::b operator o", "(defineoperator [a b] o [])"),
        ("define a::b operator o with c = 1, end", "(defineoperator [a b] o [(parameter c 1)])"),
        ("define script s script event end", "(definescript s [] (script [event] ''))"),
        (
            "define script s with a = 1 script const b = 2; let c = b; c; end",
            "(definescript s [(parameter a 1)] (script [(const b 2 '') (let c b) c] ''))",
        ),
        ("create stream s", "(createstream s)"),
        ("create operator o", "(create operator o [o] [])"),
        ("create script s from m::n::t", "(create script s [m n t] [])"),
        ("create script s from m::t with a = 1 end", "(create script s [m t] [(parameter a 1)])"),
        (
            "create operator o with a = 1, b = 2 end",
            "(create operator o [o] [(parameter a 1) (parameter b 2)])",
        ),
        ("use a::b as c;", "(use [a b] c)"),
    ],
)
def test_definitions_and_nodes_are_parsed(text: str, expected: str) -> None:
    assert query_shape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "define window w with size = 1 end",
        "define tumbling w with size = 1 end",
        "define tumbling window w end",
        "define tumbling window w with end",
        "define tumbling window w with size = 1",
        "define tumbling window w with size end",
        "define tumbling window w with size = match a of default => 1 end end",
        "define tumbling window w with size = 1 script let a = 1 end",
        "define tumbling window w with size = 1 script end",
        "define tumbling window w with size = 1, , end",
        "define operator o",
        "define a operator o",
        "define a::b::c operator o",
        "define a::b operator o with end",
        "define a::b operator o with c = 1",
        "define script s end",
        "define script s script end",
        "define script s with script event end",
        "define script s script event",
        "define stream s",
        "create stream",
        "create stream m::s",
        "create window w",
        "create operator o from",
        "create script s with end",
        "create script s with a = 1",
        "create script s from a with b = 1",
    ],
)
def test_definitions_and_nodes_of_another_form_are_refused(text: str) -> None:
    assert read_query(text)[1] != []


def test_a_module_holds_definitions_and_declarations() -> None:
    text = """mod m with
      const a = 1; fn f() with 1 end; intrinsic fn g() as x::y; use z;
      define tumbling window w with size = 1 end; define a::b operator o; define script s script 1 end;
      mod n with const a = 1 end
    end"""
    module = query(text).statements[0]
    assert isinstance(module, tree.Module)
    names = ["Const", "Fn", "Intrinsic", "Use", "DefineWindow", "DefineOperator", "DefineScript", "Module"]
    assert [type(item).__name__ for item in module.items] == names


@pytest.mark.parametrize("item", ["create stream s", SELECT, "let a = 1", "event", ""])
def test_a_module_holds_nothing_else(item: str) -> None:
    assert read_query(f"mod m with {item} end")[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SELECT, "(select event (port in -) [] - - (port out -) -)"),
        (
            "select {} from a/b[w, m::v,] where c == 1 group by d into e/f having g > 2",
            "(select (record []) (port a b) [(windowname [w]) (windowname [m v])] (== c 1) (groupby d [] no) "
            "(port e f) (> g 2))",
        ),
        (
            "select match event of default => 1 end from a where for b of case (k, v) => v end into c",
            "(select (match event [(clause (default) - [1])] no) (port a -) [] (for b [(forclause k v - [v])] no) - "
            "(port c -) -)",
        ),
    ],
)
def test_selects_are_parsed(text: str, expected: str) -> None:
    assert query_shape(text) == expected


def _group(text: str) -> str:
    statement = query(f"select event from in group by {text} into out").statements[0]
    assert isinstance(statement, tree.Select)
    return show(statement.group_by)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 1", "(groupby (+ a 1) [] no)"),
        ("each(a)", "(groupby a [] yes)"),
        ("set(a)", "(groupby - [(groupby a [] no)] no)"),
        ("set(a, each(b),)", "(groupby - [(groupby a [] no) (groupby b [] yes)] no)"),
        ("set(set(a))", "(groupby - [(groupby - [(groupby a [] no)] no)] no)"),
    ],
)
def test_groups_are_parsed(text: str, expected: str) -> None:
    assert _group(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "select from in into out",
        "select event into out",
        "select event from in",
        "select event from in into",
        "select event from in[] into out",
        "select event from in[w into out",
        "select event from in[1] into out",
        "select event from m::in into out",
        "select event from in/ into out",
        "select event from in into out where a",
        "select event from in group by a where b into out",
        "select event from in where into out",
        "select event from in group a into out",
        "select event from in group by into out",
        "select event from in group by set() into out",
        "select event from in group by set a into out",
        "select event from in group by each(a, b) into out",
        "select event from in group by each(set(a)) into out",
        "select event from in having a into out",
        "select event from in into out having",
        "select let a = 1 from in into out",
        "select const a = 1 from in into out",
        "select drop from in into out",
    ],
)
def test_selects_of_another_form_are_refused(text: str) -> None:
    assert read_query(text)[1] != []


def test_an_embedded_script_spans_its_statements() -> None:
    definition = query("define script s script let a = 1; a; end").statements[0]
    assert isinstance(definition, tree.DefineScript)
    assert definition.script.span.text == "let a = 1; a;"
    assert definition.span.text == "define script s script let a = 1; a; end"
