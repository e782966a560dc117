from __future__ import annotations

import errno
import gzip
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing.virtual_clock import VirtualClock
from ramps.errors import CannotOpen, ConnectionLost
from ramps.files import file_rotation
from ramps.offramps import file as file_module
from ramps.offramps.file import FileOfframp
from ramps.testing.offramp_battery import outgoing_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def make(path: Path, request: pytest.FixtureRequest) -> Any:
    """A file offramp that is closed after the test."""

    def make(**options: Any) -> FileOfframp:
        offramp = FileOfframp(FileOfframp.Options.model_validate({"path": path, **options}))
        offramp.clock = VirtualClock()
        request.addfinalizer(offramp.close)
        return offramp

    return make


def write(offramp: FileOfframp, *lines: bytes) -> None:
    offramp.write(outgoing_of(*lines, terminator=b"\n"))


@contextmanager
def file_limit(size_bytes: int) -> Iterator[None]:
    """Limits how large a file may grow: what this process can have of a full disk.

    It is the limit of the test runner's own output, too, so nothing but the write under test belongs inside.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_it_appends_to_what_is_there(make: Any, path: Path) -> None:
    path.write_bytes(b"before\n")
    offramp = make()
    offramp.open()
    write(offramp, b"1")
    assert path.read_bytes() == b"before\n1\n"


def test_truncating_empties_the_file_once_and_not_again_after_a_lost_connection(
    make: Any, path: Path
) -> None:
    path.write_bytes(b"before\n")
    offramp = make(mode="truncate")
    offramp.open()
    write(offramp, b"1")
    offramp.close()
    offramp.open()
    write(offramp, b"2")
    assert path.read_bytes() == b"1\n2\n"


def test_a_write_that_did_not_fit_is_cut_off_and_the_retry_is_whole(make: Any, path: Path) -> None:
    offramp = make()
    offramp.open()
    write(offramp, b"first")
    with file_limit(10), pytest.raises(ConnectionLost, match="File too large"):
        write(offramp, b"a line", b"another line")
    assert path.read_bytes() == b"first\n"
    offramp.close()
    offramp.open()
    write(offramp, b"a line", b"another line")
    assert path.read_bytes() == b"first\na line\nanother line\n"


def test_what_could_not_be_cut_off_at_once_is_cut_off_when_it_is_opened_again(
    make: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offramp = make()
    offramp.open()
    write(offramp, b"first")

    def fail(descriptor: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(file_module.os, "ftruncate", fail)
        with file_limit(10), pytest.raises(ConnectionLost):
            write(offramp, b"a long line")
    assert path.read_bytes() == b"first\na lo"
    offramp.close()
    offramp.open()
    assert path.read_bytes() == b"first\n"


def test_what_another_process_wrote_behind_half_a_line_is_left_alone(
    make: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offramp = make()
    offramp.open()
    write(offramp, b"first")
    real_write = os.write
    limits = ExitStack()

    def write_with_company(descriptor: int, data: Any) -> int:
        written = real_write(descriptor, data[:3])
        with path.open("ab") as other:
            other.write(b"THEIRS\n")
        limits.enter_context(file_limit(5))
        monkeypatch.undo()
        return written

    monkeypatch.setattr(file_module.os, "write", write_with_company)
    with limits, pytest.raises(ConnectionLost):
        write(offramp, b"a long line")
    assert path.read_bytes() == b"first\na lTHEIRS\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_says_that_events_are_held_back(make: Any) -> None:
    offramp = make(path="/dev/full")
    offramp.open()
    with pytest.raises(ConnectionLost, match=r"/dev/full: No space left on device; events are held back"):
        write(offramp, b"1")


def test_a_missing_directory_is_refused_with_the_remedy(make: Any, tmp_path: Path) -> None:
    offramp = make(path=tmp_path / "missing" / "out")
    with pytest.raises(CannotOpen, match="create_directories"):
        offramp.check()
    with pytest.raises(CannotOpen, match=r"no directory .*missing"):
        offramp.open()


def test_directories_are_made_when_that_is_wanted(make: Any, tmp_path: Path) -> None:
    offramp = make(path=tmp_path / "a" / "b" / "out", create_directories=True)
    offramp.check()
    assert not (tmp_path / "a").exists()
    offramp.open()
    write(offramp, b"1")
    assert (tmp_path / "a" / "b" / "out").read_bytes() == b"1\n"


def test_a_directory_in_place_of_the_file_is_refused(make: Any, tmp_path: Path) -> None:
    with pytest.raises(CannotOpen, match="name a file, not a directory"):
        make(path=tmp_path).check()


def test_a_file_in_place_of_the_directory_is_refused(make: Any, path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(CannotOpen, match="Not a directory"):
        make(path=path / "out").open()


@pytest.mark.parametrize("has_reader", [False, True])
def test_a_named_pipe_is_refused_without_waiting_for_a_reader(
    make: Any, path: Path, has_reader: bool
) -> None:
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if has_reader else None
    with pytest.raises(CannotOpen, match="only files can be written to"):
        make().open()
    if reader is not None:
        os.close(reader)


def test_a_socket_in_place_of_the_file_is_refused(make: Any, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        with pytest.raises(CannotOpen, match="only files can be written to"):
            make().open()


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_a_path_that_no_system_knows_is_refused(make: Any, tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotOpen):
        make(path=tmp_path / name).open()


@pytest.mark.parametrize("how", ["moved", "removed"])
def test_a_file_that_was_taken_away_is_made_anew(make: Any, path: Path, how: str) -> None:
    offramp = make()
    offramp.open()
    write(offramp, b"1")
    path.rename(path.with_suffix(".old")) if how == "moved" else path.unlink()
    write(offramp, b"2")
    assert path.read_bytes() == b"2\n"
    if how == "moved":
        assert path.with_suffix(".old").read_bytes() == b"1\n"


def test_a_directory_that_was_taken_away_is_waited_for(make: Any, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    offramp = make(path=tmp_path / "logs" / "out")
    offramp.open()
    (tmp_path / "logs" / "out").unlink()
    (tmp_path / "logs").rmdir()
    with pytest.raises(ConnectionLost, match="logs"):
        write(offramp, b"1")


def test_rotation_by_size_keeps_each_batch_whole_and_the_newest_files(make: Any, path: Path) -> None:
    offramp = make(rotate_size="10B", keep=2)
    offramp.open()
    for number in range(6):
        write(offramp, b"a%d" % number, b"b%d" % number)
    files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert files == {"out": b"a5\nb5\n", "out.1": b"a4\nb4\n", "out.2": b"a3\nb3\n"}


def test_a_batch_larger_than_the_limit_has_a_file_for_itself(make: Any, path: Path) -> None:
    offramp = make(rotate_size="4B")
    offramp.open()
    write(offramp, b"much too large")
    write(offramp, b"1")
    assert path.read_bytes() == b"1\n"
    assert path.with_name("out.1").read_bytes() == b"much too large\n"


def test_with_nothing_to_keep_the_full_file_is_removed(make: Any, path: Path) -> None:
    offramp = make(rotate_size="4B", keep=0)
    offramp.open()
    write(offramp, b"123")
    write(offramp, b"456")
    assert [file.name for file in path.parent.iterdir()] == ["out"]
    assert path.read_bytes() == b"456\n"


def test_rotation_by_time_begins_a_file_at_the_first_write_of_a_period(make: Any, path: Path) -> None:
    offramp = make(rotate_every="1h")
    offramp.open()
    write(offramp, b"1")
    offramp.clock.advance(3600.0)
    write(offramp, b"2")
    write(offramp, b"3")
    assert path.read_bytes() == b"2\n3\n"
    assert path.with_name("out.1").read_bytes() == b"1\n"


def test_a_file_from_an_earlier_period_is_rotated_after_a_restart(make: Any, path: Path) -> None:
    offramp = make(rotate_every="1h")
    path.write_bytes(b"yesterday\n")
    yesterday = offramp.clock.time_ns() / 1e9 - 86400
    os.utime(path, (yesterday, yesterday))
    offramp.open()
    write(offramp, b"today")
    assert path.read_bytes() == b"today\n"
    assert path.with_name("out.1").read_bytes() == b"yesterday\n"


def test_rotated_files_are_compressed_with_the_rights_they_had(make: Any, path: Path) -> None:
    offramp = make(rotate_size="4B", compress=True, keep=2)
    offramp.open()
    path.chmod(0o600)
    for line in (b"111", b"222", b"333"):
        write(offramp, line)
    archive = path.with_name("out.2.gz")
    assert gzip.decompress(archive.read_bytes()) == b"111\n"
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in path.parent.iterdir()) == ["out", "out.1.gz", "out.2.gz"]


def test_an_archive_that_cannot_be_made_leaves_the_rotated_file(make: Any, path: Path) -> None:
    path.with_name("out.1.gz.part").mkdir()
    offramp = make(rotate_size="4B", compress=True)
    offramp.open()
    write(offramp, b"111")
    write(offramp, b"222")
    assert path.with_name("out.1").read_bytes() == b"111\n"
    assert path.read_bytes() == b"222\n"


def test_closing_gives_up_an_archive_in_the_making(
    make: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_rotation, "_CHUNK_BYTES", 1)
    offramp = make(rotate_size="5MB", compress=True)
    path.write_bytes(b"x" * 4_999_999)
    offramp.open()
    writer = gevent.spawn(write, offramp, b"111")
    with gevent.Timeout(5.0):
        while not path.with_name("out.1.gz.part").exists():
            gevent.idle()
    writer.kill(timeout=5.0)
    offramp.close()
    assert sorted(file.name for file in path.parent.iterdir()) == ["out", "out.1"]
    assert path.with_name("out.1").stat().st_size == 4_999_999


def test_rotation_needs_the_right_to_write_to_the_directory(make: Any, path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    path.write_bytes(b"")
    path.parent.chmod(0o500)
    try:
        make().check()
        with pytest.raises(CannotOpen, match="no right"):
            make(rotate_size="1MB").check()
    finally:
        path.parent.chmod(0o700)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was synced: the names of directories, and the first bytes of files."""
    calls: list[str] = []
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        calls.append(f"{place.name}/" if place.is_dir() else place.name)
        real_fsync(descriptor)

    monkeypatch.setattr(file_module.os, "fsync", fsync)
    return calls


