"""Names of components and flows on the command line, completed by asking the engine that runs."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from supervisor.cli.engine import Engine
from supervisor.observation.snapshot import Snapshot

__all__ = ["TargetArgument"]

_PATIENCE_SECONDS = 0.5
_ARROW = ">"


class TargetArgument(click.ParamType):  # type: ignore[type-arg, unused-ignore]  # generic in the stubs only
    """Text, of which the shell can complete what the engine knows. Where none answers, nothing is offered.

    ``with_flows``: flows and their copies, too. Without them it is an edge, which may begin with ``>``.
    """

    name = "target"

    def __init__(self, *, with_flows: bool) -> None:
        self._with_flows = with_flows

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Whatever goes wrong: somebody who types must neither wait nor read of it."""
        engine = ctx.params.get("engine")
        if not isinstance(engine, Engine):
            return []
        try:
            snapshot = engine.snapshot(_PATIENCE_SECONDS)
        except Exception:
            return []
        return list(self._offers(snapshot, incomplete))

    def _offers(self, snapshot: Snapshot, incomplete: str) -> Iterator[CompletionItem]:
        arrow = ""
        if not self._with_flows and incomplete.startswith(_ARROW):
            bare = incomplete.removeprefix(_ARROW).lstrip()
            arrow, incomplete = incomplete[: len(incomplete) - len(bare)], bare
        # Shells treat a colon in a word in ways of their own, so the kind is only offered to who begins with it.
        kinds = {component.kind for component in snapshot.components} | {"flow"}
        with_kind = bool(incomplete) and any(
            f"{kind}:".startswith(incomplete) or incomplete.startswith(f"{kind}:") for kind in kinds
        )
        offered: dict[str, str] = {}
        for component in snapshot.components:
            name = component.name if with_kind else component.name.partition(":")[2]
            offered.setdefault(name, f"{component.type}, {component.state}")
            if self._with_flows:
                flow = component.flow
                copy = f"{flow}#{component.instance}" if component.instance else flow
                for whole in (flow, copy):
                    offered.setdefault(f"flow:{whole}" if with_kind else whole, "flow")
        for name, help_text in sorted(offered.items()):
            if name.startswith(incomplete):
                yield CompletionItem(arrow + name, help=help_text)
