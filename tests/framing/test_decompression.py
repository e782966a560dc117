"""The compressing formats: members, limits, and what is broken."""

from __future__ import annotations

import base64
import functools
import gzip
import lzma
import os
import random
import zlib
from collections.abc import Callable, Iterator

import cramjam
import lz4.frame
import pytest
from backports import zstd

from ramps.preprocessor import BadFrame, Frame, Preprocessor, PreprocessorChain, preprocessors
from ramps.testing.framing_battery import frames_of, peak_bytes

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": functools.partial(gzip.compress, mtime=0),
    "zlib": zlib.compress,
    "xz": functools.partial(lzma.compress, preset=0),
    "snappy": lambda data: bytes(cramjam.snappy.compress(data)),
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
}
MARKED_ENDS = sorted(set(COMPRESS) - {"snappy"})
EVERY_FORMAT = pytest.mark.parametrize("name", sorted(COMPRESS))


def step(name: str, **options: object) -> Preprocessor:
    member = preprocessors.get(name)
    return member(member.Options.model_validate(options))


def chain(*steps: str | Preprocessor, framed: bool = False) -> PreprocessorChain:
    return PreprocessorChain([step(one) if isinstance(one, str) else one for one in steps], framed=framed)


def error_of(frame: Frame) -> str:
    assert isinstance(frame, BadFrame)
    return str(frame.error)


def length_prefixed(*bodies: bytes) -> bytes:
    return b"".join([len(body).to_bytes(8, "big") + body for body in bodies])


@EVERY_FORMAT
def test_alone_each_member_is_a_frame(name: str) -> None:
    compress = COMPRESS[name]
    assert frames_of(step(name), [compress(b"one") + compress(b"two")]) == [b"one", b"two"]


@pytest.mark.parametrize("name", MARKED_ENDS)
def test_a_member_with_an_end_mark_is_a_frame_at_once(name: str) -> None:
    assert step(name).feed(COMPRESS[name](b"one")) == [b"one"]


@EVERY_FORMAT
def test_before_a_framer_members_follow_one_another(name: str) -> None:
    compress = COMPRESS[name]
    framed = frames_of(chain(name, "lines"), [compress(b"one\nt") + compress(b"wo\n")])
    assert framed == [b"one", b"two"]


