"""Dead letters, failures, stacks and logs of an engine whose pipeline fails while there is a file ``broken``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.conftest import Engine

pytestmark = pytest.mark.slow

Open = Callable[..., Any]

WORK = """
from pathlib import Path

def work(event):
    if Path("broken").exists():
        raise ValueError("<b>no</b>")
    return event
"""
DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:0"
dead_letters = "letters.db"
[onramps.clock]
type = "metronome"
interval = "100ms"
[pipelines.work]
python = "working:work"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["clock -> work -> out"]
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    (tmp_path / "working.py").write_text(WORK)
    (tmp_path / "broken").touch()
    engine = Engine(tmp_path, DEPLOYMENT)
    yield engine
    engine.kill()


def test_dead_letters_are_looked_at_replayed_and_deleted(
    engine: Engine, dashboard: Open, tmp_path: Path
) -> None:
    with dashboard(engine) as it:
        page = it.open("#/letters")
        page.locator(".letter").nth(2).wait_for()
        it.act("pause", "onramp:main/clock")
        (tmp_path / "broken").unlink()
        last = page.locator(".letter").last
        last.locator("summary").click()
        last.locator("pre", has_text='"ingest_ns"').or_(last.locator("pre", has_text="{")).first.wait_for()
        assert "<b>no</b>" in last.inner_text()

        page.get_by_label("Choose dead letter 1", exact=True).check()
        page.get_by_role("button", name="Replay 1").click()
        page.get_by_text("1 dead letter delivered.").wait_for()
        page.get_by_label("Choose dead letter 1", exact=True).wait_for(state="detached")

        page.get_by_label("Choose dead letter 2", exact=True).check()
        page.get_by_role("button", name="Delete 1").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.get_by_text("1 dead letter deleted.").wait_for()
        page.get_by_label("Choose dead letter 2", exact=True).wait_for(state="detached")


def test_a_component_shows_its_stack_and_its_log(engine: Engine, dashboard: Open) -> None:
    with dashboard(engine) as it:
        page = it.open("#/component/pipeline%3Amain%2Fwork")
        page.locator(".greenlet pre", has_text=".py:").first.wait_for()
        page.locator(".panel .log", has_text="Started").wait_for()


def test_a_flow_is_drained(engine: Engine, dashboard: Open) -> None:
    with dashboard(engine) as it:
        page = it.open("#/component/offramp%3Amain%2Fout")
        page.get_by_role("button", name="Drain offramp:main/out").click()
        page.locator("#said", has_text="Drained ").wait_for()
        page.locator(".lead .state-paused").first.wait_for()


def test_logs_come_as_they_are_written(engine: Engine, dashboard: Open) -> None:
    with dashboard(engine) as it:
        page = it.open("#/logs")
        page.locator(".log", has_text="Started").wait_for()
        it.act("pause", "offramp:main/out")
        page.locator(".log", has_text="Paused on request.").wait_for()
        page.get_by_placeholder("Search in what is shown").fill("Paused")
        page.wait_for_function("() => document.querySelectorAll('.log li').length === 1")


def test_events_of_an_edge_are_tapped(engine: Engine, dashboard: Open) -> None:
    with dashboard(engine) as it:
        page = it.open()
        page.get_by_role("link", name="from onramp:main/clock by port out").click()
        page.locator(".tapped li pre", has_text="ingest_ns").first.wait_for()
        page.get_by_role("button", name="Hold").click()
        page.get_by_placeholder("Filter").fill("this is no expression (")
        page.keyboard.press("Enter")
        page.locator(".page-tap [role=status]", has_text="expression").wait_for()
