import json
import lzma
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.throughput.events import make_events, make_lines, read_lines
from benchmarks.throughput.workload import classify_routing


def test_there_are_100_lines_of_629_bytes_on_average() -> None:
    lines = make_lines()
    assert len(lines) == 100
    assert sum(map(len, lines)) / 100 == pytest.approx(629, abs=2)
    assert all(300 <= len(line) <= 900 for line in lines)


def test_they_are_compact_json_without_line_breaks_or_anything_that_is_escaped() -> None:
    for line in make_lines():
        assert json.dumps(json.loads(line), separators=(",", ":")).encode() == line
        assert b"\n" not in line
        assert b"\\" not in line
        assert b"/" not in line


def test_they_are_the_same_in_every_run_and_all_different() -> None:
    assert make_lines() == make_lines()
    assert len({event["guid"] for event in make_events()}) == 100
    assert len({event["about"] for event in make_events()}) == 100


def test_they_have_the_keys_and_kinds_of_the_real_ones() -> None:
    for event in make_events():
        assert {key: type(value).__name__ for key, value in event.items()} == {
            "about": "str",
            "guid": "str",
            "abool": "bool",
            "aint": "int",
            "short_message": "str",
            "tags": "list",
            "array": "list",
            "index_type": "str",
            "logger_name": "str",
            "syslog_hostname": "str",
            "application": "str",
            "type": "str",
            "doc-type": "str",
        }
        assert len(event["tags"]) == 5
        assert event["array"] == list(range(10))
        assert 20 <= event["aint"] <= 40


def test_they_fall_into_the_classes_as_often_as_the_real_ones() -> None:
    counts: Counter[str] = Counter()
    for event in make_events():
        meta: dict[str, object] = {}
        classify_routing(event, meta)
        counts[str(meta["class"])] += 1
    real = Counter(applog_app1=84, syslog_app2=8, syslog_app1=3, applog_app6=2, default=2, syslog_app5=1)
    assert all(abs(counts[name] - real[name]) <= 2 for name in counts | real)


@pytest.mark.parametrize("name", ["events.json", "events.json.xz"])
def test_a_file_of_events_is_read_compressed_or_not(tmp_path: Path, name: str) -> None:
    data = b"\n".join(make_lines()) + b"\n"
    (tmp_path / name).write_bytes(lzma.compress(data) if name.endswith(".xz") else data)
    assert read_lines(tmp_path / name) == make_lines()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no event"),
        (b'{"a"', "line 1, is not JSON"),
        (b"[1]", "line 1, is not an event"),
        (b'{"application": "app1"}', "is not an event with"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "other.json").write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        read_lines(tmp_path / "other.json")


def test_a_file_that_is_not_there_or_not_compressed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot read"):
        read_lines(tmp_path / "none.json")
    (tmp_path / "plain.xz").write_bytes(b"{}")
    with pytest.raises(ValueError, match="cannot read"):
        read_lines(tmp_path / "plain.xz")
