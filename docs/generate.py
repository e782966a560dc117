"""Writes what the documentation takes from the declarations of the code, so that neither can differ from the other.

    python docs/generate.py

It writes the whole of ``connectors.md``, ``commands.md``, ``metrics.md``, ``api-reference.md`` and
``language/reference.md``, and in ``deployment.md`` and ``testing-deployments.md`` the tables between
``<!-- keys: … -->`` and ``<!-- end -->``. A test says when this has to be run again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from api_page import api_reference
from command_page import commands
from pydantic import BaseModel
from table_cells import cell

import pipelines.language.aggregates
import pipelines.language.extractors  # noqa: F401 - both fill their tables
from pipelines.language.aggregates.aggregate import AGGREGATES, AggregateKind
from pipelines.language.dialect import DIALECTS
from pipelines.language.extractors.extractor import EXTRACTORS, Extractor
from pipelines.language.library.function import FUNCTIONS, Function
from pipelines.language.library.modules import MODULES, members
from pipelines.language.library.written import Written
from pipelines.registry import Component
from supervisor.cases.schema import (
    CaseTable,
    ExpectTable,
    FailureTable,
    InputTable,
    StepTable,
    TestFile,
)
from supervisor.deployment.describe import OptionDescription, describe_options
from supervisor.deployment.families import FAMILIES
from supervisor.deployment.schema import FlowTable, OfframpTable, OnrampTable, PipelineTable, SupervisorTable
from supervisor.deployment.toml_text import toml_value
from supervisor.observation.metrics import METRICS

__all__ = ["api_reference", "commands", "connectors", "deployment", "main", "metrics", "reference"]

DOCS = Path(__file__).parent

TABLES: dict[str, type[BaseModel]] = {
    "supervisor": SupervisorTable,
    "onramps": OnrampTable,
    "offramps": OfframpTable,
    "pipelines": PipelineTable,
    "flows": FlowTable,
}

TEST_TABLES: dict[str, type[BaseModel]] = {
    "file": TestFile,
    "cases": CaseTable,
    "input": InputTable,
    "expect": ExpectTable,
    "steps": StepTable,
    "failures": FailureTable,
}

HEAD = """\
# Components

All onramps, offramps, codecs, preprocessors, postprocessors and operators that come with Aftershock, and their options.
This page is generated from the same declarations that check a deployment's file and that `supervisor explain NAME`
prints. To change it, change those and run `python docs/generate.py`.

The keys that every onramp and every offramp takes besides (`codec`, `retry`, `mailbox_events`, …) are in
[deployment.md](deployment.md). How to write a component of your own is in [extending.md](extending.md).
"""

FAMILY_HEADS = {
    "onramps": "Bring events in. `type` in `[onramps.NAME]`.",
    "offramps": "Send events out. `type` in `[offramps.NAME]`.",
    "codecs": "Between the bytes of one frame and one value. `codec` of a ramp.",
    "preprocessors": "Between the bytes that an onramp reads and the frames that its codec gets. `preprocessors` of an "
    "onramp, in order.",
    "postprocessors": "Between what an offramp's codec gives and the bytes that are written. `postprocessors` of an "
    "offramp, in order.",
    "operators": "Steps of a pipeline. `type` in the tables of `operators` in `[pipelines.NAME]`, in order.",
}

RAMP_DEFAULTS = {
    "default_codec": "codec",
    "default_preprocessors": "preprocessors",
    "default_postprocessors": "postprocessors",
}


REFERENCE_HEAD = """\
# Reference of the language's library

All functions, extractors and aggregates of scripts and queries, each with an example that the tests run. This page is
generated from the tables that check and compile them; to change it, change those and run `python docs/generate.py`.

`use std::array;` on a line of its own brings the functions of a module: `array::len(x)`. `use std;` brings all of the
package: `std::array::len(x)`. Without any `use` the same function is `core::array::len(x)`.

