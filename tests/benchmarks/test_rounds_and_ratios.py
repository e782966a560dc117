from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from rich.console import Console

from benchmarks.throughput.measurement import Measurement, measurement_of
from benchmarks.throughput.plot import Line, draw, lines_of
from benchmarks.throughput.process import RunFailed, Usage
from benchmarks.throughput.rounds import Results, Round, run_rounds
from benchmarks.throughput.tables import as_document, limit_ratios, show
from benchmarks.throughput.targets import TARGETS, Target, at_least, duels_of, evaluate, missed
from benchmarks.throughput.turns import Rate
from benchmarks.throughput.variants import Duel, Variant, variants_of

ONE, LIMIT, MANY = Variant("greenlets"), Variant("limit"), Variant("greenlets", 64)


def measured(mib_per_s: float) -> Measurement:
    return Measurement(mib_per_s * 1600, mib_per_s, 1.0, 50.0, 1.0, 0.5, 1.0, 2.0)


def results_of(*rounds: dict[Variant, float]) -> Results:
    asked = list(dict.fromkeys(variant for each in rounds for variant in each))
    alone = [{variant: measured(rate) for variant, rate in each.items()} for each in rounds]
    in_turns = [
        {duel: (Rate(each[duel.one]), Rate(each[duel.other])) for duel in duels_of(each)} for each in rounds
    ]
    return Results(asked, alone, in_turns)


def test_variants_are_measured_in_turns() -> None:
    order: list[Variant] = []

    def measure(variant: Variant, _earlier: Round) -> Measurement:
        order.append(variant)
        return measured(1.0)

    results = run_rounds([ONE, LIMIT, MANY], 2, measure)
    assert order == [ONE, LIMIT, MANY, ONE, LIMIT, MANY]
    assert [len(each) for each in results.rounds] == [3, 3]


def test_a_variant_is_told_what_its_round_has_shown_so_far() -> None:
    seen: list[int] = []

    def measure(_variant: Variant, earlier: Round) -> Measurement:
        seen.append(len(earlier))
        return measured(1.0)

    run_rounds([ONE, LIMIT], 2, measure)
    assert seen == [0, 1, 0, 1]


def test_one_that_fails_does_not_lose_the_others() -> None:
    def measure(variant: Variant, _earlier: Round) -> Measurement:
        if variant == LIMIT:
            raise RunFailed("no luck")
        return measured(1.0)

    results = run_rounds([ONE, LIMIT, MANY], 2, measure)
    assert [set(each) for each in results.rounds] == [{ONE, MANY}, {ONE, MANY}]
    assert [(failure.what, failure.why) for failure in results.failures] == [(LIMIT, "no luck")] * 2


def test_what_cannot_run_here_is_named_and_not_tried() -> None:
    results = run_rounds([ONE, MANY], 2, lambda _variant, _earlier: measured(1.0), refused={MANY: "not yet"})
    assert [set(each) for each in results.rounds] == [{ONE}, {ONE}]
    assert [(failure.what, failure.why) for failure in results.failures] == [(MANY, "not yet")]


def test_an_interruption_leaves_what_there_is() -> None:
    def measure(variant: Variant, _earlier: Round) -> Measurement:
        if variant == MANY:
            raise KeyboardInterrupt
        return measured(1.0)

    results = run_rounds([ONE, MANY], 2, measure)
    assert results.interrupted
    assert [set(each) for each in results.rounds] == [{ONE}]


def test_after_each_round_come_the_duels() -> None:
    order: list[Variant | Duel] = []
    duel = Duel(ONE, LIMIT)

    def measure(variant: Variant, _earlier: Round) -> Measurement:
        order.append(variant)
        return measured(1.0)

    def measure_in_turns(this: Duel) -> tuple[Rate, Rate]:
        order.append(this)
        return Rate(1.0), Rate(2.0)

    results = run_rounds([ONE, LIMIT], 2, measure, duels=[duel], measure_in_turns=measure_in_turns)
    assert order == [ONE, LIMIT, duel, ONE, LIMIT, duel]
    assert results.turns == [{duel: (Rate(1.0), Rate(2.0))}] * 2


def test_a_duel_that_fails_is_named_and_loses_nothing_else() -> None:
    def measure_in_turns(_duel: Duel) -> tuple[Rate, Rate]:
        raise RunFailed("no luck")

    results = run_rounds(
        [ONE], 1, lambda _variant, _earlier: measured(1.0), duels=[Duel(ONE, LIMIT)],
        measure_in_turns=measure_in_turns,
    )  # fmt: skip
    assert [set(each) for each in results.rounds] == [{ONE}]
    assert [(str(failure.what), failure.why) for failure in results.failures] == [
        ("greenlets 1:1:1 ujson and limit ujson in turns", "no luck")
    ]


def test_those_fight_that_a_ratio_holds_against_each_other() -> None:
    duels = duels_of(variants_of([1, 8, 64], ["greenlets"], [1, 2], ["ujson"]))
    assert {Duel(ONE, LIMIT), Duel(MANY, ONE), Duel(Variant("greenlets", 64, 2), MANY)} <= set(duels)
    assert not [duel for duel in duels if Variant("greenlets", 8) in (duel.one, duel.other)]
    assert duels_of([ONE]) == []


def test_a_ratio_is_of_rates_in_turns_and_a_latency_of_who_ran_alone() -> None:
    results = results_of({ONE: 50, LIMIT: 100, MANY: 10})
    results.turns = [{Duel(ONE, LIMIT): (Rate(90.0), Rate(100.0))}]
    values = {figure.target.name: figure.values for figure in evaluate(results)}
    assert values["limit_ratio"] == [0.9]
    assert values["flat_64"] == []
    assert values["p99_ms_64"] == [1.0]
    assert as_document(results, evaluate(results), {})["turns"] == [
        [{"variants": ["greenlets 1:1:1 ujson", "limit ujson"], "mib_per_s": [90.0, 100.0]}]
    ]


