"""The first page: graphs with rates, copies in one box, who waits for whom, folding and searching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.deployments import EXECUTORS, TROUBLED

pytestmark = pytest.mark.slow

Open = Callable[..., Any]


def test_each_component_is_a_box_onramps_left_and_offramps_right(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        boxes = page.locator("svg.graph .node")
        left = {box.get_attribute("data-node"): box.bounding_box()["x"] for box in boxes.all()}
    assert left["onramp:orders/clock"] < left["pipeline:orders/parse"] < left["pipeline:orders/enrich"]
    assert left["pipeline:orders/enrich"] < left["offramp:orders/out"] == left["offramp:orders/errors"]


def test_rates_stand_on_the_edges_and_move(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        rate = page.get_by_role("link", name="from onramp:orders/clock by port out")
        page.wait_for_function("() => /^[1-9]/.test(document.querySelector('.rate text').textContent)")
        assert "/s" in rate.text_content()
        assert page.locator("[data-from='onramp:orders/clock'] .pulse").count() == 1
        assert (
            page.locator(
                "[data-from='pipeline:orders/parse'][data-to='offramp:orders/errors'] .pulse"
            ).count()
            == 0
        )


def test_a_look_comes_each_second(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        looks = page.evaluate(
            """async () => {
              const { live } = await import('/static/live.js');
              const times = [];
              while (times.length < 4) {
                const seen = live.snapshot.at_ns;
                while (live.snapshot.at_ns === seen) await new Promise(requestAnimationFrame);
                times.push(performance.now());
              }
              return times.slice(1).map((time, index) => time - times[index]);
            }"""
        )
        assert all(300 < between < 3000 for between in looks), looks


def test_copies_are_one_box_with_their_number(large: Any, dashboard: Open) -> None:
    with dashboard(large) as it:
        page = it.open()
        page.get_by_role("button", name="fleet").click()
        boxes = page.get_by_label("Flow fleet", exact=True).locator(".node")
        boxes.first.wait_for()
        assert [box.locator(".badge").all_text_contents() for box in boxes.all()] == [
            ["\u00d764"],
            ["\u00d764"],
            [],
        ]


def test_what_crosses_between_executors_is_one_flow(engines: Any, dashboard: Open) -> None:
    with dashboard(engines(EXECUTORS)) as it:
        page = it.open()
        page.wait_for_function("() => /^[1-9]/.test(document.querySelector('.rate text').textContent)")
        boxes = page.locator(".node")
        assert [box.get_attribute("data-node") for box in boxes.all()] == [
            "onramp:shared/clock", "pipeline:shared/parse", "offramp:shared/out",
        ]  # fmt: skip
        assert page.locator(".edge").count() == 2
        assert page.locator(".waits").count() == 0
        assert "6 components" in page.locator(".fold").inner_text()


def test_five_hundred_components_begin_folded_and_are_found_by_searching(large: Any, dashboard: Open) -> None:
    with dashboard(large) as it:
        page = it.open()
        assert page.locator("svg.graph").count() == 0
        assert page.locator("section.flow").count() == 72

        page.get_by_placeholder("Search flows and components").fill("step-11")

        page.wait_for_function("() => document.querySelectorAll('section.flow').length === 1")
        assert page.locator(".flow-name").all_text_contents() == ["fan"]


def test_what_needs_a_look_is_picked_out(engines: Any, dashboard: Open) -> None:
    with dashboard(engines(TROUBLED)) as it:
        page = it.open()
        page.get_by_text("Only what needs a look (1)").click()
        page.wait_for_function("() => document.querySelectorAll('section.flow').length === 1")
        assert page.locator(".flow-name").all_text_contents() == ["away"]


def test_who_waits_for_whom_shows_on_the_edge_and_in_words(engines: Any, dashboard: Open) -> None:
    with dashboard(engines(TROUBLED)) as it:
        page = it.open()
        page.locator(
            ".edge.blocked[data-from='pipeline:away/parse'][data-to='offramp:away/elsewhere']"
        ).wait_for(state="attached")
        assert page.locator(".mailbox.full").count() >= 1
        told = " ".join(page.locator(".waits").inner_text().split())
        assert "parse waits for offramp:away/elsewhere" in told
        assert "elsewhere is connecting: tcp://127.0.0.1:1: cannot connect: Connection refused" in told


def test_nothing_moves_by_itself_where_that_is_not_wanted(small: Any, dashboard: Open) -> None:
    with dashboard(small, reduced_motion="reduce") as it:
        page = it.open()
        page.wait_for_function("() => document.querySelectorAll('.edge .pulse').length > 0")
        assert page.evaluate("document.getAnimations().length") == 0