In a signature, `?` marks an argument that may be left out, and `*` one that may be there any number of times. The type
`unsigned` is an integer that is not negative, `number` an integer or a float, `any` whatever there is. A wrong number
of arguments, or one of a wrong type, is an error: of the compiler where it can see it, otherwise of the event.
"""

EXTRACTORS_HEAD = """\
## Extractors

They stand in patterns: `case %{ line ~= re|user=(?P<user>\\w+)| }`. Only strings match.
"""

AGGREGATES_HEAD = """\
## Aggregates

They sum up a window's events, in the target of a `select` and behind its `having`. The values below are those for the
events 1, 2, 3 and 4.
"""


def reference() -> str:
    """The text of ``language/reference.md``."""
    parts = [REFERENCE_HEAD, _contents()]
    parts += [_module(path) for path in MODULES if members(path)]
    parts += [
        "## core::datetime\n\nTimes, which are nanoseconds since 1970 in UTC. There is no `use` for them.\n"
    ]
    parts += [_member("core::datetime", one) for one in FUNCTIONS.values() if not one.package]
    parts += [EXTRACTORS_HEAD, *(_extractor(one) for _, one in sorted(EXTRACTORS.items()))]
    parts += [AGGREGATES_HEAD, *(_aggregate(one) for one in AGGREGATES.values())]
    return "\n".join(parts)


def _contents() -> str:
    titles = ["::".join(path) for path in MODULES if members(path)]
    titles += ["core::datetime", "Extractors", "Aggregates"]
    return " · ".join(f"[{title}](#{title.lower().replace(':', '')})" for title in titles) + "\n"


def _module(path: tuple[str, ...]) -> str:
    name = "::".join(path)
    head = f"## {name}\n\n{MODULES[path]} `use {name};`\n"
    return "\n".join([head, *(_member(path[-1], member) for member in members(path))])


def _member(module: str, member: Function | Written) -> str:
    if isinstance(member, Written):
        signature = member.signature
    else:
        most = len(member.parameters) - member.variadic
        marks = ["" if place < member.required else "?" for place in range(most)] + ["*"] * member.variadic
        parameters = [
            f"{one.name}{mark}: {one.written}" for one, mark in zip(member.parameters, marks, strict=True)
        ]
        signature = f"{module}::{member.name}({', '.join(parameters)}) -> {member.result}"
    since = "" if member.dialect == next(iter(DIALECTS)) else f" Only in dialect {member.dialect}."
    example = member.example or ("", "")
    return _entry(signature, member.summary + since, [example[0], f"# {example[1]}"], "tremor")


def _extractor(extractor: type[Extractor]) -> str:
    text, string, result = extractor.example
    lines = [f"pattern   ~ {extractor.name}|{text}|", f"string    {string}", f"result    {result}"]
    return _entry(extractor.name, extractor.summary, lines, "text")


def _aggregate(kind: AggregateKind) -> str:
    counts = f"{kind.least}" if kind.least == kind.most else f"{kind.least} or {kind.most}"
    summary = f"{kind.summary} Arguments: {counts}."
    return _entry(
        f"aggr::{kind.module}::{kind.name}", summary, [kind.example[0], f"# {kind.example[1]}"], "tremor"
    )


def _entry(title: str, summary: str, lines: Iterable[str], language: str) -> str:
    return "\n".join([f"### `{title}`", "", summary, "", f"```{language}", *lines, "```", ""])


def connectors() -> str:
    """The text of ``connectors.md``: components of this distribution only, whatever else is installed."""
    parts = [HEAD]
    for family, registry in FAMILIES.items():
        members = [
            member
            for member in registry.members()
            if member.__module__.split(".")[0] in ("pipelines", "ramps")
        ]
        links = " · ".join(f"[{member.name}](#{_anchor(registry.family, member)})" for member in members)
        parts.append(f"## {family.capitalize()}\n\n{FAMILY_HEADS[family]}\n\n{links}\n")
        parts += [_component(registry.family, member) for member in members]
    return "\n".join(parts)


def deployment(text: str) -> str:
    """``deployment.md``, or ``testing-deployments.md``, with its tables of keys as they ought to be."""

    def table(match: re.Match[str]) -> str:
        model = (TABLES | TEST_TABLES)[match[2]]
        return f"{match[1]}\n{_table(describe_options(model), 'key')}\n{match[3]}"

    return re.sub(r"(<!-- keys: (\w+) -->)\n.*?(<!-- end -->)", table, text, flags=re.DOTALL)


def _anchor(family: str, member: type[Component]) -> str:
    return f"{family}-{member.name}"


def _component(family: str, member: type[Component]) -> str:
    lines = [f"### {family} `{member.name}`", "", member.summary, ""]
    defaults = [
        f"`{key} = {toml_value(list(value) if isinstance(value, tuple) else value)}`"
        for attribute, key in RAMP_DEFAULTS.items()
        if (value := getattr(member, attribute, None)) is not None and getattr(member, "encodes", True)
    ]
    if defaults:
        lines += [f"Without these keys: {', '.join(defaults)}.", ""]
    options = describe_options(member.Options)
    lines += [_table(options, "option"), ""] if options else ["It has no options of its own.", ""]
    lines += ["```toml", textwrap.dedent(member.example).strip("\n"), "```", ""]
    return "\n".join(lines)


def _table(options: Iterable[OptionDescription], head: str) -> str:
    rows = [f"| {head} | type | default | |", "|---|---|---|---|"]
    for option in options:
        default = option.obligation or (f"`{option.default}`" if option.default else "")
        rows.append(
            f"| `{option.name}` | {cell(option.type)} | {cell(default)} | {cell(option.description)} |"
        )
    return "\n".join(rows)


METRICS_HEAD = """\
# Metrics

