"""``glob``: a shell's patterns, checked against a naive matcher."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.values import MISSING
from tests.language.extracting import extract, refusal


@pytest.mark.parametrize(
    ("text", "matching", "others"),
    [
        ("", [""], ["a"]),
        ("INFO*", ["INFO", "INFO x"], [" INFO", "info"]),
        ("*.log", [".log", "a/b.log"], ["a.log "]),
        ("*", ["", "a\nb/c"], []),
        ("*ERR*", ["ERR", "xERRx"], ["ER R"]),
        ("a*b", ["ab", "a/b"], ["a", "b", "ba"]),
        ("ab*ba", ["abba", "abxba"], ["aba"]),
        ("a*b*c", ["abc", "axbxc", "abbc"], ["acb", "ac"]),
        ("*a*a*", ["aa", "xaxax"], ["a"]),
        ("?", ["a", "é", "\n"], ["", "ab"]),
        ("a?c*", ["abc", "a.cd"], ["ac"]),
        ("[abc]x", ["ax", "cx"], ["dx", "x"]),
        ("[a-c]", ["b"], ["d", "-"]),
        ("[!a-c]", ["d", "é", "-"], ["a", "dd"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[]x]", ["]", "x"], ["[", ""]),
        ("[!]]", ["["], ["]"]),
        ("[*]?", ["*a"], ["ba", "*"]),
        ("[z-a]", [], ["a", "z", "-", ""]),
        ("[!z-a]", ["a"], [""]),
        ("**", ["", "a/b"], []),
        ("**/b", ["b", "a/b", "a/c/b"], ["ab", "b/a"]),
        ("a/**", ["a/", "a/b/c"], ["a", "ba/"]),
        ("a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["ab", "a/xb"]),
        ("a.b\\*", ["a.b\\", "a.b\\c"], ["axb\\"]),
        ("é*", ["éa"], ["e"]),
    ],
)
def test_a_pattern_matches_whole_strings(text: str, matching: list[str], others: list[str]) -> None:
    for string in matching:
        assert extract("glob", text, string) is True
    for string in others:
        assert extract("glob", text, string) is MISSING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a**", "`**` at character 2"),
        ("**a", "`**` at character 1"),
        ("a/**b/c", "`**` at character 3"),
        ("a***", "more than two stars at character 2"),
        ("a[b", "`[` at character 2 is not closed"),
        ("[]", "not closed"),
        ("[!]", "not closed"),
        ("x" * 1001, "at most 1000"),
    ],
)
def test_a_bad_pattern_is_refused(text: str, reason: str) -> None:
    assert reason in refusal("glob", text)


def naively(text: str, string: str) -> bool:
    if not text:
        return not string
    if text[0] == "*":
        return any(naively(text[1:], string[start:]) for start in range(len(string) + 1))
    return bool(string) and text[0] in ("?", string[0]) and naively(text[1:], string[1:])


@settings(deadline=None)
@given(st.lists(st.sampled_from(["*", "a", "b", "?"])).map("".join), st.text("ab", max_size=8))
def test_stars_and_question_marks_match_as_a_naive_matcher_says(text: str, string: str) -> None:
    while "**" in text:
        text = text.replace("**", "*")
    text = text[:8]
    assert (extract("glob", text, string) is True) == naively(text, string)
