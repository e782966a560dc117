from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import json_engines
from benchmarks.throughput import command, stages
from benchmarks.throughput.events import make_lines
from benchmarks.throughput.measurement import Measurement
from benchmarks.throughput.process import RunFailed
from benchmarks.throughput.rounds import Round
from benchmarks.throughput.turns import Rate
from benchmarks.throughput.variants import Duel, Variant


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--shapes", "1,two"], "not a list of numbers"),
        (["--shapes", "0"], "from 1 to 4096"),
        (["--schedulers", "fibers"], "'fibers' is none of greenlets"),
        (["--engines", "simdjson"], "none of ujson, orjson"),
        (["--executors", ""], "not a list of numbers"),
        (["--seconds", "-1"], "not a number of seconds"),
        (["--repeat", "0"], "not a whole number above 0"),
        (["--data", "/nowhere/events.json"], "cannot read"),
        (["--json", "/nowhere/out.json"], "cannot write"),
        (["--plot", "/"], "cannot write"),
        (["--payload"], "unrecognized arguments"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_line(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command.parse(arguments)
    assert caught.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_the_defaults_are_those_of_the_whole_benchmark_and_quick_makes_them_small() -> None:
    assert command.parse([]).shapes == [1, 2, 4, 8, 16, 32, 64, 256, 1024]
    quick = command.parse(["--quick", "--seconds", "2"])
    assert (quick.shapes, quick.seconds, quick.repeat) == ([1, 8, 64], 2.0, 1)


def test_it_prints_writes_and_draws_and_names_what_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_bench: object, variant: Variant, _earlier: Round) -> Measurement:
        if variant.kind == "threads":
            raise RunFailed("no luck")
        rate = 100.0 if variant.is_limit else 70.0
        rate *= variant.load or 1.0
        return Measurement(rate, rate, 1.0, 50.0, 1.0)

    def measure_in_turns(_bench: object, duel: Duel) -> tuple[Rate, Rate]:
        if "threads" in (duel.one.kind, duel.other.kind):
            raise RunFailed("no luck")
        return Rate(70.0), Rate(100.0 if duel.other.is_limit else 70.0)

    monkeypatch.setattr("benchmarks.throughput.bench.Bench.measure", measure)
    monkeypatch.setattr("benchmarks.throughput.bench.Bench.measure_in_turns", measure_in_turns)
    files = ["--json", str(tmp_path / "out.json"), "--plot", str(tmp_path / "out.svg")]
    short = ["--shapes", "1,8,64", "--seconds", "1", "--repeat", "1"]
    arguments = [*short, "--executors", "1", "--engines", "ujson", *files]
    assert command.main(arguments) == 1
    printed = capsys.readouterr().out
    assert "Missed: limit_ratio, limit_ratio_routing, threads_64, p99_ms_at_10_percent" in printed
    assert "no luck" in printed
    assert '"limit_ratio": 0.7' in (tmp_path / "out.json").read_text()
    assert (tmp_path / "out.svg").read_text().startswith("<svg")
    assert command.main([*arguments, "--no-targets"]) == 0
    assert command.main([*arguments, "--quick"]) == 0


def test_the_json_engines_are_compared_within_a_round() -> None:
    rows = json_engines.rows_of(
        {("decode", "ujson", "bare"): [1.0, 4.0], ("decode", "ujson", "codec"): [2.0, 4.0]}
    )
    assert [row["of_bare"] for row in rows] == [1.0, 1.5]
    assert len(json_engines.measure(make_lines()[:1], 1, 1)) == 8


def test_samples_count_for_the_stage_of_the_innermost_frame_that_has_one() -> None:
    names = {
        "/x/ramps/codecs/json.py": "decode_many",
        "/x/ramps/inbound_stream.py": "feed",
        "/x/benchmarks/throughput/workload.py": "classify_changing",
        "/x/pipelines/actor.py": "on_message",
        "/x/elsewhere.py": "main",
    }
    found = {}
    for file, function in names.items():
        space: dict[str, object] = {"ask": lambda: stages.stage_of(__import__("sys")._getframe(1))}
        exec(compile(f"def {function}(): return ask()", file, "exec"), space)
        found[function] = space[function]()  # type: ignore[operator]
    assert found == {
        "decode_many": "decode",
        "feed": "intake",
        "classify_changing": "classify",
        "on_message": "hops",
        "main": "other",
    }


def test_only_samples_of_the_measured_time_count() -> None:
    tenth = 100_000_000
    counts = stages.Counter({(9, "decode"): 1, (10, "decode"): 2, (11, "encode"): 3, (12, "encode"): 4})
    found = stages.within(counts, 10 * tenth, 12 * tenth)
    assert (found["decode"], found["encode"], sum(found.values())) == (2, 3, 5)
