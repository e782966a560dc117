"""Whatever is wrong with a deployment: a message with place and remedy, an exit code, and no traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gevent import socket

pytestmark = pytest.mark.slow

GOOD = """\
[onramps.in]
type = "tcp"
address = "127.0.0.1:0"
codec = "json"

[pipelines.score]
python = "score:score"

[offramps.out]
type = "stdout"

[flows.main]
links = ["in -> score -> out"]
"""

INVALID = {
    "unknown type": (('"tcp"', '"tpc"'), r":2:8: error\[\S+\]: .*`tpc`", "did you mean `tcp`"),
    "unknown key": (("address", "adress"), r":3:1: error\[unknown-key\]: .*adress", "address"),
    "unknown codec": (('"json"', '"jsn"'), r":4:9: error\[\S+\]: .*`jsn`", "did you mean `json`"),
    "unknown port": (("score -> out", "score/late -> out"), r":13:\d+: error\[\S+\]: .*late", "out"),
    "no such component": (("-> out", "-> ot"), r":13:\d+: error\[\S+\]: .*`ot`", "did you mean `out`"),
    "a circle": (("score -> out", "score -> score"), r":13:\d+: error\[\S+\]:", "circle"),
    "no such module": (('"score:', '"scroe:'), r":7:\d+: error\[import-failed\]: .*scroe", "score"),
    "no such function": ((':score"', ':scroe"'), r":7:\d+: error\[import-failed\]: .*scroe", "score"),
    "no TOML": (('"tcp"', '"tcp'), r":2:\d+: error\[syntax\]: not TOML", ""),
}


@pytest.mark.parametrize("mistake", INVALID)
def test_a_mistake_in_the_file_is_shown_with_line_and_column(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], mistake: str
) -> None:
    (right, wrong), line, remedy = INVALID[mistake]
    assert GOOD.count(right) == 1
    write("config.toml", GOOD.replace(right, wrong))
    write("score.py", "def score(event):\n    return event\n")
    run = supervisor("run")
    assert run.wait() == 3, run.errors
    assert re.search(f"config.toml{line}", run.errors), run.errors
    assert remedy in run.errors
    assert "Traceback" not in run.errors
    assert run.out == []


def test_a_file_that_is_not_there_is_said_with_the_remedy(supervisor: Callable[..., Any]) -> None:
    run = supervisor("run", "nowhere.toml")
    assert run.wait() == 3
    assert "nowhere.toml: error[file-not-found]: there is no such file" in run.errors
    assert "supervisor new" in run.errors
    assert "Traceback" not in run.errors


def test_a_port_in_use_names_the_line_of_the_onramp(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write("config.toml", GOOD.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        write("score.py", "def score(event):\n    return event\n")
        run = supervisor("run")
        assert run.wait() == 4, run.errors
    assert (
        f"config.toml:1:10: error[cannot-start]: onramp:main/in: onramp cannot listen on 127.0.0.1:{port}"
        in run.errors
    )
    assert "the port is in use" in run.errors
    assert "Traceback" not in run.errors


def test_an_input_file_that_is_missing_names_the_line_of_the_onramp(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    text = GOOD.replace('"tcp"', '"file"').replace('address = "127.0.0.1:0"', 'path = "missing.log"')
    write("config.toml", text)
    write("score.py", "def score(event):\n    return event\n")
    run = supervisor("run")
    assert run.wait() == 4, run.errors
    assert "config.toml:1:10: error[cannot-start]: onramp:main/in: onramp cannot read" in run.errors
    assert "it does not exist; check `path`" in run.errors
    assert "Traceback" not in run.errors


def test_a_function_that_fails_on_an_event_costs_that_event_only(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write("score.py", "def score(event):\n    return 10 / event\n")
    write("in.jsonl", "1\n0\n2\n")
    text = GOOD.replace('"tcp"', '"file"').replace('address = "127.0.0.1:0"', 'path = "in.jsonl"')
    text = text.replace("links = [", 'links = ["score/err -> errors", ')
    write("config.toml", text + '\n[offramps.errors]\ntype = "file"\npath = "errors.jsonl"\n')
    run = supervisor("run")
    assert run.wait() == 0, run.errors
    assert run.events == [10.0, 5.0]
    assert "ZeroDivisionError" in Path("errors.jsonl").read_text()
    assert "Traceback" not in run.errors
