"""What the command logs: one shape for all loggers, and no flood of what repeats."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from actors.log import get_logger
from supervisor.logs import RepeatLimit, configure_logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_loggers_write_message_level_time_and_fields_as_json() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    get_logger("x", component="pipeline:main#2/a").warning("slow", flow="main", instance=2)
    (line,) = lines(stream)
    assert {key: line[key] for key in ("message", "level", "logger", "component", "flow", "instance")} == {
        "message": "slow",
        "level": "warning",
        "logger": "x",
        "component": "pipeline:main#2/a",
        "flow": "main",
        "instance": 2,
    }
    assert str(line["timestamp"]).endswith("Z")


def test_loggers_of_libraries_go_the_same_way() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    logging.getLogger("library").warning("port %d is busy", 80)
    (line,) = lines(stream)
    assert (line["message"], line["logger"], line["level"]) == ("port 80 is busy", "library", "warning")


def test_what_is_below_the_level_is_not_shown() -> None:
    stream = io.StringIO()
    configure_logs("warning", "json", stream)
    get_logger("x").info("hello")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("stream", "coloured"), [(io.StringIO(), False), (Terminal(), True)])
def test_console_logs_are_coloured_on_a_terminal_only(
    stream: io.StringIO, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    configure_logs("info", "console", stream)
    get_logger("x").info("hello")
    assert ("\x1b" in stream.getvalue()) is coloured


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure_logs("info", "console", stream)
    get_logger("x").info("hello")
    assert "\x1b" not in stream.getvalue()
    assert "hello" in stream.getvalue()


def test_text_from_outside_does_not_steer_the_terminal() -> None:
    stream = io.StringIO()
    configure_logs("info", "console", stream)
    get_logger("x").info("got \x1b]0;owned\x07", data="\x1b[2J")
    assert "\x1b" not in stream.getvalue()


def test_text_from_outside_does_not_pass_for_a_line_of_its_own() -> None:
    stream = io.StringIO()
    configure_logs("info", "console", stream)
    get_logger("x").warning("crashed: ValueError: x\n12:00:00 [info] all is well", data="a\nb")
    assert len(stream.getvalue().splitlines()) == 1


def test_a_traceback_keeps_its_lines_on_the_console() -> None:
    stream = io.StringIO()
    configure_logs("debug", "console", stream)
    get_logger("x").warning("crashed", traceback="Traceback:\n  line\nValueError: x\n")
    assert [line.strip() for line in stream.getvalue().splitlines()[1:]] == [
        "Traceback:",
        "line",
        "ValueError: x",
    ]


def test_an_exception_is_shown_with_its_traceback() -> None:
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    try:
        raise ValueError("x")
    except ValueError:
        get_logger("x").exception("crashed")
    (line,) = lines(stream)
    assert "ValueError: x" in str(line["exception"])


def test_configuring_again_replaces_the_old_handler() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logs("info", "json", first)
    configure_logs("info", "json", second)
    get_logger("x").info("hello")
    assert first.getvalue() == ""
    assert len(lines(second)) == 1


# --- repeats ----------------------------------------------------------------------------------------------------------


class Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


class Limited:
    """A limit with a clock that the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.recorder = Recorder()
        self.limit = RepeatLimit(self.recorder, period_seconds=10.0, now=lambda: self.seconds)

    def log(self, message: str, level: int = logging.ERROR, **fields: object) -> list[str]:
        record = logging.LogRecord("x", level, "file", 1, message, (), None)
        record.__dict__.update(fields)
        self.limit.handle(record)
        return self.recorder.messages


@pytest.fixture
def limited() -> Limited:
    return Limited()


def test_an_error_that_repeats_is_shown_once_and_then_counted(limited: Limited) -> None:
    for _ in range(413):
        limited.log("boom")
    assert limited.recorder.messages == ["boom"]
    limited.seconds = 10.0
    assert limited.log("other")[1:] == ["boom … repeated 412 times in 10 s", "other"]


def test_an_error_that_comes_again_after_the_period_is_shown_again(limited: Limited) -> None:
    limited.log("boom")
    limited.seconds = 10.0
    assert limited.log("boom") == ["boom", "boom"]


def test_information_is_never_held_back(limited: Limited) -> None:
    limited.log("tick", logging.INFO)
    assert limited.log("tick", logging.INFO) == ["tick", "tick"]


def test_the_same_error_of_another_component_is_another(limited: Limited) -> None:
    limited.log("boom", component="a")
    assert limited.log("boom", component="b") == ["boom", "boom"]


def test_a_flush_shows_the_counts(limited: Limited) -> None:
    limited.log("boom")
    limited.log("boom")
    limited.limit.flush()
    assert limited.recorder.messages[1:] == ["boom … repeated 1 time in 1 s"]


def test_closing_shows_the_counts(limited: Limited) -> None:
    limited.log("boom")
    limited.log("boom")
    limited.limit.close()
    assert len(limited.recorder.messages) == 2


def test_messages_without_end_do_not_fill_the_memory_and_lose_no_count(limited: Limited) -> None:
    for number in range(1500):
        limited.log(f"boom {number}")
        limited.log(f"boom {number}")
    limited.limit.flush()
    assert sum("repeated 1 time" in message for message in limited.recorder.messages) == 1500
    assert len(limited.limit._windows) == 0


def test_a_record_with_wrong_arguments_does_not_fail_its_library(
    limited: Limited, capsys: pytest.CaptureFixture[str]
) -> None:
    limited.limit.handle(logging.LogRecord("x", logging.ERROR, "file", 1, "%d", ("no number",), None))
    assert "Logging error" in capsys.readouterr().err
