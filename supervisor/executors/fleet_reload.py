"""Reloads a deployment in several executors: all of them check, then all change what they run, or none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from supervisor.deployment.difference import Difference, How
from supervisor.deployment.reload import ReloadFailed, ReloadRefused, WayBackFailed
from supervisor.executors.control import Told
from supervisor.executors.executor_actor import ExecutorPart
from supervisor.executors.inquiries import raise_told
from supervisor.executors.placement import Placement, place
from supervisor.executors.subplan import sockets_of

__all__ = ["reload_fleet", "what_cannot_move"]

AskAll = Callable[..., list[tuple[ExecutorPart, Told | None]]]


def what_cannot_move(found: Difference, before: Placement) -> Iterator[str]:
    """What differs and cannot be changed while it runs, because it is a matter of several processes, in words."""
    after = place(found.new, found.new.executors)
    by_name = {component.actor_name: component for component in found.old.components()}
    names = {component.id: component.actor_name for component in found.new.components()}
    for component, homes in after.homes.items():
        if before.homes.get(component, homes) != homes:
            yield (
                f"{names[component]} would move to another executor, because what stands before it in the file needs "
                "another number of places; put what is new at the end of the file, and take away from there"
            )
            return
    for change in found.components:
        old = by_name.get(change.name)
        if old is not None and before.crosses(old) and change.how is not How.STAYS:
            yield f"{change.name} is shared by several executors, and what they share can only be added"
    here = Path()
    old_sockets, new_sockets = sockets_of(found.old, before, here), sockets_of(found.new, after, here)
    if any(new_sockets.get(end, path) != path for end, path in old_sockets.items()):
        yield "what executors share would be numbered anew; put what is new at the end of the file"


def reload_fleet(
    found: Difference, before: Placement, parts: list[ExecutorPart], ask_all: AskAll, seconds: float
) -> None:
    """Have all executors run ``found.new``. ``ask_all(what, *arguments, seconds=…)`` asks each of them. Blocks.

    Raises as `supervisor.deployment.reload.reload` does.
    """
    refused = [*found.refused, *what_cannot_move(found, before)]
    if refused:
        raise ReloadRefused("; ".join(dict.fromkeys(refused)))
    _all_or_error(ask_all("check_reload", found.new.text, seconds=seconds))
    lives = {part.name: part.incarnation for part in parts}
    told = ask_all("reload", found.new.text, seconds=seconds)
    try:
        _all_or_error(told)
        for part in parts:
            if not _lives_on(part, lives):
                # With the old text, while others took their time.
                raise ReloadRefused(f"{part.name} was started anew meanwhile")
    except ReloadRefused as error:
        _go_back(found, lives, ask_all, seconds, error)
        raise ReloadFailed(f"everything is as it was: {error}") from error
    except (ReloadFailed, WayBackFailed) as error:
        _go_back(found, lives, ask_all, seconds, error)
        raise
    fresh = {change.name for change in found.components if change.how in (How.CHANGES, How.LEAVES)}
    for part, answer in told:
        assert answer is not None
        part.text = found.new.text
        part.addresses = answer.answer
        # What ended there is another one now, or gone.
        part.ended -= fresh


def _go_back(
    found: Difference,
    lives: dict[str, int],
    ask_all: AskAll,
    seconds: float,
    why: Exception,
) -> None:
    # One that was started anew began with the old text anyway; one that has put everything back finds no difference.
    back = ask_all("reload", found.old.text, seconds=seconds)
    try:
        _all_or_error([(part, answer) for part, answer in back if _lives_on(part, lives)])
    except (ReloadRefused, ReloadFailed, WayBackFailed) as worse:
        raise WayBackFailed(f"{why}; and the way back failed: {worse}") from why


def _lives_on(part: ExecutorPart, lives: dict[str, int]) -> bool:
    return part.running and part.incarnation == lives[part.name]


def _all_or_error(answers: list[tuple[ExecutorPart, Told | None]]) -> None:
    for part, told in answers:
        if told is None:
            raise ReloadRefused(f"{part.name} does not answer: it does not run now, or is busy")
        try:
            raise_told(told)
        except (ReloadFailed, WayBackFailed, ReloadRefused) as error:
            raise type(error)(f"{part.name}: {error}") from None
        except Exception as error:
            raise ReloadRefused(f"{part.name}: {error}") from None
