"""``supervisor show`` and ``supervisor graph``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import Result

Run = Callable[..., Result]

FAN = """
[onramps.tick]
type = "metronome"
interval = "1s"
[onramps.one]
type = "stdin"
[offramps."out"]
type = "stdout"
[offramps.log]
type = "stderr"
[flows."a-1"]
links = ["tick -> out", "out/err -> log"]
instances = 64
shared = ["out", "log"]
[flows.b]
links = ["one -> out", "one/err -> log"]
"""


@pytest.fixture
def fan(tmp_path: Path) -> str:
    (tmp_path / "fan.toml").write_text(FAN)
    return "fan.toml"


def test_what_is_shown_passes_the_check_itself(run: Run, fan: str, tmp_path: Path) -> None:
    shown = run("show", fan)
    assert shown.exit_code == 0
    (tmp_path / "shown.toml").write_text(shown.stdout)
    assert run("check", "shown.toml").exit_code == 0
    assert run("show", "shown.toml").stdout == shown.stdout


def test_shown_as_json_every_copy_is_there(run: Run, fan: str) -> None:
    flows = json.loads(run("show", fan, "--json").stdout)["flows"]
    assert [len(flow["components"]) for flow in flows] == [66, 3]


@pytest.mark.parametrize("command", ["show", "graph"])
def test_a_bad_file_is_refused_with_all_its_problems(run: Run, bad: str, command: str) -> None:
    result = run(command, bad)
    assert result.exit_code == 3
    assert result.stdout == ""
    assert "unknown-codec" in result.stderr


def test_mermaid_has_each_component_and_each_link_once(run: Run, fan: str) -> None:
    text = run("graph", fan).stdout
    assert text.startswith("flowchart LR\n")
    assert text.count(":::onramp") == 2
    assert text.count("-->") == 4
    assert text.count('-->|"err"|') == 2
    assert "tick \N{MULTIPLICATION SIGN}64" in text


def test_dot_has_each_component_and_each_link_once(run: Run, fan: str) -> None:
    text = run("graph", fan, "--format", "dot").stdout
    assert text.startswith("digraph")
    assert text.count("{") == text.count("}")
    assert text.count(" -> ") == 4
    assert text.count("fillcolor") == 6


def svg(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each component in the coordinates of its flow's frame."""
    found = []
    for rectangle in root.iter("{http://www.w3.org/2000/svg}rect"):
        if (rectangle.get("class") or "").startswith("box "):
            x, y, width, height = (float(rectangle.get(key) or 0) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


def test_svg_is_well_formed_and_has_each_component_and_link(run: Run, fan: str) -> None:
    root = svg(run("graph", fan, "--format", "svg").stdout)
    assert len(boxes(root)) == 6
    paths = [path for path in root.iter("{http://www.w3.org/2000/svg}path") if path.get("class") == "arrow"]
    assert len(paths) == 4


def test_svg_boxes_of_a_flow_do_not_overlap(run: Run, tmp_path: Path) -> None:
    offramps = "".join(f'[offramps.o{number}]\ntype = "blackhole"\n' for number in range(8))
    links = ", ".join(f'"in -> o{number}"' for number in range(8)) + ', "o1/err -> o2", "o2/err -> o7"'
    (tmp_path / "config.toml").write_text(
        f'[onramps.in]\ntype = "stdin"\n{offramps}[flows.f]\nlinks = [{links}]\n'
    )
    placed = boxes(svg(run("graph", "--format", "svg").stdout))
    assert len(placed) == 9
    for index, (left, top, right, bottom) in enumerate(placed):
        for other_left, other_top, other_right, other_bottom in placed[index + 1 :]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top


def test_svg_arrows_lead_to_the_right(run: Run, fan: str) -> None:
    for path in svg(run("graph", fan, "--format", "svg").stdout).iter("{http://www.w3.org/2000/svg}path"):
        if path.get("class") == "arrow":
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path.get("d") or "")]
            assert numbers[-1] > numbers[0]


