"""What the dashboard costs: 64 flows under full load, with a page open in a headless browser and without, in turns.

    python -m benchmarks.dashboard [--flows N] [--seconds N] [--rounds N] [--opens N] [--json FILE] [--no-targets]

All is measured in one run of one engine: for some seconds nobody looks, then a page is open for as many, and so on; a
ratio is that of two neighbours. Then the page is opened several times, and the looks that it gets are timed. At last
all flows are paused, and the same turns show how much of a core the engine spends on a page: what others do on the
machine disturbs that much less than a rate. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.throughput.events import make_lines
from benchmarks.throughput.flow import command, deployment_text, write_deployment
from benchmarks.throughput.process import RunFailed
from benchmarks.throughput.variants import Variant

MOST_COST = 0.03
MOST_OPEN_SECONDS = 1.0
LOOK_SECONDS = (0.9, 1.15)
_START_SECONDS = 60.0
_WARM_UP_SECONDS = 4.0
# Opening a page has its own figure.
_SETTLED_SECONDS = 1.5
_TICKS = os.sysconf("SC_CLK_TCK")

# When the first flow stands on the page, and when each look at the engine came.
_OBSERVER = """
addEventListener('DOMContentLoaded', () => {
  new MutationObserver((_, observer) => {
    if (document.querySelector('section.flow')) {
      window.firstFlow = performance.now();
      observer.disconnect();
    }
  }).observe(document.body, { childList: true, subtree: true });
});
"""
_LOOKS = """
async (count) => {
  const { live } = await import('/static/live.js');
  const times = [];
  let seen = null;
  while (times.length < count) {
    await new Promise(requestAnimationFrame);
    if (live.snapshot.at_ns === seen) continue;
    seen = live.snapshot.at_ns;
    times.push(performance.now());
  }
  return times;
}
"""


@dataclass(frozen=True)
class Window:
    """What the engine did in some seconds."""

    events_per_s: float
    events_per_cpu_s: float
    """For a second of the engine's CPU time: what others do on the machine meanwhile counts less."""


