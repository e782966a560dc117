"""``dissect``: strings of fixed layout, checked against a naive twin."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.values import MISSING
from tests.language.extracting import extract, refusal


@pytest.mark.parametrize(
    ("text", "string", "record"),
    [
        ("", "", {}),
        ("", "a", MISSING),
        ("plain", "plain", {}),
        ("plain", "plain!", MISSING),
        ("%{a}", "all of it", {"a": "all of it"}),
        ("%{a} %{b}", "one two three", {"a": "one", "b": "two three"}),
        ("%{a} %{b}", "one", MISSING),
        ("%{a}, %{b}.", "one, two.", {"a": "one", "b": "two"}),
        ("%{a}.", "one.two", MISSING),
        ("[%{a}]", "[]", {"a": ""}),
        ("%{a} %{a}", "one two", {"a": "two"}),
        ("%{} %{b} %{?c}", "one two three", {"b": "two"}),
        ("%{?key}=%{&key}", "name=value", {"name": "value"}),
        ("%{?key}=%{&key:int}", "n=7", {"n": 7}),
        ("%{?key}=%{&key}", "=value", MISSING),
        ("%{+a} %{b} %{+a}", "one two three", {"a": "one three", "b": "two"}),
        ("%{a} %{+a}", "one two", {"a": "one two"}),
        ("%{a}%{_(-)}%{+a} %{+a}", "one--two three", {"a": "one-two-three"}),
        ("%{a}%{_}%{b}", "one   two", {"a": "one", "b": "two"}),
        ("%{a}%{_}%{b}", "one", MISSING),
        ("%{a}%{_}", "one", {"a": "one"}),
        ("%{a}%{_}", "one  ", {"a": "one"}),
        ("%{a}%{_}|%{b}", "one|two", {"a": "one", "b": "two"}),
        ("%{a}%{_}|%{b}", "one  |two", {"a": "one", "b": "two"}),
        ("%{_}%{a}", "  one", {"a": "one"}),
        ("%{_(ab)}%{a}", "ababa", {"a": "a"}),
        ("%{_(()}%{a}", "((one", {"a": "one"}),
        ("%{n:int} %{f:float} %{s:string}", "-12 1.5e3 x", {"n": -12, "f": 1500.0, "s": "x"}),
        ("%{n:int}", "9223372036854775807", {"n": 2**63 - 1}),
        ("%{n:int}", "9223372036854775808", MISSING),
        ("%{n:int}", " 1", MISSING),
        ("%{n:int}", "1_0", MISSING),
        ("%{n:int}", "٣", MISSING),
        ("%{n:int}", "", MISSING),
        ("%{f:float}", "1", {"f": 1.0}),
        ("%{f:float}", ".5", {"f": 0.5}),
        ("%{f:float}", "1_0.0", MISSING),
        ("%{f:float}", "nan", MISSING),
        ("%{f:float}", "1e999", MISSING),
        (r"%{a}\t%{b}\n\\\r", "1\t2\n\\\r", {"a": "1", "b": "2"}),
        ("%{.tld}", "org", {".tld": "org"}),
        ("%{?k} %{&k:int} %{+n}", "n 1 x", MISSING),
    ],
)
def test_the_layout_fits_the_whole_string_or_nothing(text: str, string: str, record: object) -> None:
    found = extract("dissect", text, string)
    assert found == record
    if isinstance(record, dict) and isinstance(found, dict):
        assert list(map(type, found.values())) == list(map(type, record.values()))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("%{a}%{b}", "Between the fields `a` and `b`"),
        ("%{a}%{}", "Between the fields"),
        ("%{_}%{_}", "twice in a row"),
        ("x %{a", "`%{` at character 3 is not closed"),
        ("%{a:bool}", "no type `bool`"),
        ("%{+a:int}", "cannot have a type"),
        ("%{?a:int}", "cannot have a type"),
        ("%{a:int} %{+a}", "cannot append to a number"),
        ("%{&a}", "needs a `%{?a}` before it"),
        ("%{&a} %{?a}", "needs a `%{?a}` before it"),
        ("%{&}", "needs a name"),
        ("%{+}", "needs a name"),
        ("%{_()}", "names no text"),
        ("%{_(-}", "names no text"),
        ("x" * 1001, "at most 1000"),
    ],
)
def test_a_bad_layout_is_refused(text: str, reason: str) -> None:
    assert reason in refusal("dissect", text)


FIELDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4)
DELIMITERS = st.lists(st.sampled_from([" ", "-", "--", " - ", ":"]), min_size=5, max_size=5)


@settings(deadline=None)
@given(FIELDS, DELIMITERS, st.text("x -:", max_size=20))
def test_fields_end_at_the_first_delimiter_as_in_a_naive_twin(
    fields: list[str], delimiters: list[str], string: str
) -> None:
    text = "".join(f"%{{{name}}}{delimiter}" for name, delimiter in zip(fields, delimiters, strict=False))
    expression = "".join(
        f"(.*?){re.escape(delimiter)}" for _, delimiter in zip(fields, delimiters, strict=False)
    )
    prefix = re.match(expression, string)
    whole = prefix is not None and prefix.end() == len(string)
    expected = dict(zip(fields, prefix.groups(), strict=True)) if prefix and whole else MISSING
    assert extract("dissect", text, string) == expected
