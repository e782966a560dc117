"""Pausing, resuming and restarting by the page's buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.deployments import READ_ONLY

pytestmark = pytest.mark.slow

Open = Callable[..., Any]
PARSE = "#/component/pipeline%3Aorders%2Fparse"


def test_a_component_is_paused_and_resumed(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open(PARSE)
        page.get_by_role("button", name="Pause pipeline:orders/parse").click()
        page.get_by_text("Paused pipeline:orders/parse.").wait_for()
        page.locator(".lead .state-paused").first.wait_for()

        page.get_by_role("button", name="Resume pipeline:orders/parse").click()

        page.locator(".lead .state-running").first.wait_for()


def test_a_restart_is_asked_about_first(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open(PARSE)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
        page.get_by_role("button", name="Restart pipeline:orders/parse").click()
        page.get_by_role("dialog", name="Restart pipeline:orders/parse?").wait_for()

        page.keyboard.press("Escape")

        page.get_by_role("dialog").wait_for(state="hidden")
        assert asked == []
        assert page.evaluate("location.hash") == PARSE

        page.get_by_role("button", name="Restart pipeline:orders/parse").click()
        page.get_by_role("dialog").get_by_role("button", name="Restart").click()

        page.get_by_text("Restarted pipeline:orders/parse.").wait_for()
        assert len(asked) == 1


def test_a_whole_flow_is_paused(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open()
        page.get_by_role("button", name="Pause flow:orders").click()
        page.get_by_text("Paused 5 components.").wait_for()
        page.get_by_role("button", name="Resume flow:orders").click()
        page.get_by_text("Resumed 5 components.").wait_for()


def test_what_the_engine_refuses_is_told(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.open(PARSE)
        page.route("**/api/v1/actions", lambda route: route.fulfill(
            status=409, content_type="application/problem+json", body='{"detail": "it does not start again"}'
        ))  # fmt: skip
        page.get_by_role("button", name="Pause pipeline:orders/parse").click()
        page.locator("#said.failed").get_by_text("it does not start again").wait_for()


def test_a_read_only_engine_shows_no_buttons_that_change_it(engines: Any, dashboard: Open) -> None:
    with dashboard(engines(READ_ONLY)) as it:
        with_plan = it.page.expect_response("**/api/v1/plan")
        with with_plan:
            page = it.open()
        page.locator("svg.graph").wait_for()
        it.go(PARSE)
        page.locator(".settings").wait_for()
        assert page.get_by_role("button", name="Pause").count() == 0
        assert page.get_by_role("button", name="Restart").count() == 0
