"""Whatever can be parsed is analysed: the result is a program or errors, never another exception."""

from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.analysis import analyse_script
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.parser import parse_script
from pipelines.language.source import Source

NAMES = st.sampled_from(
    ["a", "b", "m::c", "m::n::d", "event", "$", "state", "args", "group", "window", "f", "x::y"]
)
ATOMS = st.one_of(
    NAMES,
    st.sampled_from(
        ["1", "-1", "0", "2.5", "true", "null", '"k"', '"#{a}"', "[]", "{}", "<< 1:8 >>", "<< a:99/b >>"]
    ),
)


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def form(template: str) -> st.SearchStrategy[str]:
        count = template.count("?")
        return st.tuples(*[inner] * count).map(lambda parts: _fill(template, parts))

    templates = [
        "(? + ?)", "(? == ?)", "(? >> ?)", "(not ?)", "(- ?)", "[?, ?]", '{"k": ?, "k": ?}', "f(?)", "m::g(?, ?)",
        "core::array::len(?)", "core::nothing::at(?)", "aggr::stats::sum(?)", "recur(?)", "event[?]", "a[?:?].b",
        "b[?][1]", "present a[?]", "merge ? of ? end", "patch ? of insert ? => ?, erase ? end",
        "for ? of case (a, b) when ? => ? end",
        "match ? of case ? => ? case x = %{ a == ?, present b } when ? => [x, ?] default => ? end",
        "match ? of case %[ ?, ~ re|a| ] => ? case %( ?, _ ) => a end", '"#{?} and #{?}"',
    ]  # fmt: skip
    return st.sampled_from(templates).flatmap(form)


def _fill(template: str, parts: tuple[str, ...]) -> str:
    pieces = template.split("?")
    return "".join(piece + part for piece, part in zip(pieces, (*parts, ""), strict=True))


EXPRESSIONS = st.recursive(ATOMS, _expressions, max_leaves=8)
STATEMENTS = st.one_of(
    EXPRESSIONS,
    EXPRESSIONS.map(lambda text: f"let a = {text}"),
    EXPRESSIONS.map(lambda text: f"let $ = merge $ of {text} end"),
    EXPRESSIONS.map(lambda text: f"let event[{text}] = 1"),
    EXPRESSIONS.map(lambda text: f"let m::c = {text}"),
    EXPRESSIONS.map(lambda text: f'emit {text} => "p#{{{text}}}"'),
    EXPRESSIONS.map(lambda text: f"match {text} of case 1 => let b = 1, drop default => emit end"),
    EXPRESSIONS.map(lambda text: f"const a = ({text})"),
    EXPRESSIONS.map(lambda text: f"fn f(a, ...) with let b = {text}; {text} end"),
    EXPRESSIONS.map(
        lambda text: f"fn f(a, b) of case ({text}, _) when {text} => a default => recur(b, a) end"
    ),
    EXPRESSIONS.map(
        lambda text: f"mod m with const c = ({text}); fn g(a) with {text} end; mod n with const d = 1 end end"
    ),
    st.just("drop"),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=5).map(";\n".join), st.sampled_from(sorted(DIALECTS)))
def test_a_script_becomes_a_program_or_errors(text: str, dialect: str) -> None:
    problems, version = Problems(), DIALECTS[dialect]
    script = parse_script(tokenize(Source("test", text), version, problems), version, problems)
    if problems.errors:
        return
    found = analyse_script(script, version, problems)
    assert found.main.body
    assert all(error.span is not None and error.message and error.line > 0 for error in problems.errors)
