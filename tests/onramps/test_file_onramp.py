from __future__ import annotations

import gzip
import logging
import lzma
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import lz4.frame
import pytest
from backports import zstd
from pydantic import ValidationError

from ramps.errors import CannotOpen, EndOfInput
from ramps.onramps.file import FileOnramp

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".zst": zstd.compress,
    ".lz4": lz4.frame.compress,
}
TEXT = b"".join(b"line %d\n" % number for number in range(20_000))


def file(path: Path, **options: Any) -> FileOnramp:
    return FileOnramp(FileOnramp.Options(path=path, **options))


def test_a_whole_file_is_one_stream_that_ends(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(TEXT + b"no newline")
    run(file(path)).wait_for_end()
    [stream] = intake.streams
    assert stream.data == TEXT + b"no newline"
    assert stream.ended
    assert stream.origin == str(path)


def test_an_empty_file_ends_at_once(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "in.log"
    path.touch()
    run(file(path)).wait_for_end()
    assert intake.data == b""


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_compressed_file_is_decompressed_by_its_name(
    tmp_path: Path, run: Any, intake: Any, suffix: str
) -> None:
    path = tmp_path / f"in.log{suffix}"
    path.write_bytes(COMPRESS[suffix](TEXT) + COMPRESS[suffix](b"a second member\n"))
    run(file(path)).wait_for_end()
    assert intake.data == TEXT + b"a second member\n"


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_truncated_archive_delivers_what_it_holds_and_one_error(
    tmp_path: Path, run: Any, intake: Any, suffix: str
) -> None:
    path = tmp_path / f"in.log{suffix}"
    path.write_bytes(COMPRESS[suffix](os.urandom(300_000))[:-20])
    run(file(path)).wait_for_end()
    assert "truncated" in intake.streams[0].aborted
    assert "truncated" in intake.rejected[0][1]


def test_an_archive_that_is_none_is_an_error_event_and_no_crash(
    tmp_path: Path, run: Any, intake: Any
) -> None:
    path = tmp_path / "in.log.gz"
    path.write_bytes(b"plain text\n")
    run(file(path)).wait_for_end()
    assert "gzip" in intake.rejected[0][1]


def test_a_bomb_is_read_in_bounded_pieces(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "in.log.xz"
    path.write_bytes(lzma.compress(bytes(20 << 20)))
    run(file(path)).wait_for_end()
    assert sum(map(len, intake.streams[0].chunks)) == 20 << 20
    assert max(map(len, intake.streams[0].chunks)) <= 1 << 20


def test_a_missing_file_cannot_be_opened_and_says_what_to_check(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match=r"nowhere\.log: it does not exist; check `path`"):
        file(tmp_path / "nowhere.log").open()


def test_a_directory_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="it is a directory; name a file"):
        file(tmp_path).open()


def test_a_named_pipe_is_refused_instead_of_waiting_for_its_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CannotOpen, match="not a regular file"):
        file(tmp_path / "pipe").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_cannot_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "in.log"
    path.touch(mode=0)
    with pytest.raises(CannotOpen, match="we have no permission"):
        file(path).open()


def test_check_accepts_a_file_that_is_not_there_yet_and_refuses_a_directory(tmp_path: Path) -> None:
    file(tmp_path / "later.log").check()
    with pytest.raises(CannotOpen):
        file(tmp_path).check()


@pytest.mark.parametrize("options", [{"follow": True, "path": "a.gz"}, {"start_at": "end", "path": "a"}])
def test_options_that_make_no_sense_together_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="follow"):
        FileOnramp.Options(**options)


@pytest.mark.parametrize("name", ["in.log", "in.log.gz"])
def test_a_file_that_was_closed_half_way_is_read_on_from_there(
    tmp_path: Path, intake: Any, name: str
) -> None:
    data = b"".join(b"%d\n" % number for number in range(100_000))
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    onramp = file(path)
    onramp.open()
    onramp.read(intake)
    onramp.close()
    onramp.open()
    with pytest.raises(EndOfInput):
        while True:
            onramp.read(intake)
    onramp.close()
    assert intake.data == data


def test_a_file_that_was_replaced_after_a_failure_is_read_from_its_beginning(
    tmp_path: Path, intake: Any
) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(b"half a li")
    onramp = file(path)
    onramp.open()
    onramp.read(intake)
    onramp.close()
    path.rename(tmp_path / "old.log")
    path.write_bytes(b"new\n")
    onramp.open()
    onramp.read(intake)
    onramp.close()
    old, new = intake.streams
    assert (old.aborted, new.data) == ("the file was replaced while we did not look", b"new\n")


@pytest.mark.parametrize("follow", [False, True])
def test_close_while_half_a_line_waits_to_be_aborted_opens_nothing_again(
    tmp_path: Path, intake: Any, follow: bool
) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(b"half a li")
    onramp = file(path, follow=follow)
    onramp.open()
    onramp.read(intake)
    onramp.close()
    path.rename(tmp_path / "old.log")
    path.write_bytes(b"new\n")
    onramp.open()
    intake.fill()
    reader = gevent.spawn(onramp.read, intake)
    intake.wait_until(lambda: intake.waiting)
    onramp.close()
    intake.make_room()
    reader.get(timeout=5.0)
    assert intake.data == b"half a li"


def test_an_archive_that_was_written_anew_in_place_is_read_from_its_beginning(
    tmp_path: Path, intake: Any
) -> None:
    path = tmp_path / "in.log.gz"
    path.write_bytes(gzip.compress(os.urandom(600_000)))
    onramp = file(path)
    onramp.open()
    onramp.read(intake)
    onramp.read(intake)
    onramp.close()
    path.write_bytes(gzip.compress(b"new\n")[:-1])
    onramp.open()
    with pytest.raises(EndOfInput):
        while True:
            onramp.read(intake)
    onramp.close()
    assert intake.streams[0].aborted == "the file was replaced while we did not look"
    assert intake.streams[1].data == b"new\n"
    assert "truncated" in intake.streams[1].aborted


def test_reopening_reads_a_whole_file_that_was_at_its_end_from_its_beginning(
    tmp_path: Path, run: Any, intake: Any
) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(b"one\n")
    runner = run(file(path))
    runner.wait_for_end()
    runner.close()
    runner.open()
    runner.wait_for_end()
    assert intake.data == b"one\none\n"


def test_truncation_is_warned_about(
    tmp_path: Path, run: Any, intake: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(b"a long line\n")
    with caplog.at_level(logging.WARNING):
        run(file(path, follow=True, poll_interval="1ms"))
        intake.wait_until(lambda: intake.data == b"a long line\n")
        path.write_bytes(b"new\n")
        intake.wait_until(lambda: intake.data == b"a long line\nnew\n")
    assert "truncated" in caplog.text
