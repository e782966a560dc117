"""Pipelines in the script and query languages: checked like everything else, by the places where their texts stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import Batch, Pipeline
from supervisor.deployment.pipelines import make_pipeline
from supervisor.deployment.plan import PipelinePlan, Plan
from supervisor.deployment.problem import Problem, Severity
from supervisor.deployment.show import plan_to_toml

Check = Callable[[str], list[Problem]]
Planned = Callable[[str], Plan]


def deployment(pipeline: str, links: str = '"in -> p -> out"', flow: str = "") -> str:
    return f"""\
[onramps.in]
type = "stdin"
[offramps.out]
type = "stdout"
[flows.main]
links = [{links}]
{flow}
[pipelines.p]
{pipeline}
"""


FIRST_LINE = 9
"""Where the pipeline's own lines begin in a `deployment`."""


def pipelines_of(plan: Plan) -> list[PipelinePlan]:
    return [component for component in plan.components() if isinstance(component, PipelinePlan)]


def made(plan: Plan) -> Pipeline:
    components = {component.id: component for component in plan.components()}
    pipeline = pipelines_of(plan)[0]
    return make_pipeline(pipeline, pipeline.actor_name, components.__getitem__)


def results(pipeline: Pipeline, *values: Any) -> dict[str, list[Any]]:
    return {port: batch.values for port, batch in pipeline.process(Batch(list(values), ingest_ns=0))}


def place(problem: Problem) -> tuple[int, int]:
    assert problem.position is not None
    return problem.position.line, problem.position.column


def test_a_script_in_the_file_is_run_on_each_event(planned: Planned) -> None:
    plan = planned(deployment("script = '''\nlet event.seen = true;\nevent\n'''"))

    assert results(made(plan), {"a": 1}) == {"out": [{"a": 1, "seen": True}]}


def test_a_script_of_a_file_is_run_on_each_event(planned: Planned, directory: Path) -> None:
    (directory / "double.tremor").write_text("event * 2")

    assert results(made(planned(deployment('script_file = "double.tremor"'))), 4) == {"out": [8]}


def test_a_query_in_the_file_becomes_the_pipeline(planned: Planned) -> None:
    plan = planned(deployment("query = 'select event.a from in where present event.a into out'"))

    assert results(made(plan), {"a": 1}, {"b": 1}) == {"out": [1]}


def test_a_query_of_a_file_becomes_the_pipeline(planned: Planned, directory: Path) -> None:
    (directory / "all.trickle").write_text("select event from in into out;\n")

    assert results(made(planned(deployment('query_file = "all.trickle"'))), 4) == {"out": [4]}


def test_modules_are_found_in_the_module_path(planned: Planned, directory: Path) -> None:
    (directory / "lib").mkdir()
    (directory / "lib" / "sums.tremor").write_text("fn twice(x) with x * 2 end;\n")
    text = "module_path = [\"lib\"]\nscript = '''\nuse sums;\nsums::twice(event)\n'''"

    assert results(made(planned(deployment(text))), 4) == {"out": [8]}


def test_a_script_is_given_its_args(planned: Planned) -> None:
    text = "script = 'event + args.add'\nargs = { add = 5 }"

    assert results(made(planned(deployment(text))), 1) == {"out": [6]}


def test_the_ports_that_a_script_names_can_be_linked(planned: Planned, problems: Check) -> None:
    text = "script = 'emit event => \"alerts\"'"
    plan = planned(deployment(text, '"in -> p", "p/alerts -> out"'))

    assert results(made(plan), 1) == {"alerts": [1]}
    (problem,) = problems(deployment(text, '"in -> p", "p/alert -> out"'))
    assert (problem.code, problem.hint) == ("unknown-port", "did you mean `alerts`?")


def test_a_script_that_computes_ports_may_be_linked_by_any_and_drops_what_goes_nowhere(
    planned: Planned,
) -> None:
    text = 'script = """emit event => "#{event.to}""""'
    plan = planned(deployment(text, '"in -> p", "p/blue -> out"'))
    pipeline = made(plan)

    left = results(pipeline, {"to": "blue"}, {"to": "green"}, {"to": "err"})

    assert left == {"blue": [{"to": "blue"}], "err": [{"to": "err"}]}
    assert pipeline.account()["dropped"] == {"script": {"unlinked port": 1}}


