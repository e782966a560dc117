"""A deployment in words: what it consists of, and what became of its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from supervisor.deployment.account import Account, ComponentAccount, count_events
from supervisor.deployment.plan import ComponentPlan, Kind, OfframpPlan, OnrampPlan, PipelinePlan, Plan

__all__ = ["account_text", "component_lines", "describe_component", "format_size_roughly"]


def component_lines(plan: Plan, places: Mapping[tuple[str, str], str] = {}) -> list[tuple[str, str]]:
    """Name and description of each component in the order of its start; the copies of one are one line.

    For instance ``("onramp:main/in", "tcp > lines > json x64")``. ``places`` says by flow and name where they run, if
    that is worth a word.
    """
    copies: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], ComponentPlan] = {}
    for component in plan.components():
        key = (component.id.flow, component.id.name)
        copies[key] += 1
        first.setdefault(key, component)
    lines = []
    for key, component in first.items():
        times = f" x{copies[key]}" if copies[key] > 1 else ""
        where = f" in {places[key]}" if key in places else ""
        lines.append(
            (f"{component.kind.value}:{key[0]}/{key[1]}", f"{describe_component(component)}{times}{where}")
        )
    return lines


def describe_component(component: ComponentPlan) -> str:
    """What it is, in words: ``"tcp > lines > json"``."""
    match component:
        case OnrampPlan():
            steps = [processor.member.name for processor in component.preprocessors]
            return " > ".join([component.connector.member.name, *steps, component.codec.member.name])
        case OfframpPlan():
            steps = [processor.member.name for processor in component.postprocessors]
            if not component.connector.member.encodes:
                return component.connector.member.name
            return " > ".join([component.codec.member.name, *steps, component.connector.member.name])
        case PipelinePlan():
            return " > ".join(component.steps)
    raise TypeError(component)


def account_text(account: Account) -> str:
    """The account as an aligned text: a line per component, as events run, then the equation, then what its sources
    still have, then what is lost.
    """
    lines = []
    for flow, components in account.by_flow().items():
        lines.append(f"flow {flow}")
        rows = [(_short(component), _figures(component)) for component in reversed(components)]
        width = max(len(name) for name, _figure in rows)
        lines += [f"  {name:<{width}}  {figure}" for name, figure in rows]
    flows = account.per_flow()
    if len(flows) > 1:
        lines += [f"account of flow {flow}: {part.equation()}" for flow, part in flows.items()]
    lines.append(f"account: {account.equation()}")
    if account.kept:
        lines.append(f"kept as dead letters: {count_events(account.kept)}")
    kept = account.with_sources()
    if kept:
        keepers = "their sources or wals" if account.has_stores else "their sources"
        lines.append(f"not lost, because {keepers} have them until they are delivered:")
        lines += [f"  {line}" for line in kept]
    lost = account.losses()
    if lost and (account.lost or account.broken_off):
        lines.append(f"lost: {_how_many(account)}")
        lines += [f"  {line}" for line in lost]
    return "\n".join(lines)


def _how_many(account: Account) -> str:
    if not account.broken_off:
        return count_events(account.lost)
    return f"at least {count_events(account.lost)}" if account.lost else "nobody can know how many events"


def _short(component: ComponentAccount) -> str:
    kind, _colon, rest = component.name.partition(":")
    return f"{kind} {rest.rpartition('/')[2]}"


def _figures(component: ComponentAccount) -> str:
    figures = [f"{component.received:,} in"]
    if component.kind is Kind.OFFRAMP:
        if component.written or not component.forwarded:
            figures.append(f"{component.written:,} written")
        if component.written_bytes:
            figures.append(format_size_roughly(component.written_bytes))
    if component.forwarded:
        figures.append(f"{component.forwarded:,} passed on")
    figures += [f"{count:,} {port}" for port, count in component.sent.items()]
    figures += [f"{count:,} {port} (not linked)" for port, count in component.unlinked.items()]
    figures += [f"{count:,} dropped by {operator}" for operator, count in component.filtered.items() if count]
    figures += [f"{count:,} dropped, closed: {name}" for name, count in component.discarded.items()]
    for count, word in (
        (component.created, "created"),
        (component.merged, "merged"),
        (component.left, "left"),
        (component.confirmed, "confirmed"),
        (component.sent_again, "sent again"),
        (component.unconfirmed, "unconfirmed"),
        (component.restarts, "restarts"),
    ):
        if count:
            figures.append(f"{count:,} {word}")
    return ", ".join(figures)


def format_size_roughly(size_bytes: int) -> str:
    """``"1.3 MiB"``."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError
