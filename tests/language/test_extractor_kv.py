"""``kv``: pairs of keys and values, checked against a naive twin."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.values import MISSING
from tests.language.extracting import extract, refusal


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        ("", "a:1 b:2", {"a": "1", "b": "2"}),
        ("", "a:1  junk b:2 c:3:4", {"a": "1", "b": "2"}),
        ("", "a:1 a:2", {"a": "2"}),
        ("", ":", {"": ""}),
        ("", "junk", MISSING),
        ("", "", MISSING),
        ("%{key}=%{val}", "a=1 b:2", {"a": "1"}),
        ("%{key}%{val}", "a:1", {"a": "1"}),
        ("%{key}=%{val}; ", "a=1; b=2;c=3", {"a": "1"}),
        ("%{key}=%{val};", "a=1;b=2", {"a": "1", "b": "2"}),
        ("%{key}=%{val};%{key}:%{val},", "a=1;b:2,c=3", {"a": "1", "b": "2", "c": "3"}),
        ("%{key}=%{val}%{key}:%{val}", "a=1:2 b=1", {"b": "1"}),
        (r"%{key}\t%{val}\n", "a\t1\nb\t2", {"a": "1", "b": "2"}),
        (r"%{key}\\%{val}\r", "a\\1\rb\\2", {"a": "1", "b": "2"}),
        ("%{key}->%{val}", "a->1 é->ü", {"a": "1", "é": "ü"}),
    ],
)
def test_a_string_is_taken_apart_at_separators(text: str, string: str, record: object) -> None:
    assert extract("kv", text, string) == record


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (";%{key}=", "`%{key}` at character 2 has no `%{val}`"),
        (r"%{key}\q%{val}", "no escape"),
        ("%{key}=%{val}\\", "no escape"),
        ("%{key}=%{val}==", "'==' and '='"),
        ("%{key}:%{val}:", "a part of the other"),
        ("%{key}=%{val};%{key}==%{val}", "a part of the other"),
        ("%{key} %{val}", "a part of the other"),
        ("x" * 1001, "at most 1000"),
    ],
)
def test_a_bad_text_is_refused(text: str, reason: str) -> None:
    assert reason in refusal("kv", text)


@settings(deadline=None)
@given(st.text("ab=:; ,", max_size=30), st.sampled_from(list(product(["=", ":"], [";", " ", ", "]))))
def test_pairs_are_found_as_a_naive_twin_finds_them(string: str, separators: tuple[str, str]) -> None:
    within, between = separators
    expected = {}
    for piece in string.split(between):
        if piece.count(within) == 1:
            key, _, value = piece.partition(within)
            expected[key] = value
    assert extract("kv", f"%{{key}}{within}%{{val}}{between}", string) == (expected or MISSING)