class Engine:
    """The command with the flows, under load."""

    def __init__(self, directory: Path, flows: int) -> None:
        data = directory / "lines"
        data.write_bytes(b"\n".join(make_lines()) + b"\n")
        deployment = directory / "deployment"
        deployment.mkdir()
        file = write_deployment(deployment, deployment_of(flows), data)
        self._log = (directory / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(command(file), cwd=deployment, stdout=self._log, stderr=self._log)
        self.url = self._wait_for_url()

    def _wait_for_url(self) -> str:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self._log.seek(0)
            said = self._log.read()
            found = re.search(r"The API listens on (http://\S+?)\.\s", said)
            if found:
                return found[1]
            if self.process.poll() is not None:
                raise RunFailed(f"the engine ended: {said[-1500:]}")
            time.sleep(0.1)
        raise RunFailed("the engine did not start in time")

    def watch(self, seconds: float) -> Window:
        """What it does in the next seconds. The two looks that this takes are in every window."""
        before, cpu_before = self._look(), self._cpu_seconds()
        time.sleep(seconds)
        after, cpu_after = self._look(), self._cpu_seconds()
        events = after[1] - before[1]
        return Window(events / (after[0] - before[0]), events / (cpu_after - cpu_before))

    def cores(self, seconds: float) -> float:
        """CPU seconds a second that it uses in the next seconds."""
        before, began = self._cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        return (self._cpu_seconds() - before) / (time.monotonic() - began)

    def pause(self) -> None:
        """Every flow."""
        with urllib.request.urlopen(f"{self.url}/api/v1/flows", timeout=30.0) as answer:
            flows = [flow["name"] for flow in json.load(answer)]
        for flow in flows:
            request = urllib.request.Request(
                f"{self.url}/api/v1/actions",
                json.dumps({"action": "pause", "target": f"flow:{flow}"}).encode(),
                {"Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=30.0).close()

    def _look(self) -> tuple[float, int]:
        with urllib.request.urlopen(f"{self.url}/api/v1/deployment", timeout=10.0) as answer:
            seen = json.load(answer)
        return seen["at_ns"] / 1e9, sum(component["written"] for component in seen["components"])

    def _cpu_seconds(self) -> float:
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


def deployment_of(flows: int) -> str:
    """The TOML file: as many flows as asked for, each with an onramp, a pipeline and an offramp."""
    one, _, _ = deployment_text(Variant("greenlets"), offramp='type = "blackhole"').partition("[flows.main]")
    links = '["load -> work -> out", "work/overflow -> out"]'
    return one.replace("[supervisor]", '[supervisor]\napi = "127.0.0.1:0"') + "\n".join(
        f"[flows.flow-{number:02}]\nlinks = {links}" for number in range(1, flows + 1)
    )


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        raise RunFailed("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def _open(browser: Any, url: str) -> Any:
    """A page in a new profile, as of somebody who was never here: nothing is cached."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.add_init_script(_OBSERVER)
    page.goto(url)
    page.wait_for_function("() => window.firstFlow !== undefined", timeout=30_000)
    return page


def measure(flows: int, seconds: float, rounds: int, opens: int, console: Console) -> dict[str, Any]:
    """The figures."""
    with tempfile.TemporaryDirectory(prefix="dashboard-") as name, _browser() as browser:
        engine = Engine(Path(name), flows)
        try:
            time.sleep(_WARM_UP_SECONDS)
            pairs: list[tuple[Window, Window]] = []
            for number in range(1, rounds + 1):
                alone = engine.watch(seconds)
                page = _open(browser, engine.url)
                time.sleep(_SETTLED_SECONDS)
                looked_at = engine.watch(seconds)
                page.context.close()
                pairs.append((alone, looked_at))
                console.print(
                    f"round {number} of {rounds}: {alone.events_per_s:,.0f} events/s alone, "
                    f"{looked_at.events_per_s:,.0f} with a page"
                )
            opened = []
            for _ in range(opens):
                page = _open(browser, engine.url)
                opened.append(page.evaluate("window.firstFlow") / 1000)
                if len(opened) < opens:
                    page.context.close()
            times = page.evaluate(_LOOKS, 12)
            components = page.evaluate(
                "async () => (await import('/static/live.js')).live.snapshot.components.length"
            )
            page.context.close()
            engine.pause()
            cores = []
            for _ in range(rounds):
                alone_cores = engine.cores(seconds)
                page = _open(browser, engine.url)
                time.sleep(_SETTLED_SECONDS)
                cores.append(engine.cores(seconds) - alone_cores)
                page.context.close()
        finally:
            engine.close()
    return figures(pairs, opened, times, cores) | {"flows": flows, "components": components}


def figures(
    pairs: list[tuple[Window, Window]], opened: list[float], looks_ms: list[float], cores: list[float]
) -> dict[str, Any]:
    """Medians; costs are parts of what the engine did in the window before."""
    between = [(after - before) / 1000 for before, after in pairwise(looks_ms)]
    cost = [1 - looked.events_per_s / alone.events_per_s for alone, looked in pairs]
    cost_per_cpu = [1 - looked.events_per_cpu_s / alone.events_per_cpu_s for alone, looked in pairs]
    return {
        "events_per_s": statistics.median(alone.events_per_s for alone, _ in pairs),
        "cost": statistics.median(cost),
        "cost_least": min(cost),
        "cost_most": max(cost),
        "cost_per_cpu": statistics.median(cost_per_cpu),
        "cost_per_cpu_least": min(cost_per_cpu),
        "cost_per_cpu_most": max(cost_per_cpu),
        "cores": statistics.median(cores),
        "cores_least": min(cores),
        "cores_most": max(cores),
        "open_seconds": statistics.median(opened),
        "open_seconds_most": max(opened),
        "look_seconds": statistics.median(between),
        "look_seconds_most": max(between),
    }


def show(console: Console, found: dict[str, Any]) -> None:
    """Print the table."""
    table = Table("measure", title=f"{found['flows']} flows, {found['components']} components")
    for name in ("median", "least", "most"):
        table.add_column(name, justify="right")
    table.add_row("events/s alone", f"{found['events_per_s']:,.0f}", "", "")
    for name, title in (
        ("cost", "cost in events/s"),
        ("cost_per_cpu", "cost in events per CPU second of the engine"),
        ("cores", "of a core, spent on a page"),
    ):
        table.add_row(title, *(f"{found[name + each]:.1%}" for each in ("", "_least", "_most")))
    table.add_row("seconds to open", f"{found['open_seconds']:.2f}", "", f"{found['open_seconds_most']:.2f}")
    table.add_row(
        "seconds between looks", f"{found['look_seconds']:.2f}", "", f"{found['look_seconds_most']:.2f}"
    )
    console.print(table)


def missed(found: dict[str, Any]) -> list[str]:
    """The targets that were not met, a sentence each."""
    least, most = LOOK_SECONDS
    return [
        sentence
        for is_met, sentence in (
            (found["cores"] < MOST_COST, f"it costs more than {MOST_COST:.0%}"),
            (
                found["open_seconds"] < MOST_OPEN_SECONDS,
                f"it takes longer than {MOST_OPEN_SECONDS:.0f} s to open",
            ),
            (least <= found["look_seconds"] <= most, "it is not updated each second"),
        )
        if not is_met
    ]


def main() -> int:
    """Measure, print, write; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--flows", type=int, default=64, help="of three components each (default 64)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each window (default 5)")
    parser.add_argument("--rounds", type=int, default=12, help="pairs of windows (default 12)")
    parser.add_argument("--opens", type=int, default=10, help="how often the page is opened (default 10)")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--no-targets", action="store_true", help="exit code 0 whatever comes out")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120)
    found = measure(options.flows, options.seconds, options.rounds, options.opens, console)
    show(console, found)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    faults = missed(found)
    for fault in faults:
        console.print(f"[bold red]Missed:[/bold red] {fault}")
    return 1 if faults and not options.no_targets else 0


if __name__ == "__main__":
    sys.exit(main())
