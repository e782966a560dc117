"""Each example does what its README says: its commands are run as they stand, in a copy of its folder."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))

# Besides output files, `expected/` may hold these two: what the commands print, and how the account ends.
STDOUT, ACCOUNT = "stdout", "account"


def commands(readme: Path) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def in_shell(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def content(path: Path) -> str:
    """The text of a file that a run wrote."""
    packed = path.with_name(f"{path.name}.gz")
    return (
        gzip.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text(encoding="utf-8")
    )


def is_database(path: Path) -> bool:
    """Whether only SQLite can say what is in it."""
    return path.exists() and path.read_bytes().startswith(b"SQLite format 3")


def account(stderr: str) -> str:
    """The account at the end, without the sizes: how small data is compressed differs between machines."""
    lines = stderr.splitlines()
    first = next((number for number, line in enumerate(lines) if line.startswith("flow ")), len(lines))
    return re.sub(r", [\d.]+ (B|KiB|MiB)$", "", "\n".join(lines[first:]), flags=re.MULTILINE) + "\n"


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of an example, under a short name: the path of a Unix socket may have 107 bytes."""
    # Without what the example wrote when somebody ran it in place.
    expected = [path.name for path in (EXAMPLES / request.param / "expected").iterdir()]
    written = {*expected, *(f"{name}.gz" for name in expected)}
    ignore = shutil.ignore_patterns("__pycache__")

    def leave_out(directory: str, names: list[str]) -> set[str]:
        here = Path(directory) == EXAMPLES / request.param
        return {*ignore(directory, names), *(written & set(names) if here else ())}

    shutil.copytree(EXAMPLES / request.param, tmp_path / "e", ignore=leave_out)
    return tmp_path / "e"


@pytest.mark.parametrize("folder", FOLDERS, indirect=True)
def test_an_example_prints_and_writes_what_it_promises(folder: Path) -> None:
    expected = {path.name: path.read_text(encoding="utf-8") for path in (folder / "expected").iterdir()}
    before = set(os.listdir(folder))

    results = [in_shell(command, folder) for command in commands(folder / "README.md")]

    assert [(result.returncode, result.stderr) for result in results if result.returncode] == []
    assert "".join(result.stdout for result in results) == expected.pop(STDOUT, "")
    if ACCOUNT in expected:
        assert account(results[0].stderr) == expected.pop(ACCOUNT)
    new = {name.removesuffix(".gz") for name in set(os.listdir(folder)) - before}
    written = {name: content(folder / name) for name in new if not is_database(folder / name)}
    assert {name: text for name, text in written.items() if text} == expected


@pytest.mark.parametrize("folder", FOLDERS, indirect=True)
def test_the_deployment_of_an_example_passes_the_check_without_a_warning(folder: Path) -> None:
    result = in_shell("supervisor check --json config.toml", folder)

    assert (result.returncode, json.loads(result.stdout)["problems"]) == (0, [])


@pytest.mark.parametrize("name", FOLDERS)
def test_an_example_is_complete_and_can_be_found(name: str) -> None:
    parts = {path.name for path in (EXAMPLES / name).iterdir()}
    text = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")

    assert {"config.toml", "README.md", "expected"} <= parts
    assert list((EXAMPLES / name / "expected").iterdir()) != []
    assert any(part.startswith("input.") or part == "access.log" for part in parts)
    assert commands(EXAMPLES / name / "README.md") != []
    assert "You see" in text
    assert f"[{name}]({name}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_every_folder_is_an_example() -> None:
    folders = [path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "__pycache__"]

    assert sorted(folders) == FOLDERS
    assert len(FOLDERS) >= 7