def test_ratios_are_those_of_one_round_and_the_median_is_over_the_rounds() -> None:
    results = results_of({ONE: 80, LIMIT: 100}, {ONE: 45, LIMIT: 50}, {ONE: 10, LIMIT: 100}, {ONE: 70})
    assert limit_ratios(results, ONE) == [0.8, 0.9, 0.1]
    figures = {figure.target.name: figure for figure in evaluate(results)}
    assert figures["limit_ratio"].values == [0.8, 0.9, 0.1]
    assert figures["limit_ratio"].median == 0.8
    assert figures["limit_ratio"].verdict == "MISSED"


def test_what_was_asked_and_failed_is_missed_and_what_was_not_asked_is_not() -> None:
    results = results_of({ONE: 90, LIMIT: 100})
    results.asked.append(MANY)
    figures = evaluate(results)
    verdicts = {figure.target.name: figure.verdict for figure in figures}
    assert verdicts["limit_ratio"] == "met"
    assert verdicts["flat_64"] == "failed"
    assert verdicts["flat_1024"] == "not asked"
    assert missed(figures) == ["flat_64", "memory_mib_64", "memory_growth"]


def test_a_bound_is_kept_by_what_is_on_it_where_it_says_so() -> None:
    target = Target("same", (ONE,), lambda run: run.mib_per_s, at_least(2.0))
    assert missed(evaluate(results_of({ONE: 2.0}), [target])) == []
    assert missed(evaluate(results_of({ONE: 1.9}), [target])) == ["same"]


def test_every_figure_that_is_promised_can_be_measured_by_the_default_command_line() -> None:
    asked = variants_of(
        [1, 2, 64, 1024], ["greenlets", "threads", "threads-batch"], [1, 2], ["ujson", "orjson"]
    )
    assert len(asked) == len(set(asked))
    assert {variant for target in TARGETS for variant in target.needs} <= set(asked)
    assert {
        "limit_ratio", "limit_ratio_orjson", "limit_ratio_routing", "limit_ratio_routing_orjson", "flat_64",
        "flat_1024", "executors_2", "threads_64", "limit_ratio_executors_2_orjson", "p99_ms_64",
        "p99_ms_at_10_percent", "memory_mib_64", "memory_growth",
    } <= {target.name for target in TARGETS}  # fmt: skip


def test_a_part_of_the_load_comes_after_the_whole_and_each_limit_before_what_is_held_against_it() -> None:
    asked = variants_of([1, 2, 64], ["greenlets", "threads"], [1, 2], ["ujson", "orjson"])
    assert asked.index(Variant("greenlets", 64, load=0.1)) > asked.index(MANY)
    for variant in asked:
        assert variant.is_limit or asked.index(variant.limit) < asked.index(variant)


def test_copies_add_their_rates_and_mix_their_latencies() -> None:
    figures = [
        {
            "events": 100, "bytes": 2**20, "seconds": seconds, "began_ns": 0, "ended_ns": 10**9,
            "latencies_ns": {"counts": {str(latency): 100}},
        }
        for seconds, latency in ((1.0, 1_000_000), (2.0, 64_000_000))
    ]  # fmt: skip
    both = measurement_of(figures, Usage())
    assert both.events_per_s == 150
    assert both.mib_per_s == 1.5
    assert both.p50_ms == pytest.approx(1.0, rel=0.02)
    assert both.p99_ms == pytest.approx(64.0, rel=0.02)


def test_nothing_measured_is_a_failure_and_no_figure() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        measurement_of([{"events": 0, "bytes": 0, "seconds": 1.0, "began_ns": 0, "ended_ns": 1}], Usage())


def test_the_document_has_the_ratios_on_top_and_is_json() -> None:
    results = results_of({ONE: 90, LIMIT: 100, MANY: 60})
    figures = evaluate(results)
    document = json.loads(json.dumps(as_document(results, figures, {"seconds": 1})))
    assert document["limit_ratio"] == 0.9
    assert document["flat_1024"] is None
    assert document["missed"] == ["flat_64"]
    rows = {(row["kind"], row["pipelines"]): row for row in document["mib_per_s"]}
    assert rows["greenlets", 64]["shape"] == "64:64:1"
    assert rows["greenlets", 64]["of_limit"] == 0.6


def test_the_tables_show_everything_with_one_round_or_many() -> None:
    results = results_of({ONE: 90, LIMIT: 100}, {ONE: 80, LIMIT: 100})
    console = Console(record=True, width=200, quiet=False, file=None, stderr=True)
    show(console, results, evaluate(results))
    text = console.export_text()
    assert "85.0 (80.0-90.0)" in text
    assert "0.850 (0.800-0.900)" in text


def test_the_graph_is_svg_with_a_line_for_each_scheduler() -> None:
    rates = {ONE: 90.0, MANY: 85.0, Variant("threads"): 30.0, Variant("threads", 64): 10.0, LIMIT: 100.0}
    lines = lines_of(results_of(rates))
    assert [line.name for line in lines] == ["greenlets, ujson", "threads, per event, ujson"]
    assert lines[0].points == [(1, 90.0), (64, 85.0)]
    root = ElementTree.fromstring(draw(lines))
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"pipelines", "MiB/s", "1", "64", "greenlets, ujson"} <= texts


def test_the_graph_of_one_point_is_drawn_and_that_of_none_refused() -> None:
    assert "<circle" in draw([Line("one", [(64, 3.0)])])
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([])