def test_fsync_always_waits_for_the_disk_at_each_batch_and_at_the_first_for_the_name(
    make: Any, synced: list[str], tmp_path: Path
) -> None:
    offramp = make(fsync="always")
    offramp.open()
    write(offramp, b"1")
    write(offramp, b"2")
    assert synced == ["out", f"{tmp_path.name}/", "out"]


def test_fsync_by_interval_asks_to_be_called_until_it_has_synced(
    make: Any, synced: list[str], tmp_path: Path
) -> None:
    offramp = make(fsync="interval", fsync_interval="5s")
    offramp.open()
    write(offramp, b"1")
    assert offramp.flush() is True
    offramp.clock.advance(5.0)
    assert offramp.flush() is False
    assert offramp.flush() is False
    assert synced == ["out", f"{tmp_path.name}/"]


def test_close_syncs_what_the_interval_has_not(make: Any, synced: list[str], tmp_path: Path) -> None:
    offramp = make(fsync="interval")
    offramp.open()
    write(offramp, b"1")
    offramp.close()
    assert synced == ["out", f"{tmp_path.name}/"]


def test_the_names_of_rotated_files_and_of_new_directories_are_synced(
    make: Any, synced: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "a" / "b" / "out"
    offramp = make(path=path, fsync="always", create_directories=True, rotate_size="3B")
    offramp.open()
    write(offramp, b"1")
    assert synced == ["out", "b/", "a/", f"{tmp_path.name}/"]
    synced.clear()
    write(offramp, b"2")
    assert synced == ["out", "b/"]
    assert path.with_name("out.1").read_bytes() == b"1\n"


def test_a_rotated_file_is_removed_only_when_the_disk_has_the_compressed_one(
    make: Any, synced: list[str], tmp_path: Path
) -> None:
    offramp = make(fsync="always", rotate_size="3B", compress=True)
    offramp.open()
    write(offramp, b"1")
    synced.clear()
    write(offramp, b"2")
    name = f"{tmp_path.name}/"
    assert synced == ["out.1.gz.part", name, "out", name]
    assert gzip.decompress((tmp_path / "out.1.gz").read_bytes()) == b"1\n"


def test_a_directory_that_cannot_be_synced_is_told_once_and_costs_nothing(
    make: Any, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(directory: Path) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(file_module, "sync_directory", refuse)
    offramp = make(fsync="always", rotate_size="3B")
    offramp.open()
    for _ in range(3):
        write(offramp, b"1")
    assert path.read_bytes() == b"1\n"
    assert len([record for record in caplog.records if "cannot be synced" in record.getMessage()]) == 1


def test_fsync_never_syncs_nothing(make: Any, synced: list[str]) -> None:
    offramp = make(rotate_size="3B", compress=True)
    offramp.open()
    write(offramp, b"1")
    write(offramp, b"2")
    assert not offramp.flush()
    offramp.close()
    assert synced == []


def test_a_failed_fsync_keeps_the_batch_for_the_retry(
    make: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    offramp = make(fsync="always")
    offramp.open()
    with monkeypatch.context() as patched:
        patched.setattr(file_module.os, "fsync", fail)
        with pytest.raises(ConnectionLost, match="Input/output error"):
            write(offramp, b"1")
    assert path.read_bytes() == b""
    offramp.close()
    offramp.open()
    write(offramp, b"1")
    assert path.read_bytes() == b"1\n"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sampled_from(["write", "full", "reopen", "move"])), max_size=12
    ),
    st.sampled_from([None, "20B", "50B"]),
    st.booleans(),
)
def test_whatever_happens_each_batch_is_once_and_whole_in_the_files(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, str]],
    rotate_size: str | None,
    compress: bool,
) -> None:
    directory = tmp_path_factory.mktemp("files")
    path = directory / "out"
    options = {"path": path, "rotate_size": rotate_size, "keep": 1000, "compress": compress}
    offramp = FileOfframp(FileOfframp.Options.model_validate(options))
    expected: list[bytes] = []
    offramp.open()
    for number, (length, step) in enumerate(steps):
        line = b"%d-" % number + b"x" * length
        if step == "reopen":
            offramp.close()
            offramp.open()
        elif step == "move" and path.exists():
            path.rename(directory / f"moved-{number}")
        elif step == "full":
            # Less than any line: a rotation at this moment makes an empty file, into which it must not fit either.
            with file_limit(2), pytest.raises(ConnectionLost):
                write(offramp, line)
            offramp.close()
            offramp.open()
        expected.append(line)
        write(offramp, line)
    offramp.close()
    found: list[bytes] = []
    for file in directory.iterdir():
        data = file.read_bytes()
        found += (gzip.decompress(data) if file.suffix == ".gz" else data).splitlines()
    assert sorted(found) == sorted(expected)
