"""`Taps`: all looks at events in one process, and the hooks that they need in components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import NamedTuple

from actors import Clock
from pipelines.actor import PipelinePart
from pipelines.batch import Batch
from pipelines.expression import Expression, parse_expression
from pipelines.outlets import Outlets
from ramps.links.linked_batch import LinkedBatch
from ramps.offramp_actor import OfframpPart
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.plan import ComponentPlan
from supervisor.taps.edge import FRAMES, Edge, Place, parse_edge
from supervisor.taps.feed import MAX_TAPS, TapFeed, TooManyTaps
from supervisor.taps.sampling import Sampler
from supervisor.taps.shown import Shown

__all__ = ["TapSpec", "Taps"]

_MAX_SHARE = 0.05
_WINDOW_SECONDS = 1.0

Part = OnrampPart | PipelinePart | OfframpPart
Watched = Outlets | PipelinePart | OfframpPart


class TapSpec(NamedTuple):
    """What somebody wants to look at, as written: plain data for another process."""

    edge: str
    filter: str = ""
    """An expression (`pipelines.expression`); empty for all events."""
    per_second: float = 10.0

    def checked(self, shown: Shown) -> tuple[Edge, Expression | None]:
        """The edge and the expression. Raises ``ValueError`` with what is wrong: also with an expression that asks for
        what is hidden.
        """
        edge = parse_edge(self.edge)
        wanted = parse_expression(self.filter) if self.filter.strip() else None
        hidden = [] if wanted is None else sorted(filter(shown.hides, wanted.keys()))
        if hidden:
            # Whoever may try one value after the other finds it out.
            raise ValueError(
                f"a filter cannot ask for {hidden[0]!r}, which is hidden (`hidden_keys` of `api` in [supervisor])"
            )
        if not self.per_second > 0:
            raise ValueError("`per_second` must be more than zero")
        return edge, wanted


class _Hook:
    """Stands where a component shows what passes, in place of who stood there before."""

    def __init__(self, place: Place, watched: Watched, taps: Taps) -> None:
        self.samplers: tuple[tuple[str, Sampler], ...] = ()
        """Those who look, and the port that they look at (none: all)."""
        self.watched = watched
        self._before = watched.watch
        self._taps = taps
        self._place = place
        watched.watch = self

    def remove(self) -> None:
        if self.watched.watch is self:
            self.watched.watch = self._before

    def __call__(self, port: str, batch: Batch) -> None:
        if self._before is not None:
            self._before(port, batch)
        # One from another process was looked at there, where its values are.
        if not isinstance(batch, LinkedBatch):
            self._taps.look(self, port, batch)

    def name_of(self, port: str) -> str:
        """The edge, as it is shown."""
        component = self._place.component.removesuffix(FRAMES)
        return f"> {component}/{port}" if self._place.incoming else f"{component}/{port}"


class Taps:
    """Opens feeds. ``plans`` and ``parts`` answer what runs in this process, by actors' names: they are asked again at
    each `TapFeed.take`, so that a look outlives restarts and reloads, and waits for what is not there.

    All together take at most a twentieth of the processor's time; what passes beyond that is counted, not looked at.
    """

    def __init__(
        self,
        plans: Callable[[], Mapping[str, ComponentPlan]],
        parts: Callable[[], Mapping[str, Part]],
        clock: Clock,
        shown: Shown,
        executor: int = 0,
        *,
        now: Callable[[], float] = perf_counter,
    ) -> None:
        self._plans = plans
        self._parts = parts
        self._clock = clock
        self._shown = shown
        self._executor = executor
        self._now = now
        self._open: dict[TapFeed, tuple[Edge, Sampler]] = {}
        self._hooks: dict[tuple[str, bool], _Hook] = {}
        """By component, and whether it is for what comes in."""
        self._window = float("-inf")
        self._spent = 0.0

    def open(self, spec: TapSpec) -> TapFeed:
        """Look there from now on, until the feed is closed. Does not block. Raises ``ValueError`` with what is wrong
        with it, and `TooManyTaps`.
        """
        edge, wanted = spec.checked(self._shown)
        if len(self._open) >= MAX_TAPS:
            raise TooManyTaps
        feed = TapFeed(on_take=self.refresh, on_close=lambda: self._close(feed))
        sampler = Sampler(feed, wanted, spec.per_second, self._shown, self._clock, self._executor)
        self._open[feed] = edge, sampler
        self.refresh()
        return feed

    def close(self) -> None:
        """End all looks."""
        for feed in list(self._open):
            feed.close()

    def look(self, hook: _Hook, port: str, batch: Batch) -> None:
        """Show a batch that passes to those who look. Does not block; raises nothing."""
        started = self._now()
        if started - self._window >= _WINDOW_SECONDS:
            self._window, self._spent = started, 0.0
        until = started + _MAX_SHARE * _WINDOW_SECONDS - self._spent
        for wanted_port, sampler in hook.samplers:
            if not wanted_port or wanted_port == port:
                sampler.look(hook.name_of(port), batch, lambda: self._now() <= until)
        self._spent += self._now() - started

    def _close(self, feed: TapFeed) -> None:
        del self._open[feed]
        self.refresh()

    def refresh(self) -> None:
        """Make the hooks those that are needed, in the components that there are now: after a reload, others."""
        wanted: dict[tuple[str, bool], list[tuple[str, Sampler]]] = {}
        components = list(self._plans().values()) if self._open else []
        for edge, sampler in self._open.values():
            for place in edge.places(components):
                wanted.setdefault((place.component, place.incoming), []).append((place.port, sampler))
        for key, old in list(self._hooks.items()):
            if key not in wanted or old.watched is not self._watched(*key):
                self._hooks.pop(key).remove()
        for key, samplers in wanted.items():
            hook = self._hooks.get(key) or self._install(*key)
            if hook is not None:
                hook.samplers = tuple(samplers)

    def _install(self, component: str, incoming: bool) -> _Hook | None:
        watched = self._watched(component, incoming)
        if watched is None:
            return None
        hook = self._hooks[component, incoming] = _Hook(Place(component, incoming, ""), watched, self)
        return hook

    def _watched(self, component: str, incoming: bool) -> Watched | None:
        part = self._parts().get(component)
        if part is None or (incoming and isinstance(part, OnrampPart)):
            return None
        return part if incoming else part.outlets  # type: ignore[return-value]
