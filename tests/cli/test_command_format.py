"""``supervisor format``: the canonical layout, in place or on the standard output."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Feed = Callable[..., Result]

UGLY = "let   a=1 ;event\n+a\n"


@pytest.fixture
def ugly(tmp_path: Path) -> Path:
    file = tmp_path / "ugly.tremor"
    file.write_text(UGLY)
    return file


def test_a_file_is_brought_into_the_layout_once(feed: Feed, ugly: Path) -> None:
    first = feed("", "format", "ugly.tremor")
    formatted = ugly.read_text()
    inode = ugly.stat().st_ino
    second = feed("", "format", "ugly.tremor")

    assert (first.exit_code, first.stderr) == (0, "ugly.tremor changed\n")
    assert formatted != UGLY
    assert (second.exit_code, second.stderr, ugly.read_text()) == (0, "", formatted)
    assert ugly.stat().st_ino == inode


def test_check_and_diff_change_nothing(feed: Feed, ugly: Path) -> None:
    checked = feed("", "format", "--check", "ugly.tremor")
    compared = feed("", "format", "--diff", "ugly.tremor")

    assert (checked.exit_code, checked.stderr) == (7, "ugly.tremor would change\n")
    assert compared.exit_code == 0
    assert "--- ugly.tremor\n+++ ugly.tremor\n" in compared.stdout
    assert "-let   a=1 ;event\n" in compared.stdout
    assert ugly.read_text() == UGLY


def test_the_standard_input_goes_to_the_standard_output(feed: Feed, ugly: Path) -> None:
    printed = feed(UGLY, "format", "-")
    feed("", "format", "ugly.tremor")

    assert printed.stdout == ugly.read_text()
    assert feed(printed.stdout, "format", "--check", "-").exit_code == 0


def test_queries_are_known_by_their_suffix_or_are_named_so(feed: Feed, tmp_path: Path) -> None:
    text = "select   event from in into out"
    (tmp_path / "q.trickle").write_text(text)

    assert feed("", "format", "q.trickle").exit_code == 0
    assert (tmp_path / "q.trickle").read_text() == feed(text, "format", "--query", "-").stdout
    assert feed(text, "format", "-").exit_code == 3


def test_a_file_with_errors_stays_and_the_others_do_not(feed: Feed, ugly: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tremor").write_text("let = 1")
    result = feed("", "format", "bad.tremor", "ugly.tremor")

    assert result.exit_code == 3
    assert "bad.tremor:1:5" in result.stderr
    assert (tmp_path / "bad.tremor").read_text() == "let = 1"
    assert ugly.read_text() != UGLY


def test_a_link_and_the_mode_of_its_file_stay(feed: Feed, ugly: Path, tmp_path: Path) -> None:
    ugly.chmod(0o640)
    (tmp_path / "link.tremor").symlink_to(ugly)
    feed("", "format", "link.tremor")

    assert (tmp_path / "link.tremor").is_symlink()
    assert ugly.read_text() != UGLY
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.tremor", "ugly.tremor"]
