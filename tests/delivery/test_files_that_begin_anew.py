"""Where a file cannot be read on from its checkpoint, it is read from its beginning, and that is told."""

from __future__ import annotations

import gzip
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.testing import wait_until
from ramps.files.checkpoint import Checkpoint, Place
from ramps.onramps.file import FileOnramp
from ramps.testing.deliveries import Deliveries, Reader


@pytest.fixture
def deliveries() -> Deliveries:
    deliveries = Deliveries()
    deliveries.answers_at_once = True
    return deliveries


def read_to_end(path: Path, deliveries: Deliveries, codec: str = "json") -> None:
    """Read a whole file in a new process."""
    reader = Reader(FileOnramp(FileOnramp.Options(path=path)), deliveries, codec)
    reader.open()
    reader.join()
    assert reader.ended
    reader.close()


@contextmanager
def following(path: Path, deliveries: Deliveries) -> Any:
    options = {"path": path, "follow": True, "poll_interval": "1ms"}
    reader = Reader(FileOnramp(FileOnramp.Options.model_validate(options)), deliveries)
    reader.open()
    yield reader
    reader.close()


def saved_offset(path: Path) -> int | None:
    place = Checkpoint(path.with_name("in.jsonl.checkpoint"), Place).load()
    return None if place is None else place.offset


def test_a_table_that_has_grown_is_read_again_with_its_header(
    tmp_path: Path, deliveries: Deliveries, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("n\n1\n2\n")
    read_to_end(path, deliveries, "csv")
    read_to_end(path, deliveries, "csv")
    assert (deliveries.numbers, caplog.messages) == ([1, 2], [])
    with path.open("a") as file:
        file.write("3\n")
    read_to_end(path, deliveries, "csv")
    assert "from its beginning" in caplog.text
    assert deliveries.numbers == [1, 2, 1, 2, 3]


def test_a_broken_file_ends_only_when_what_was_read_of_it_is_delivered(
    tmp_path: Path, deliveries: Deliveries
) -> None:
    """Regression: it ended at once, and what was not delivered then was not sent again by this process."""
    path = tmp_path / "in.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"n": %d}\n' % number for number in range(1000)))
    path.write_bytes(whole[:-20])
    deliveries.answers_at_once = False
    reader = Reader(FileOnramp(FileOnramp.Options(path=path)), deliveries)
    reader.open()
    wait_until(lambda: bool(deliveries.errors))
    assert not reader.ended
    deliveries.answer()
    reader.join()
    assert reader.ended
    reader.close()


def test_a_file_that_was_written_anew_is_read_from_its_beginning(
    tmp_path: Path, deliveries: Deliveries, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"n": 1}\n{"n": 2}\n')
    read_to_end(path, deliveries)
    path.write_text('{"n": 3}\n{"n": 4}\n{"n": 5}\n')
    read_to_end(path, deliveries)
    assert "from its beginning" in caplog.text
    assert deliveries.numbers == [1, 2, 3, 4, 5]


def test_what_follows_a_truncation_is_not_read_again_by_the_next_process(
    tmp_path: Path, deliveries: Deliveries
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(f'{{"n": {number}}}\n' for number in range(100)))
    with following(path, deliveries):
        deliveries.wait_until(lambda: 99 in deliveries.numbers)
        path.write_text('{"n": 100}\n')
        # Not before it is known to be delivered: the end of a process in that moment means reading it again.
        deliveries.wait_until(lambda: saved_offset(path) == len(path.read_bytes()))
    with following(path, deliveries):
        with path.open("a") as file:
            file.write('{"n": 101}\n')
        deliveries.wait_until(lambda: 101 in deliveries.numbers)
    assert deliveries.numbers == list(range(102))


def test_a_last_line_without_newline_that_is_not_delivered_when_it_is_closed_comes_again(
    tmp_path: Path, deliveries: Deliveries
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"n": 1}')
    deliveries.answers_at_once = False
    reader = Reader(FileOnramp(FileOnramp.Options(path=path)), deliveries)
    reader.open()
    deliveries.wait_until(lambda: deliveries.unanswered == [1])
    reader.close()
    assert not reader.ended
    deliveries.answers_at_once = True
    read_to_end(path, deliveries)
    assert deliveries.numbers == [1, 1]
