"""``match`` and ``for``, and the patterns of ``case`` (specification: grammar of scripts, and the newer dialect)."""

import pytest

from tests.language.parsing import first_error, place, read_script, script, shape


def _pattern(text: str, dialect: str = "0.11") -> str:
    found = shape(f"match event of case {text} => 1 end", dialect)
    return found.removeprefix("(match event [(clause ").removesuffix(" - [1])] yes)")


def _is_refused(text: str, dialect: str = "0.11", wrap: str = "{}") -> bool:
    return bool(read_script(wrap.format(f"match event of case {text} => 1 end"), dialect)[1])


def test_a_match_has_clauses_with_guards_and_any_number_of_statements() -> None:
    text = "match event.a of case 1 when b > 2 => let c = 1, emit c default => drop end"
    assert shape(text) == (
        "(match event.a [(clause 1 (> b 2) [(let c 1) (emit c -)]) (clause (default) - [(drop)])] yes)"
    )


def test_a_match_without_default_and_one_with_several_can_be_written() -> None:
    assert shape("match a of case 1 => 2 end") == "(match a [(clause 1 - [2])] yes)"
    assert shape("match a of default => 1 default => 2 end").count("(default)") == 2


@pytest.mark.parametrize(
    "text",
    [
        "match a of end",
        "match a case 1 => 2 end",
        "match a of case => 1 end",
        "match a of case 1 end",
        "match a of case 1 => end",
        "match a of case 1 => 2,, 3 end",
        "match a of case 1 => 2, default => 3 end",
        "match a of case 1 => 2; default => 3 end",
        "match a of default when b => 1 end",
        "match a of case 1 => 2",
        "match of case 1 => 2 end",
        "match let a = 1 of case 1 => 2 end",
        "match a of case 1 when => 2 end",
        "match a of case 1 => 2 end + 1",
        "match a of case 1 when drop => 2 end",
        "match a of case 1 => const b = 1 end",
    ],
)
def test_a_match_of_another_form_is_refused(text: str) -> None:
    assert read_script(text)[1] != []


def test_a_match_within_an_expression_has_no_effects() -> None:
    assert shape("[match a of case 1 => 2, 3 default => 4 end]").endswith(
        "[2 3]) (clause (default) - [4])] no)]"
    )
    for statement in ("let b = 1", "emit 1", "drop"):
        assert read_script(f"[match a of case 1 => {statement} end]")[1] != []


def test_the_value_of_let_may_have_effects() -> None:
    assert shape("let a = match b of case 1 => let c = 2 end").endswith("[(let c 2)])] yes))")
    assert shape("let a = (match b of case 1 => 2 end)").endswith("[2])] no))")


def test_a_for_has_clauses_with_two_names() -> None:
    assert shape(
        "for event of case (k, v) when k == 1 => let a = v, v case (_, v) => v end".replace("_", "i")
    ) == ("(for event [(forclause k v (== k 1) [(let a v) v]) (forclause i v - [v])] yes)")
    assert shape("[for a of case (k, v) => v end]") == "[(for a [(forclause k v - [v])] no)]"


