"""What all extractors have in common: declaration, errors, and that no text and no string surprises them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.extractors.extractor import EXTRACTORS, BadExtractor, make_extractor
from pipelines.language.values import INTEGER_MIN, MISSING, UNSIGNED_MAX
from tests.language.extracting import OCCASION, extract, refusal

NAMES = ["base64", "cidr", "datetime", "dissect", "glob", "grok", "influx", "json", "kv", "re", "rerg"]


def test_all_extractors_are_known() -> None:
    assert sorted(EXTRACTORS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_each_is_true(name: str) -> None:
    text, string, result = EXTRACTORS[name].example
    assert extract(name, text, string) == json.loads(result)
    assert EXTRACTORS[name].summary.endswith(".")


def test_names_are_known_in_any_case() -> None:
    assert make_extractor("GrOk", "%{INT:n}").extract("7", OCCASION) == {"n": "7"}


def test_an_unknown_name_is_answered_with_a_near_one_or_with_all() -> None:
    assert refusal("disect", "") == "There is no extractor `disect`; did you mean `dissect`?"
    assert refusal("xyzzy", "").endswith(f"there are {', '.join(NAMES)}.")


@pytest.mark.parametrize("name", ["base64", "json", "influx"])
def test_a_text_is_refused_where_it_would_mean_nothing(name: str) -> None:
    assert f"write `{name}||`" in refusal(name, "x")
    make_extractor(name, " ")


TEXTS = {
    "cidr": "0123456789abcdef.:/, ",
    "datetime": "%-_0.:#369YCyGgmbBhdeaAwuUWVjDxFvHkIlPpMSfRTXrzZc+stn ",
    "dissect": "%{}_()?&+:intflosrg ab\\",
    "glob": "*?[]!-/ab",
    "grok": "%{}:=INTWORD()?<>ab|*+.\\d[]",
    "kv": "%{}keyval=: \\n",
    "re": "()[]?P<>ab|*+.{1,2}^$\\dwsWSbpL-&:ix",
    "rerg": "()[]?P<>ab|*+.{1,2}^$\\dwsWSbpL-&:ix",
}  # fmt: skip
WHOLE = {
    "dissect": [
        "%{a}",
        "%{?k}",
        "%{&k}",
        "%{+a}",
        "%{_}",
        "%{_(-)}",
        "%{n:int}",
        "%{f:float}",
        " ",
        "-",
        ":",
    ],
    "grok": ["%{INT:n}", "%{WORD}", "%{IP:ip}", "%{QS:q}", "(?<g>a)", "(?=a)", "(?>a)", " ", "a*", "|"],
    "kv": ["%{key}", "%{val}", "=", ":", " ", ";", "\\n"],
}
STRINGS = st.one_of(
    st.text(),
    st.text(st.characters()),
    st.text("ab 0123456789.:/-=,%{}\\\"'\n\udc80#it[]"),
)


def texts(name: str) -> st.SearchStrategy[str]:
    written = st.text(TEXTS.get(name, "")) if name in TEXTS else st.just("")
    return st.one_of(st.text(), written, st.lists(st.sampled_from(WHOLE.get(name, [""]))).map("".join))


def is_value(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and is_value(field) for key, field in value.items())
    if isinstance(value, list):
        return all(map(is_value, value))
    if type(value) is int:
        return INTEGER_MIN <= value <= UNSIGNED_MAX
    return value is None or type(value) in (str, float, bool)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)  # the first \W in a class looks at all of Unicode
@given(data=st.data())
def test_any_text_compiles_or_is_refused_and_any_string_gives_a_value_or_none(
    name: str, data: st.DataObject
) -> None:
    text = data.draw(texts(name))
    try:
        extractor = make_extractor(name, text)
    except BadExtractor:
        return
    string = data.draw(STRINGS)
    value = extractor.extract(string, OCCASION)
    assert value is MISSING or is_value(value)
    matches = extractor.matches(string)
    if value is not MISSING:
        assert matches is True
    elif matches:
        # Base64 of what is no UTF-8, and Influx's empty lines and comments, match where no result is wanted.
        assert name == "base64" or (name == "influx" and (not string.strip() or string.strip()[0] == "#"))


@settings(deadline=None)
@given(STRINGS, STRINGS)
def test_a_result_is_new_each_time(string: str, other: str) -> None:
    extractor = make_extractor("dissect", "%{a} %{b}")
    first = extractor.extract(f"{string} {other}", OCCASION)
    first["a"] = 1
    assert extractor.extract(f"{string} {other}", OCCASION)["a"] != 1


HOSTILE = ["a" * 200_000, " " * 200_000, "=" * 200_000, "\\" * 200_000, "[" * 200_000, "1" * 200_000]
KINDS = [
    ("base64", ""), ("json", ""), ("influx", ""), ("cidr", ""), ("cidr", "10.0.0.0/8"),
    ("datetime", "%Y%.f%s%f %j%Z"), ("dissect", "%{a} %{_} %{b}=%{c}"), ("dissect", "%{_(a)}%{_(aa)}b%{x}"),
    ("glob", "*a*a*a*a*b"), ("glob", "*a?[a]*a*b"), ("kv", ""), ("kv", "%{key}=%{val}a%{key}:%{val}"),
    ("re", "(a*)*b"), ("re", "(a|aa)+$b"), ("re", r"(?P<x>.*)(?P<y>.*)=x"), ("rerg", "(?P<x>x)b"),
    ("grok", "%{DATA:a}%{DATA:b}%{GREEDYDATA:c} x"), ("grok", "%{COMBINEDAPACHELOG}"), ("grok", "(?=a)(a|aa)*b"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), KINDS)
def test_a_hostile_string_of_200_000_characters_is_only_a_string(name: str, text: str) -> None:
    extractor = make_extractor(name, text)
    for string in HOSTILE:
        value = extractor.extract(string, OCCASION)
        assert value is MISSING or is_value(value)
