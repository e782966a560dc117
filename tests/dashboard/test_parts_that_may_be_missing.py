"""Logs, stacks, taps and dead letters: what the API answers is shown, and what it does not know is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]
HOSTILE = "<img src=x onerror=\"document.title='broken into'\">"


def answer(page: Any, pattern: str, document: Any, status: int = 200) -> None:
    page.route(pattern, lambda route: route.fulfill(
        status=status, content_type="application/json", body=json.dumps(document)
    ))  # fmt: skip


def stream(page: Any, pattern: str, *events: tuple[str, Any]) -> None:
    body = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    page.route(
        pattern,
        lambda route: route.fulfill(status=200, content_type="text/event-stream", body=":\n\n" + body),
    )


def test_what_the_engine_does_not_know_is_said(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.page
        for path in ("logs**", "dead-letters**", "tap**"):
            answer(page, f"**/api/v1/{path}", {"detail": "there is nothing"}, 404)
        it.open()
        for where in ("logs", "letters", "tap/onramp%3Aorders%2Fclock"):
            it.go(f"#/{where}")
            page.get_by_text("Not available in this version of the engine.").first.wait_for()


def test_log_records_are_text_and_nothing_else(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.page
        record = {"id": 1, "time": "2026-11-27T08:00:00Z", "level": "error", "component": "pipeline:orders/parse",
                  "message": HOSTILE, "fields": {"n": 1}, "executor": 0}  # fmt: skip
        answer(page, "**/api/v1/logs?**", [record])
        stream(page, "**/api/v1/logs/stream**", ("log", {**record, "id": 2, "message": "the next"}))
        it.open("#/logs")
        page.get_by_text("the next").wait_for()
        assert HOSTILE in page.locator(".log").inner_text()
        assert page.locator(".log img").count() == 0
        assert "broken into" not in page.title()


def test_tapped_events_are_shown(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.page
        stream(
            page,
            "**/api/v1/tap?**",
            ("event", {"at_ns": 1, "edge": "e", "value": {"n": HOSTILE}, "meta": None}),
            ("missed", {"count": 12}),
        )
        it.open("#/flows")
        page.get_by_role("link", name="from onramp:orders/clock by port out").click()
        page.locator(".tapped").get_by_text("broken into").wait_for()
        page.get_by_text("12 events passed unseen").wait_for()
        assert page.locator(".tapped img").count() == 0
