"""``re`` and ``rerg``: Rust's regular expressions."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.extractors import rerg
from pipelines.language.extractors.extractor import make_extractor
from pipelines.language.values import MISSING
from tests.language.extracting import OCCASION, extract, refusal


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        ("b.d", "a badger", {}),
        ("^b", "a badger", MISSING),
        ("", "", {}),
        (r"(?P<first>\w+) (?P<second>\w+)", "- über straße -", {"first": "über", "second": "straße"}),
        (r"(?P<a>a)|(?P<b>b)", "b", {"b": "b"}),
        (r"(?P<empty>)x", "x", {"empty": ""}),
        (r"(\d+)", "12", {}),
        (r"(?<n>\d+)", "x٤٢", {"n": "٤٢"}),
        (r"^\s\S$", "\u2003\x1c", {}),
        (r"(?i)BAD", "badger", {}),
        (r"a$", "a\n", MISSING),
        (r"(?m)a$", "a\nb", {}),
        (r"a\z", "a", {}),
        (r"(?P<x>a|ab)", "ab", {"x": "a"}),
        (r"(?s)^(?P<all>.*)$", "a\nb", {"all": "a\nb"}),
    ],
)
def test_re_finds_an_expression_anywhere_and_gives_the_named_groups(
    text: str, string: str, record: object
) -> None:
    assert extract("re", text, string) == record


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        (r"(?P<n>\d+)", "1, 22 and 333", {"n": ["1", "22", "333"]}),
        (r"(?P<n>\d+)", "none", {}),
        (r"(?P<a>a)|(?P<b>b)|(?P<c>c)", "abba", {"a": ["a", "a"], "b": ["b", "b"]}),
        (r"\d", "123", {}),
        (r"(?P<x>a*)", "baac", {"x": ["", "aa", ""]}),
        (r"(?P<x>)", "é", {"x": ["", ""]}),
        (r"(?P<x>é)", "éé", {"x": ["é", "é"]}),
    ],
)
def test_rerg_always_matches_and_gives_all_that_named_groups_found(
    text: str, string: str, record: object
) -> None:
    assert extract("rerg", text, string) == record


def test_rerg_gives_up_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = make_extractor("rerg", "(?P<x>a)")
    monkeypatch.setattr(rerg, "_SECONDS", -1.0)
    assert extractor.extract("a" * 255, OCCASION) == {"x": ["a"] * 255}
    assert extractor.extract("a" * 256, OCCASION) is MISSING


@settings(deadline=None)
@given(st.text("ab "), st.sampled_from(["(?P<x>a+)", "(?P<x>a|b)b?", "(?P<x>[^ ]+) "]))
def test_rerg_finds_what_python_finds(string: str, text: str) -> None:
    found = re.findall(text.replace(" ", "(?: )"), string)
    assert make_extractor("rerg", text).extract(string, OCCASION) == ({"x": found} if found else {})


@pytest.mark.parametrize("name", ["re", "rerg"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(a", r"missing ): (a"),
        ("[a", "not closed"),
        ("a**", "**"),
        (r"(a)\1", "character 4"),
        ("a(?=b)", "(?="),
        ("(?P<x>a)(?P<x>b)", "two groups called x, at character 9"),
        ("a{1001}", "{1001}"),
        ("\ud800", "surrogate"),
        ("x" * 20_000, "at most"),
    ],
)
def test_a_bad_expression_is_refused_with_what_and_where(name: str, text: str, reason: str) -> None:
    assert reason in refusal(name, text)


def test_half_of_a_surrogate_pair_in_a_string_does_no_harm() -> None:
    assert extract("re", "(?s)^a(?P<x>.*)b$", "a\udc80b") in (MISSING, {"x": "\udc80"})
    assert extract("rerg", "(?P<x>[ab])", "a\udc80b") == {"x": ["a", "b"]}
