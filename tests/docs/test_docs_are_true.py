"""What the documentation shows is true: Python runs, TOML passes the check, commands print what stands below them.

A block whose first line names a file (``# orders.py``), or whose fence does (``title="orders.jsonl"``), is saved under
this name beside the page's other blocks. The pages of the tutorial build on each other: each has the files of those
before it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.language import compile_query, compile_script

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

# It is generated, and the examples in it are checked where they are declared.
ELSEWHERE = {"docs/connectors.md"}
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))]

# What a block in these languages is good for, if it is not run as Python, TOML or commands.
PARSED = {"json", "tremor", "trickle"}
# `test_language_guide` runs these; in the reference they are run where they are declared.
TRIED_BY_THE_GUIDE = {f"docs/language/{page}.md" for page in ("scripts", "queries", "reference")}
# Output, and what is for other programs, which nobody here could run.
NOT_OURS = {"text", "yaml"}


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str
    title: str = ""

    @property
    def file(self) -> str:
        if self.title:
            return self.title
        match = re.match(r"# ([\w./-]+\.(?:py|toml))\b", self.text)
        return match[1] if match else ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, *languages: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.finditer(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```', text, re.DOTALL | re.MULTILINE)
    return [
        Block(page, text.count("\n", 0, match.start()) + 1, match[1], match[3], match[2] or "")
        for match in found
        if match[1] in languages or not languages
    ]


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES if page not in ELSEWHERE for block in blocks(page, *languages)]


@pytest.fixture
def directory(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Where the files of a block's page are, and those of the example that several pages talk about."""
    shutil.copytree(ROOT / "examples" / "access-log", tmp_path, dirs_exist_ok=True)
    page = request.getfixturevalue("block").page
    tutorial = [other for other in PAGES if other < page] if page.startswith("docs/tutorial/") else []
    for other in [*(one for one in tutorial if one.startswith("docs/tutorial/")), page]:
        for block in blocks(other):
            if block.file:
                (tmp_path / block.file).write_text(block.text, encoding="utf-8")
    return tmp_path


