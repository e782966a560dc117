"""Writes what the documentation takes from the declarations of the code, so that neither can differ from the other.

    python docs/generate.py

It writes the whole of ``connectors.md``, and in ``deployment.md`` the tables between ``<!-- keys: … -->`` and
``<!-- end -->``. A test says when this has to be run again.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from pipelines.registry import Component
from supervisor.deployment.describe import OptionDescription, describe_options
from supervisor.deployment.families import FAMILIES
from supervisor.deployment.schema import FlowTable, OfframpTable, OnrampTable, PipelineTable, SupervisorTable
from supervisor.deployment.toml_text import toml_value

__all__ = ["connectors", "deployment", "main"]

DOCS = Path(__file__).parent

TABLES: dict[str, type[BaseModel]] = {
    "supervisor": SupervisorTable,
    "onramps": OnrampTable,
    "offramps": OfframpTable,
    "pipelines": PipelineTable,
    "flows": FlowTable,
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
    """``deployment.md`` with its tables of keys as they ought to be."""

    def table(match: re.Match[str]) -> str:
        return f"{match[1]}\n{_table(describe_options(TABLES[match[2]]), 'key')}\n{match[3]}"

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
            f"| `{option.name}` | {_cell(option.type)} | {_cell(default)} | {_cell(option.description)} |"
        )
    return "\n".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def main() -> None:
    """Bring both pages up to date."""
    (DOCS / "connectors.md").write_text(connectors(), encoding="utf-8")
    page = DOCS / "deployment.md"
    page.write_text(deployment(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