def points(path: str) -> list[tuple[float, float]]:
    """Where an arrow made of M, H and C passes, closely enough to see what it crosses."""
    found: list[tuple[float, float]] = []
    for command, text in re.findall(r"([MHC])([^MHC]*)", path):
        numbers = [float(number) for number in text.split()]
        if command == "M":
            found.append((numbers[0], numbers[1]))
        elif command == "H":
            x, y = found[-1]
            found += [(x + (numbers[0] - x) * step / 20, y) for step in range(1, 21)]
        else:
            corners = [found[-1], *zip(numbers[::2], numbers[1::2], strict=True)]
            for t in (step / 40 for step in range(1, 41)):
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                x, y = (
                    sum(weight * corner[axis] for weight, corner in zip(weights, corners, strict=True))
                    for axis in (0, 1)
                )
                found.append((x, y))
    return found


TANGLED = """
[onramps.in]
type = "stdin"
[pipelines.first]
operators = [{ type = "bucket", rate = 10 }]
[pipelines.with-a-name-that-is-much-longer-than-those-of-the-others]
operators = [{ type = "roundrobin", outputs = ["a", "b"] }]
[offramps.out]
type = "stdout"
[offramps.errors]
type = "stderr"
[flows.f]
links = [
  "in -> first -> with-a-name-that-is-much-longer-than-those-of-the-others",
  "with-a-name-that-is-much-longer-than-those-of-the-others/a -> out",
  "with-a-name-that-is-much-longer-than-those-of-the-others/b -> out",
  "in -> out",
  "first/overflow -> out",
  "first/err -> errors",
]
"""


def test_no_arrow_of_an_svg_crosses_a_box(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(TANGLED)
    root = svg(run("graph", "--format", "svg").stdout)
    placed = boxes(root)
    for path in root.iter("{http://www.w3.org/2000/svg}path"):
        if path.get("class") == "arrow":
            for x, y in points(path.get("d") or ""):
                assert not any(
                    left < x < right and top < y < bottom for left, top, right, bottom in placed
                ), path.get("d")


def test_links_between_the_same_two_boxes_are_one_arrow_of_an_svg_that_names_all_ports(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(TANGLED)
    root = svg(run("graph", "--format", "svg").stdout)
    labels = [
        text.text for text in root.iter("{http://www.w3.org/2000/svg}text") if text.get("class") == "port"
    ]
    assert sorted(filter(None, labels)) == ["a, b", "err", "overflow"]


def test_a_graph_is_written_to_a_file(run: Run, fan: str, tmp_path: Path) -> None:
    assert run("graph", fan, "-o", "flow.md").exit_code == 0
    assert (tmp_path / "flow.md").read_text().startswith("flowchart")


def test_a_graph_that_cannot_be_written_is_a_usage_error(run: Run, fan: str) -> None:
    result = run("graph", fan, "-o", "nowhere/flow.md")
    assert result.exit_code == 2
    assert "nowhere/flow.md cannot be written" in result.stderr


def test_a_drawing_says_in_which_executors_things_run(run: Run, fan: str, tmp_path: Path) -> None:
    (tmp_path / "fan.toml").write_text("[supervisor]\nexecutors = 2\n" + FAN)
    mermaid = run("graph", fan).stdout
    assert "a-1 · executor" in mermaid
    assert "b · executor 1" in mermaid
    flows = json.loads(run("graph", fan, "--format", "json").stdout)
    assert [flow["name"] for flow in flows] == ["a-1", "b"]
    details = {box["name"]: box["detail"] for box in flows[0]["boxes"]}
    assert ("executor" in details["tick"]) != ("executor" in details["out"]), "the few say it, not the many"
    assert run("check", fan).stdout == "fan.toml: ok (2 flows, 69 components in 2 executors)\n"


def test_the_keys_of_executors_are_shown_so_that_an_equal_plan_comes_of_it(
    run: Run, fan: str, tmp_path: Path
) -> None:
    keys = '[supervisor]\nexecutors = 3\npin = true\nheartbeat_timeout = "3s"\n'
    text = FAN.replace("instances = 64", 'instances = "auto"')
    (tmp_path / "fan.toml").write_text(keys + text)
    shown = run("show", fan).stdout
    (tmp_path / "shown.toml").write_text(shown)
    assert run("show", "shown.toml", "--json").stdout == run("show", fan, "--json").stdout
    assert "instances = 3" in shown
    assert 'heartbeat_timeout = "3s"' in shown
