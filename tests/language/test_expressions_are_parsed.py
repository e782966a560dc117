"""Operators, values, paths, calls, patch and merge (specification: grammar of scripts, `Complex` and below)."""

import itertools

import pytest

from tests.language.parsing import first_error, place, read_script, script, shape

LEVELS = [
    ["or"],
    ["xor"],
    ["and"],
    ["^"],
    ["&"],
    ["==", "!="],
    [">=", ">", "<=", "<"],
    [">>", ">>>", "<<"],
    ["+", "-"],
    ["*", "/", "%"],
]
"""Low to high."""


@pytest.mark.parametrize(("low", "high"), list(itertools.combinations(range(len(LEVELS)), 2)))
def test_a_higher_operator_binds_more_tightly_on_either_side(low: int, high: int) -> None:
    for weak, strong in itertools.product(LEVELS[low], LEVELS[high]):
        assert shape(f"a {weak} b {strong} c") == f"({weak} a ({strong} b c))"
        assert shape(f"a {strong} b {weak} c") == f"({weak} ({strong} a b) c)"


@pytest.mark.parametrize("level", LEVELS, ids=" ".join)
def test_operators_of_one_level_associate_to_the_left(level: list[str]) -> None:
    for first, second in itertools.product(level, level):
        assert shape(f"a {first} b {second} c") == f"({second} ({first} a b) c)"


def test_parentheses_change_the_order_and_leave_no_node() -> None:
    assert shape("(a + b) * ((c))") == "(* (+ a b) c)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("not a == b", "(== (not a) b)"),
        ("not not a", "(not (not a))"),
        ("-a.b", "(- a.b)"),
        ("+ - a", "(+ (- a))"),
        ("- not a", "(- (not a))"),
        ("-a * b", "(* (- a) b)"),
        ("a - -b", "(- a (- b))"),
        ("not present event.a", "(not (present event.a no))"),
        ("absent $a and present b", "(and (present $.a yes) (present b no))"),
        ("present a == true", "(== (present a no) true)"),
    ],
)
def test_prefix_operators_bind_more_tightly_than_all_others(text: str, expected: str) -> None:
    assert shape(text, "0.9") == expected
    assert shape(text) == expected


def test_a_bang_is_an_operator_in_the_newer_dialect_only() -> None:
    assert shape("!a & not !b") == "(& (! a) (not (! b)))"
    assert place(first_error("!a", "0.9")) == (1, 1)


def test_a_minus_belongs_to_the_number_in_the_newer_dialect_only() -> None:
    assert shape("-1", "0.9") == "(- 1)"
    assert shape("-1") == "-1"
    assert shape("a - -1") == "(- a -1)"
    assert "blank" in first_error("a -1").hint


@pytest.mark.parametrize(
    "text", ["not -a", "not +a", "present 1", "absent (a)", "present f(1)", "a +", "* a", "a b", "()"]
)
def test_what_is_no_operand_is_refused(text: str) -> None:
    assert read_script(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null", "null"),
        ("true", "true"),
        ("false", "false"),
        ("7", "7"),
        ("0x1f", "31"),
        ("1.5", "1.5"),
        ('"a\\nb"', '"a\\nb"'),
        ('"""\na\n"""', '"a\\n"'),
        ('""', '""'),
        ("[]", "[]"),
        ("[1]", "[1]"),
        ("[1, [2],]", "[1 [2]]"),
        ("{}", "(record [])"),
        ('{"a": 1, "b": {},}', '(record [(field "a" 1) (field "b" (record []))])'),
    ],
)
def test_values_are_parsed(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    "text", ["[,]", "[1,,2]", "[1 2]", "[1", '{"a"}', '{"a" 1}', "{a: 1}", "{1: 1}", '{"a": 1', "{,}"]
)
def test_lists_and_records_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_a_string_with_expressions_is_an_interpolation() -> None:
    assert shape('"a #{b + 1} c#{"d"}"') == '(interpolation [a  (+ b 1)  c "d"] no)'
    assert shape('"a {b + 1}"', "0.9") == "(interpolation [a  (+ b 1)] no)"
    assert shape('"""\n#{a}"""') == "(interpolation [a] yes)"


@pytest.mark.parametrize(
    "text", ['"#{a b}"', '"#{}"', '"#{let a = 1}"', '"#{match a of default => 1 end}"', '"#{1 +}"']
)
def test_only_an_expression_can_be_embedded(text: str) -> None:
    assert read_script(text)[1] != []


