"""What is wrong with a query is told all at once, each where it stands, with what to do."""

from __future__ import annotations

import pytest

from pipelines.language import CompileError, compile_query


def refused(text: str, **others: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(CompileError) as caught:
        compile_query(text, **others)
    return [(one.line, one.column, one.message, one.hint) for one in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("create stream abc;\nselect event from abd into out", (2, 19), "no stream", "did you mean `abc`?"),
        ("select event from x into out", (1, 19), "`x`", "add `create stream x;`"),
        ("select event from in into oute", (1, 27), "`oute`", "did you mean `out`?"),
        ("select event from out into out", (1, 19), "nothing comes from an output", "stream"),
        ("select event from err into out", (1, 19), "nothing comes from an output", "stream"),
        ("select event from in into in", (1, 27), "nothing can be sent to an input", ""),
        ("create stream s; select event from s/x into out", (1, 36), "no output `x`", "its outputs: out"),
        ("create stream s; select event from s/err into out", (1, 36), "no output `err`", "its outputs: out"),
        ("create stream s; select event from in into s/x", (1, 44), "no input `x`", "its inputs: in"),
        ("create stream s;\ncreate stream s;", (2, 1), "two nodes of the name `s`", "line 1"),
        ("create stream out;", (1, 1), "cannot be called `out`", "ends of the pipeline"),
        ("select window from in[w] into out", (1, 23), "no window `w`", "define tumbling window w"),
        (
            "define tumbling window five with size = 5 end;\nselect window from in[fife] into out",
            (2, 23),
            "no window `fife`",
            "did you mean `five`?",
        ),
        ("create script s;", (1, 1), "no definition of script `s`", "define … script s"),
        ("create operator s from m::s;", (1, 1), "no definition of operator `m::s`", "use"),
        (
            "define script tell script event end; create script x from tel;",
            (1, 38),
            "no definition of script `tel`",
            "did you mean `tell`?",
        ),
        (
            "define generic::counter operator s; create script s;",
            (1, 37),
            "no definition of script `s`",
            "it is an operator: write `create operator s`",
        ),
        (
            "select aggr::stats::count() from in into out",
            (1, 8),
            "this select has none",
            "from in[my_window]",
        ),
        ("select x from in into out", (1, 8), "local variables are not allowed here", "event.x"),
        ("#!config nam = 1\nselect event from in into out", (1, 10), "no setting `nam`", ""),
        (
            '#!config dialekt = "0.9"\nselect event from in into out',
            (1, 10),
            "dialekt",
            "did you mean `dialect`?",
        ),
        ('#!config dialect = "0.10"\nselect event from in into out', (1, 20), "no dialect", "0.9, 0.11"),
        ("#!config id = 5\nselect event from in into out", (1, 15), "`id` must be a string, and it is 5", ""),
        ("select event from in/`a b` into out", (1, 19), "cannot be the name of a port", "letters"),
    ],
)
def test_a_mistake_is_told_where_it_is(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    found = refused(text)
    assert len(found) == 1
    assert found[0][:2] == place
    assert message in found[0][2]
    assert hint in found[0][3]


def test_a_circle_is_told_with_all_its_nodes() -> None:
    text = """create stream a; create stream b;
select event from in into a;
select event from a into b;
select event + 1 from b into a;
select event from a into out"""
    [(line, _, message, hint)] = refused(text)
    assert line == 4
    assert message.endswith("a -> b -> a")
    assert hint


def test_all_mistakes_are_told_in_the_order_of_the_text() -> None:
    text = """
define script s script 1 + "a" end;
define tumbling window w with size = 0 end;
define generic::batch operator b with count = 1, cont = 2 end;
select y from nowhere[w] into nothing;
create operator b;
select event from in into out having z
"""
    assert [line for line, _, _, _ in refused(text)] == [2, 3, 4, 5, 5, 5, 7]


def test_an_error_in_a_module_is_told_in_its_file(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "m.trickle").write_text("define tumbling window w with size = 0 end;")
    with pytest.raises(CompileError) as caught:
        compile_query("use m;\nselect event from in[m::w] into out", module_path=[folder])
    assert caught.value.diagnostic.file == str(folder / "m.trickle")


def test_a_script_that_never_emits_to_a_port_that_is_read_is_a_warning() -> None:
    text = """
define script s script emit 1 => "far" end; create script s;
select event from in into s;
select event from s/fra into out"""
    query = compile_query(text)
    assert [(one.line, one.hint) for one in query.warnings] == [(4, "did you mean `far`?")]
    assert query.start().push("in", 1) == []


def test_the_dialect_of_the_text_wins() -> None:
    text = '#!config id = "x"\n#!config dialect = "0.9"\nselect "{event}" from in into out'
    assert compile_query(text).start().push("in", 1) == [("out", "1", {})]
    text = '#!config dialect = "0.11"\nselect "#{event}" from in into out'
    assert compile_query(text, dialect="0.9").start().push("in", 1) == [("out", "1", {})]


def test_an_interval_for_metrics_is_a_warning() -> None:
    query = compile_query("#!config metrics_interval_s = 10\nselect event from in into out")
    assert [(one.line, one.code) for one in query.warnings] == [(1, "no-effect")]