def test_an_event_that_a_script_fails_on_leaves_by_err_with_its_place_in_the_file(planned: Planned) -> None:
    text = "script = '''\nlet event.b = 1;\n  event.missing\n'''"

    [failed] = results(made(planned(deployment(text))), {"a": 1})["err"]

    assert failed["event"] == {"a": 1, "b": 1}
    assert failed["position"]["file"].endswith("config.toml")
    assert failed["position"]["line"] == FIRST_LINE + 2
    assert failed["traceback"] == ""


def test_events_that_a_script_leaves_alone_keep_their_bytes(planned: Planned) -> None:
    pipeline = made(planned(deployment("script = 'match event.a of case 1 => drop default => event end'")))

    [(_, left)] = pipeline.process(
        Batch([{"a": 1}, {"a": 2}], ingest_ns=0, raws=[b"one", b"two"], raw_codec="json")
    )

    assert (left.values, left.raws) == ([{"a": 2}], [b"two"])


@pytest.mark.parametrize(
    ("pipeline", "places"),
    [
        ("script = 'event + * 1'", [(FIRST_LINE, 19)]),
        ("script = '''\nlet a = ;\nevent\n'''", [(FIRST_LINE + 1, 9)]),
        ('script = """\nlet a = "\\\\u00e4" + ;\nevent\n"""', [(FIRST_LINE + 1, 21)]),
        ('script = "string::x(\\"\\t\\")"', [(FIRST_LINE, 11)]),
        ("query = '''\nselect event from in into nowhere\n'''", [(FIRST_LINE + 1, 27)]),
        ("script = '''\nnope::a();\nevent;\nnope::b()\n'''", [(FIRST_LINE + 1, 1), (FIRST_LINE + 3, 1)]),
    ],
)
def test_what_is_wrong_with_a_text_is_told_where_it_stands_in_the_file(
    problems: Check, pipeline: str, places: list[tuple[int, int]]
) -> None:
    found = [one for one in problems(deployment(pipeline)) if one.severity is Severity.ERROR]

    assert [place(one) for one in found] == places
    language = "query" if pipeline.startswith("query") else "script"
    for problem in found:
        assert problem.code.startswith(f"{language}:")
        assert problem.message.startswith("pipeline `p`: ")
        assert problem.path == ("pipelines", "p", language)
        assert problem.excerpt == deployment(pipeline).split("\n")[place(problem)[0] - 1]


def test_what_is_wrong_in_a_file_is_told_by_its_own_lines(problems: Check, directory: Path) -> None:
    (directory / "bad.tremor").write_text("let a = 1;\n  let b = ;\nevent\n")

    (problem,) = problems(deployment('script_file = "bad.tremor"'))

    assert problem.file == str(directory / "bad.tremor")
    assert place(problem) == (2, 11)
    assert problem.excerpt == "  let b = ;"


def test_what_is_wrong_in_a_module_is_told_in_its_file(problems: Check, directory: Path) -> None:
    (directory / "lib.tremor").write_text("const a = 1;\nconst b = nope::f();\n")

    found = problems(deployment("module_path = ['.']\nscript = '''\nuse lib;\nlib::a\n'''"))

    assert [(Path(one.file).name, place(one)) for one in found] == [("lib.tremor", (2, 11))]


def test_warnings_do_not_forbid_running(examined: Any) -> None:
    examination = examined(deployment("script = 'match event of case 1 => 2 end'"))

    assert examination.plan is not None
    (warning,) = examination.problems
    assert warning.severity is Severity.WARNING
    assert warning.code.startswith("script:")
    assert place(warning)[0] == FIRST_LINE