@EVERY_FORMAT
def test_before_a_framer_nothing_waits_for_the_end_of_the_member(name: str) -> None:
    lines = b"".join([b"%d %s\n" % (number, base64.b64encode(os.urandom(30))) for number in range(20_000)])
    compressed = COMPRESS[name](lines)
    assert len(chain(name, "lines").feed(compressed[: len(compressed) // 2])) > 100


def test_a_snappy_chunk_without_data_holds_nothing_back() -> None:
    stream = bytes(cramjam.snappy.compress(b"one"))
    # The checksum of no bytes, masked as the format has it.
    empty = b"\x01\x04\x00\x00" + 0xA282EAD8.to_bytes(4, "little")
    assert frames_of(step("snappy"), [stream[:10] + empty + stream[10:]]) == [b"one"]


@EVERY_FORMAT
def test_behind_a_framer_each_frame_is_one_blob(name: str) -> None:
    compress = COMPRESS[name]
    stream = length_prefixed(compress(b"one") + compress(b"!"), compress(b"two"), compress(b""))
    assert frames_of(chain("length-prefixed", name), [stream]) == [b"one!", b"two", b""]


@EVERY_FORMAT
def test_behind_a_framer_a_broken_blob_costs_only_itself(name: str) -> None:
    compress = COMPRESS[name]
    broken = compress(b"one")[:-2]
    bad, good = frames_of(chain("length-prefixed", name), [length_prefixed(broken, compress(b"two"))])
    assert isinstance(bad, BadFrame)
    assert bad.data == broken
    assert good == b"two"


@EVERY_FORMAT
def test_a_datagram_is_one_blob(name: str) -> None:
    datagrams = chain(name, framed=True)
    assert datagrams.feed(COMPRESS[name](b"one")) == [b"one"]
    assert datagrams.feed(COMPRESS[name](b"two")) == [b"two"]


@pytest.mark.parametrize("name", MARKED_ENDS)
def test_the_bytes_behind_a_broken_member_are_dropped_with_one_bad_frame(name: str) -> None:
    compress = COMPRESS[name]
    framer = step(name)
    first, bad = [
        *framer.feed(compress(b"one")),
        *framer.feed(b"garbage, long enough"),
        *framer.feed(compress(b"3")),
    ]
    assert first == b"one"
    assert error_of(bad)
    assert framer.end() == []


@EVERY_FORMAT
def test_a_stream_that_ends_within_a_member_is_truncated(name: str) -> None:
    (bad,) = frames_of(step(name), [COMPRESS[name](b"one")[:-2]])
    assert "truncated" in error_of(bad)


def test_lines_before_the_break_of_truncated_gzip_come_out_and_the_torn_one_is_bad() -> None:
    # One seed of many: with another one the break may lie between two lines.
    chance = random.Random(1)
    lines = b"".join([base64.b64encode(chance.randbytes(30)) + b"\n" for _ in range(1000)])
    frames = frames_of(chain("gzip", "lines"), [COMPRESS["gzip"](lines)[:-1000]])
    *good, torn, bad = frames
    assert good == lines.splitlines()[: len(good)]
    assert isinstance(torn, BadFrame)
    assert lines.splitlines()[len(good)].startswith(torn.data)
    assert "truncated" in error_of(torn)
    assert "truncated" in error_of(bad)


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_zero_bytes_between_members_are_padding(name: str) -> None:
    compress = COMPRESS[name]
    stream = compress(b"one") + bytes(12) + compress(b"two") + bytes(4)
    assert frames_of(step(name), [stream]) == [b"one", b"two"]


@pytest.mark.parametrize("name", ["gzip", "zlib", "xz", "lz4", "zstd"])
def test_a_frame_that_would_be_a_bomb_is_refused_by_its_ratio(name: str) -> None:
    bomb = COMPRESS[name](bytes(50 << 20))
    (bad,) = frames_of(step(name, max_decompressed="1GiB", max_ratio=50), [bomb])
    assert "max_ratio = 50" in error_of(bad)


@EVERY_FORMAT
def test_a_frame_that_gets_too_long_is_refused(name: str) -> None:
    compressed = COMPRESS[name](bytes(20_000))
    (bad,) = frames_of(step(name, max_decompressed="10KiB"), [compressed])
    assert "max_decompressed = '10KiB'" in error_of(bad)
    (bad,) = chain(step(name, max_decompressed="10KiB"), framed=True).feed(compressed)
    assert "max_decompressed = '10KiB'" in error_of(bad)


def test_many_small_members_in_one_blob_are_too_long_together() -> None:
    blob = COMPRESS["gzip"](bytes(6000)) * 2
    (bad,) = chain(step("gzip", max_decompressed="10KiB"), framed=True).feed(blob)
    assert "max_decompressed = '10KiB'" in error_of(bad)


@pytest.mark.parametrize("name", ["gzip", "xz", "lz4", "zstd"])
def test_the_ratio_strikes_at_the_same_byte_however_the_stream_is_cut(name: str) -> None:
    bomb = COMPRESS[name](bytes(20 << 20))

    def passed_bytes(chunk_bytes: int) -> int:
        framer = step(name, max_ratio=20)
        framer.streaming = True
        frames = frames_of(framer, [bomb[at : at + chunk_bytes] for at in range(0, len(bomb), chunk_bytes)])
        assert "max_ratio" in error_of(frames.pop())
        return sum(len(frame) for frame in frames if isinstance(frame, bytes))

    assert passed_bytes(100) == passed_bytes(5000) == passed_bytes(len(bomb))


def test_zstd_that_promises_more_than_it_holds_is_taken_alike_for_any_cut() -> None:
    short = b"\x28\xb5\x2f\xfd\x20\x01\x01\x00\x00"
    assert frames_of(step("zstd"), [short]) == frames_of(step("zstd"), [short[:5], short[5:]]) == [b""]


def bomb_of_members(name: str) -> bytes:
    return COMPRESS[name](bytes(1 << 20)) * 200


@pytest.mark.parametrize("name", ["gzip", "xz", "lz4", "zstd"])
def test_a_bomb_of_many_members_is_refused_too(name: str) -> None:
    frames = frames_of(chain(step(name, max_ratio=20), "lines-null"), [bomb_of_members(name)])
    assert any(isinstance(frame, BadFrame) and "max_ratio" in str(frame.error) for frame in frames)


@pytest.mark.parametrize("name", ["gzip", "xz", "lz4", "zstd"])
def test_a_bomb_is_never_held(name: str) -> None:
    bomb = COMPRESS[name](bytes(100 << 20))
    stream = chain(step(name, max_decompressed="1MiB", max_ratio=50), "lines")
    assert peak_bytes(stream, iter([bomb])) < 16 << 20


def test_a_stream_without_an_end_is_not_held() -> None:
    def chunks() -> Iterator[bytes]:
        compressor = zlib.compressobj(1, wbits=31)
        line = base64.b64encode(os.urandom(60)) + b"\n"
        for _ in range(300):
            yield compressor.compress(line * 1000) + compressor.flush(zlib.Z_SYNC_FLUSH)

    assert peak_bytes(chain("gzip", "lines"), chunks()) < 4 << 20


def test_a_header_that_asks_for_much_memory_is_refused() -> None:
    greedy = lzma.compress(b"x", filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 << 20}])
    (bad,) = frames_of(step("xz"), [greedy])
    assert "emory" in error_of(bad)
    compressor = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 28})
    window = compressor.compress(os.urandom(1000)) + compressor.flush()
    (bad,) = frames_of(step("zstd"), [window])
    assert "emory" in error_of(bad)


