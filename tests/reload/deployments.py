"""Small deployments by chance, from few names and few variants of each: so two of them have much in common."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Tables = dict[str, Any]

_ONRAMPS = ({"type": "memory"}, {"type": "memory", "capacity": 200}, {"type": "memory", "batch_max": 7})
_OFFRAMPS = (
    {"type": "memory"},
    {"type": "memory", "mailbox_events": 50},
    {"type": "memory", "shutdown_timeout": "4s"},
    {"type": "blackhole"},
)
_QUERY = """
define tumbling window few with size = 4 end;
select { "all": aggr::win::collect_flattened(event) } from in[few] into out;
"""
_SCRIPT = 'match event of case %{ absent id } => emit event => "odd" default => event end'
_PIPELINES = (
    {"operators": [{"type": "set", "fields": {"x": 1}}]},
    {"operators": [{"type": "set", "fields": {"x": 2}}]},
    {"operators": [{"type": "counter"}]},
    {"operators": [{"type": "batch", "count": 3}]},
    {"operators": [{"type": "batch", "count": 5, "timeout": "1s"}, {"type": "counter"}]},
    {"query": _QUERY},
    {"script": _SCRIPT},
    {"operators": [{"type": "backpressure", "timeout": "9s"}]},
)
_RESTARTS = ({}, {"strategy": "rest_for_one"}, {"strategy": "one_for_all", "max_restarts": 9})


@st.composite
def deployments(draw: st.DrawFn) -> Tables:
    """The tables of one. Every event reaches an offramp; ``err`` of an at-least-once flow is always linked."""
    onramps = {f"in{n}": dict(draw(st.sampled_from(_ONRAMPS))) for n in range(2)}
    pipelines = {f"p{n}": dict(draw(st.sampled_from(_PIPELINES))) for n in range(3)}
    offramps = {f"out{n}": dict(draw(st.sampled_from(_OFFRAMPS))) for n in range(3)}
    offramps["errors"] = {"type": "memory"}
    flows = {}
    for name in draw(st.sampled_from((["main"], ["main", "side"], ["side"]))):
        flows[name] = draw(_flows(pipelines))
    if draw(st.booleans()):
        # Nobody uses what no flow names, and it is only warned of.
        pipelines["p9"] = dict(_PIPELINES[0])
    supervisor = {"drain_timeout": draw(st.sampled_from(("20s", "30s")))}
    return {
        "supervisor": supervisor,
        "onramps": onramps,
        "pipelines": pipelines,
        "offramps": offramps,
        "flows": flows,
    }


@st.composite
def _flows(draw: st.DrawFn, pipelines: Tables) -> Tables:
    steps = draw(st.lists(st.sampled_from(sorted(pipelines)), unique=True, max_size=3))
    sources = draw(st.lists(st.sampled_from(["in0", "in1"]), unique=True, min_size=1))
    sinks = draw(st.lists(st.sampled_from(["out0", "out1", "out2"]), unique=True, min_size=1, max_size=2))
    links = [" -> ".join([sources[0], *steps, sinks[0]])]
    links += [f"{source} -> {(steps or sinks)[0]}" for source in sources[1:]]
    links += [f"{(steps or sources)[-1]} -> {sink}" for sink in sinks[1:]]
    for step in steps:
        extra = {"backpressure": "overflow", "script": "odd"}
        for word, port in extra.items():
            if word in str(pipelines[step]):
                links.append(f"{step}/{port} -> {draw(st.sampled_from(sinks))}")
    flow: Tables = {
        "links": links,
        "dead_letters": {"offramp": "errors"},
        "restart": dict(draw(st.sampled_from(_RESTARTS))),
    }
    if draw(st.booleans()) and "errors" not in sinks:
        flow["guarantee"] = "at-least-once"
    elif draw(st.integers(0, 3)) == 0:
        flow["when_closed"] = "drop"
    if draw(st.integers(0, 2)) == 0:
        flow["instances"] = draw(st.integers(2, 3))
        flow["shared"] = draw(
            st.sampled_from(([], [sinks[0], "errors"], [sources[0]], [sources[0], sinks[0], "errors"]))
        )
    return flow
