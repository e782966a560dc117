"""`file` with ``follow``, on a clock that the tests move: one poll interval is one advance."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing import VirtualClock
from ramps.files.tail import Change, Tail
from ramps.onramps.file import FileOnramp


class Followed:
    """A followed file and its clock."""

    def __init__(self, path: Path, run: Any, **options: Any) -> None:
        self.path = path
        self.clock = VirtualClock()
        self.onramp = FileOnramp(FileOnramp.Options(path=path, follow=True, poll_interval="1s", **options))
        self.onramp.clock = self.clock
        self.runner = run(self.onramp)
        self.look()

    def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.advance(1.0)

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.log"


def test_what_is_appended_comes_with_the_next_look(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\n")
    followed = Followed(path, run)
    assert intake.data == b"one\n"
    followed.append(b"two\n")
    followed.look()
    assert intake.data == b"one\ntwo\n"
    assert intake.streams[0].open


def test_a_file_that_appears_later_is_read_from_its_beginning(path: Path, run: Any, intake: Any) -> None:
    followed = Followed(path, run, start_at="end")
    followed.append(b"one\n")
    followed.look()
    assert intake.data == b"one\n"


def test_that_a_file_is_waited_for_and_that_it_came_is_told_once_each(
    path: Path, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        followed = Followed(path, run)
        followed.look(3)
        followed.runner.close()
        followed.runner.open()
        followed.append(b"one\n")
        followed.look(3)

    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", f"{path} is not there yet; waiting for it."),
        ("INFO", f"{path} is there now; reading it."),
    ]


def test_nothing_is_told_of_a_file_that_is_there(
    path: Path, run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"one\n")
    with caplog.at_level(logging.INFO):
        followed = Followed(path, run)
        path.rename(path.with_suffix(".old"))
        followed.look(2)
        followed.append(b"two\n")
        followed.look(3)

    assert caplog.records == []


def test_starting_at_the_end_leaves_out_what_was_there(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"old\n")
    followed = Followed(path, run, start_at="end")
    followed.append(b"new\n")
    followed.look()
    assert intake.data == b"new\n"


def test_rotation_finishes_the_old_file_before_the_new_one(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\n")
    followed = Followed(path, run)
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"three\n")
    followed.look()
    with path.with_suffix(".1").open("ab") as late_writer:
        late_writer.write(b"two")
    followed.look(3)
    old, new = intake.streams
    assert (old.data, old.ended) == (b"one\ntwo", True)
    assert (new.data, new.open) == (b"three\n", True)


def test_a_file_that_is_moved_away_is_read_on_until_there_is_a_new_one(
    path: Path, run: Any, intake: Any
) -> None:
    path.write_bytes(b"one\n")
    followed = Followed(path, run)
    path.rename(path.with_suffix(".1"))
    followed.look(3)
    with path.with_suffix(".1").open("ab") as late_writer:
        late_writer.write(b"two\n")
    followed.look()
    assert intake.data == b"one\ntwo\n"
    assert intake.streams[0].open


def test_truncation_aborts_half_a_line_and_starts_over(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\nhalf a li")
    followed = Followed(path, run)
    path.write_bytes(b"new\n")
    followed.look(2)
    old, new = intake.streams
    assert old.aborted == "the file was truncated"
    assert new.data == b"new\n"


def test_reopening_reads_on_where_it_left_off(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\n")
    followed = Followed(path, run)
    followed.runner.close()
    followed.append(b"two\n")
    followed.runner.open()
    followed.look()
    assert [stream.data for stream in intake.streams] == [b"one\ntwo\n"]


def test_reopening_goes_on_in_the_middle_of_a_line(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"one\ntw")
    followed = Followed(path, run)
    followed.runner.close()
    followed.append(b"o\n")
    followed.runner.open()
    followed.look()
    assert [stream.data for stream in intake.streams] == [b"one\ntwo\n"]


def test_reopening_reads_a_file_that_was_replaced_meanwhile_from_its_beginning(
    path: Path, run: Any, intake: Any
) -> None:
    path.write_bytes(b"one\n")
    followed = Followed(path, run)
    followed.runner.close()
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"two\n")
    followed.runner.open()
    followed.look()
    assert [stream.data for stream in intake.streams] == [b"one\n", b"two\n"]


def test_the_place_is_kept_while_the_file_cannot_be_opened(path: Path) -> None:
    path.write_bytes(b"one\n")
    tail = Tail(path, from_end=False)
    tail.open()
    assert tail.advance() == b"one\n"
    tail.close()
    path.rename(path.with_suffix(".1"))
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        tail.open()
    path.rmdir()
    path.with_suffix(".1").rename(path)
    assert tail.open()
    assert tail.advance() is Change.NOTHING
    tail.close()


def test_starting_at_the_end_is_for_the_first_time_only(path: Path, run: Any, intake: Any) -> None:
    path.write_bytes(b"old\n")
    followed = Followed(path, run, start_at="end")
    followed.runner.close()
    path.rename(path.with_suffix(".1"))
    path.write_bytes(b"new\n")
    followed.runner.open()
    followed.look()
    assert intake.data == b"new\n"


@given(
    steps=st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=20).map(lambda data: ("append", data)),
            st.just(("rotate", b"")),
            st.just(("look", b"")),
        ),
        max_size=15,
    ),
    chunk_bytes=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_or_read_twice_through_any_appends_and_single_rotations(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, bytes]], chunk_bytes: int
) -> None:
    """Model: each file's content, in order. Between two rotations the tail gets to see the new file."""
    path = tmp_path_factory.mktemp("tail") / "in.log"
    tail = Tail(path, from_end=False, chunk_bytes=chunk_bytes)
    tail.open()
    written, read = [b""], [b""]

    def look_until_quiet() -> None:
        quiet = 0
        while quiet < 3:
            news = tail.advance()
            if isinstance(news, bytes):
                read[-1] += news
                quiet = 0
            elif news is Change.REPLACED:
                read.append(b"")
                quiet = 0
            else:
                assert news is Change.NOTHING
                quiet += 1

    for index, (step, data) in enumerate(steps):
        if step == "append":
            with path.open("ab") as file:
                file.write(data)
            written[-1] += data
        elif step == "rotate" and path.exists():
            look_until_quiet()
            os.rename(path, path.with_suffix(f".{index}"))
            path.touch()
            written.append(b"")
        else:
            look_until_quiet()
    look_until_quiet()
    tail.close()
    assert read == written
