"""``use``: where modules are found, what takes their place, and what can be wrong with them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language import compile_script, modules
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.modules import MAX_DEPTH, expand
from pipelines.language.reader import MAX_ERRORS
from pipelines.language.source import Source
from pipelines.language.tokens import Kind, Token

NEW = DIALECTS["0.11"]


def included(text: str, *directories: Path, name: str = "main.tremor") -> tuple[list[Token], Problems]:
    problems = Problems()
    source = Source(name, text)
    return expand(tokenize(source, NEW, problems), directories, NEW, problems, source), problems


def words(text: str, *directories: Path) -> str:
    tokens, problems = included(text, *directories)
    assert [error.render() for error in problems.errors] == []
    return " ".join(token.text for token in tokens[:-1])


def errors(text: str, *directories: Path) -> list[tuple[str, str]]:
    """Message, and the characters that it is about."""
    _, problems = included(text, *directories)
    return [(error.message, error.span.text if error.span else "") for error in problems.errors]


def write(directory: Path, **files: str) -> None:
    for name, text in files.items():
        file = directory / (name.replace("__", "/") + ".tremor")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def test_a_module_takes_the_place_of_its_clause(tmp_path: Path) -> None:
    write(tmp_path, a="### doc\nconst x = 1", b__c="fn f() with 1 end;")
    assert words("use a;\nevent", tmp_path) == "mod a with ### doc const x = 1 end ; event"
    assert words("use b::c; event", tmp_path) == "mod c with fn f ( ) with 1 end ; end ; event"
    assert words("use b :: c as d; event", tmp_path) == "mod d with fn f ( ) with 1 end ; end ; event"


def test_a_module_may_include_others_and_embedded_scripts_may_too(tmp_path: Path) -> None:
    write(tmp_path, a="use b;\nconst x = b::y", b="const y = 1")
    inner = "mod a with mod b with const y = 1 end ; const x = b :: y end ;"
    assert words("use a;", tmp_path) == inner
    assert words("define script s\nscript\n  use a;\n  event\nend;", tmp_path) == (
        f"define script s script {inner} event end ;"
    )


def test_modules_are_looked_for_in_each_directory_in_turn_then_in_the_library(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first, a="const x = 1")
    write(second, a="const x = 2", b="const x = 3", std__array="const x = 4")
    (first / "b.trickle").write_text("const x = 5")
    (first / "c.trickle").write_text("const x = 6")
    assert words("use a; use b; use c;", first, second) == (
        "mod a with const x = 1 end ; mod b with const x = 3 end ; mod c with const x = 6 end ;"
    )
    assert words("use std::array;", first, second) == "mod array with const x = 4 end ;"
    assert "intrinsic fn len ( array ) as array :: len" in words("use std::array;", first)
    assert words("use std::array as a;").startswith("mod a with")


def test_tokens_know_the_file_and_line_that_they_come_from(tmp_path: Path) -> None:
    write(tmp_path, a="\n  const x = 1")
    tokens, _ = included("\nuse a as b; event", tmp_path)
    places = {
        token.text: (token.span.source.name, token.span.line, token.span.column) for token in tokens[:-1]
    }
    assert places["const"] == (str(tmp_path / "a.tremor"), 2, 3)
    assert places["mod"] == ("main.tremor", 2, 1)
    assert places["b"] == ("main.tremor", 2, 10)
    assert places["event"] == ("main.tremor", 2, 13)
    assert places["end"][0] == str(tmp_path / "a.tremor")


def test_a_module_that_is_included_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, a="let b = 7x0")
    assert errors("use a; use a as b;", tmp_path) == [("this is no hexadecimal number", "7x0")]


def test_what_is_wrong_in_a_module_is_told_there(tmp_path: Path) -> None:
    write(tmp_path, a='\n"x', b="use c;")
    _, problems = included("use a; use b;", tmp_path)
    assert [(error.file, error.line) for error in problems.errors] == [
        (str(tmp_path / "a.tremor"), 2), (str(tmp_path / "b.tremor"), 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ("use ;", ";", "a module's name"),
        ("use a :: as;", "as", "a module's name"),
        ("use a :: :; b;", ":", "a module's name"),
        ("use a::1;", "1", "a module's name"),
        ("use a use;", "use", "`::`, `as` or `;`"),
        ("use a::b as use;", "use", "a name for the module"),
        ("use a as b::c;", "::", "`;`"),
    ],
)
def test_a_clause_that_is_not_well_formed_is_told_at_the_wrong_word(
    text: str, where: str, expected: str
) -> None:
    assert errors(f"{text}\nevent") == [(f"found `{where}`, but expected {expected}", where)]
    assert "event" in [token.text for token in included(f"{text}\nevent")[0]]


@pytest.mark.parametrize("text", ["use", "use a", "use a::", "use a as", "use a as b"])
def test_a_clause_may_not_end_with_the_text(text: str) -> None:
    ((message, _),) = errors(text)
    assert message.startswith("found the end of the text, but expected ")


def test_all_clauses_that_are_wrong_are_told() -> None:
    assert [where for _, where in errors("use ;\nuse a::;\nuse nowhere;")] == [";", ";", "use nowhere"]


def test_a_word_that_begins_no_statement_is_left_to_the_parser() -> None:
    assert words("event.use; let a = use") == "event . use ; let a = use"


def test_a_module_that_is_nowhere_is_told_with_the_places_that_were_searched(tmp_path: Path) -> None:
    write(tmp_path, a__first="1")
    _, problems = included("use a::frist;\nuse std::arry;\nuse nowhere;", tmp_path, tmp_path / "b")
    first, second, third = problems.errors
    assert (first.message, first.column) == ("there is no module a::frist", 1)
    looked = f"looked for a/frist.tremor and .trickle in {tmp_path}, {tmp_path / 'b'}"
    looked += ", and the library has none of that name"
    assert first.hint == f"did you mean `a::first`? {looked}"
    assert second.hint.startswith("did you mean `std::array`? ")
    assert third.hint.startswith("looked for nowhere.tremor")
    assert included("use nowhere;")[1].errors[0].hint.startswith("no module path is given")


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a.b", "", "_a", "a b", "x" * 300, "\0"])
def test_a_quoted_name_cannot_lead_out_of_the_directories(tmp_path: Path, name: str) -> None:
    write(tmp_path, secret="const x = 1")
    (tmp_path / "inner").mkdir()
    ((message, where),) = errors(f"use `{name}`::secret;", tmp_path / "inner")
    assert (message, where) == (f"{name!r} is no name of a module", f"`{name}`")


def test_a_quoted_keyword_is_a_name(tmp_path: Path) -> None:
    write(tmp_path, script="const x = 1")
    assert words("use `script` as s;", tmp_path) == "mod s with const x = 1 end ;"


def test_modules_that_include_each_other_are_told_with_the_circle(tmp_path: Path) -> None:
    write(tmp_path, a="use b;", b="use c::d;", c__d="use b;", main="use main as m;")
    ((message, where),) = errors("use a;", tmp_path)
    b, d = tmp_path / "b.tremor", tmp_path / "c" / "d.tremor"
    assert (message, where) == (f"modules include each other in a circle: {b} -> {d} -> {b}", "use b")
    _, problems = included("use main as m;", tmp_path, name=str(tmp_path / "main.tremor"))
    assert len(problems.errors) == 1


def test_a_circle_through_a_link_is_one(tmp_path: Path) -> None:
    write(tmp_path, a="use b;")
    (tmp_path / "b.tremor").symlink_to(tmp_path / "a.tremor")
    ((message, _),) = errors("use a;", tmp_path)
    a, b = tmp_path / "a.tremor", tmp_path / "b.tremor"
    assert message == f"modules include each other in a circle: {a} -> {b}"


def test_modules_may_only_be_nested_so_deep(tmp_path: Path) -> None:
    write(tmp_path, **{f"m{level}": f"use m{level + 1};" for level in range(1, MAX_DEPTH)})
    write(tmp_path, **{f"m{MAX_DEPTH}": "const x = 1"})
    assert words("use m1;", tmp_path).count("mod") == MAX_DEPTH
    write(tmp_path, m0="use m1;")
    assert errors("use m0;", tmp_path) == [
        (f"modules include each other more than {MAX_DEPTH} levels deep", f"use m{MAX_DEPTH}")
    ]


def test_modules_that_multiply_are_stopped(tmp_path: Path) -> None:
    write(
        tmp_path,
        **{f"m{level}": f"use m{level + 1}; use m{level + 1} as o;" for level in range(20)},
        m20="const x = 1",
    )
    tokens, problems = included("use m0;", tmp_path)
    assert problems.errors[0].message == f"more than {modules.MAX_MODULES} modules are included"
    assert len(problems.errors) < 100
    assert len(tokens) < 20 * modules.MAX_MODULES


def test_long_modules_that_are_included_often_are_stopped(tmp_path: Path) -> None:
    write(tmp_path, long="# " + "x" * 1_000_000 + "\nconst x = 1")
    ((message, where),) = errors("".join(f"use long as l{number};\n" for number in range(5)), tmp_path)
    assert message == f"the included modules have more than {modules.MAX_INCLUDED} characters together"
    assert where == "use long as l4"


def test_the_same_mistake_is_told_once_and_many_of_them_only_so_often(tmp_path: Path) -> None:
    write(tmp_path, a="use nowhere;")
    assert errors("use a; use a as b;", tmp_path) == [("there is no module nowhere", "use nowhere")]
    assert len(errors("use nowhere;\n" * 1000)) == MAX_ERRORS


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "bytes.tremor").write_bytes(b"a\n\xff")
    (tmp_path / "long.tremor").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    (tmp_path / "directory.tremor").mkdir()
    os.mkfifo(tmp_path / "pipe.tremor")
    (bytes_, hint), (long, _), (directory, _), (pipe, _) = [
        (error.message, error.hint)
        for error in included("use bytes;\nuse long;\nuse directory;\nuse pipe;", tmp_path)[1].errors
    ]
    assert bytes_ == f"the module {tmp_path / 'bytes.tremor'} is not UTF-8 in line 2"
    assert hint == "save it as UTF-8"
    assert long.startswith(f"the module {tmp_path / 'long.tremor'} is too long")
    assert directory == "there is no module directory"
    assert pipe == "there is no module pipe"


def test_an_empty_module_is_told_where_it_is_included(tmp_path: Path) -> None:
    write(tmp_path, a="### nothing\n# more\n")
    assert errors("use a;", tmp_path) == [(f"the module {tmp_path / 'a.tremor'} is empty", "use a")]


def test_a_byte_order_mark_is_no_part_of_a_module(tmp_path: Path) -> None:
    (tmp_path / "a.tremor").write_bytes(b"\xef\xbb\xbfconst x = 1")
    assert words("use a;", tmp_path) == "mod a with const x = 1 end ;"


PARTS = st.sampled_from(
    ["use", " ", "a", "b", "::", "as", ";", "\n", "`..`", "with", "script", "1", '"', "#", "use std::array;"]
)


@given(st.lists(PARTS, max_size=20).map("".join))
def test_any_text_can_be_expanded(text: str) -> None:
    tokens, problems = included(text)
    assert [token.kind for token in tokens].count(Kind.END) == 1
    assert tokens[-1].kind is Kind.END
    for error in problems.errors:
        assert error.render()


def test_a_module_with_the_newlines_of_windows_means_the_same(tmp_path: Path) -> None:
    text = 'const letter = """\na\nb\n""";\n'
    (tmp_path / "unix.tremor").write_bytes(text.encode())
    (tmp_path / "windows.tremor").write_bytes(text.replace("\n", "\r\n").encode())
    script = "use unix;\nuse windows;\n[unix::letter, windows::letter]"
    result = compile_script(script, module_path=[tmp_path]).run(None)
    assert result is not None
    assert result.value == ["a\nb\n", "a\nb\n"]
