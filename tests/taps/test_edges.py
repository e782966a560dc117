"""The names of edges, and where they are in a deployment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.deployment.plan import Plan
from supervisor.deployment.running import plan_source
from supervisor.taps.edge import BadEdge, Place, parse_edge


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_source(
        {
            "onramps": {"in": {"type": "memory"}},
            "pipelines": {"parse": {"operators": [{"type": "counter"}]}},
            "offramps": {"out": {"type": "memory"}},
            "flows": {"main": {"instances": 2, "links": ["in -> parse -> out"]}},
        }
    )


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("pipeline:main#1/parse", [("pipeline:main#1/parse", False, "out")]),
        ("main#2/parse/err", [("pipeline:main#2/parse", False, "err")]),
        ("> main#2/parse", [("pipeline:main#2/parse", True, "")]),
        (">main#2/parse/in", [("pipeline:main#2/parse", True, "in")]),
        ("main/parse", [("pipeline:main#1/parse", False, "out"), ("pipeline:main#2/parse", False, "out")]),
        ("onramp:main/in", [("onramp:main#1/in", False, "out"), ("onramp:main#2/in", False, "out")]),
        ("offramp:main#1/out", [("offramp:main#1/out", True, "")]),
        ("offramp:main#1/out/err", [("offramp:main#1/out", False, "err")]),
    ],
)
def test_an_edge_is_where_its_name_says(plan: Plan, text: str, places: list[Place]) -> None:
    edge = parse_edge(text)

    assert edge.places(plan.components()) == places
    assert edge.why_absent(plan.components()) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pipeline:main/pasre", "there is no component called 'pipeline:main/pasre' now; did you mean"),
        ("main#3/parse", "there is no component called 'main#3/parse' now; did you mean 'main#"),
        ("> onramp:main/in", "to onramp:main#1/in come bytes, no events"),
        ("pipeline:main/parse/nix", "pipeline:main#1/parse has no port 'nix' now; it has out, err"),
        ("> pipeline:main/parse/out", "pipeline:main#1/parse has no port 'out' now; it has in"),
    ],
)
def test_why_an_edge_is_not_there_is_told(plan: Plan, text: str, why: str) -> None:
    edge = parse_edge(text)

    assert edge.places(plan.components()) == []
    assert why in edge.why_absent(plan.components())


@pytest.mark.parametrize(
    "text", ["", "main", "nix:main/parse", "main/parse/out/more", "a/b\nc", "> ", "x" * 501]
)
def test_what_is_no_edge_is_refused_with_what_can_be_written(text: str) -> None:
    with pytest.raises(BadEdge, match=r"is no edge; write `pipeline:main/parse` for"):
        parse_edge(text)


@given(
    st.text(max_size=60) | st.from_regex(r"(> ?)?([a-z]+:)?[a-z]+(#[0-9]+)?/[a-z]+(/[a-z]+)?", fullmatch=True)
)
def test_any_text_is_refused_or_means_what_it_is_written_as(text: str) -> None:
    try:
        edge = parse_edge(text)
    except BadEdge:
        return
    assert parse_edge(str(edge)) == edge
