"""`reload`: brings a running deployment to another plan, or leaves it as it was and says why."""

from __future__ import annotations

from collections.abc import Callable

from actors import ActorSystem
from actors.log import get_logger
from supervisor.deployment.build import Builder
from supervisor.deployment.difference import Difference, How
from supervisor.deployment.passage import Passage
from supervisor.deployment.plan import Plan

__all__ = ["ReloadFailed", "ReloadRefused", "WayBackFailed", "reload"]

_log = get_logger("supervisor")


class ReloadRefused(Exception):
    """What differs cannot be changed while it runs, or it does not run. Nothing was touched. The text says why."""


class ReloadFailed(Exception):
    """Something could not be started, or stopped. What there was before runs again. The text says what it was."""


class WayBackFailed(Exception):
    """Something failed, and what there was before could not be brought back either: not everything runs."""


def reload(
    builder: Builder,
    system: ActorSystem,
    found: Difference,
    *,
    patience_seconds: float,
    is_over: Callable[[], bool],
) -> None:
    """Do what a difference says. ``patience_seconds``: how long to wait, at each place, for what is under way;
    ``is_over()``: whether the deployment is about to stop. Blocks.

    Raises `ReloadRefused`, `ReloadFailed` and `WayBackFailed`.
    """
    if found.refused:
        raise ReloadRefused("; ".join(found.refused))

    def passage(
        to: Plan, coming: list[str], changing: list[str], relinking: list[str], leaving: list[str]
    ) -> Passage:
        return Passage(
            builder,
            system,
            to,
            coming=coming,
            changing=changing,
            relinking=relinking,
            leaving=leaving,
            patience_seconds=patience_seconds,
            is_over=is_over,
        )

    there = passage(
        found.new, found.by(How.COMES), found.by(How.CHANGES), found.by(How.RELINKED), found.by(How.LEAVES)
    )
    try:
        there.prepare({})
        builder.dead_letters.adopt(found.new)
    except Exception as error:
        raise ReloadFailed(f"nothing was changed: {_in_words(error)}") from error
    try:
        there.go()
    except BaseException as error:
        why = _in_words(error)
        _log.warning("The reload failed; everything is put back.", error=why)
        old = [component.actor_name for component in found.old.components()]
        back = passage(
            found.old,
            [name for name in old if name not in builder.plans],
            [name for name in old if name in there.touched],
            old,
            [name for name in builder.plans if name not in old],
        )
        try:
            _put_back(builder, found.old, there, back)
        except Exception as worse:
            raise WayBackFailed(f"{why}; and the way back failed: {_in_words(worse)}") from error
        if isinstance(error, Exception):
            raise ReloadFailed(f"everything is as it was: {why}") from error
        raise
    there.finish()


def _put_back(builder: Builder, old: Plan, there: Passage, back: Passage) -> None:
    awaited = builder.awaited
    back.prepare(there.dropped)
    builder.dead_letters.adopt(old)
    back.go()
    builder.awaited = awaited
    back.resolve(there.late)
    back.finish()


def _in_words(error: BaseException) -> str:
    return str(error) or type(error).__name__
