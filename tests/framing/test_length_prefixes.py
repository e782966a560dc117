"""Frames that follow their length."""

from __future__ import annotations

import pytest

from ramps.preprocessor import BadFrame, Preprocessor, preprocessors
from ramps.testing.framing_battery import frames_of, peak_bytes


def step(name: str, **options: object) -> Preprocessor:
    member = preprocessors.get(name)
    return member(member.Options.model_validate(options))


def binary(body: bytes, length: int | None = None) -> bytes:
    return (len(body) if length is None else length).to_bytes(8, "big") + body


def textual(body: bytes, length: int | None = None) -> bytes:
    return b"%d %b" % (len(body) if length is None else length, body)


FORMS = pytest.mark.parametrize(
    ("name", "prefixed"), [("length-prefixed", binary), ("textual-length-prefix", textual)]
)


@FORMS
def test_an_empty_frame_at_the_end_comes_at_once(name: str, prefixed) -> None:
    framer = step(name)
    assert framer.feed(prefixed(b"ab") + prefixed(b"")) == [b"ab", b""]
    assert framer.end() == []


@FORMS
def test_a_frame_of_exactly_the_limit_is_good(name: str, prefixed) -> None:
    assert frames_of(step(name, max_frame="4B"), [prefixed(b"abcd")]) == [b"abcd"]


@FORMS
def test_a_frame_that_is_too_long_is_skipped_and_the_next_one_is_good(name: str, prefixed) -> None:
    bad, good = frames_of(step(name, max_frame="4B"), [prefixed(b"abcde") + prefixed(b"fg")])
    assert isinstance(bad, BadFrame)
    assert "5 bytes" in str(bad.error)
    assert bad.data == prefixed(b"abcde")[:-5]
    assert good == b"fg"


@FORMS
def test_a_frame_that_is_too_long_is_not_held(name: str, prefixed) -> None:
    chunks = [prefixed(b"", length=100 << 20), *[b"x" * 65536] * 1600]
    assert peak_bytes(step(name), iter(chunks)) < 1 << 20


@FORMS
def test_a_peer_that_stops_within_a_frame_leaves_a_truncated_one(name: str, prefixed) -> None:
    (bad,) = frames_of(step(name), [prefixed(b"abcd")[:-1]])
    assert isinstance(bad, BadFrame)
    assert "truncated" in str(bad.error)


def test_a_peer_that_stops_within_a_length_leaves_a_truncated_frame() -> None:
    (bad,) = frames_of(step("length-prefixed"), [b"\0\0\0"])
    assert isinstance(bad, BadFrame)
    assert bad.data == b"\0\0\0"


@pytest.mark.parametrize("prefix", [b"x", b" ab", b"12x", b"-1 ", b"9" * 20 + b" "])
def test_behind_a_length_that_is_none_the_stream_is_dropped_with_one_bad_frame(prefix: bytes) -> None:
    framer = step("textual-length-prefix")
    good, bad = framer.feed(b"2 ab" + prefix)
    assert good == b"ab"
    assert isinstance(bad, BadFrame)
    assert framer.feed(b"2 ab") == []
    assert framer.end() == []
