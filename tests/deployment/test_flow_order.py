"""Circles are found and named; the order to start in puts everything behind what it sends to."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.deployment.flow_order import downstream_first, find_cycles

NAMES = "abcdefg"
GRAPHS = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4), max_size=7)


def reaches(graph: dict[str, list[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    pending = list(graph.get(start, ()))
    while pending:
        name = pending.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            pending.extend(graph.get(name, ()))
    return False


@settings(max_examples=120, deadline=None)
@given(GRAPHS)
def test_a_circle_is_found_exactly_where_a_name_reaches_itself(graph: dict[str, list[str]]) -> None:
    cycles = find_cycles(graph)
    assert bool(cycles) == any(reaches(graph, name, name) for name in graph)
    for cycle in cycles:
        assert cycle[0] == cycle[-1]
        assert len(set(cycle)) == len(cycle) - 1
        assert all(target in graph[source] for source, target in pairwise(cycle))


@settings(max_examples=120, deadline=None)
@given(GRAPHS, st.randoms(use_true_random=False))
def test_the_order_puts_each_name_behind_its_targets_however_it_was_written(
    graph: dict[str, list[str]], shuffler: random.Random
) -> None:
    acyclic = {name: [target for target in targets if target > name] for name, targets in graph.items()}
    names = sorted({*acyclic, *(target for targets in acyclic.values() for target in targets)})
    order = downstream_first(names, acyclic, rank=lambda name: name)
    assert sorted(order) == names
    for name, targets in acyclic.items():
        assert all(order.index(target) < order.index(name) for target in targets)
    shuffled = names[:]
    shuffler.shuffle(shuffled)
    assert downstream_first(shuffled, acyclic, rank=lambda name: name) == order


def test_a_chain_longer_than_the_stack_is_no_problem() -> None:
    chain = {str(number): [str(number + 1)] for number in range(5000)}
    assert find_cycles(chain) == []
    assert len(find_cycles({**chain, "5000": ["0"]})) == 1
