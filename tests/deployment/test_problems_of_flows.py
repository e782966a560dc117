"""Each mistake in a flow is found at its line and column, with a remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supervisor.deployment.problem import Problem, Severity

Check = Callable[[str], list[Problem]]

COMPONENTS = """
[onramps.in]
type = "stdin"
[onramps.tick]
type = "metronome"
interval = "1s"
[pipelines.a]
operators = [{ type = "sample", every = 2 }]
[pipelines.b]
operators = [{ type = "sample", every = 2 }]
[offramps.out]
type = "stdout"
[offramps.log]
type = "file"
path = "log.jsonl"
"""


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("links", "code", "column", "message", "hint"),
    [
        ('"im -> out"', "unknown-component", 11, "no component called `im`", "did you mean `in`?"),
        ('"in -> ot"', "unknown-component", 17, "no component called `ot`", "did you mean `out`?"),
        (
            '"in/ot -> out"',
            "unknown-port",
            11,
            "the onramp `in` has no output port `ot`",
            "did you mean `out`?",
        ),
        (
            '"in -> out/inn"',
            "unknown-port",
            17,
            "the offramp `out` has no input port `inn`",
            "did you mean `in`?",
        ),
        (
            '"in -> a -> out", "a/er -> log"',
            "unknown-port",
            29,
            "pipeline `a` has no output port `er`",
            "`err`",
        ),
        ('"in -> out -> log"', "unknown-port", 17, "the offramp `out` ends a link", "`out/err`"),
        ('"in -> tick"', "unknown-port", 17, "the onramp `tick` begins a link", "first arrow"),
        ('"in -> a/out -> out"', "bad-link", 17, "between two arrows", 'leave "/out" out'),
        ('"in -> a/err -> out"', "bad-link", 17, "between two arrows", "two links"),
        ('"in out"', "bad-link", 11, "not a component's name", "->"),
        ('"in"', "bad-link", 11, "linked to nothing", "->"),
        ('"in -> a -> out", "in -> a"', "duplicate-link", 35, "`in/out -> a/in` is there twice", "twice"),
        ('"in -> a -> b -> a", "b -> out"', "cycle", 27, "circle: a -> b -> a", "remove one"),
        ('"in -> a -> out", "a -> a"', "cycle", 34, "circle: a -> a", "remove one"),
        ("5", "bad-value", 10, "`links[0]` must be text", ""),
        ("", "bad-value", 9, "`links` must be at least 1 item long", ""),
    ],
)
def test_a_mistake_in_the_links(
    problems: Check, links: str, code: str, column: int, message: str, hint: str
) -> None:
    (problem,) = errors(problems(f"{COMPONENTS}[flows.main]\nlinks = [{links}]\n"))
    assert problem.code == code
    assert problem.position is not None
    assert problem.position[:2] == (COMPONENTS.count("\n") + 2, column)
    assert message in problem.message
    assert "flow `main`" in problem.message
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("lines", "code", "place", "message", "hint"),
    [
        ("instances = 0", "bad-value", (2, 13), "at least 1; got 0", ""),
        ('shared = ["ot"]', "unknown-component", (2, 11), "`ot` is shared, but not in", "`out`"),
        (
            'shared = ["a"]',
            "shared-upstream",
            (2, 11),
            "the pipeline `a` is shared and sends to `out`, which is not: each copy of `out` would get every event, "
            "as only an onramp deals its events out",
            "share `out` too",
        ),
        ('sharde = ["out"]', "unknown-key", (2, 1), "`sharde`", "`shared`"),
        ('restart = { max_restarts = "5" }', "bad-value", (2, 28), "whole number", ""),
    ],
)
def test_a_mistake_in_the_rest_of_a_flow(
    problems: Check, lines: str, code: str, place: tuple[int, int], message: str, hint: str
) -> None:
    (problem,) = errors(problems(f'{COMPONENTS}[flows.main]\nlinks = ["tick -> a -> out"]\n{lines}\n'))
    first = COMPONENTS.count("\n") + 1
    assert problem.code == code
    assert problem.position is not None
    assert problem.position[:2] == (first + place[0], place[1])
    assert message in problem.message
    assert hint in problem.hint


def test_two_circles_are_both_named(problems: Check) -> None:
    text = f'{COMPONENTS}[flows.main]\nlinks = ["in -> a -> a", "in -> b -> b"]\n'
    assert [problem.code for problem in errors(problems(text))] == ["cycle", "cycle"]


def test_a_deployment_without_a_flow_is_refused(problems: Check) -> None:
    (problem,) = problems(COMPONENTS)
    assert problem.code == "no-flows"
    assert "links" in problem.hint


def test_a_flow_of_far_too_many_components_is_refused_before_they_are_made(problems: Check) -> None:
    links = ", ".join(f'"tick -> o{number}"' for number in range(30))
    offramps = "".join(f'[offramps.o{number}]\ntype = "blackhole"\n' for number in range(30))
    text = f"{COMPONENTS}{offramps}[flows.main]\nlinks = [{links}]\ninstances = 4096\n"
    (problem,) = errors(problems(text))
    assert problem.code == "too-many-components"


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ('"a -> out"', "nothing is linked to the pipeline `a`"),
        ('"in -> a"', "the pipeline `a` is linked to nothing"),
        ('"out/err -> log"', "nothing is linked to the offramp `out`"),
    ],
)
def test_a_loose_end_is_a_warning(problems: Check, links: str, message: str) -> None:
    found = problems(f"{COMPONENTS}[flows.main]\nlinks = [{links}]\n")
    assert not errors(found)
    assert [problem.code for problem in found if message in problem.message] == ["not-linked"]


@pytest.mark.parametrize(
    ("first", "second", "conflict"),
    [
        ("127.0.0.1:7001", "127.0.0.1:7001", True),
        ("127.0.0.1:7001", "0.0.0.0:7001", True),
        ("localhost:7001", "127.0.0.1:7001", True),
        ("[::]:7001", "127.0.0.1:7001", True),
        ("127.0.0.1:7001", "127.0.0.1:7002", False),
        ("127.0.0.1:7001", "127.0.0.2:7001", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_two_listeners_on_one_address_are_refused(
    problems: Check, first: str, second: str, conflict: bool
) -> None:
    text = f"""
    [onramps.one]
    type = "tcp"
    address = "{first}"
    [onramps.two]
    type = "tcp"
    address = "{second}"
    [offramps.out]
    type = "stdout"
    [flows.main]
    links = ["one -> out", "two -> out"]
    """
    found = problems(text)
    assert [problem.code for problem in found] == (["conflict"] if conflict else [])
    if conflict:
        assert first in found[0].message or second in found[0].message
        assert found[0].hint


def test_the_api_and_a_listener_on_one_address_are_refused(problems: Check) -> None:
    text = """
    [supervisor]
    api = "127.0.0.1:7001"
    [onramps.one]
    type = "http"
    address = "127.0.0.1:7001"
    [offramps.out]
    type = "stdout"
    [flows.main]
    links = ["one -> out"]
    """
    (problem,) = problems(text)
    assert problem.code == "conflict"
    assert "API" in problem.message


def test_udp_and_tcp_do_not_take_each_others_ports(problems: Check) -> None:
    text = """
    [onramps.one]
    type = "tcp"
    address = "127.0.0.1:7001"
    [onramps.two]
    type = "udp"
    address = "127.0.0.1:7001"
    [offramps.out]
    type = "stdout"
    [flows.main]
    links = ["one -> out", "two -> out"]
    """
    assert problems(text) == []


@pytest.mark.parametrize(
    ("onramp", "offramp", "severity", "hint"),
    [
        ('type = "unix"\npath = "in.sock"', 'type = "stdout"', Severity.ERROR, "`shared`"),
        ('type = "stdin"', 'type = "stdout"', Severity.ERROR, "deals its events out"),
        (
            'type = "metronome"\ninterval = "1s"',
            'type = "file"\npath = "x.jsonl"',
            Severity.ERROR,
            "`shared`",
        ),
        ('type = "file"\npath = "access.log"', 'type = "stdout"', Severity.WARNING, "`shared`"),
    ],
)
def test_copies_that_get_into_each_others_way_are_told_with_a_remedy(
    problems: Check, onramp: str, offramp: str, severity: Severity, hint: str
) -> None:
    text = (
        f'[onramps.i]\n{onramp}\n[offramps.o]\n{offramp}\n[flows.main]\nlinks = ["i -> o"]\ninstances = 3\n'
    )
    (problem,) = problems(text)
    assert (problem.code, problem.severity) == ("conflict", severity)
    assert "3 times" in problem.message
    assert hint in problem.hint


def test_a_shared_file_is_written_by_one(problems: Check) -> None:
    text = """
    [onramps.i]
    type = "metronome"
    interval = "1s"
    [offramps.o]
    type = "file"
    path = "x.jsonl"
    [flows.main]
    links = ["i -> o"]
    instances = 3
    shared = ["o"]
    """
    assert problems(text) == []


def test_a_flow_that_reads_what_it_writes_is_refused(problems: Check) -> None:
    text = """
    [onramps.in]
    type = "file"
    path = "data/../same.log"
    follow = true
    [offramps.out]
    type = "file"
    path = "same.log"
    [flows.main]
    links = ["in -> out"]
    """
    (problem,) = errors(problems(text))
    assert problem.code == "conflict"
    assert problem.position is not None
    assert problem.position[:2] == (4, 8)
    assert "which the offramp `out` writes" in problem.message
    assert "another file" in problem.hint


def test_one_flow_may_read_what_another_one_writes(problems: Check) -> None:
    text = """
    [onramps.tick]
    type = "metronome"
    interval = "1s"
    [onramps.in]
    type = "file"
    path = "same.log"
    follow = true
    [offramps.write]
    type = "file"
    path = "same.log"
    [offramps.out]
    type = "stdout"
    [flows.one]
    links = ["tick -> write"]
    [flows.two]
    links = ["in -> out"]
    """
    assert errors(problems(text)) == []


def test_links_directly_below_flows_need_a_flow_with_a_name(problems: Check) -> None:
    found = problems(f'{COMPONENTS}[flows]\nlinks = ["in -> a -> out"]\n')
    (problem,) = found
    assert problem.position is not None
    assert problem.position[:2] == (COMPONENTS.count("\n") + 2, 1)
    assert problem.message == "`links` stands in [flows] itself, where each name must be a table"
    assert "[flows.main]" in problem.hint


def test_a_misspelt_flows_section_is_one_mistake_and_not_two(problems: Check) -> None:
    (problem,) = errors(problems(f'{COMPONENTS}[flow.main]\nlinks = ["in -> a -> out"]\n'))
    assert problem.hint == "did you mean `flows`?"


def test_a_file_without_flows_is_told_where_one_belongs(problems: Check) -> None:
    (problem,) = errors(problems(COMPONENTS))
    assert problem.code == "no-flows"
    assert problem.position == (COMPONENTS.count("\n") + 1, 1, 1)
    assert "[flows.main]" in problem.hint


TWO_READERS = """
[onramps.one]
{one}
[onramps.two]
{two}
[offramps.out]
type = "sqlite"
path = "out.db"
table = "t"
columns = {{ n = "n" }}
[flows.first]
guarantee = "{guarantee}"
links = ["one -> out"]
dead_letters = "letters.db"
[flows.second]
guarantee = "{guarantee}"
links = ["two -> out"]
dead_letters = "letters.db"
"""
FILE = 'type = "file"\npath = "in.log"\n'
TABLE = 'type = "sqlite"\npath = "in.db"\ntable = "t"\n'


@pytest.mark.parametrize(
    ("one", "two", "guarantee", "conflict"),
    [
        (FILE, FILE, "at-least-once", "in.log.checkpoint"),
        (TABLE, TABLE, "at-least-once", "in.db.t.checkpoint"),
        (FILE + 'checkpoint = "c"', TABLE + 'checkpoint = "./c"', "at-least-once", "c"),
        (FILE, FILE + 'checkpoint = "two"', "at-least-once", ""),
        (TABLE, TABLE.replace('"t"', '"u"'), "at-least-once", ""),
        (FILE, FILE, "best-effort", ""),
    ],
)
def test_two_that_would_keep_how_far_they_came_in_one_checkpoint_are_refused(
    problems: Check, one: str, two: str, guarantee: str, conflict: str
) -> None:
    """One that is ahead would confirm what the other has not delivered."""
    found = errors(problems(TWO_READERS.format(one=one, two=two, guarantee=guarantee)))
    assert [problem.code for problem in found] == (["conflict"] if conflict else [])
    if conflict:
        assert "keeps how far it came in" in found[0].message
        assert f"/{conflict}, and so does the onramp `one`" in found[0].message
        assert "`checkpoint`" in found[0].hint


def test_copies_with_one_checkpoint_are_refused(problems: Check) -> None:
    text = f"""
    [onramps.i]
    {FILE}
    [offramps.o]
    type = "blackhole"
    [flows.main]
    guarantee = "at-least-once"
    dead_letters = "letters.db"
    links = ["i -> o"]
    instances = 3
    """
    (problem,) = errors(problems(text))
    assert "3 times" in problem.message
    assert "in.log.checkpoint" in problem.message