@pytest.mark.parametrize(
    "text",
    [
        "for a of end",
        "for a case (k, v) => v end",
        "for a of case k, v => v end",
        "for a of case (k) => v end",
        "for a of case (k, v, w) => v end",
        "for a of case (k, v) end",
        "for a of default => 1 end",
        "for a of case (1, v) => v end",
        "for a of case (k, v) => v",
        "[for a of case (k, v) => let x = v end]",
        "for a of case (k v) => v end",
    ],
)
def test_a_for_of_another_form_is_refused(text: str) -> None:
    assert read_script(text)[1] != []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2", "(+ 1 2)"),
        ("a == 1", "(== a 1)"),
        ("_", "(wildcard)"),
        ("a = 1", "(assignpattern a 1)"),
        ("%{}", "(recordpattern [])"),
        ("%{ present a, absent b }", "(recordpattern [(presentfield a no) (presentfield b yes)])"),
        ("%{ a == 1, b < 2 + c, }", "(recordpattern [(comparefield a == 1) (comparefield b < (+ 2 c))])"),
        ("%{ a ~= re|x| }", "(recordpattern [(patternfield a (extractorpattern re x) -)])"),
        ("%{ b = a ~= json|| }", "(recordpattern [(patternfield a (extractorpattern json '') b)])"),
        (
            "%{ a ~= %{ present b } }",
            "(recordpattern [(patternfield a (recordpattern [(presentfield b no)]) -)])",
        ),
        ("%{ a ~= %[ 1 ] }", "(recordpattern [(patternfield a (arraypattern [1]) -)])"),
        ("%[]", "(arraypattern [])"),
        (
            "%[1, ~ re|x|, %{ present a }]",
            "(arraypattern [1 (extractorpattern re x) (recordpattern [(presentfield a no)])])",
        ),
        ("%()", "(tuplepattern [] no)"),
        ("%(...)", "(tuplepattern [] yes)"),
        ("%(1, _, ~ re|x|)", "(tuplepattern [1 (wildcard) (extractorpattern re x)] no)"),
        ("%(%{}, ...)", "(tuplepattern [(recordpattern [])] yes)"),
        ("a = %{ present b }", "(assignpattern a (recordpattern [(presentfield b no)]))"),
        ("a = %[1]", "(assignpattern a (arraypattern [1]))"),
        ("a = %(1, ...)", "(assignpattern a (tuplepattern [1] yes))"),
    ],
)
def test_patterns_are_parsed(text: str, expected: str) -> None:
    assert _pattern(text, "0.9") == expected
    assert _pattern(text) == expected


@pytest.mark.parametrize("comparison", ["==", "!=", ">=", ">", "<=", "<"])
def test_record_patterns_know_all_comparisons(comparison: str) -> None:
    assert _pattern(f"%{{ a {comparison} 1 }}") == f"(recordpattern [(comparefield a {comparison} 1)])"


@pytest.mark.parametrize(
    "text",
    [
        "%{ a }",
        "%{ a = 1 }",
        "%{ a ~= }",
        "%{ a ~= re }",
        "%{ a ~= |x| }",
        "%{ a ~= %(1) }",
        "%{ a ~= 1 }",
        "%{ 1 == a }",
        "%{ present }",
        "%{ present 1 }",
        "%{ a == 1 b == 2 }",
        "%{,}",
        "%{ b = a == 1 }",
        "%{ b = a ~= %{} }",
        "%{ _ }",
        "%[1,]",
        "%[,]",
        "%[1 2]",
        "%[%[1]]",
        "%[...]",
        "%(1,)",
        "%(..., 1)",
        "%(1 ...)",
        "%(..)",
        "%(%(1))",
        "%(1",
        "a = b = 1",
        "event = 1",
        "~ re",
        "re|x|",
        "a = default",
        "{ present a }",
    ],
)
def test_patterns_of_another_form_are_refused(text: str) -> None:
    assert _is_refused(text)
    assert _is_refused(text, "0.9")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~ re|x|", "(extractorpattern re x)"),
        ("a = ~ re|x|", "(assignpattern a (extractorpattern re x))"),
        ("a = _", "(assignpattern a (wildcard))"),
        ("%[_]", "(arraypattern [(wildcard)])"),
    ],
)
def test_the_newer_dialect_has_more_patterns(text: str, expected: str) -> None:
    assert _pattern(text) == expected
    assert not _is_refused(text, wrap="[{}]")
    assert _is_refused(text, "0.9")


def test_a_wildcard_without_effects_belongs_to_the_newer_dialect() -> None:
    assert not _is_refused("_", wrap="[{}]")
    assert _is_refused("_", "0.9", wrap="[{}]")
    assert "default" in first_error("[match a of case _ => 1 end]", "0.9").hint


def test_an_extractor_spans_its_name_and_its_text() -> None:
    clause = script("match a of case %{ b ~= re |x| } => 1 end").statements[0].clauses[0]  # type: ignore[union-attr]
    assert clause.pattern.fields[0].pattern.span.text == "re |x|"
    assert clause.span.text == "case %{ b ~= re |x| } => 1"


def test_an_unfinished_pattern_is_told_where_it_stops() -> None:
    error = first_error("match a of\n  case %{ b ~= re } => 1\nend")
    assert place(error) == (2, 19)
    assert "|" in error.message