@pytest.mark.parametrize(
    ("pipeline", "code", "where", "words"),
    [
        ("script_file = 'no.tremor'", "file-not-found", (9, 15), "there is no file"),
        ("query_file = 'no.trickle'", "file-not-found", (9, 14), "there is no file"),
        ("script_file = '.'", "file-unreadable", (9, 15), "cannot be read"),
        ("script_file = 'latin.tremor'", "not-utf8", (9, 15), "not UTF-8"),
        ("script_file = 'large.tremor'", "file-too-large", (9, 15), "larger than"),
        ("script = 'event'\nmodule_path = ['lib']", "file-not-found", (10, 16), "there is no directory"),
        ("script = 'event'\nquery = 'x'", "bad-value", (8, 12), "`script` and `query` are given"),
        ("script = 'event'\ndialect = '0.10'", "bad-value", (10, 11), "0.11"),
        ("query = 'x'\nargs = {}", "bad-value", (8, 12), "`args` is for a script"),
        ("operators = []\nmodule_path = []", "bad-value", (8, 12), "`module_path` is for"),
        ("script = 'event'\nlimits = { strings = 1 }", "unknown-key", (10, 12), "did you mean `string`?"),
        ("script = 'event'\nlimits = { array = 0 }", "bad-value", (10, 20), "at least 1"),
        ("script = 1", "bad-value", (9, 10), "text in quotes"),
        ("scrpt = 'event'", "unknown-key", (9, 1), "did you mean `script`?"),
    ],
)
def test_a_mistake_in_the_keys_of_a_text(
    problems: Check, directory: Path, pipeline: str, code: str, where: tuple[int, int], words: str
) -> None:
    (directory / "latin.tremor").write_bytes(b"event # \xe4")
    (directory / "large.tremor").write_text("#" * 1024 * 1024 + "\n1")

    (problem,) = problems(deployment(pipeline))

    assert (problem.code, place(problem)) == (code, where)
    assert words in f"{problem.message} {problem.hint}"
    assert "pipeline `p`" in problem.message


def test_the_dialect_and_the_limits_hold(planned: Planned, problems: Check) -> None:
    old = deployment("script = '\"{1 + 1}\"'\ndialect = '0.9'")
    new = deployment("script = '\"{1 + 1}\"'")
    assert results(made(planned(old)), 1) == {"out": ["2"]}
    assert results(made(planned(new)), 1) == {"out": ["{1 + 1}"]}

    small = deployment("script = 'event + event'\nlimits = { string = 3 }")
    left = results(made(planned(small)), "a", "ab")
    assert left["out"] == ["aa"]
    assert left["err"][0]["event"] == "ab"


def test_copies_share_what_was_compiled_and_have_a_state_each(planned: Planned) -> None:
    text = "script = '''\nlet state = match state of case null => 1 default => state + 1 end;\nstate\n'''"
    plan = planned(deployment(text, flow='instances = 2\nshared = ["in", "out"]'))
    first, second = pipelines_of(plan)
    components = {component.id: component for component in plan.components()}
    codes: dict[Any, Any] = {}
    one = make_pipeline(first, first.actor_name, components.__getitem__, codes)
    compiled = dict(codes)
    two = make_pipeline(second, second.actor_name, components.__getitem__, codes)

    assert first.text is second.text
    assert compiled
    assert codes == compiled
    assert results(one, 0, 0) == {"out": [1, 2]}
    assert results(two, 0) == {"out": [1]}
    assert results(one, 0) == {"out": [3]}


SHOWN = """
[onramps.in]
type = "stdin"
[offramps.out]
type = "stdout"
[flows.main]
links = ["in -> a -> b -> c -> d -> out", "a/any -> out"]
[pipelines.a]
script = '''
# It's "quoted" \\ here.


let event.a = args.n;
emit event => "{event.port}"
'''
args = { n = 1 }
dialect = "0.9"
[pipelines.b]
script = "let event.b = '''x''';\\n\\tevent\\u0007"
[pipelines.c]
script_file = "c.tremor"
module_path = ["."]
[pipelines.d]
query = "select event from in into out"
limits = { groups = 5 }
"""


def test_what_is_shown_makes_an_equal_plan(planned: Planned, directory: Path) -> None:
    (directory / "c.tremor").write_text("event")
    text = SHOWN.replace("'''x'''", '\\"x\\"').replace("\\u0007", "")
    plan = planned(text)

    shown = plan_to_toml(plan)

    assert planned(shown) == plan
    assert "script = '''\n# It's \"quoted\" \\ here.\n\n\nlet event.a = args.n;\n" in shown
    assert 'dialect = "0.11"' in shown
    assert "recursion = 1024" in shown


def test_plans_differ_where_the_text_of_a_file_does(planned: Planned, directory: Path) -> None:
    file = directory / "c.tremor"
    file.write_text("event")
    before = planned(deployment('script_file = "c.tremor"'))
    assert planned(deployment('script_file = "c.tremor"')) == before
    file.write_text("event + 1")
    assert planned(deployment('script_file = "c.tremor"')) != before


def test_a_pipeline_with_a_window_of_time_wants_ticks(planned: Planned) -> None:
    windowed = """
query = '''
define tumbling window soon with interval = 1000 end;
select aggr::stats::count() from in[soon] into out;
'''"""
    assert made(planned(deployment(windowed))).wants_ticks
    assert not made(planned(deployment("query = 'select event from in into out'"))).wants_ticks
