"""What the influx codec reads and writes, character by character."""

from __future__ import annotations

from typing import Any

import pytest

from ramps.codec import SKIP
from ramps.codecs.influx import Influx
from ramps.errors import DecodeError, EncodeError
from ramps.testing.codec_battery import same


@pytest.fixture
def codec() -> Influx:
    codec = Influx()
    codec.clock_ns = lambda: 42
    return codec


def point(
    measurement: str, tags: dict[str, str], fields: dict[str, Any], timestamp: int = 42
) -> dict[str, Any]:
    return {"measurement": measurement, "tags": tags, "fields": fields, "timestamp": timestamp}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("weather,at=us-midwest degrees=82 146", point("weather", {"at": "us-midwest"}, {"degrees": 82.0}, 146)),
        (r"wea\,ther,loc\ ation=us\,mid\=west t\=x=82i", point("wea,ther", {"loc ation": "us,mid=west"}, {"t=x": 82})),
        (r'm f="too \"hot\" \\ a\b,c=d e" -1', point("m", {}, {"f": 'too "hot" \\ a\\b,c=d e'}, -1)),
        ("m a=t,b=F,c=true,d=FALSE,e=True", point("m", {}, {"a": True, "b": False, "c": True, "d": False, "e": True})),
        ("m a=-5i,b=18446744073709551615u", point("m", {}, {"a": -5, "b": 2**64 - 1})),
        ("m a=18446744073709551615i,b=1e3,c=-.5", point("m", {}, {"a": 2**64 - 1, "b": 1000.0, "c": -0.5})),
        (r"a\b,t\x=y\\,u\, f=1", point("a\\b", {"t\\x": "y\\,u,"}, {"f": 1.0})),
        ("  m  f=1i   7 \r", point("m", {}, {"f": 1}, 7)),
    ],
)  # fmt: skip
def test_a_line_is_read_as_a_point(codec: Influx, line: str, expected: dict[str, Any]) -> None:
    assert same(codec.decode(line.encode()), expected)


@pytest.mark.parametrize("line", [b"", b"  ", b"\r\n", b"\t", b"# a comment", b"  #"])
def test_blank_lines_and_comments_are_no_events(codec: Influx, line: bytes) -> None:
    assert codec.decode(line) is SKIP


def test_a_line_without_a_timestamp_gets_the_clocks(codec: Influx) -> None:
    assert codec.decode(b"m f=1")["timestamp"] == 42


@pytest.mark.parametrize(
    ("line", "position"),
    [
        ("m", 1),
        ("m ", 1),
        ("m,t f=1", 3),
        ("m,t= f=1", 4),
        ("m,=x f=1", 2),
        ("m f", 3),
        ("m f=", 4),
        ("m f=abc", 4),
        ('m f="abc', 4),
        ("m f=1e999", 4),
        ("m f=NaN", 4),
        ("m f=1_0", 4),
        ("m f=18446744073709551616u", 4),
        ("m f=-1u", 4),
        ("m f=-9223372036854775809i", 4),
        ("m f=1,", 6),
        ("m f=1 x", 6),
        ("m f=1 1 1", 7),
        ('m f="a"b', 7),
        ("m ä=x", 5),
    ],
)
def test_a_broken_line_is_refused_with_its_position_in_bytes(codec: Influx, line: str, position: int) -> None:
    with pytest.raises(DecodeError, match=f"byte {position}$") as caught:
        codec.decode(line.encode())
    assert caught.value.position == position


def test_a_point_is_written_with_sorted_keys_escapes_and_suffixes(codec: Influx) -> None:
    event = point(
        "my, m", {"b": "x=y", "a": "1 2"}, {"z": 1, "y": 2**64 - 1, "x": 0.5, "w": 'q"\\', "v": True}, 9
    )
    assert (
        codec.encode(event) == rb'my\,\ m,a=1\ 2,b=x\=y v=true,w="q\"\\",x=0.5,y=18446744073709551615u,z=1i 9'
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"measurement": 1}, "measurement must be text"),
        ({"measurement": ""}, "measurement must be text"),
        ({"measurement": "#m"}, "comment"),
        ({"measurement": "m\\"}, "backslash"),
        ({"tags": {"a": ""}}, "the tag a must be text that is not empty"),
        ({"tags": {"a": 1}}, "the tag a must be text"),
        ({"tags": {"a": "x\ny"}}, "line break"),
        ({"tags": []}, "records"),
        ({"fields": {}}, "at least one field"),
        ({"fields": {"a": None}}, "NoneType"),
        ({"fields": {"a": float("nan")}}, "nan"),
        ({"fields": {"a": 2**64}}, "64 bits"),
        ({"fields": {1: 1}}, "text keys"),
        ({"timestamp": True}, "timestamp must be"),
        ({"timestamp": 1.5}, "timestamp must be"),
        ({"extra": 1}, "no place for extra"),
    ],
)
def test_what_line_protocol_cannot_carry_is_refused(codec: Influx, change: dict[str, Any], what: str) -> None:
    with pytest.raises(EncodeError, match=what):
        codec.encode({**point("m", {}, {"f": 1}), **change})


@pytest.mark.parametrize("missing", ["measurement", "fields", "timestamp"])
def test_a_missing_part_is_named(codec: Influx, missing: str) -> None:
    event = point("m", {}, {"f": 1})
    del event[missing]
    with pytest.raises(EncodeError, match=missing):
        codec.encode(event)
