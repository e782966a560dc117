"""JSON text: as exact as the language says, whichever library does the work."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.language.faults import Fault
from pipelines.language.runtime import json_text
from pipelines.language.runtime.json_text import (
    NESTING,
    decode,
    display,
    encode,
    encode_pretty,
    encode_sorted,
    float_text,
    interpolate,
)
from tests.language.calling import types_of
from tests.language.values_of_scripts import few, finite, json_values


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def refused(text: str) -> str:
    with pytest.raises(Fault) as caught:
        decode(text)
    return caught.value.message


@pytest.fixture(params=["with orjson", "without orjson"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything below holds with and without the faster library."""
    if request.param == "without orjson":
        monkeypatch.setattr(json_text, "orjson", None)
        monkeypatch.setattr(json_text, "_encode_compact", json_text._make_encoder(ordered=False))
        monkeypatch.setattr(json_text, "_encode_ordered", json_text._make_encoder(ordered=True))
        monkeypatch.setattr(json_text, "_decode_quickly", json_text._decode_with_json)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (0.000012, "0.000012"),
        (0.000001, "1e-6"),
        (1.5e-7, "1.5e-7"),
        (1e15, "1000000000000000.0"),
        (123456789012345680.0, "1.2345678901234568e17"),
        (1e16, "1e16"),
        (-1e16, "-1e16"),
        (1e22, "1e22"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e308"),
        (math.inf, "null"),
        (-math.inf, "null"),
        (math.nan, "null"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_floats_are_written_in_the_layout_of_ryu(number: float, text: str) -> None:
    assert float_text(number) == text
    assert encode([number]) == f"[{text}]"
    assert encode_sorted({"a": number}) == f'{{"a":{text}}}'


@given(finite)
def test_the_text_of_a_float_has_the_shortest_digits_and_no_padding(number: float) -> None:
    text = float_text(number)

    assert float(text) == number
    assert Decimal(text) == Decimal(repr(number))
    assert "e+" not in text
    assert "e-0" not in text
    assert "." in text or "e" in text


@pytest.mark.usefixtures("engine")
def test_strings_escape_what_json_demands_and_nothing_else() -> None:
    assert encode('"\\\n\r\t\b\f\x01\x1f/\x7fäß€😀') == r'"\"\\\n\r\t\b\f\u0001\u001f/' + '\x7fäß€😀"'


@pytest.mark.usefixtures("engine")
def test_compact_text_has_no_blanks_and_keeps_the_order_of_fields() -> None:
    assert encode({"b": [1, True, None], "a": {}}) == '{"b":[1,true,null],"a":{}}'


@pytest.mark.usefixtures("engine")
def test_sorted_text_has_its_fields_in_the_order_of_code_points() -> None:
    assert encode_sorted({"é": 1, "z": {"b": 1, "a": 2}, "Z": [1e22], "😀": 0}) == (
        '{"Z":[1e22],"z":{"a":2,"b":1},"é":1,"😀":0}'
    )


@pytest.mark.usefixtures("engine")
def test_a_binary_is_written_as_base64() -> None:
    assert encode({"b": b"snot"}) == '{"b":"c25vdA=="}'
    assert encode(b"") == '""'
    assert encode_pretty(b"snot") == '"c25vdA=="'


@pytest.mark.usefixtures("engine")
def test_what_is_no_value_of_the_language_is_written_as_text() -> None:
    assert encode([Decimal("1.5")]) == '["1.5"]'
    assert encode({"big": 2**70}) == '{"big":1180591620717411303424}'


@pytest.mark.usefixtures("engine")
def test_keys_that_are_no_strings_become_strings() -> None:
    assert json.loads(encode({1: 2})) == {"1": 2}


def test_pretty_text_has_two_blanks_for_each_level() -> None:
    value = {"a": [1, {"b": None}], "c": {}, "d": []}

    assert encode_pretty(value) == (
        '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ],\n  "c": {},\n  "d": []\n}'
    )


@few
@given(json_values)
def test_what_is_written_is_read_again_as_the_same_value(value: Any) -> None:
    assert types_of(decode(encode(value))) == types_of(value)
    assert types_of(decode(encode_pretty(value))) == types_of(value)
    assert decode(encode_sorted(value)) == value


@few
@given(json_values)
def test_the_engines_write_and_read_the_same(value: Any) -> None:
    plainly = json_text._write_text(value, 10**6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "orjson", None)
        patch.setattr(json_text, "_encode_compact", json_text._make_encoder(ordered=False))
        patch.setattr(json_text, "_decode_quickly", json_text._decode_with_json)
        without = encode(value)
        read_without = decode(plainly)

    assert encode(value) == plainly == without
    assert types_of(decode(plainly)) == types_of(read_without)


@few
@given(st.dictionaries(st.text("ab", max_size=3), json_values, max_size=5))
def test_records_with_equal_fields_have_one_sorted_text(record: dict[str, Any]) -> None:
    assert encode_sorted(record) == encode_sorted(dict(reversed(record.items())))


@given(
    st.text('[]{}",:0123456789eE+-.truefalsn \\ud8', max_size=25)
    | st.text(st.sampled_from('"a\ud800\udc00😀'), max_size=10)
)
@example('"\ud800"')
@example("[1e999]")
def test_any_text_gives_a_value_or_a_fault(text: str) -> None:
    try:
        value = decode(text)
    except Fault:
        return
    assert types_of(decode(encode(value))) == types_of(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.0", 1.0),
        ("1e2", 100.0),
        ("1E+2", 100.0),
        (" [ ] ", []),
        ('{"a":1,"a":2}', {"a": 2}),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1e308", 1e308),
        ("1e-323", 1e-323),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\u0041\/"', "A/"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_json_is_read(text: str, value: Any) -> None:
    assert types_of(decode(text)) == types_of(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the text is not JSON: expecting value at line 1, column 1"),
        ("[1,\n x]", "the text is not JSON: expecting value at line 2, column 2"),
        ("01", "the text is not JSON: extra data at line 1, column 2"),
        ("1 2", "the text is not JSON: extra data at line 1, column 3"),
        ('"\n"', "the text is not JSON: invalid control character at line 1, column 2"),
        ("NaN", "the text is not JSON: NaN is no number of JSON"),
        ("[-Infinity]", "the text is not JSON: -Infinity is no number of JSON"),
        ("18446744073709551616", "the number 18446744073709551616 does not fit into 64 bits"),
        ("-9223372036854775809", "the number -9223372036854775809 does not fit into 64 bits"),
        ("1e309", "the number 1e309 does not fit into a float"),
        ("1e-324", "the number 1e-324 does not fit into a float"),
        ("0e99999999999999", "the number 0e99999999999999 does not fit into a float"),
        (r'"\ud800"', "the text is not JSON: a string has half of a surrogate pair"),
        (r'{"\udc00x":1}', "the text is not JSON: a string has half of a surrogate pair"),
        ('"\ud800"', "the text is not JSON: a string has half of a surrogate pair"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_what_is_not_json_is_refused_with_its_place(text: str, message: str) -> None:
    assert refused(text) == message


@pytest.mark.usefixtures("engine")
def test_a_very_long_number_is_refused_at_once() -> None:
    assert refused("1" * 1_000_000) == f"the number {'1' * 40} does not fit into 64 bits"


@pytest.mark.usefixtures("engine")
def test_nesting_ends_at_the_same_level_both_ways() -> None:
    deepest = "[" * NESTING + "]" * NESTING

    assert encode(nested(NESTING)) == deepest
    assert encode(decode(deepest)) == deepest
    assert refused(f"[{deepest}]") == f"the value is nested deeper than {NESTING} levels"
    for write in (encode, encode_sorted, encode_pretty):
        with pytest.raises(Fault, match=f"nested deeper than {NESTING} levels"):
            write(nested(NESTING + 1))


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '{"a":' * 50_000])
@pytest.mark.usefixtures("engine")
def test_hostile_nesting_is_a_fault(text: str) -> None:
    assert refused(text) == f"the value is nested deeper than {NESTING} levels"


def test_many_brackets_side_by_side_are_not_nested() -> None:
    value = [[] for _ in range(NESTING + 1)]

    assert decode(encode(value)) == value


@pytest.mark.parametrize("write", [encode, encode_sorted, encode_pretty])
def test_a_text_beyond_the_limit_is_never_made(write: Any) -> None:
    value: Any = ["x"]
    for _ in range(60):
        value = [value, value]

    with pytest.raises(Fault, match="longer than 16777216 characters"):
        write(value)
    with pytest.raises(Fault, match="longer than 3 characters"):
        write("abc", 3)


@pytest.mark.parametrize("write", [encode, encode_sorted, encode_pretty])
def test_a_text_may_have_exactly_as_many_characters_as_the_limit(write: Any) -> None:
    assert write(["abcd"], 20) == write(["abcd"])


def test_the_blanks_of_pretty_text_count() -> None:
    value: Any = [1] * 100
    for _ in range(200):
        value = [value]

    assert len(encode(value, 1000)) == 601 - 1 + 1
    with pytest.raises(Fault, match="longer than 1000 characters"):
        encode_pretty(value, 1000)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (1, "1"),
        (1.0, "1"),
        (-0.0, "-0"),
        (1.5, "1.5"),
        (1e21, "1000000000000000000000"),
        (1e-7, "0.0000001"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "NaN"),
        (None, "null"),
        (True, "true"),
        ([1.0, "a"], '[1.0,"a"]'),
    ],
)
def test_values_are_shown_for_people(value: Any, text: str) -> None:
    assert display(value) == text


def test_interpolation_takes_strings_as_they_are() -> None:
    assert interpolate('a"b') == 'a"b'
    assert interpolate(["a"]) == '["a"]'
    assert interpolate(1.0) == "1.0"
