"""``re``: regular expressions as Rust has them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.language.limits import Limits
from pipelines.language.runtime.regular_expression import (
    LONGEST_PATTERN,
    BadRegularExpression,
    compile_regular_expression,
)
from tests.language.calling import call, fault
from tests.language.values_of_scripts import texts


def matches(pattern: str, text: str) -> bool:
    result: bool = call("re::is_match", pattern, text)
    return result


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("b.d", "a badger"),
        ("^a$", "a"),
        (r"^\d\w\s\D\W\S$", "٣é\u2003a-b"),
        (r"^[\d\w\s]+$", "1é \u2003٣_"),
        (r"^[^\D]$", "٣"),
        (r"^[\W]$", "-"),
        (r"^[\S]$", "é"),
        (r"(?-u)^\w$", "a"),
        (r"^\p{Greek}\p{L}\pN\p{Lu}\P{Lu}$", "λa1Aa"),
        (r"^\p{Uppercase_Letter}\p{lowercaseletter}\p{gc=Nd}\p{script=latin}$", "Aa1b"),
        (r"^[\p{^Lu}\P{L}]$", "a"),
        (r"^\p{Alphabetic}\p{White_Space}\p{any}$", "ß\u2003-"),
        ("(?i)^äÖ$", "Äö"),
        ("(?x) ^ a # a letter\n b [ c d ] $", "abd"),
        ("(?x: a ) b", "a b"),
        ("(?i-x:A)b", "ab"),
        ("(?s)^.$", "\n"),
        ("(?m)^b$", "a\nb"),
        ("(?U)^a+$", "aaa"),
        ("(?P<one>a)(?<two>b)(?:c)", "abc"),
        (r"\u{1F600}\u0041\x42\x{43}\U00000044", "😀ABCD"),
        (r"^\/\-\#\&\~\ $".replace(r"\ ", " "), "/-#&~ "),
        ("^[a[b-d]e]+$", "abcde"),
        ("^[]a]+$", "]a"),
        ("^[^]a]$", "b"),
        ("^[[:alpha:]_]+$", "a_"),
        (r"^[\]\[\^-]+$", "][^-"),
        (r"\Aa\z", "a"),
        ("a{2,3}", "aa"),
        (r"\bword\b", "a word"),
    ],
)
def test_patterns_match(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^a$", "a\n"),
        ("^.$", "\n"),
        (r"^\w$", "-"),
        (r"^[\W]$", "é"),
        (r"^[\S]$", "\u2028"),
        (r"^[^\s]$", "\x85"),
        (r"(?-u)^\w$", "é"),
        (r"(?-u)^\d$", "٣"),
        ("(?x)a b", "a b"),
        ("(?x:a )b", "a b"),
        ("a", "A"),
        (r"^\s$", "\x1c"),
    ],
)
def test_patterns_do_not_match(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "the regular expression cannot be used: missing ): ("),
        (
            "(?=a)",
            "the regular expression cannot be used: there is no such group (and no look-around): (?=",
        ),
        (
            r"(a)\1",
            r"there is no escape \1 (and no look-around, and no reference to a group), at character 4 of the regular "
            "expression",
        ),
        (
            r"a\Z",
            r"there is no escape \Z (and no look-around, and no reference to a group), at character 2 of the regular "
            "expression",
        ),
        ("[a", "a character class is not closed, at character 3 of the regular expression"),
        (
            "[a&&b]",
            "an intersection or difference of classes cannot be used, at character 3 of the regular expression",
        ),
        (
            "[a[^b]]",
            "a negated class within another one cannot be used, at character 3 of the regular expression",
        ),
        ("(?R)a", "only the flags i, m, s, U, u and x are known, at character 1 of the regular expression"),
        ("a\\", "a backslash needs a character behind it, at character 2 of the regular expression"),
        (r"\x{110000}", r"\x{110000} is no character"),
        (r"\u{d800}", r"\u{d800} is no character"),
        (
            r"\p{Nothing}",
            "the regular expression cannot be used: invalid character class range: \\p{Nothing}",
        ),
        ("(" * 201, "groups are nested too deeply, at character 201 of the regular expression"),
        ("((a{100}){100}){100}", "the regular expression cannot be used: invalid repetition size: {100}"),
        (r"(\w{30}){30}", "the regular expression cannot be used: it is too large; take smaller counts"),
        (
            "a" * (LONGEST_PATTERN + 1),
            f"a regular expression has at most {LONGEST_PATTERN} characters, this one {LONGEST_PATTERN + 1}",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(pattern: str, message: str) -> None:
    assert fault("re::is_match", pattern, "a") == message
    assert fault("re::replace", pattern, "a", "b") == message
    assert fault("re::split", pattern, "a") == message


@given(st.text(r"ab()[]{}|*+?^$\dwWsSpLux-&~#:P<n>=! ", max_size=14), texts)
@example(r"[\W", "a")
@example("(?x", "a")
def test_any_pattern_is_compiled_or_refused(pattern: str, text: str) -> None:
    try:
        compiled = compile_regular_expression(pattern)
    except BadRegularExpression:
        return
    found = list(compiled.find_all(text.encode()))
    assert bool(found) == compiled.matches(text.encode())


@given(st.text("ab.*+?|()[]^$", max_size=8), st.text("abé", max_size=8))
def test_simple_patterns_match_as_those_of_python_do(pattern: str, text: str) -> None:
    try:
        ours = compile_regular_expression(pattern)
        theirs = re.compile(pattern.replace("$", r"\Z"))
    except (BadRegularExpression, re.error, FutureWarning):
        return

    assert ours.matches(text.encode()) == (theirs.search(text) is not None)


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "first", "every"),
    [
        ("b", "abcb", "-", "a-cb", "a-c-"),
        ("x", "abc", "-", "abc", "abc"),
        ("x*", "axb", "-", "-axb", "-a-b-"),
        ("", "aé", "-", "-aé", "-a-é-"),
        (r"(\w)(\w)", "abcd", "$2$1", "bacd", "badc"),
        (r"(?P<one>\w)(\w)", "ab", "${one}x$2", "axb", "axb"),
        (r"(\w)", "a", "$1x", "", ""),
        (r"(\w)", "a", "${1}x", "ax", "ax"),
        ("a", "a", "$$1", "$1", "$1"),
        ("a", "a", "$", "$", "$"),
        ("a", "a", "$-", "$-", "$-"),
        ("a", "a", "${", "${", "${"),
        ("a", "a", "[$0]", "[a]", "[a]"),
        ("a", "a", "$9$none${none}.", ".", "."),
        ("a|(b)", "ab", "<$1>", "<>b", "<><b>"),
        ("a", "a", r"\1\n", r"\1\n", r"\1\n"),
        ("é", "aé", "ü", "aü", "aü"),
    ],
)
def test_replacements_know_groups(pattern: str, text: str, replacement: str, first: str, every: str) -> None:
    assert call("re::replace", pattern, text, replacement) == first
    assert call("re::replace_all", pattern, text, replacement) == every


@pytest.mark.parametrize(
    ("pattern", "text", "parts"),
    [
        (",", "a,b,,c", ["a", "b", "", "c"]),
        ("[, ]+", "a, b,c", ["a", "b", "c"]),
        (",", "", [""]),
        ("(,)", "a,b", ["a", "b"]),
        ("", "aé", ["", "a", "é", ""]),
        ("x*", "axxb", ["", "a", "b", ""]),
    ],
)
def test_texts_are_split(pattern: str, text: str, parts: list[str]) -> None:
    assert call("re::split", pattern, text) == parts


@given(st.lists(st.text("abé", max_size=4), min_size=1))
def test_split_undoes_join(parts: list[str]) -> None:
    assert call("re::split", "[,;]", ";".join(parts)) == parts


def test_results_stay_within_the_limits() -> None:
    limits = Limits(string=10, array=3)
    too_long = "the result would be longer than 10 characters"

    assert call("re::replace_all", "a", "aa", "bbbbb", limits=limits) == "b" * 10
    assert fault("re::replace_all", "a", "aa", "bbbbbb", limits=limits) == too_long
    assert fault("re::replace_all", "a", "a" * 1000, "b" * 1000, limits=limits) == too_long
    assert fault("re::replace", "a", "aa", "b" * 10, limits=limits) == too_long
    assert call("re::split", ",", "a,b,c", limits=limits) == ["a", "b", "c"]
    assert fault("re::split", ",", "a,b,c,d", limits=limits) == "the result would have more than 3 elements"


def test_hostile_patterns_take_linear_time() -> None:
    assert not matches("(a*)*b", "a" * 100_000)
    assert not matches("(a|a)*b", "a" * 100_000)
