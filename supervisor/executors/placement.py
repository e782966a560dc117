"""`Placement`: which component of a plan runs in which executor. Pure: decided before anything starts."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.deployment.plan import (
    ComponentId,
    ComponentPlan,
    FlowPlan,
    OfframpPlan,
    OnrampPlan,
    PipelinePlan,
    Plan,
)

__all__ = ["Placement", "is_single", "place", "places_in_words", "stays_together"]


@dataclass(frozen=True)
class Placement:
    """Executors are numbered from 1. What is single stands in ``homes`` with its owner first.

    ``homes`` has each component of the plan. A component of one copy of a flow has one executor, where the whole copy
    is. One that all copies share is in every executor that has a copy; if it is single (`is_single`), the first of
    these owns it, and the others have links to there. As the owner is always the lowest number, executors can be
    stopped from the highest down: whoever sends over a link ends before its owner.
    """

    executors: int
    homes: dict[ComponentId, tuple[int, ...]]

    def owner(self, component: ComponentId) -> int:
        """The executor that runs it, or the first of those."""
        return self.homes[component][0]

    def crosses(self, component: ComponentPlan) -> bool:
        """Whether links from other executors lead to it (an offramp) or from it (an onramp)."""
        return is_single(component) and len(self.homes[component.id]) > 1

    def of_executor(self, executor: int) -> frozenset[ComponentId]:
        """The components that this executor has to do with, those that it reaches by links included."""
        return frozenset(component for component, homes in self.homes.items() if executor in homes)


def is_single(component: ComponentPlan) -> bool:
    """Whether there can be only one of it in all executors: what it reads or writes is not to be had twice."""
    if isinstance(component, OnrampPlan | OfframpPlan):
        return component.connector.member.single_owner
    return isinstance(component, PipelinePlan)


def place(plan: Plan, executors: int) -> Placement:
    """Copies go round the executors one after the other, so that each gets as many as any other, give or take one.

    A flow whose copies share a pipeline stays in one executor as a whole: the pipeline's state is for all of them.
    """
    homes: dict[ComponentId, tuple[int, ...]] = {}
    turn = 0
    for flow in plan.flows:
        together = stays_together(flow)
        used: set[int] = set()
        for instance in flow.instances:
            executor = turn % executors + 1
            if not together:
                turn += 1
            used.add(executor)
            homes.update({component.id: (executor,) for component in instance.components})
        turn += together
        homes.update({component.id: tuple(sorted(used)) for component in flow.shared})
    return Placement(executors, homes)


def stays_together(flow: FlowPlan) -> bool:
    """Whether all copies of a flow must be in one executor."""
    return any(isinstance(component, PipelinePlan) for component in flow.shared)


def places_in_words(plan: Plan) -> dict[tuple[str, str], str]:
    """Where the copies of each component run, by flow and name: ``"executors 1-4"``. Empty where there is one only.

    What crosses processes runs where its owner is; the others reach it by links.
    """
    if plan.executors == 1:
        return {}
    placement = place(plan, plan.executors)
    numbers: dict[tuple[str, str], set[int]] = {}
    for component in plan.components():
        homes = placement.homes[component.id]
        where = homes[:1] if placement.crosses(component) else homes
        numbers.setdefault((component.id.flow, component.id.name), set()).update(where)
    return {key: _in_words(sorted(found)) for key, found in numbers.items()}


def _in_words(numbers: list[int]) -> str:
    stretches: list[list[int]] = []
    for number in numbers:
        if stretches and stretches[-1][-1] == number - 1:
            stretches[-1].append(number)
        else:
            stretches.append([number])
    listed = ", ".join(
        f"{stretch[0]}-{stretch[-1]}" if stretch[1:] else str(stretch[0]) for stretch in stretches
    )
    return f"executor{'s' if len(numbers) > 1 else ''} {listed}"