`GET /metrics` of the [HTTP API](api.md) answers them as text for Prometheus, or as OpenMetrics to who asks for that,
where `[supervisor] api` says that there is one:

```text
scrape_configs:
  - job_name: aftershock
    static_configs: [{ targets: ["127.0.0.1:9898"] }]
```

With a `token`, give it to Prometheus as `authorization: { credentials_file: … }`. All are made from one look at what
the components count anyway: no event costs anything for them. Counters only grow, over restarts of their component;
those of an executor begin anew when it does. `executor` is `0` in the command's own process.

## OpenTelemetry

The same metrics can be pushed to a collector by OpenTelemetry's protocol over HTTP (`pip install "aftershock[otlp]"`):

```text
[supervisor]
otlp = "http://127.0.0.1:4318"
```

or, with more, `otlp = { endpoint = "https://otlp.example.org", every = "30s", headers = { x-key = { env = "KEY" } } }`.
They are pushed every ten seconds, and once more at the end of `supervisor run`, by a thread that nobody waits for.
Names are those below without `_total`; counters are cumulative. A push that fails is told once, and costs no event;
what is missed is in the next one; `timeout` (5 s) bounds each. In a program,
`supervisor.observation.push.open_push(deployment)` has a `start` and a `stop`.

## All metrics

This page is generated from `supervisor/observation/metrics.py`; to change it, change that and run
`python docs/generate.py`.

| metric | kind | labels | meaning |
|---|---|---|---|
"""


def metrics() -> str:
    """The page of metrics."""
    rows = []
    for metric in METRICS:
        name = metric.name + ("_total" if metric.kind == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        rows.append(f"| `{name}` | {metric.kind} | {labels} | {metric.help} |\n")
    return METRICS_HEAD + "".join(rows)


def main() -> None:
    """Bring the pages up to date."""
    (DOCS / "metrics.md").write_text(metrics(), encoding="utf-8")
    (DOCS / "commands.md").write_text(commands(), encoding="utf-8")
    (DOCS / "api-reference.md").write_text(api_reference(), encoding="utf-8")
    (DOCS / "connectors.md").write_text(connectors(), encoding="utf-8")
    (DOCS / "language").mkdir(exist_ok=True)
    (DOCS / "language" / "reference.md").write_text(reference(), encoding="utf-8")
    for page in (DOCS / "deployment.md", DOCS / "testing-deployments.md"):
        page.write_text(deployment(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
