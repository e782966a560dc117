"""Each mistake in the table of a component is found at its line and column, with a remedy."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from supervisor.deployment.problem import Problem, Severity

Check = Callable[[str], list[Problem]]

FLOW = """
[offramps.out]
type = "stdout"
[flows.main]
links = ["in -> out"]
"""


def only(problems: list[Problem], code: str) -> Problem:
    found = [problem for problem in problems if problem.code == code]
    assert len(found) == 1, "\n".join(map(str, problems))
    return found[0]


def at(problem: Problem) -> tuple[int, int]:
    assert problem.position is not None
    return problem.position[:2]


@pytest.mark.parametrize(
    ("onramp", "code", "place", "message", "hint"),
    [
        (
            'type = "fil"\npath = "x"',
            "unknown-type",
            (2, 8),
            "no onramp called `fil`",
            "did you mean `file`?",
        ),
        ('type = "zzzz"', "unknown-type", (2, 8), "zzzz", "supervisor list onramps"),
        ('path = "x"', "missing-key", (1, 10), "`type` is missing", "supervisor list onramps"),
        ("type = 5", "bad-value", (2, 8), "`type` must be text in quotes", ""),
        ('type = "file"\npth = "x"\npath = "x"', "unknown-key", (3, 1), "`pth`", "did you mean `path`?"),
        ('type = "file"\npath = "x"\ncodek = "x"', "unknown-key", (4, 1), "`codek`", "did you mean `codec`?"),
        ('type = "file"', "missing-key", (1, 10), "`path` is missing", ""),
        ('type = "metronome"\ninterval = 5', "bad-value", (3, 12), "5 is not a duration", '"250ms"'),
        ('type = "metronome"\ninterval = "5 parsecs"', "bad-value", (3, 12), "not a duration", '"5s"'),
        ('type = "stdin"\nbatch_max = "3"', "bad-value", (3, 13), 'whole number; got "3"', ""),
        ('type = "stdin"\nbatch_max = true', "bad-value", (3, 13), "whole number; got true", ""),
        ('type = "stdin"\nbatch_max = 0', "bad-value", (3, 13), "at least 1; got 0", ""),
        ('type = "stdin"\nbatch_max = 9999999', "bad-value", (3, 13), "at most 65536", ""),
        (
            'type = "stdin"\nrestart = "permanant"',
            "bad-value",
            (3, 11),
            '"permanent", "transient"',
            "`permanent`",
        ),
        (
            'type = "stdin"\nretry = { jitter = 4 }',
            "bad-value",
            (3, 20),
            "`retry.jitter` must be at most 1",
            "",
        ),
        ('type = "stdin"\nretry = { jiter = 1 }', "unknown-key", (3, 11), "`retry` has no key", "`jitter`"),
        ('type = "stdin"\nretry = "5s"', "bad-value", (3, 9), "`retry` must be a table", ""),
        ('type = "stdin"\ncodec = "jsn"', "unknown-codec", (3, 9), "no codec called `jsn`", "`json`"),
        (
            'type = "stdin"\ncodec = { name = "jsn" }',
            "unknown-codec",
            (3, 18),
            "no codec called `jsn`",
            "`json`",
        ),
        ('type = "stdin"\ncodec = { engine = "x" }', "bad-value", (3, 9), "needs a name", "name ="),
        ('type = "stdin"\ncodec = 5', "bad-value", (3, 9), 'must be "NAME"', ""),
        (
            'type = "stdin"\ncodec = { name = "json", engin = "auto" }',
            "unknown-key",
            (3, 26),
            "codec `json`",
            "`engine`",
        ),
        ('type = "stdin"\npreprocessors = ["lins"]', "unknown-preprocessor", (3, 18), "`lins`", "`lines`"),
        ('type = "stdin"\npreprocessors = "lines"', "bad-value", (3, 17), "must be a list", ""),
        ('type = "stdin"\npreprocessors = ["lines", 5]', "bad-value", (3, 27), 'must be "NAME"', ""),
        (
            'type = "stdin"\npreprocessors = [{ name = "lines", max_frame = 5 }]',
            "bad-value",
            (3, 48),
            "not a size",
            '"64KiB"',
        ),
        ('type = "tcp"\naddress = "9000"', "bad-value", (3, 11), "not an address", "HOST:PORT"),
        (
            'type = "tcp"\naddress = "127.0.0.1:0"\ntls = { cert = "no.pem", key = "no.pem" }',
            "cannot-open",
            (1, 10),
            "no.pem",
            "",
        ),
    ],
)
def test_a_mistake_in_an_onramp(
    problems: Check, onramp: str, code: str, place: tuple[int, int], message: str, hint: str
) -> None:
    problem = only(problems(f"[onramps.in]\n{onramp}\n{FLOW}"), code)
    assert at(problem) == place
    assert message in problem.message
    assert "`in`" in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("offramp", "code", "place", "message", "hint"),
    [
        ('type = "stdot"', "unknown-type", (2, 8), "no offramp called `stdot`", "`stdout`"),
        ('type = "stdout"\nmailbox_bytes = 5', "bad-value", (3, 17), "not a size", '"64KiB"'),
        ('type = "stdout"\nmailbox_bytes = "0B"', "bad-value", (3, 17), "at least one byte", '"64MiB"'),
        ('type = "stdout"\npostprocessors = ["line"]', "unknown-postprocessor", (3, 19), "`line`", "`lines`"),
        (
            'type = "stdout"\npreprocessors = ["lines"]',
            "unknown-key",
            (3, 1),
            "`preprocessors`",
            "postprocessors",
        ),
    ],
)
def test_a_mistake_in_an_offramp(
    problems: Check, offramp: str, code: str, place: tuple[int, int], message: str, hint: str
) -> None:
    rest = '[onramps.in]\ntype = "stdin"\n[flows.main]\nlinks = ["in -> out"]'
    problem = only(problems(f"[offramps.out]\n{offramp}\n{rest}"), code)
    assert at(problem) == place
    assert message in problem.message
    assert hint in problem.hint


def test_all_mistakes_of_a_file_are_found_at_once(problems: Check) -> None:
    text = """\
    [supervisor]
    drain_timeout = 5
    [onramps.in]
    type = "metronome"
    interval = 5
    codec = "jsn"
    batch_max = 0
    [offramps.out]
    type = "stdot"
    [flows.main]
    links = ["im -> out"]
    """
    assert [problem.position[0] for problem in problems(text) if problem.position] == [2, 5, 6, 7, 9, 11]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('type = "http"\ntoken = "hunter2"', "token"),
        ('type = "http"\ntoken = { env = "NAME", value = "hunter2" }', "value"),
        ('type = "http"\ntoken = ["hunter2"]', "token"),
        ('type = "http"\ntokn = "hunter2"', "tokn"),
        ("type = \"http\"\ntoken = '''\nhunter2\n'''", "token"),
    ],
)
def test_a_secret_written_into_the_file_is_refused_and_never_shown(
    problems: Check, table: str, key: str
) -> None:
    found = [problem for problem in problems(f"[onramps.in]\n{table}\n{FLOW}") if key in problem.message]
    assert found
    for problem in found:
        assert "hunter2" not in f"{problem} {problem.excerpt} {problem.to_json()}"


def test_a_secret_that_is_a_number_is_not_shown_either(problems: Check) -> None:
    (problem,) = problems(f'[onramps.in]\ntype = "http"\ntoken = 86753\n{FLOW}')
    assert problem.hint == 'write { env = "NAME" } or { file = "path" }'
    assert "86753" not in f"{problem} {problem.excerpt}"


def test_a_password_in_a_url_is_not_shown(problems: Check) -> None:
    text = '[onramps.in]\ntype = "stdin"\n[offramps.out]\ntype = "http"\nurl = "ftp://me:hunter2@host/"\n'
    assert all("hunter2" not in f"{problem} {problem.excerpt}" for problem in problems(text))


def test_a_name_with_other_characters_is_refused(problems: Check) -> None:
    problem = only(problems('[onramps."in/out"]\ntype = "stdin"\n' + FLOW), "bad-name")
    assert at(problem) == (1, 10)
    assert "hyphens" in problem.hint


def test_a_name_is_there_once_in_all_sections(problems: Check) -> None:
    text = (
        '[onramps.in]\ntype = "stdin"\n[offramps.in]\ntype = "stdout"\n[flows.main]\nlinks = ["in -> in"]\n'
    )
    problem = only(problems(text), "duplicate-name")
    assert at(problem) == (3, 11)
    assert "rename" in problem.hint


@pytest.mark.parametrize(
    "text", ["onramps = 5", "[onramps]\nin = 5", "onramps = [1, 2]", "[[onramps]]\nx = 1"]
)
def test_a_section_or_component_that_is_no_table_is_refused(problems: Check, text: str) -> None:
    problem = only(problems(f"{text}\n[flows.main]\nlinks = ['a -> b']\n"), "bad-value")
    assert "must be a table" in problem.message


def test_an_unknown_section_is_refused_with_the_known_ones(problems: Check) -> None:
    problem = only(problems("[onramp.in]\ntype = 'stdin'\n" + FLOW), "unknown-key")
    assert at(problem) == (1, 2)
    assert problem.hint == "did you mean `onramps`?"


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("executors = 0", (2, 13), "at least 1"),
        ("executors = 1000", (2, 13), "at most 256"),
        ("executors = true", (2, 13), "a whole number"),
        ('executors = "many"', (2, 13), 'must be a whole number or "auto"'),
        ('heartbeat_timeout = "1ms"', (2, 21), "at least 100 ms"),
        ("pin = 1", (2, 7), "true or false"),
        ('api = "9898"', (2, 7), "not an address"),
        ('logs = { level = "inf" }', (2, 18), '"info"'),
        ('restart = { strategy = "one_for_al" }', (2, 24), '"one_for_all"'),
        ('restart = { within = "0s" }', (2, 22), "longer than nothing"),
    ],
)
def test_a_mistake_in_the_supervisor_table(
    problems: Check, line: str, place: tuple[int, int], words: str
) -> None:
    text = f"[supervisor]\n{line}\n[onramps.in]\ntype = 'stdin'\n{FLOW}"
    (problem,) = problems(text)
    assert at(problem) == place
    assert words in problem.message


def test_a_component_that_no_flow_uses_is_a_warning(problems: Check) -> None:
    (problem,) = problems(dedent('[onramps.in]\ntype = "stdin"\n[onramps.idle]\ntype = "stdin"\n') + FLOW)
    assert (problem.code, problem.severity, at(problem)) == ("unused", Severity.WARNING, (3, 10))


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ('type = "TCP"\naddress = "127.0.0.1:0"', "did you mean `tcp`?"),
        (
            'type = "tcp"\naddress = "127.0.0.1:0"\ntls = { certificate = "a", key = "b" }',
            "did you mean `cert`?",
        ),
    ],
)
def test_a_suggestion_looks_past_letter_case_and_long_forms(problems: Check, table: str, hint: str) -> None:
    found = problems(f"[onramps.in]\n{table}\n{FLOW}")
    assert hint in [problem.hint for problem in found]


def test_a_path_that_no_file_can_have_is_a_mistake_of_the_user(problems: Check) -> None:
    text = '[onramps.in]\ntype = "file"\npath = "a\\u0000b"\n'
    problem = only(problems(text + FLOW), "bad-value")
    assert "embedded null" in problem.message


def test_an_operator_whose_function_does_not_import_is_shown_at_its_function(problems: Check) -> None:
    text = '[pipelines.p]\noperators = [{ type = "python", function = "nowhere:f" }]\n'
    problem = only(problems(text + FLOW), "bad-value")
    assert at(problem) == (2, 44)
    assert "there is no module 'nowhere'" in problem.message
