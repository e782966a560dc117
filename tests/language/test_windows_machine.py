"""Windows of both dialects do what a naive twin says, which looks at everything that ever happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines.language.queries.eager_windows import EagerWindows
from pipelines.language.queries.late_windows import LateWindows
from pipelines.language.queries.window import Window
from pipelines.language.script import SimpleOccasion


class Numbers:
    """The aggregates are the numbers of the events."""

    def fresh(self) -> list[int]:
        return []

    def add(self, state: list[int], cell: Any, window: str, event: Any, meta: Any, occasion: Any) -> None:
        state.append(event["number"])

    def merge(self, state: list[int], narrower: list[int]) -> None:
        state.extend(narrower)

    def result(self, state: list[int], cell: Any, window: str, event: Any, meta: Any, occasion: Any) -> Any:
        return cell.values[0], window, list(state)


class Happening(NamedTuple):
    """A tick, or an event with a number."""

    now: int
    number: int | None = None
    group: Any = None
    amount: int = 0


class Closing(NamedTuple):
    """A window that closed at some moment: an index into what happened."""

    moment: int
    numbers: list[int]


@dataclass
class Twin:
    """One group, seen from the end of time. ``measure``: how much an event counts, or its time, for a window."""

    windows: list[Window]
    history: list[Happening]

    def measure(self, window: Window, happening: Happening) -> int:
        if window.script is not None:
            return happening.amount
        return happening.now if window.interval_ns is not None else 1

    # 0.9: each level cuts what the level below closed into pieces

    def late(self) -> list[list[Closing]]:
        items = [Closing(m, [h.number]) for m, h in enumerate(self.history) if h.number is not None]
        levels = []
        for window in self.windows:
            items = self._late_level(window, items)
            levels.append(items)
        return levels

    def _late_level(self, window: Window, items: list[Closing]) -> list[Closing]:
        pieces: list[list[Closing]] = []
        closings = []
        for item in items:
            if pieces and self._late_is_full(window, pieces[-1], item):
                closings.append(Closing(item.moment, [n for part in pieces[-1] for n in part.numbers]))
                pieces.append([item])
            elif pieces:
                pieces[-1].append(item)
            else:
                pieces.append([item])
        return closings

    def _late_is_full(self, window: Window, piece: list[Closing], item: Closing) -> bool:
        measures = [self.measure(window, self.history[part.moment]) for part in [*piece, item]]
        if window.interval_ns is not None:
            return measures[-1] >= measures[0] + window.interval_ns
        assert window.size is not None
        return sum(measures[:-1]) >= window.size

    # 0.11: each level walks through all moments

    def eager(self) -> list[list[Closing]]:
        levels: list[list[Closing]] = []
        for window in self.windows:
            levels.append(self._wide(window, levels[-1]) if levels else self._narrow(window))
        return levels

    def _narrow(self, window: Window) -> list[Closing]:
        closings = []
        inside: list[int] = []
        for moment, happening in enumerate(self.history):
            is_event = happening.number is not None
            if window.interval_ns is not None and inside:
                knows = is_event or window.script is None
                since = self.measure(window, self._by_number(inside[0]))
                if knows and self.measure(window, happening) >= since + window.interval_ns:
                    closings.append(Closing(moment, inside))
                    inside = []
            if is_event:
                inside = [*inside, happening.number]
                counted = sum(self.measure(window, self._by_number(number)) for number in inside)
                if window.interval_ns is None and counted >= window.size:
                    closings.append(Closing(moment, inside))
                    inside = []
        return closings

    def _wide(self, window: Window, narrower: list[Closing]) -> list[Closing]:
        closings = []
        inside: list[int] = []
        since: int | None = None
        count = 0
        closed_at = {closing.moment: closing.numbers for closing in narrower}
        for moment, happening in enumerate(self.history):
            is_event = happening.number is not None
            knows = is_event or window.script is None
            measure = self.measure(window, happening) if knows else None
            closed = closed_at.get(moment)
            if since is None and is_event and (closed is None or happening.number in closed):
                since = measure
            if closed is not None:
                inside = [*inside, *closed]
                count += 1 if measure is None else measure
                full = window.interval_ns is None and count >= window.size
            else:
                full = False
            over = window.interval_ns is not None and measure is not None and since is not None
            over = over and measure >= since + window.interval_ns
            over = over and (closed is not None or (not is_event and not self._is_open(narrower, moment)))
            if inside and (full or over):
                closings.append(Closing(moment, inside))
                inside, since, count = [], None, 0
            if since is None and is_event and not (closed and happening.number in closed):
                since = measure
        return closings

    def _is_open(self, narrower: list[Closing], moment: int) -> bool:
        gone = {number for closing in narrower if closing.moment <= moment for number in closing.numbers}
        return any(h.number not in gone for h in self.history[:moment] if h.number is not None)

    def _by_number(self, number: int) -> Happening:
        return next(happening for happening in self.history if happening.number == number)


def by_amount(event: Any, meta: Any, occasion: Any) -> Any:
    return event["amount"]


@st.composite
def windows_of_some_kind(draw: st.DrawFn, level: int) -> Window:
    script = by_amount if draw(st.booleans()) else None
    if draw(st.booleans()):
        return Window(f"w{level}", size=draw(st.integers(1, 4)), script=script)
    return Window(f"w{level}", interval_ns=draw(st.integers(1, 30)), script=script)


class WindowsMachine(RuleBasedStateMachine):
    """Events of three groups and ticks, over one to three windows."""

    @initialize(
        eager=st.booleans(),
        first=windows_of_some_kind(0),
        second=st.none() | windows_of_some_kind(1),
        third=st.none() | windows_of_some_kind(2),
    )
    def begin(self, eager: bool, first: Window, second: Window | None, third: Window | None) -> None:
        self.chosen = [window for window in (first, second, third) if window is not None]
        self.eager = eager
        self.windows = (EagerWindows if eager else LateWindows)(self.chosen, Numbers(), 1000)
        self.history: list[Happening] = []
        self.events = 0
        self.results = 0
        self.wide_results = 0
        self.seen: set[int] = set()

    def expected(self) -> list[Any]:
        """What closes in the last moment, by group and from narrow to wide."""
        last = len(self.history) - 1
        found = []
        for group in (1, 1.0, True):
            mine = [
                h if h.number is None or type(h.group) is type(group) else Happening(-1) for h in self.history
            ]
            twin = Twin(self.chosen, mine)
            levels = twin.eager() if self.eager else twin.late()
            for window, closings in zip(self.chosen, levels, strict=True):
                found += [(repr(group), window.name, c.numbers) for c in closings if c.moment == last]
        return found

    def check(self, results: list[Any]) -> None:
        got = [(repr(group), window, numbers) for group, window, numbers in results]
        assert sorted(got) == sorted(self.expected())
        for group in {group for group, _, _ in got}:
            names = [window for other, window, _ in got if other == group]
            assert names == sorted(names)
        self.results += len(got)
        self.seen.update(n for _, window, numbers in got for n in numbers if window == self.chosen[0].name)

    @rule(later=st.integers(0, 20), group=st.sampled_from([1, 1.0, True]), amount=st.integers(0, 40))
    def event(self, later: int, group: Any, amount: int) -> None:
        now = (self.history[-1].now if self.history else 0) + later
        self.history.append(Happening(now, self.events, group, amount))
        event = {"number": self.events, "amount": amount}
        self.events += 1
        self.check(self.windows.take([[group]], event, {}, SimpleOccasion(now)))

    @rule(later=st.integers(0, 40))
    def tick(self, later: int) -> None:
        now = (self.history[-1].now if self.history else 0) + later
        self.history.append(Happening(now))
        self.check(self.windows.tick(SimpleOccasion(now)))

    @precondition(lambda self: self.eager)
    @rule()
    def everything_is_given_out_in_the_end(self) -> None:
        last = self.windows.finish(SimpleOccasion(self.history[-1].now if self.history else 0))
        narrow = {n for _, window, numbers in last for n in numbers if window == self.chosen[0].name}
        assert narrow.isdisjoint(self.seen)
        assert narrow | self.seen == set(range(self.events))
        assert self.windows.held == 0
        self.begin(self.eager, *[*self.chosen, None, None][:3])

    @invariant()
    def the_account_balances(self) -> None:
        if hasattr(self, "windows"):
            counted = self.windows
            assert counted.held == self.events - len(self.seen)
            assert self.events + counted.created == self.results + counted.merged + counted.held


TestWindows = WindowsMachine.TestCase
TestWindows.settings = settings(max_examples=120, stateful_step_count=30, deadline=None)
