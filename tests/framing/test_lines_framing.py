"""The `lines` family, and what drops or takes frames as they are."""

from __future__ import annotations

import pytest

from ramps.preprocessor import BadFrame, Frame, Preprocessor, StampedFrame, preprocessors
from ramps.testing.framing_battery import frames_of, peak_bytes

MEBIBYTE = 1 << 20


def step(name: str, **options: object) -> Preprocessor:
    member = preprocessors.get(name)
    return member(member.Options.model_validate(options))


def bad(frames: list[Frame]) -> BadFrame:
    (frame,) = frames
    assert isinstance(frame, BadFrame)
    return frame


@pytest.mark.parametrize(
    ("name", "separator"), [("lines", b"\n"), ("lines-null", b"\0"), ("lines-pipe", b"|")]
)
def test_each_separator_ends_a_frame_and_the_last_one_needs_none(name: str, separator: bytes) -> None:
    assert frames_of(step(name), [separator.join([b"a", b"", b"b"])]) == [b"a", b"", b"b"]


def test_a_separator_at_the_end_makes_no_empty_frame() -> None:
    assert frames_of(step("lines"), [b"a\n"]) == [b"a"]


def test_a_line_is_given_as_soon_as_its_newline_came() -> None:
    lines = step("lines")
    assert lines.feed(b"a\nb") == [b"a"]
    assert lines.feed(b"c\n") == [b"bc"]


def test_one_carriage_return_before_the_newline_goes() -> None:
    assert frames_of(step("lines"), [b"a\r\r\nb\rc\r\n\r\nd\r"]) == [b"a\r", b"b\rc", b"", b"d\r"]


def test_a_carriage_return_can_be_kept() -> None:
    assert frames_of(step("lines", strip_carriage_return=False), [b"a\r", b"\nb"]) == [b"a\r", b"b"]


def test_a_carriage_return_does_not_count_towards_the_limit() -> None:
    assert frames_of(step("lines", max_frame="4B"), [b"abcd\r", b"\nabcd\r\n"]) == [b"abcd", b"abcd"]


@pytest.mark.parametrize(
    "chunks", [[b"abcde\nfg\n"], [b"abc", b"de", b"xyz", b"\nfg\n"], [b"abcde\r", b"x\nfg\n"]]
)
def test_a_line_that_is_too_long_is_one_bad_frame_and_the_next_one_is_good(chunks: list[bytes]) -> None:
    first, second = frames_of(step("lines", max_frame="4B"), chunks)
    assert second == b"fg"
    assert bad([first]).data == b"abcd"
    assert "max_frame = '4B'" in str(bad([first]).error)


def test_a_hundred_megabytes_without_a_newline_are_not_held() -> None:
    lines = step("lines")
    chunk = b"x" * 65536
    assert peak_bytes(lines, (chunk for _ in range(1600))) < 4 * MEBIBYTE


def test_a_hundred_megabytes_without_a_newline_are_one_bad_frame() -> None:
    lines = step("lines")
    frames = [frame for _ in range(1600) for frame in lines.feed(b"x" * 65536)]
    assert len(bad(frames).data) == MEBIBYTE
    assert lines.feed(b"\nnext\n") == [b"next"]


def test_without_a_buffer_the_end_of_a_chunk_ends_a_line() -> None:
    assert frames_of(step("lines-no-buffer"), [b"a\r\nb", b"c\n"]) == [b"a", b"b", b"c"]


def test_empty_frames_are_removed() -> None:
    assert frames_of(step("remove-empty"), [b"", b"a", b""]) == [b"a"]


def test_the_first_eight_bytes_are_the_time_stamp() -> None:
    (frame,) = step("ingest-ns").feed((1234).to_bytes(8, "big") + b"body")
    assert isinstance(frame, StampedFrame)
    assert (bytes(frame), frame.ingest_ns) == (b"body", 1234)


def test_a_frame_too_short_for_a_time_stamp_is_bad() -> None:
    assert bad(step("ingest-ns").feed(b"1234567")).data == b"1234567"
