"""A file that cannot be read, or is no TOML, is refused with its place, the reason and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.deployment.load import MAX_FILE_BYTES, load, parse
from supervisor.deployment.problem import InvalidDeployment, Problem


def refusal(path: Path) -> Problem:
    with pytest.raises(InvalidDeployment) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem


def syntax_problem(text: str) -> Problem:
    with pytest.raises(InvalidDeployment) as caught:
        parse(text, "c.toml")
    (problem,) = caught.value.problems
    assert problem.code == "syntax"
    return problem


def test_a_missing_file_is_named_and_a_way_to_make_one_too(tmp_path: Path) -> None:
    problem = refusal(tmp_path / "no.toml")
    assert problem.code == "file-not-found"
    assert problem.file == str(tmp_path / "no.toml")
    assert "supervisor new" in problem.hint


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    problem = refusal(tmp_path)
    assert problem.code == "file-unreadable"
    assert "config.toml" in problem.hint


def test_a_file_that_is_no_utf8_names_byte_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes('a = 1\nb = "é'.encode() + b'\xe9"\n')
    problem = refusal(path)
    assert problem.code == "not-utf8"
    assert "0xe9" in problem.message
    assert problem.position is not None
    assert problem.position[:2] == (2, 7)


def test_a_file_that_is_far_too_large_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "large.toml"
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert refusal(path).code == "file-too-large"


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert load(path).tables == {"a": 1}


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("a = 1\nb = \n", (2, 5), "quotes"),
        ('a = "x\n', (1, 7), "quotes"),
        ("a = 1\na = 2\n", (2, 6), "once"),
        ("[x]\n[x]\n", (2, 3), "once"),
        ("a = 1 b = 2", (1, 7), "a line"),
        ("a = yes", (1, 5), "quotes"),
        ("a = [1,\n", (1, 8), "bracket"),
    ],
)
def test_a_syntax_error_names_line_and_column_and_a_remedy(
    text: str, place: tuple[int, int], word: str
) -> None:
    problem = syntax_problem(text)
    assert problem.position is not None
    assert problem.position[:2] == place
    assert word in problem.hint


def test_a_syntax_error_shows_its_line() -> None:
    assert syntax_problem("a = 1\nb = @\n").excerpt == "b = @"


def test_nesting_without_end_is_refused_and_not_a_crash() -> None:
    assert "nested" in syntax_problem("a = " + "[" * 5000).message


def test_a_number_of_ten_thousand_digits_is_refused_and_not_a_crash() -> None:
    with pytest.raises(InvalidDeployment):
        parse("a = " + "9" * 10_000)


@pytest.mark.parametrize("line", ['token = "hunter2', "password = hunter2", 'api_key = "a" "hunter2"'])
def test_a_syntax_error_beside_a_secret_does_not_show_it(line: str) -> None:
    problem = syntax_problem(f"[onramps.x]\n{line}\n")
    assert "hunter2" not in str(problem) + problem.excerpt


def test_a_line_that_would_steer_the_terminal_is_shown_without_its_power() -> None:
    problem = syntax_problem("a = \x1b[31m\n")
    assert "\x1b" not in problem.excerpt + problem.message


@pytest.mark.parametrize(
    ("value", "length"), [("'data", 1), ("'''data", 3), ('"""data', 3)], ids=["literal", "literals", "texts"]
)
def test_text_that_nothing_ends_is_shown_where_it_begins(value: str, length: int) -> None:
    problem = syntax_problem(f"[onramps.in]\npath = {value}\n\n[flows.main]\nlinks = []\n")
    assert problem.position == (2, 8, length)
    assert problem.hint == "close the quotes"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[a.b]\n[a.b]", "not TOML: cannot declare [a.b] twice", "under one header"),
        ('[a."b c"]\n[a."b c"]', 'not TOML: cannot declare [a."b c"] twice', "under one header"),
        ('a = ["x" "y"]', "not TOML: unclosed array", "put commas"),
        ("[a\nb = 1", "not TOML: expected ']' at the end", "close the bracket"),
        ("a = { b = 1,\n c = 2 }", "not TOML: invalid initial character", "on one line"),
        ('a = "C:\\data"', "not TOML: unescaped", "single quotes"),
    ],
)
def test_a_syntax_error_is_told_in_the_words_of_toml_and_with_its_remedy(
    text: str, message: str, hint: str
) -> None:
    problem = syntax_problem(text)
    assert problem.message.startswith(message)
    assert hint in problem.hint


def test_the_excerpt_of_a_long_line_shows_the_part_with_the_mistake() -> None:
    problem = syntax_problem('a = ["x",' + " " * 5000 + '"y" "z"]')
    assert problem.position is not None
    start = problem.position.column - problem.excerpt_column
    assert problem.excerpt[start : start + 3] == '"z"'
    assert len(problem.excerpt) <= 160
