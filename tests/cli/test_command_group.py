"""What all commands have in common: help, versions, usage errors, and no traceback for anybody."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import supervisor.cli.schema
from supervisor.cli import main
from supervisor.cli.exit_codes import ExitCode

Run = Callable[..., Result]

COMMANDS = main.list_commands(click.Context(main))


def supervisor_process(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from supervisor.cli import main; main(prog_name='supervisor')",
        *arguments,
    ]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=30, check=False)


def test_help_names_every_command(run: Run) -> None:
    help_text = run("--help").output
    assert all(f"  {name} " in help_text for name in COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "run"])
def test_each_command_has_help_of_its_own(run: Run, name: str) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: supervisor {name}" in result.output


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").output.startswith("supervisor 0.")


def test_help_imports_no_command(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom supervisor.cli import main\nmain(['--help'], standalone_mode=False)\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'pydantic', 'gevent', 'rich'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_misspelt_command_is_a_usage_error_with_a_suggestion(run: Run) -> None:
    result = run("chekc")
    assert result.exit_code == 2
    assert "did you mean `check`?" in result.stderr


def test_an_unknown_option_is_a_usage_error(run: Run) -> None:
    assert run("check", "--jsn").exit_code == 2


def test_an_internal_error_is_one_line_with_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(supervisor.cli.schema, "deployment_schema", broken)
    result = run("schema")
    assert result.exit_code == 1
    assert "internal error: RuntimeError: a bug" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.output


def test_debug_shows_the_traceback_of_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(supervisor.cli.schema, "deployment_schema", broken)
    result = CliRunner().invoke(main, ["--debug", "schema"])
    assert isinstance(result.exception, RuntimeError)


def test_the_exit_codes_are_fixed() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "INTERNAL_ERROR": 1,
        "USAGE": 2,
        "INVALID_DEPLOYMENT": 3,
        "CANNOT_START": 4,
        "GAVE_UP": 5,
        "EVENTS_LOST": 6,
        "UNFORMATTED": 7,
        "CASES_FAILED": 8,
        "UNHEALTHY": 9,
        "UNREACHABLE": 10,
        "REFUSED": 11,
        "INTERRUPTED": 130,
        "PIPE_CLOSED": 141,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize("code", list(ExitCode))
def test_the_documentation_tells_every_exit_code(code: ExitCode) -> None:
    text = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    assert f"| {code.value} |" in text


def test_a_process_checks_a_file_and_tells_by_its_exit_code(tmp_path: Path, good: str, bad: str) -> None:
    assert supervisor_process("check", good, directory=tmp_path).returncode == 0
    done = supervisor_process("check", bad, directory=tmp_path)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_internal_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = "from supervisor.cli import main; main()"
    try:
        process = subprocess.run(
            [sys.executable, "-c", code, "schema"],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=30,
            check=False,
        )
    finally:
        os.close(writing)
    assert process.returncode == ExitCode.PIPE_CLOSED
    assert process.stderr == b""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_names_the_command(run: Run, shell: str) -> None:
    result = run("completion", shell)
    assert result.exit_code == 0
    assert "_SUPERVISOR_COMPLETE" in result.stdout


def test_completion_offers_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"_SUPERVISOR_COMPLETE": "bash_complete", "COMP_WORDS": "supervisor ch", "COMP_CWORD": "1"}
    result = CliRunner().invoke(main, [], prog_name="supervisor", env=environment)
    assert result.output == "plain,check\n"


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("supervisor explain onramp/fi", "onramp/file"),
        ("supervisor explain filt", "filter"),
        ("supervisor list ope", "operators"),
    ],
)
def test_completion_offers_the_names_of_components(words: str, offered: str) -> None:
    environment = {"_SUPERVISOR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "2"}
    result = CliRunner().invoke(main, [], prog_name="supervisor", env=environment)
    assert result.output == f"plain,{offered}\n"


@pytest.mark.parametrize("command", [["check", "--json"], ["show"], ["show", "--json"], ["graph"]])
def test_what_a_users_module_prints_does_not_get_into_the_output(
    run: Run, tmp_path: Path, good: str, command: list[str]
) -> None:
    (tmp_path / "noisy_module.py").write_text("print('noise')\ndef f(event): return event\n")
    text = (tmp_path / good).read_text()
    operators = text[text.index("operators") : text.index("[offramps.out]")]
    (tmp_path / "noisy.toml").write_text(text.replace(operators, 'python = "noisy_module:f"\n\n'))
    result = run(*command, "noisy.toml")
    assert result.exit_code == 0
    assert "noise" not in result.stdout
    assert "noise\n" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_no_internal_error(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-c", "from supervisor.cli import main; main()", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
        )
    assert process.returncode == ExitCode.INTERNAL_ERROR
    assert process.stderr == "error: the output cannot be written: No space left on device\n"
