from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing import VirtualClock, settle
from ramps.errors import CannotOpen
from ramps.onramps.blaster import BlasterOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake


def blaster(path: Path, **options: Any) -> BlasterOnramp:
    return BlasterOnramp(BlasterOnramp.Options.model_validate({"path": path, **options}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.log"


@given(count=st.integers(1, 500), lines=st.integers(1, 200), last_newline=st.booleans())
@settings(max_examples=40, deadline=None)
def test_it_goes_round_the_file_until_the_count(
    tmp_path_factory: pytest.TempPathFactory, count: int, lines: int, last_newline: bool
) -> None:
    path = tmp_path_factory.mktemp("blaster") / "events.log"
    content = [b"line %d\x0b\r" % number for number in range(lines)]
    path.write_bytes(b"\n".join(content) + b"\n" * last_newline)
    intake = RecordingIntake()
    with OnrampRunner(blaster(path, count=count), intake) as runner:
        runner.wait_for_end()
    expected = [content[index % lines] + b"\n" for index in range(count)]
    assert intake.data == b"".join(expected)
    assert intake.streams[0].ended


def test_lines_come_in_chunks_of_up_to_128(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"x\n" * 200)
    run(blaster(path, count=400)).wait_for_end()
    assert [chunk.count(b"\n") for chunk in intake.streams[0].chunks] == [128, 72, 128, 72]


def test_compressed_files_are_decompressed(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "events.log.xz"
    path.write_bytes(lzma.compress(b"one\ntwo\n"))
    run(blaster(path, count=2)).wait_for_end()
    assert intake.data == b"one\ntwo\n"


def test_with_an_interval_lines_come_one_by_one(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\ntwo\n")
    onramp = blaster(path, interval="1s", count=3)
    onramp.clock = clock = VirtualClock()
    runner = run(onramp)
    settle()
    clock.advance(2.0)
    assert intake.streams[0].chunks == [b"one\n", b"two\n"]
    clock.advance(1.0)
    runner.wait_for_end()
    assert intake.data == b"one\ntwo\none\n"


def test_it_lets_others_run_although_the_intake_never_blocks(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"x\n" * 128)
    run(blaster(path))
    done = gevent.spawn(lambda: settle(20))
    done.join(timeout=5.0)
    assert done.dead


def test_an_empty_file_cannot_be_replayed(path: Path) -> None:
    path.touch()
    with pytest.raises(CannotOpen, match="it is empty"):
        blaster(path).open()


def test_a_file_beyond_max_size_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xz"
    path.write_bytes(lzma.compress(bytes(30 << 20)))
    with pytest.raises(CannotOpen, match="larger than 1MiB; raise `max_size`"):
        blaster(path, max_size="1MiB").open()


def test_a_truncated_archive_cannot_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "events.xz"
    path.write_bytes(lzma.compress(b"one\n")[:-5])
    with pytest.raises(CannotOpen, match="truncated"):
        blaster(path).open()


def test_a_missing_file_cannot_be_replayed(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="it does not exist"):
        blaster(tmp_path / "nowhere").open()


def test_several_that_replay_one_file_hold_it_once(path: Path) -> None:
    path.write_bytes(b"one\ntwo\n")
    first, second = blaster(path), blaster(path)
    first.open()
    second.open()
    assert first._chunks is second._chunks
    first.close()
    second.close()


def test_a_file_that_was_written_anew_is_loaded_anew(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\n")
    first = blaster(path, count=1)
    first.open()
    path.write_bytes(b"other\n")
    run(blaster(path, count=1)).wait_for_end()
    assert intake.data == b"other\n"
    first.close()


def test_what_one_may_hold_is_not_taken_over_by_one_with_a_smaller_limit(path: Path) -> None:
    path.write_bytes(b"one\n" * 1000)
    first = blaster(path)
    first.open()
    with pytest.raises(CannotOpen, match="larger than"):
        blaster(path, max_size="1KiB").open()
    first.close()