def test_an_error_in_an_embedded_expression_is_shown_where_it_is() -> None:
    error = first_error('"a #{ b c } d"')
    assert place(error) == (1, 9)
    assert "`}`" in error.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("event", "event"),
        ("state.a", "state.a"),
        ("args[0]", "args[0]"),
        ("group", "group"),
        ("window.x", "window.x"),
        ("$", "$"),
        ("$a", "$.a"),
        ("$a.b[1]", "$.a.b[1]"),
        ("a.`event`.b-c", "a.event.b-c"),
        ("m::n::c.d", "m::n::c.d"),
        ('a["x"][b + 1]', 'a["x"][(+ b 1)]'),
        ("a[1:b]", "a[1:b]"),
        ("a[(1)][c[d]]", "a[1][c[d]]"),
        ("a[for b of case (k, v) => k end]", "a[(for b [(forclause k v - [k])] no)]"),
    ],
)
def test_paths_are_parsed(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "event.event",
        "a.1",
        "a.",
        "a[]",
        "a[1:2:3]",
        "a[:1]",
        "a[1:]",
        "$.a",
        "$[0]",
        "a::",
        "::a",
        "a::event",
        "a[1",
        '"x".a',
        "(a).b",
        "f(1).a",
        "[1][0]",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    assert read_script(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f()", "(call [f] [])"),
        ("f(1, a,)", "(call [f] [1 a])"),
        ("m::n::f(g(1))", "(call [m n f] [(call [g] [1])])"),
        ("recur()", "(recur [])"),
        ("recur(a - 1, 2,)", "(recur [(- a 1) 2])"),
        ("f(match a of default => 1 end)", "(call [f] [(match a [(clause (default) - [1])] no)])"),
    ],
)
def test_calls_are_parsed(text: str, expected: str) -> None:
    assert shape(text) == expected


@pytest.mark.parametrize(
    "text", ["f(,)", "f(1 2)", "f(1", "recur", "recur 1", "event(1)", "f(let a = 1)", "$a(1)"]
)
def test_calls_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_merge_is_parsed() -> None:
    assert shape('merge event of {"a": null} end') == '(merge event (record [(field "a" null)]))'
    assert shape("merge merge a of b end of c end") == "(merge (merge a b) c)"


def test_all_operations_of_a_patch_are_parsed() -> None:
    text = """patch event of
      insert "a" => 1, upsert b => 2, update "c" => 3, erase "d",
      move "e" => "f", copy "g" => "h", merge "i" => {}, merge => j
    end"""
    operations = [
        'insert "a" 1', "upsert b 2", 'update "c" 3', 'erase "d" -', 'move "e" "f"', 'copy "g" "h"',
        'merge "i" (record [])', "merge - j",
    ]  # fmt: skip
    assert shape(text) == f"(patch event [{' '.join(f'(operation {each})' for each in operations)}])"


@pytest.mark.parametrize(
    "text",
    [
        "merge event of end",
        "merge event a end",
        "merge event of a",
        "merge of a end",
        "patch event of end",
        'patch event of erase "a", end',
        'patch event of insert "a" end',
        "patch event of insert => 1 end",
        'patch event of erase "a" => 1 end',
        'patch event of move "a" end',
        'patch event of add "a" => 1 end',
        'patch event insert "a" => 1 end',
        'patch event of insert "a" => 1',
        'patch event of insert "a" => 1; erase "b" end',
    ],
)
def test_merge_and_patch_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_binaries_are_parsed_in_the_newer_dialect() -> None:
    assert shape("<< >>") == "(binaryliteral [])"
    assert shape("<< 1:4, x/binary, (a + 1):16/little-signed-integer >>") == (
        "(binaryliteral [(binaryfield 1 4 -) (binaryfield x - binary) (binaryfield (+ a 1) 16 little-signed-integer)])"
    )
    assert shape("a << 1 << << 2 >>") == "(<< (<< a 1) (binaryliteral [(binaryfield 2 - -)]))"


@pytest.mark.parametrize(
    "text", ["<< 1, >>", "<< 1 + 2 >>", "<< - a >>", "<< 1:x >>", "<< 1:1.5 >>", "<< 1/2 >>", "<< 1"]
)
def test_binaries_of_another_form_are_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_there_are_no_binaries_in_the_older_dialect() -> None:
    assert place(first_error("<< 1 >>", "0.9")) == (1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a) + (b)", "(a) + (b)"),
        ("(a + b)", "a + b"),
        ("- (a)", "- (a)"),
        ("present event.a.b", "present event.a.b"),
        ("f( 1 )", "f( 1 )"),
        ("[ 1, ]", "[ 1, ]"),
        ("patch a of erase 1 end", "patch a of erase 1 end"),
    ],
)
def test_a_node_spans_its_first_to_its_last_token_without_brackets_around_it(
    text: str, expected: str
) -> None:
    assert script(f"x; {text} ; y").statements[1].span.text == expected
