"""``string`` and ``url``."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.limits import Limits
from tests.language.calling import call, fault
from tests.language.values_of_scripts import LETTERS, texts

ANY = st.text(st.sampled_from(f"{LETTERS}\ud800\udc00"), max_size=20)
"""Halves of surrogate pairs included, which a codec may have let pass."""


def test_length_is_in_characters_or_bytes() -> None:
    assert call("string::len", "bär😀") == 4
    assert call("string::bytes", "bär😀") == 8
    assert call("string::bytes", "") == 0
    assert call("string::is_empty", "") is True
    assert call("string::is_empty", " ") is False


@pytest.mark.parametrize(
    ("string", "old", "new", "result"),
    [
        ("aXbX", "X", "--", "a--b--"),
        ("aaa", "aa", "b", "ba"),
        ("ab", "", "-", "-a-b-"),
        ("ab", "x", "y", "ab"),
    ],
)
def test_replace(string: str, old: str, new: str, result: str) -> None:
    assert call("string::replace", string, old, new) == result


def test_trim_takes_the_blanks_of_unicode_and_only_those() -> None:
    blanks = "\t\n\v\f\r \x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"

    assert call("string::trim", f"{blanks}a b{blanks}") == "a b"
    assert call("string::trim_start", f"{blanks}a{blanks}") == f"a{blanks}"
    assert call("string::trim_end", f"{blanks}a{blanks}") == f"{blanks}a"
    for other in ("\x1c", "\x1f", "\u200b", "\ufeff"):
        assert call("string::trim", f"{other}a{other}") == f"{other}a{other}"


def test_cases() -> None:
    assert call("string::lowercase", "ÄBΣ") == "äbς"
    assert call("string::uppercase", "äßb") == "ÄSSB"
    assert call("string::capitalize", "ßa") == "SSa"
    assert call("string::capitalize", "") == ""
    assert call("string::capitalize", "john DOE") == "John DOE"


@pytest.mark.parametrize(
    ("start", "end", "result"),
    [
        (0, 6, "bädger"),
        (1, 3, "äd"),
        (2, 2, ""),
        (4, 99, "er"),
        (6, 6, "bädger"),
        (7, 2, "bä"),
        (2**63, 1, "b"),
    ],
)
def test_substr_counts_characters(start: int, end: int, result: str) -> None:
    assert call("string::substr", "bädger", start, end) == result


def test_substr_cannot_end_before_its_start() -> None:
    assert fault("string::substr", "abc", 2, 1) == "the start, 2, is greater than the end, 1"
    assert fault("string::substr", "abc", -1, 1).startswith("takes an integer that is not negative")


@pytest.mark.parametrize(
    ("string", "separator", "parts"),
    [
        ("a,b", ",", ["a", "b"]),
        ("", ",", [""]),
        (",", ",", ["", ""]),
        ("a, b", ", ", ["a", "b"]),
        ("ab", "", ["", "a", "b", ""]),
        ("", "", ["", ""]),
        ("a b", ",", ["a b"]),
    ],
)
def test_split(string: str, separator: str, parts: list[str]) -> None:
    assert call("string::split", string, separator) == parts


def test_contains() -> None:
    assert call("string::contains", "snot badger", "t b") is True
    assert call("string::contains", "snot badger", "tb") is False
    assert call("string::contains", "", "") is True


@pytest.mark.parametrize(
    ("format", "values", "result"),
    [
        ("", [], ""),
        ("a", [], "a"),
        ("{}", [1], "1"),
        ("{}{}", ["a", 2.0], "a2.0"),
        ("{}", [["a", None]], '["a",null]'),
        ("{{}}", [], "{}"),
        ("{{{}}}", [1], "{1}"),
        (r"\{\}", [], "{}"),
        (r"\n\\", [], r"\n\\"),
        ("{}\n{}", ["{}", "}"], "{}\n}"),
    ],
)
def test_format_fills_places(format: str, values: list[Any], result: str) -> None:
    assert call("string::format", format, *values) == result


@pytest.mark.parametrize(
    ("format", "values", "message"),
    [
        ("a {} {}", [1], "there are fewer values than places: that at 5 has none"),
        ("{}", [1, 2], "there are more values than places: 2, and 1"),
        ("ü{", [], "the brace at 1 is alone"),
        ("{x}", [1], "the brace at 0 is alone"),
        ("{}}", [1], "the brace at 2 is alone"),
        ("a\\", [], "the backslash at 1 stands for nothing"),
        (1, [], "takes a string as its first argument, not an integer"),
    ],
)
def test_format_refuses_what_does_not_fit(format: Any, values: list[Any], message: str) -> None:
    assert fault("string::format", format, *values) == message


@given(st.lists(texts, max_size=5))
def test_format_puts_strings_in_as_they_are(values: list[str]) -> None:
    assert call("string::format", "{}|" * len(values), *values) == "".join(f"{value}|" for value in values)


@given(ANY)
def test_any_text_has_bytes_that_can_be_read_again(text: str) -> None:
    binary = call("string::into_binary", text)

    assert len(binary) == call("string::bytes", text)
    if "\ud800" not in text and "\udc00" not in text:
        assert call("string::from_utf8_lossy", binary) == text


@given(st.binary(max_size=20))
def test_any_bytes_can_be_read(binary: bytes) -> None:
    text = call("string::from_utf8_lossy", binary)

    assert text.encode() == binary or "\ufffd" in text


@given(texts)
def test_url_decode_undoes_encode(text: str) -> None:
    encoded = call("url::encode", text)

    assert encoded.isascii()
    assert encoded.replace("%", "").isalnum() or not text
    assert call("url::decode", encoded) == text


@pytest.mark.parametrize(
    ("text", "encoded"), [("a b", "a%20b"), ("-._~", "%2D%2E%5F%7E"), ("ü/", "%C3%BC%2F"), ("aZ09", "aZ09")]
)
def test_url_encode_leaves_letters_and_digits_only(text: str, encoded: str) -> None:
    assert call("url::encode", text) == encoded


def test_url_decode_leaves_what_is_not_encoded() -> None:
    assert call("url::decode", "a+b%2zc%") == "a+b%2zc%"
    assert call("url::decode", "%c3%bc") == "ü"
    assert fault("url::decode", "a%ff") == "the decoded text is not UTF-8 from byte 1 on"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("string::replace", ["aaa", "a", "bb"]),
        ("string::replace", ["abcd", "", "-"]),
        ("string::format", ["{}{}", "abc", "def"]),
        ("string::format", ["abcdef"]),
        ("string::uppercase", ["ßßß"]),
        ("string::lowercase", ["İİİ"]),
        ("string::capitalize", ["ßabcd"]),
        ("url::encode", ["//"]),
        ("json::encode", ["abcd"]),
    ],
)
def test_strings_stay_within_the_limit(name: str, arguments: list[Any]) -> None:
    assert "would be longer than 5 characters" in fault(name, *arguments, limits=Limits(string=5))


def test_what_fits_the_limit_exactly_is_made() -> None:
    limits = Limits(string=4, array=2)

    assert call("string::replace", "aa", "a", "bb", limits=limits) == "bbbb"
    assert call("string::format", "{}{}", "ab", "cd", limits=limits) == "abcd"
    assert call("string::split", "a,b", ",", limits=limits) == ["a", "b"]
    assert fault("string::split", "a,b,c", ",", limits=limits) == "the result would have more than 2 elements"