def test_a_snappy_chunk_with_a_wrong_checksum_is_broken() -> None:
    compressed = bytearray(COMPRESS["snappy"](b"payload"))
    compressed[14] ^= 1
    (bad,) = frames_of(step("snappy"), [bytes(compressed)])
    assert "broken" in error_of(bad)


def test_snappy_chunks_that_may_be_skipped_are_skipped() -> None:
    padding = b"\xfe\x03\x00\x00pad" + b"\x80\x00\x00\x00"
    compressed = COMPRESS["snappy"](b"payload")
    assert frames_of(step("snappy"), [compressed[:10] + padding + compressed[10:]]) == [b"payload"]


@EVERY_FORMAT
def test_decompress_recognises_the_format(name: str) -> None:
    assert frames_of(chain("decompress", "lines"), [COMPRESS[name](b"one\ntwo")]) == [b"one", b"two"]
    assert chain("decompress", framed=True).feed(COMPRESS[name](b"one")) == [b"one"]


@pytest.mark.parametrize("plain", [b"", b"\x1f", b"\xff\x06", b"plain text", b'{"a": 1}'])
def test_decompress_passes_anything_else_through(plain: bytes) -> None:
    assert b"".join(frame for frame in frames_of(step("decompress"), [plain[:1], plain[1:]])) == plain
    assert chain("decompress", framed=True).feed(plain) == [plain]


def test_decompress_looks_at_each_frame_anew() -> None:
    stream = length_prefixed(COMPRESS["gzip"](b"one"), b"two", COMPRESS["zstd"](b"three"))
    assert frames_of(chain("length-prefixed", "decompress"), [stream]) == [b"one", b"two", b"three"]


def test_base64_alone_is_one_frame_at_the_end_of_the_stream() -> None:
    framer = step("base64")
    assert framer.feed(b"YWJ") == []
    assert framer.feed(b"j\r\nZGU=") == []
    assert framer.end() == [b"abcde"]


def test_base64_behind_a_framer_is_decoded_frame_by_frame() -> None:
    good, bad, empty, last = frames_of(chain("lines", "base64"), [b"YWJj\nY\n\nZGU="])
    assert (good, empty, last) == (b"abc", b"", b"de")
    assert "truncated" in error_of(bad)


def test_base64_before_a_framer_passes_on_as_it_comes() -> None:
    stream = chain("base64", "lines")
    assert stream.feed(b"YQpi") == [b"a"]
    assert stream.feed(b"Ygo=YQo=") == [b"bb", b"a"]


def test_what_is_not_base64_is_named_and_ends_the_stream() -> None:
    stream = chain("base64", "lines")
    line, bad = stream.feed(b"YQo=YQ!=YQo=")
    assert line == b"a"
    assert "'YQ!='" in error_of(bad)
    assert [*stream.feed(b"YQo="), *stream.end()] == []


def test_base64_that_gets_too_long_is_refused() -> None:
    (bad,) = frames_of(step("base64", max_frame="4B"), [base64.b64encode(b"abcde")])
    assert "max_frame = '4B'" in error_of(bad)
