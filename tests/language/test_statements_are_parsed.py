"""Statements, declarations and whole scripts (specification: grammar of scripts, `Script` to `Emit`)."""

import pytest

from pipelines.language import tree
from tests.language.parsing import read_script, script, shape


@pytest.mark.parametrize("text", ["a; b", "a; b;", " a ;\n b # c\n;"])
def test_statements_are_separated_by_semicolons_with_one_at_the_end_or_none(text: str) -> None:
    assert shape(text) == "a; b"


@pytest.mark.parametrize(
    "text", ["", "  # nothing\n", ";", "a;;b", "a b", "a\nb", "end", "a end", "### only docs"]
)
def test_a_script_has_at_least_one_statement_and_nothing_else(text: str) -> None:
    assert read_script(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("let a = 1", "(let a 1)"),
        ("let $a.b = 1", "(let $.a.b 1)"),
        ('let event["a"][0] = b', '(let event["a"][0] b)'),
        ("let a = let b = 1", "(let a (let b 1))"),
        ("let a = drop", "(let a (drop))"),
        ("drop", "(drop)"),
        ("emit", "(emit - -)"),
        ("emit event.a", "(emit event.a -)"),
        ('emit => "out"', '(emit - "out")'),
        ('emit a + 1 => "p#{b}"', "(emit (+ a 1) (interpolation [p b] no))"),
        ("emit match a of default => 1 end", "(emit (match a [(clause (default) - [1])] no) -)"),
        ("match a of default => emit end", "(match a [(clause (default) - [(emit - -)])] yes)"),
    ],
)
def test_statements_are_parsed(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "let a",
        "let a =",
        "let = 1",
        "let 1 = 1",
        "let f(a) = 1",
        "let (a) = 1",
        "let a == 1",
        "let a = const b = 1",
        "emit => out",
        "emit 1 => 2",
        "emit let a = 1",
        "emit drop",
        "drop 1",
        "1 + drop",
        "[drop]",
        "(let a = 1)",
    ],
)
def test_statements_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("const a = 1", "(const a 1 '')"),
        ("const a = (1 + 2)", "(const a (+ 1 2) '')"),
        ("const a = [1]", "(const a [1] '')"),
        ("const a = m::b", "(const a m::b '')"),
        ("const a = f(1)", "(const a (call [f] [1]) '')"),
        ('const a = patch b of erase "c" end', "(const a (patch b [(operation erase \"c\" -)]) '')"),
        ("intrinsic fn f() as m::g", "(intrinsic f [] no [m g] '')"),
        ("intrinsic fn f(a, ...) as m::n::g", "(intrinsic f [a] yes [m n g] '')"),
        ("intrinsic fn f(...) as m::g", "(intrinsic f [] yes [m g] '')"),
        ("fn f() with 1 end", "(fn f [] no [1] - '')"),
        ("fn f(a, b) with let c = a; c end", "(fn f [a b] no [(let c a) c] - '')"),
        ("fn f(a, ...) with args; end", "(fn f [a] yes [args] - '')"),
        ("fn f(...) with const a = 1; a end", "(fn f [] yes [(const a 1 '') a] - '')"),
        ("mod m with const a = 1 end", "(module m [(const a 1 '')] '')"),
        (
            "mod m with mod n with fn f() with 1 end end; const a = 1; end",
            "(module m [(module n [(fn f [] no [1] - '')] '') (const a 1 '')] '')",
        ),
        ("use a;", "(use [a] -)"),
        ("use a::b as c;", "(use [a b] c)"),
        ("mod m with use a; end", "(module m [(use [a] -)] '')"),
    ],
)
def test_declarations_are_parsed(text: str, expected: str) -> None:
    assert shape(text) == expected


def test_a_function_of_cases_has_patterns_guards_and_a_default_at_the_end() -> None:
    text = "fn f(a, b) of case (1, ~ re|x|) when a > 0 => let c = 1, c case (%{}, b) => b default => 0 end"
    assert shape(text) == (
        "(fn f [a b] no [] [(clause (tuplepattern [1 (extractorpattern re x)] no) (> a 0) [(let c 1) c])"
        " (clause (tuplepattern [(recordpattern []) b] no) - [b]) (clause (default) - [0])] '')"
    )
    assert shape("fn f() of default => 1 end") == "(fn f [] no [] [(clause (default) - [1])] '')"


def test_a_function_of_cases_knows_the_wildcard_in_the_newer_dialect() -> None:
    text = "fn f(a) of case (_) => 1 default => 2 end"
    assert "(wildcard)" in shape(text)
    assert read_script(text, "0.9")[1] != []


@pytest.mark.parametrize(
    "text",
    [
        "const a",
        "const a = 1 + 2",
        "const a = - b",
        "const a = not b",
        "const a = match b of default => 1 end",
        "const event = 1",
        "const a.b = 1",
        "const a = let b = 1",
        "intrinsic f() as m::g",
        "intrinsic fn f as m::g",
        "intrinsic fn f() as g",
        "intrinsic fn f() with 1 end",
        "fn f() 1 end",
        "fn f with 1 end",
        "fn f(a,) with 1 end",
        "fn f(,) with 1 end",
        "fn f(..., a) with 1 end",
        "fn f(a ...) with 1 end",
        "fn f(a, ..) with 1 end",
        "fn f(1) with 1 end",
        "fn f() with end",
        "fn f() with 1",
        "fn m::f() with 1 end",
        "fn f(a) of case (1) => 2 end",
        "fn f(a) of default => 1 case (1) => 2 end",
        "fn f(a) of default => 1 default => 2 end",
        "fn f(a) of case 1 => 2 default => 3 end",
        "fn f() of case () => 2 default => 3 end",
        "fn f(a) of case (1, ...) => 2 default => 3 end",
        "fn f(a, ...) of default => 1 end",
        "mod m with end",
        "mod m with 1 end",
        "mod m with let a = 1 end",
        "mod m const a = 1 end",
        "mod m with const a = 1",
        "mod m::n with const a = 1 end",
        "mod m with define script s script 1 end end",
        "use a",
        "use a as b",
        "use ;",
        "use a::;",
        "use a as;",
        "use a b;",
        "match a of case 1 => fn f() with 1 end end",
        "create stream a",
        "select event from in into out",
    ],
)
def test_declarations_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_documentation_belongs_to_what_follows_it() -> None:
    found = script(
        "### A module\n###  of two lines\n## One\n## two\nconst a = 1;\n##Three\nfn f() with 1 end; a"
    )
    assert found.documentation == "A module\n of two lines"
    documented = [node for node in found.statements if isinstance(node, (tree.Const, tree.Fn))]
    assert [node.documentation for node in documented] == ["One\ntwo", "Three"]
    assert documented[0].span.text == "const a = 1"


def test_a_module_and_an_intrinsic_have_documentation() -> None:
    module = script("mod m with ### Why\n ## How\nintrinsic fn f() as m::g end").statements[0]
    assert isinstance(module, tree.Module)
    assert module.documentation == "Why"
    assert isinstance(module.items[0], tree.Intrinsic)
    assert module.items[0].documentation == "How"


@pytest.mark.parametrize(
    "text",
    [
        "## doc\nlet a = 1",
        "## doc\nmod m with const a = 1 end",
        "## doc\nuse a;",
        "a ## doc",
        "a; ## doc",
        "a; ### module",
        "let ## doc\n a = 1",
        "const a = 1; ### module\n a",
    ],
)
def test_documentation_stands_nowhere_else(text: str) -> None:
    assert read_script(text)[1] != []
