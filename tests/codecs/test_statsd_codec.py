"""What the statsd codec reads and writes."""

from __future__ import annotations

from typing import Any

import pytest

from ramps.codecs.statsd import Statsd
from ramps.errors import DecodeError, EncodeError
from ramps.testing.codec_battery import same

codec = Statsd()

BOTH_WAYS: list[tuple[bytes, dict[str, Any]]] = [
    (b"hits:1|c", {"metric": "hits", "type": "c", "value": 1}),
    (b"hits:-1|c|@0.1", {"metric": "hits", "type": "c", "value": -1, "sample_rate": 0.1}),
    (b"time:320.5|ms", {"metric": "time", "type": "ms", "value": 320.5}),
    (b"size:3.0|h", {"metric": "size", "type": "h", "value": 3.0}),
    (b"users:765|s", {"metric": "users", "type": "s", "value": 765}),
    (b"users:ab:c|s", {"metric": "users", "type": "s", "value": "ab:c"}),
    (b"level:333|g", {"metric": "level", "type": "g", "value": 333}),
    (b"level:-10|g", {"metric": "level", "type": "g", "value": 10, "action": "sub"}),
    (b"level:+4.5|g", {"metric": "level", "type": "g", "value": 4.5, "action": "add"}),
]


@pytest.mark.parametrize(("line", "event"), BOTH_WAYS)
def test_metrics_go_both_ways(line: bytes, event: dict[str, Any]) -> None:
    assert same(codec.decode(line), event)
    assert codec.encode(event) == line


def test_a_line_break_at_the_end_is_no_part_of_the_metric() -> None:
    assert codec.decode(b"a:1|c\r\n")["value"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b"", b"a", b"a:1", b"a:|c", b"a:1|x", b"a:1|c|@", b"a:1|c|@0", b"a:1|c|@2", b"a:1|c|@nan", b"a:1:2|c", b"a:x|c",
        b":1|c", b"a:1|c|", b"a:+-1|g", b"a:18446744073709551616|c", b"a:1e999|c", b"a:1|c\nb:1|c", b"a:\xff|s",
    ],
)  # fmt: skip
def test_what_is_not_one_metric_is_refused(line: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.decode(line)


def test_large_and_small_numbers_are_written_without_exponents() -> None:
    assert codec.encode({"metric": "a", "type": "c", "value": 1e20}) == b"a:100000000000000000000.0|c"
    assert codec.encode({"metric": "a", "type": "c", "value": 1e-7}) == b"a:0.0000001|c"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"metric": "a:b"}, "name"),
        ({"metric": 1}, "name"),
        ({"type": "x"}, "type must be one of"),
        ({"type": []}, "type must be one of"),
        ({"value": True}, "not bool"),
        ({"value": "1"}, "not str"),
        ({"value": float("inf")}, "inf"),
        ({"value": 2**64}, "64 bits"),
        ({"type": "g", "value": -1}, 'use action = "sub"'),
        ({"type": "g", "value": -1, "action": "add"}, "sign"),
        ({"action": "add"}, "only a gauge"),
        ({"type": "g", "action": "mul"}, "action"),
        ({"type": "g", "action": []}, "action"),
        ({"sample_rate": 0}, "above 0"),
        ({"sample_rate": True}, "not bool"),
        ({"type": "s", "value": "a|b"}, "bar"),
        ({"tags": {}}, "no place for tags"),
    ],
)
def test_what_statsd_cannot_carry_is_refused(change: dict[str, Any], what: str) -> None:
    with pytest.raises(EncodeError, match=what):
        codec.encode({"metric": "a", "type": "c", "value": 1, **change})
