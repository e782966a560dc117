"""What the json codec promises, on both engines."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import OrderedDict
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError
from ramps.codec import SKIP
from ramps.codecs.json import Json
from ramps.errors import DecodeError, EncodeError
from ramps.formats import json_engines
from ramps.preprocessor import StampedFrame
from ramps.testing.codec_battery import event_values, same

UJSON = Json(Json.Options(engine="ujson", strict=True))
ORJSON = Json(Json.Options(engine="orjson", strict=True))
FAST_UJSON = Json(Json.Options(engine="ujson"))
FAST_ORJSON = Json(Json.Options(engine="orjson"))


@pytest.fixture(params=["ujson", "orjson"])
def codec(request: pytest.FixtureRequest) -> Json:
    return Json(Json.Options(engine=request.param, strict=True))


@pytest.fixture(params=["ujson", "orjson"])
def fast(request: pytest.FixtureRequest) -> Json:
    return Json(Json.Options(engine=request.param))


GOOD = [
    (b" 1\r\n", 1),
    (b"18446744073709551615", 2**64 - 1),
    (b"-9223372036854775808", -(2**63)),
    (b"[9223372036854775807,1717000000000000000]", [2**63 - 1, 1717000000000000000]),
    (b"-0.0", -0.0),
    (b"1e308", 1e308),
    (b"1E-400", 0.0),
    (b"0.1e1", 1.0),
    (b"1.5e-07", 1.5e-07),
    (b"12345678901234567890123.5", 12345678901234567890123.5),
    (b'"12345678901234567890123"', "12345678901234567890123"),
    (b'"NaN -01 1. Infinity"', "NaN -01 1. Infinity"),
    (b'{"a":1,"a":2}', {"a": 2}),
    (b'"\\ud83d\\ude00"', "\U0001f600"),
    (b'"\\\\ud800"', "\\ud800"),
    (b'{\n\t"a": [ 1 , 2 ]\r\n}', {"a": [1, 2]}),
    (b'["\\"01","\\\\",0,"\\"",10]', ['"01', "\\", 0, '"', 10]),
    (b'"\x7f\xe2\x80\xa8\xf0\x9f\x98\x80"', "\x7f\u2028\U0001f600"),
    (b'{"":{}}', {"": {}}),
    (b"[true,false,null]", [True, False, None]),
]

BAD = [
    b"", b" ", b"\n", b"NaN", b"-NaN", b"[Infinity]", b"-Infinity", b'{"a":NaN}',
    b"18446744073709551616", b"-9223372036854775809", b"[1,99999999999999999999]", b"1" * 400, b"1" * 5000,
    b"1e309", b"-1e999", b"[1E+400]", b"1" * 400 + b".0",
    b"01", b"-01", b"[1,00]", b'{"a": 01}', b"-", b"[-]", b"-.5", b".5", b"1.", b"[1.]", b"1.e5", b"1e", b"+1", b"0x1",
    b'"\t"', b'"a\nb"', b'"\x00"', b'"\x1f"', b'"\\x"', b'"\\u12"', b'"', b'"\\"', b"'a'",
    b'"\\ud800"', b'"\\uDC00"', b'["\\ud800x"]', b'{"\\udbff":1}',
    b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'\xef\xbb\xbf1', b"\xa01",
    b"1 x", b"1\x00", b'{"a":1}{', b"[1,]", b'{"a":1,}', b"[1 2]", b"{1:2}", b"nul", b"true1", b"[", b'{"a"', b"/**/1",
]  # fmt: skip


@pytest.mark.parametrize(("frame", "value"), GOOD)
def test_good_texts_are_read(codec: Json, frame: bytes, value: Any) -> None:
    assert same(codec.decode(frame), value)


@pytest.mark.parametrize("frame", BAD, ids=lambda frame: repr(frame[:24]))
def test_what_is_not_rfc_8259_or_beyond_64_bits_is_refused(codec: Json, frame: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.decode(frame)


def test_a_bad_frame_costs_only_itself_among_many(codec: Json) -> None:
    frames = [frame for pair in zip([frame for frame, _ in GOOD * 3], BAD, strict=False) for frame in pair]
    values, errors = codec.decode_many(frames)
    assert [index for index, _ in errors] == list(range(1, len(frames), 2))
    assert all(value is SKIP for value in values[1::2])
    assert same(values[::2], [value for _, value in (GOOD * 3)[: len(values[::2])]])


@pytest.mark.parametrize("index", [0, 7, 8, 19, 20])
def test_a_frame_that_an_engine_lets_through_is_refused_at_its_own_index(codec: Json, index: int) -> None:
    frames = [b"[%d]" % number for number in range(21)]
    frames[index] = b"18446744073709551616"
    values, errors = codec.decode_many(frames)
    assert [at for at, _ in errors] == [index]
    assert values == [SKIP if number == index else [number] for number in range(21)]


def test_an_error_says_where_in_bytes(codec: Json) -> None:
    with pytest.raises(DecodeError, match="at byte 8") as caught:
        codec.decode('["ää" 1]'.encode())
    assert caught.value.position == 8


def test_a_frame_that_carries_its_ingest_time_is_read_like_any_other(codec: Json) -> None:
    assert codec.decode(StampedFrame(b'{"a":1}')) == {"a": 1}
    assert codec.decode_many([StampedFrame(b"[1]"), b"2"]) == ([[1], 2], [])


def nested_text(depth: int) -> bytes:
    return b'{"a":[' * (depth // 2) + b"[" * (depth % 2) + b"]" * (depth % 2) + b"]}" * (depth // 2)


def nested_value(depth: int) -> Any:
    value: Any = []
    for level in range(depth - 1):
        value = {"a": value} if level % 2 else [value]
    return value


@pytest.mark.parametrize("depth", [127, 128])
def test_nesting_up_to_the_limit_goes_both_ways(codec: Json, depth: int) -> None:
    assert codec.encode(codec.decode(nested_text(depth))) == nested_text(depth)
    assert codec.decode(codec.encode(nested_value(depth))) == nested_value(depth)


@pytest.mark.parametrize("depth", [129, 300, 1023, 1025, 100_000])
def test_nesting_beyond_the_limit_is_refused_when_reading(codec: Json, depth: int) -> None:
    for frame in (nested_text(depth), b"[" * depth, b'{"a":' * depth):
        with pytest.raises(DecodeError):
            codec.decode(frame)


@pytest.mark.parametrize("depth", [129, 300, 2000])
def test_nesting_beyond_the_limit_is_refused_when_writing(codec: Json, depth: int) -> None:
    with pytest.raises(EncodeError, match="deeper than 128 levels"):
        codec.encode(nested_value(depth))


def test_many_brackets_side_by_side_or_in_texts_are_not_deep(codec: Json) -> None:
    value = [[], {}, "[[[[{{{{" * 20, *[[{"a": [1]}]] * 200]
    assert codec.decode(codec.encode(value)) == value


def test_a_value_that_holds_itself_is_refused(codec: Json) -> None:
    loop: list[Any] = [1]
    loop.extend([loop, loop])
    with pytest.raises(EncodeError):
        codec.encode(loop)


def test_texts_are_compact_and_escape_no_more_than_they_must(codec: Json) -> None:
    value = {"url": "http://ä/<&>\u2028", "list": [1, 2.5, True, None], "control": '"\\\n\x01\x7f'}
    expected = '{"url":"http://ä/<&>\u2028","list":[1,2.5,true,null],"control":"\\"\\\\\\n\\u0001\x7f"}'
    assert codec.encode(value) == expected.encode()


@dataclasses.dataclass
class Record:
    x: int = 1


class SpeaksUjson:
    def __json__(self) -> str:
        return "1"

    def toDict(self) -> dict[str, int]:
        return {"x": 1}


REFUSED = [
    math.nan, math.inf, -math.inf, 2**64, -(2**63) - 1, 10**400, "\ud800", b"bytes", bytearray(b"x"), {1}, range(3),
    Decimal("1.5"), Record(), SpeaksUjson(), datetime(2024, 1, 1), object(), {1: 1}, {None: 1}, {True: 1}, {1.5: 1},
    {b"a": 1}, {(1,): 1}, {"\ud800": 1},
]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: repr(value)[:15])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: {"a": [None, v]}, lambda v: [[{"b": v}], "nulla"]])
def test_what_json_cannot_carry_is_refused_wherever_it_hides(codec: Json, value: Any, wrap: Any) -> None:
    with pytest.raises(EncodeError):
        codec.encode(wrap(value))


def test_one_unwritable_value_costs_only_itself_among_many(codec: Json) -> None:
    values = [value for bad in REFUSED for value in ({"n": None}, bad)]
    payloads, errors = codec.encode_many(values)
    assert payloads == [b'{"n":null}', None] * len(REFUSED)
    assert [index for index, _ in errors] == list(range(1, len(values), 2))


def test_refused_bytes_are_named_with_their_place_and_the_remedy(codec: Json) -> None:
    with pytest.raises(
        EncodeError, match=r"bytes cannot be written; convert them to text first .* at \.a\[1\]\.b"
    ):
        codec.encode({"a": [1, {"b": b"x"}]})


def test_subclasses_and_tuples_are_written_as_what_they_extend(codec: Json) -> None:
    class Text(str):
        pass

    assert codec.encode([OrderedDict(a=(1, 2)), Text("x")]) == b'[{"a":[1,2]},"x"]'


def test_true_is_never_one(codec: Json) -> None:
    assert codec.encode([True, 1, 1.0]) == b"[true,1,1.0]"
    assert same(codec.decode(b"[true,1,1.0]"), [True, 1, 1.0])


def test_auto_takes_orjson_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Json().engine.name == "orjson"
    monkeypatch.setattr(json_engines, "orjson", None)
    assert Json().engine.name == "ujson"


def test_orjson_by_name_without_orjson_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_engines, "orjson", None)
    with pytest.raises(ConfigurationError, match="not installed") as caught:
        Json(Json.Options(engine="orjson"))
    assert "pip install" in caught.value.hint


def by_the_standard_library(frame: bytes) -> Any:
    """The value, or ``SKIP`` for what the contract refuses: written without looking at the codec."""

    def finite(text: str) -> float:
        if math.isinf(float(text)):
            raise ValueError(text)
        return float(text)

    def fitting(text: str) -> int:
        if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
            raise ValueError(text)
        return int(text)

    try:
        value = json.loads(frame.decode(), parse_float=finite, parse_int=fitting, parse_constant=fitting)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return SKIP
    return value


def decoded(codec: Json, frame: bytes) -> Any:
    try:
        return codec.decode(frame)
    except DecodeError:
        return SKIP


TOKENS = [
    *"[]{},:01-.eE+", "-0", "00", "01", "10", "0.5", "1e5", "1e400", "1e-9", "1.5", "-1", "12345678901234567890123",
    "null", "true", "false", "NaN", "Infinity", "-Infinity", "18446744073709551615", "18446744073709551616",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", '""', '"a"', '"01"', '"é"', '"',
    '"\\ud83d"', '"\\ude00"', '"\\ud83d\\ude00"', '"\\"', '\\"', "\\\\", '"\\\\"', '"\\n"',
    " ", "\n", "\t", '"\t"', '"a":', '{"a":', "[1,", "\x00", "\x0b",
]  # fmt: skip
near_json = st.lists(st.sampled_from(TOKENS), max_size=9).map(lambda tokens: "".join(tokens).encode())
damaged_json = st.builds(
    lambda value, at, new: (lambda text: text[: at % (len(text) + 1)] + new + text[at % (len(text) + 1) :])(
        json.dumps(value, ensure_ascii=False).encode()
    ),
    event_values(),
    st.integers(0, 500),
    st.sampled_from(
        [b"0", b"-", b".", b"1e", b"9" * 20, b"\\", b'"', b"\n", b"\xed\xa0\x80", b"[", b"N", b"\\ud800"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(near_json | damaged_json)
@example(b'["\\\\"01]')
@example(b"[0,-0,-00]")
def test_both_engines_and_the_standard_library_read_the_same(frame: bytes) -> None:
    expected = by_the_standard_library(frame)
    assert same(decoded(UJSON, frame), expected)
    assert same(decoded(ORJSON, frame), expected)


@settings(max_examples=100, deadline=None)
@given(st.lists(near_json | damaged_json | event_values().map(ORJSON.encode), max_size=20))
def test_both_engines_read_many_as_the_standard_library_reads_each(frames: list[bytes]) -> None:
    expected = [by_the_standard_library(frame) for frame in frames]
    assert same(UJSON.decode_many(frames)[0], expected)
    assert same(ORJSON.decode_many(frames)[0], expected)


@settings(max_examples=100, deadline=None)
@given(event_values())
def test_each_engine_and_the_standard_library_read_what_the_other_wrote(value: Any) -> None:
    for payload in (UJSON.encode(value), ORJSON.encode(value)):
        for reader in (UJSON.decode, ORJSON.decode, json.loads):
            assert same(reader(payload), value)


# Without strict, an engine reads as it does by itself. What that may be is written in the codec's docstring.


@pytest.mark.parametrize(("frame", "value"), GOOD)
def test_without_strict_good_texts_are_read_the_same(fast: Json, frame: bytes, value: Any) -> None:
    assert same(fast.decode(frame), value)
    if b"\n" not in frame:
        lines = fast.decode_lines(frame + b"\n" + frame + b"\n")
        assert lines is None or same(lines, [value, value])


UTF8_BREAKERS = [b'"\\ud800"', b'"\\uDC00"', b'["\\ud800x"]', b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\x80"']
NOT_JSON = [
    b"",
    b" ",
    b"1 x",
    b'{"a":1}{',
    b"[1,]",
    b'{"a":1,}',
    b"[1 2]",
    b"{1:2}",
    b"nul",
    b"true1",
    b"[",
    b'{"a"',
    b"+1",
]


@pytest.mark.parametrize("frame", [*UTF8_BREAKERS, *NOT_JSON])
def test_without_strict_what_no_text_can_carry_and_what_is_no_json_is_refused(
    fast: Json, frame: bytes
) -> None:
    with pytest.raises(DecodeError):
        fast.decode(frame)
    assert fast.decode_lines(b"1\n" + frame + b"\n2\n") is None


LAX = {
    b"NaN": math.nan, b"[-Infinity]": [-math.inf], b"1e309": math.inf, b"01": 1, b"-": 0, b"[1.]": [1.0],
    b'"\t"': "\t", b"18446744073709551616": 2**64,
}  # fmt: skip


@pytest.mark.parametrize(("frame", "value"), LAX.items())
def test_ujson_reads_more_than_json(frame: bytes, value: Any) -> None:
    assert same(FAST_UJSON.decode(frame), value)
    assert same(FAST_UJSON.decode_lines(frame + b"\n1\n"), [value, 1])


def test_orjson_reads_integers_beyond_64_bits_as_the_nearest_float_and_nothing_else_that_json_forbids() -> (
    None
):
    assert same(FAST_ORJSON.decode(b"[18446744073709551616]"), [float(2**64)])
    for frame in [frame for frame in LAX if frame != b"18446744073709551616"]:
        with pytest.raises(DecodeError):
            FAST_ORJSON.decode(frame)


@settings(max_examples=300, deadline=None)
@given(near_json | damaged_json)
def test_without_strict_no_engine_reads_another_value_than_the_standard_library(frame: bytes) -> None:
    expected = by_the_standard_library(frame)
    if expected is not SKIP:
        assert same(decoded(FAST_UJSON, frame), expected)
        assert same(decoded(FAST_ORJSON, frame), expected)


@settings(max_examples=200, deadline=None)
@given(st.lists(near_json | damaged_json | event_values().map(ORJSON.encode), min_size=1, max_size=12))
@example([b"[1", b"2]"])
@example([b"1,2", b"[3", b"4]"])
@example([b'"a', b'b"'])
@example([b"1],[2"])
def test_many_lines_at_once_are_what_each_is_alone_or_are_left_to_who_looks_at_each(
    frames: list[bytes],
) -> None:
    frames = [frame.replace(b"\n", b" ") for frame in frames]
    text = b"".join([frame + b"\n" for frame in frames])
    for codec in (FAST_UJSON, FAST_ORJSON):
        values = codec.decode_lines(text)
        alone = codec.decode_many(frames)
        if alone[1]:
            assert values is None
        elif values is not None:
            assert same(values, alone[0])


@settings(max_examples=100, deadline=None)
@given(st.lists(event_values(), min_size=1, max_size=12))
def test_without_strict_the_same_texts_are_written_for_values_of_events(values: list[Any]) -> None:
    payloads, errors = FAST_UJSON.encode_many(values)
    assert (payloads, errors) == UJSON.encode_many(values)
    assert [json.loads(payload or b"") for payload in payloads] == values
    assert FAST_ORJSON.encode_many(values) == ORJSON.encode_many(values)


@settings(max_examples=100, deadline=None)
@given(st.lists(event_values() | st.just({"text": 'a\n,"b"],\n,'}), min_size=1, max_size=12))
def test_values_that_are_written_at_once_are_what_each_is_alone(values: list[Any]) -> None:
    for codec in (FAST_UJSON, FAST_ORJSON):
        joined = codec.encode_joined(values)
        assert joined is not None
        size = joined.size
        assert joined.pieces == codec.encode_many(values)[0]
        assert size == sum(map(len, joined.pieces))


def test_what_is_to_be_looked_at_before_it_is_written_is_not_written_at_once(codec: Json) -> None:
    assert codec.encode_joined([1, 2]) is None


def test_values_of_which_one_cannot_be_written_are_not_written_at_once(fast: Json) -> None:
    assert fast.encode_joined([1, {2}]) is None


def test_an_object_that_can_neither_be_written_nor_say_why_costs_only_itself(fast: Json) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise Silent

    class Hostile(list[Any]):
        def __iter__(self) -> Any:
            raise Silent

        def __json__(self) -> str:
            raise Silent

    values = [1, Hostile([{2}])]
    assert fast.encode_joined(values) is None
    payloads, errors = fast.encode_many(values)
    assert (payloads, len(errors)) == ([b"1", None], 1)


def test_a_users_own_text_with_line_breaks_stays_in_its_event() -> None:
    values = [{"n": 1}, {"own": orjson.Fragment(b'[1,\n,"2"]')}, 3]
    joined = FAST_ORJSON.encode_joined(values)
    assert joined is not None
    assert joined.pieces == [b'{"n":1}', b'{"own":[1,\n,"2"]}', b"3"]


def test_ujson_writes_utf8_also_after_many_texts_that_were_ascii(fast: Json) -> None:
    for values in (["a"], ["ä", "\x01"], ["a", "b"], ["\u20ac"]):
        assert fast.encode_many(values)[0] == ORJSON.encode_many(values)[0]


@pytest.mark.parametrize(
    "value", ["\ud800", b"bytes", {1}, object(), {"\ud800": 1}], ids=lambda value: repr(value)[:15]
)
def test_without_strict_what_json_cannot_carry_is_still_refused_and_costs_only_itself(
    fast: Json, value: Any
) -> None:
    payloads, errors = fast.encode_many([{"n": 1}, value, {"n": 2}])
    assert payloads == [b'{"n":1}', None, b'{"n":2}']
    assert [index for index, _ in errors] == [1]


def test_an_object_whose_own_json_fails_costs_only_itself() -> None:
    class Broken:
        def __json__(self) -> str:
            raise KeyError("own")

    payloads, errors = FAST_UJSON.encode_many([1, Broken()])
    assert (payloads, len(errors)) == ([b"1", None], 1)


def test_who_limits_the_depth_gets_strict_as_well() -> None:
    codec = Json(Json.Options(engine="ujson", max_depth=2))
    assert codec.decode(b"[[1]]") == [[1]]
    for frame in (b"[[[1]]]", b"01"):
        with pytest.raises(DecodeError):
            codec.decode(frame)


@pytest.mark.parametrize("depth", [129, 250])
def test_without_strict_250_levels_go_both_ways(fast: Json, depth: int) -> None:
    assert fast.encode(fast.decode(nested_text(depth))) == nested_text(depth)