def run(*command: str, directory: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("block", all_blocks("python"), ids=str)
def test_python_in_the_docs_runs(block: Block, directory: Path) -> None:
    result = run(sys.executable, "-c", block.text, directory=directory)

    assert (result.returncode, result.stdout if result.returncode else "") == (0, "")


def whole_deployment(fragment: str) -> str:
    """A deployment around tables that are shown without any flow."""
    tables: dict[str, Any] = tomllib.loads(fragment)
    if "flows" in tables:
        return fragment
    chains = [f"{name} -> sink_" for name in tables.get("onramps", ())]
    chains += [f"source_ -> {name} -> sink_" for name in tables.get("pipelines", ())]
    chains += [f"source_ -> {name}" for name in tables.get("offramps", ())]
    source = '[onramps.source_]\ntype = "stdin"\n' if "source_" in str(chains) else ""
    sink = '[offramps.sink_]\ntype = "blackhole"\n' if "sink_" in str(chains) else ""
    return f"{fragment}\n{source}{sink}[flows.all]\nlinks = {chains}\n"


def is_deployment(block: Block) -> bool:
    return block.file != "pyproject.toml" and not block.file.endswith(".test.toml")


@pytest.mark.parametrize("block", list(filter(is_deployment, all_blocks("toml"))), ids=str)
def test_toml_in_the_docs_passes_the_check(
    block: Block, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(block.page, directory)
    (directory / "shown.toml").write_text(whole_deployment(block.text), encoding="utf-8")
    result = run("supervisor", "check", "shown.toml", directory=directory, PYTHONPATH=python_path(directory))

    errors = [line for line in result.stdout.splitlines() if "error" in line]
    assert (result.returncode, errors) == (0, [])


def free_ports() -> tuple[str, str]:
    """For what the pages have at 8080, and at 9898."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return str(one.getsockname()[1]), str(other.getsockname()[1])


def install(page: str, directory: Path) -> None:
    """Install a distribution that a page shows, as an installer would: its entry points into its metadata."""
    for block in blocks(page, "toml"):
        if block.file != "pyproject.toml":
            continue
        project = tomllib.loads(block.text)["project"]
        name = project["name"].replace("-", "_")
        metadata = directory / f"{name}-{project['version']}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n",
            encoding="utf-8",
        )
        groups = (
            f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in members.items())
            for group, members in project["entry-points"].items()
        )
        (metadata / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")


def python_path(directory: Path) -> str:
    return os.pathsep.join(filter(None, [str(directory), os.environ.get("PYTHONPATH", "")]))


def commands(block: Block) -> list[str]:
    return [line[2:] for line in block.text.splitlines() if line.startswith("$ ")]


def shown(block: Block) -> list[str]:
    lines = (line for line in block.text.splitlines() if not line.startswith("$ "))
    return [line for line in lines if line not in ("", "…")]


def missing(lines: list[str], output: str) -> list[str]:
    """Lines that did not come, or not in this order. A run of spaces is like any other, ``…`` stands for anything."""
    rest = iter([" ".join(line.split()) for line in output.splitlines()])
    patterns = [".*".join(map(re.escape, " ".join(line.split()).split("…"))) for line in lines]
    return [
        line
        for line, pattern in zip(lines, patterns, strict=True)
        if not any(re.fullmatch(pattern, other) for other in rest)
    ]


# Setting up is done when the tests run; `curl` alone needs what a person starts in another window.
SETS_UP = re.compile(r"make |python3 -m venv |\.venv/bin/pip |\. \.venv/|curl -d ")


@pytest.mark.parametrize(
    "block",
    [next(iter(blocks(page, "console"))) for page in PAGES if blocks(page, "console")],
    ids=lambda block: block.page,
)
def test_the_commands_of_a_page_print_what_it_shows(block: Block, directory: Path) -> None:
    install(block.page, directory)
    port, api_port = free_ports()
    for file in directory.glob("*.toml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(":8080", f":{port}").replace(":9898", f":{api_port}"), encoding="utf-8")
    saved = [path.name for path in directory.iterdir() if path.suffix in (".toml", ".py")]

    here = directory
    for each in blocks(block.page, "console"):
        script = [line for line in commands(each) if not SETS_UP.match(line)]
        if any(line.startswith("curl") for line in script) and shutil.which("curl") is None:
            continue
        text = "\n".join(script).replace(":8080", f":{port}").replace(":9898", f":{api_port}")
        result = run(
            "sh",
            "-c",
            f"{text}\npwd > {directory}/.here",
            directory=here,
            PYTHONPATH=python_path(directory),
            AFTERSHOCK_API=f"http://127.0.0.1:{api_port}",
        )

        assert missing(shown(each), result.stdout) == [], f"{each} printed:\n{result.stdout}"
        assert "internal error" not in result.stdout
        assert "usage:" not in result.stdout.lower()
        went_to = Path((directory / ".here").read_text(encoding="utf-8").strip())
        if went_to != here:
            here = went_to
            for name in saved:
                if not (here / name).exists():
                    shutil.copy(directory / name, here)


def test_what_make_is_asked_for_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    asked = {
        target
        for page in [*PAGES, "CONTRIBUTING.md"]
        for target in re.findall(r"\bmake ([a-z]+)\b", _code(page))
    }

    assert {"run", "test"} <= asked
    assert [target for target in asked if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def _code(page: str) -> str:
    text = (ROOT / page).read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```console\n.*?```|`[^`\n]+`", text, re.DOTALL))


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "examples/README.md"])
def test_a_link_leads_to_a_page_and_a_heading_that_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _hash, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        if not found.exists() or (anchor and anchor not in _anchors(found)):
            broken.append(target)

    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md"])
def test_a_path_that_is_named_in_the_docs_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(
        r"`((?:actors|pipelines|ramps|supervisor|tests|docs|examples|benchmarks)/[\w./-]*)`", text
    )

    assert sorted({path for path in named if not (ROOT / path).exists()}) == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.removeprefix("docs/") for page in PAGES[1:] if page != "docs/README.md"]

    assert [page for page in pages if f"]({page})" not in index] == []


def test_every_example_is_of_a_kind_that_is_tried() -> None:
    kinds = {"python", "toml", "console", *PARSED, *NOT_OURS}
    every = [block for page in PAGES for block in blocks(page)]

    assert [f"{block}: {block.language}" for block in every if block.language not in kinds] == []


@pytest.mark.parametrize(
    "block", [block for block in all_blocks(*PARSED) if block.page not in TRIED_BY_THE_GUIDE], ids=str
)
def test_json_and_languages_in_the_docs_are_well_formed(block: Block) -> None:
    if block.language == "tremor":
        compile_script(block.text)
    elif block.language == "trickle":
        compile_query(block.text)
    elif not block.title:
        json.loads(block.text)
