"""The dashboard without a mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
FOCUSED = "() => document.activeElement.dataset.node ?? document.activeElement.getAttribute('aria-label')"


def test_arrows_lead_along_the_graph_enter_opens_and_escape_comes_back(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        page.locator("[data-node='onramp:orders/clock']").focus()

        page.keyboard.press("ArrowRight")
        assert "from onramp:orders/clock by port out" in page.evaluate(FOCUSED)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(FOCUSED) == "pipeline:orders/parse"
        page.keyboard.press("Enter")

        page.locator("h1", has_text="pipeline:orders/parse").wait_for()
        assert page.evaluate("document.activeElement.tagName") == "H1"
        page.keyboard.press("Escape")

        page.locator("h1", has_text="Flows").wait_for()
        page.wait_for_function("() => document.activeElement.dataset.node === 'pipeline:orders/parse'")


def test_a_graph_is_one_stop_for_tab(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        assert page.locator("svg.graph [tabindex='0']").count() == 1
        seen = []
        for _ in range(20):
            page.keyboard.press("Tab")
            seen.append(page.evaluate("() => document.activeElement.textContent.trim().slice(0, 30)"))
            if page.evaluate("() => document.activeElement.closest('.flow-body .buttons') !== null"):
                break
        names = [
            "Skip to the content",
            "Aftershock",
            "Flows",
            "Components",
            "Charts",
            "Tree",
            "Logs",
            "Dead letters",
            "Tap",
        ]
        assert seen[: len(names)] == names
        assert seen[-1] == "Pause"


def test_what_has_the_focus_is_seen(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        for selector, style in [
            ("nav a >> nth=1", "outlineStyle"),
            (".fold", "outlineStyle"),
            (".toolbar button >> nth=0", "outlineStyle"),
        ]:
            page.locator(selector).focus()
            page.keyboard.press("Shift+Tab")
            page.keyboard.press("Tab")
            assert page.evaluate(f"getComputedStyle(document.activeElement).{style}") == "solid", selector
        box = page.locator("[data-node='onramp:orders/clock']")
        box.focus()
        assert box.locator(".box").evaluate("box => getComputedStyle(box).strokeWidth") == "2.5px"


def test_the_focus_stays_where_it_is_while_numbers_change(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        search = page.get_by_placeholder("Search flows and components")
        search.press_sequentially("ord")
        before = page.evaluate("async () => (await import('/static/live.js')).live.snapshot.at_ns")
        page.wait_for_function(
            "async before => (await import('/static/live.js')).live.snapshot.at_ns > before", arg=before
        )
        search.press("e")
        assert page.evaluate("() => document.activeElement.value") == "orde"


def test_the_tree_is_walked_with_arrows(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open("#/tree")
        page.get_by_role("treeitem", name="root").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_function("() => document.activeElement.dataset.path === 'root/flow:orders'")
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("() => document.activeElement.getAttribute('aria-expanded') === 'false'")
        assert page.get_by_role("treeitem").count() == 2
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelectorAll('[role=treeitem]').length === 7")
        page.keyboard.press("End")
        page.wait_for_function(
            "() => document.activeElement.dataset.path === 'root/flow:orders/onramp:orders|clock'"
        )
        page.keyboard.press("Enter")
        page.locator("h1", has_text="onramp:orders/clock").wait_for()


def test_all_that_can_be_used_has_a_name(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        for where in (
            "flows",
            "components",
            "charts",
            "tree",
            "logs",
            "letters",
            "tap",
            "component/pipeline%3Aorders%2Fparse",
        ):
            it.go(f"#/{where}")
            nameless = page.evaluate(
                """() => [...document.querySelectorAll('a, button, input, select, [tabindex="0"]')]
                  .filter((each) => !each.closest('label'))
                  .filter((each) => !(each.getAttribute('aria-label') || each.textContent.trim()))
                  .map((each) => each.outerHTML.slice(0, 120))"""
            )
            assert nameless == [], where
