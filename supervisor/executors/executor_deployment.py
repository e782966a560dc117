"""`ExecutorDeployment`: the part of a plan that runs in an executor, which reports to its parent what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from actors import ActorSystem
from ramps.onramp_actor import OnrampPart
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.drain import is_inner, moved
from supervisor.deployment.outcome import Outcome
from supervisor.deployment.plan import Plan
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.reload import ReloadRefused
from supervisor.executors.remote_taps import AnsweringTaps
from supervisor.supervision import Supervisor

__all__ = ["ExecutorDeployment"]


class ExecutorDeployment(Deployment):
    """A deployment whose end is decided elsewhere.

    ``ended``     onramps that have come to their end in an earlier life: they are not read again.
    ``closing``   nothing is to be read any more, the fleet stops.
    ``plan_of``   makes its part of the plan of a text; raises `InvalidDeployment`.
    ``on_news``   called when an onramp has come to its end, or the outcome is known; must not block.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        ended: Collection[str],
        closing: bool,
        on_news: Callable[[], None],
        plan_of: Callable[[str], Plan],
    ) -> None:
        super().__init__(plan)
        self._plan_of = plan_of
        self._ended = ended
        self._closing = closing
        self._hurries = False
        self._on_news = on_news

    def begin(self) -> None:
        """All executors have started: let events come in."""
        super()._begin()

    def _begin(self) -> None:
        # Not yet: what cannot start elsewhere must not find that half of the input is gone.
        pass

    def plan_of_text(self, text: str) -> Plan:
        """This executor's part of the plan of another text. Raises `ReloadRefused` for one that has errors here."""
        try:
            return self._plan_of(text)
        except InvalidDeployment as invalid:
            raise ReloadRefused(str(invalid)) from None

    def reload_text(self, text: str) -> dict[str, str]:
        """Run its part of another text from now on. Answers where onramps listen then. Blocks, and raises as `reload`
        does.
        """
        self.reload(self.plan_of_text(text))
        return self.addresses()

    def hurry(self) -> None:
        """The fleet is about to stop: a reload waits for nothing any more. Does not block."""
        self._hurries = True

    def _is_over(self) -> bool:
        return self._hurries or super()._is_over()

    def stop_reading(self) -> None:
        """Have the onramps take nothing more in. Does not block."""
        self._drain().stop_reading()

    def activity(self) -> tuple[bool, int]:
        """Whether nothing is under way now, and a number that grows with each event that moves."""
        return self._drain().is_idle(), sum(map(moved, self._parts().values()))

    def inputs(self) -> dict[str, bool]:
        """The onramps that bring events in from outside, by their actors' names: whether they are at their end."""
        return {
            # What listens has no end: it was closed with us, and the next incarnation listens again.
            name: part.ended and not (part.closing and part.connector.listens)
            for name, part in self._inputs()
        }

    def awaiting(self) -> int:
        """How many of them have read everything, and wait for it to be delivered."""
        return sum(not part.ended and part.connector.awaits_delivery for _name, part in self._inputs())

    def _inputs(self) -> Iterator[tuple[str, OnrampPart]]:
        for name, part in self._parts().items():
            if isinstance(part, OnrampPart) and not is_inner(part):
                yield name, part

    def _look_first(self) -> None:
        # The parent has, and by now other executors may listen.
        pass

    def _prepare(self, system: ActorSystem) -> Callable[[], Supervisor]:
        make_root = super()._prepare(system)
        assert self._taps is not None
        self.taps = AnsweringTaps(self._taps)
        for name, part in self._parts().items():
            if isinstance(part, OnrampPart):
                part.ended = name in self._ended
                part.closing = self._closing and not is_inner(part)
        return make_root

    def _input_ended(self) -> None:
        super()._input_ended()
        self._on_news()

    def _finish(self, outcome: Outcome) -> None:
        super()._finish(outcome)
        self._on_news()
