"""What a flow does when an offramp is closed is to be seen in its drawing."""

from __future__ import annotations

from collections.abc import Callable

from supervisor.deployment.drawing.diagram import diagram_of
from supervisor.deployment.drawing.text_formats import to_dot, to_mermaid
from supervisor.deployment.plan import Plan


def test_a_flow_that_drops_says_so_in_its_title(planned: Callable[[str], Plan], good: str) -> None:
    clusters = diagram_of(planned(good))
    assert not any("drops" in cluster.title for cluster in clusters)
    clusters = diagram_of(planned(good + '\nwhen_closed = "drop"\n'))
    drawn = [cluster.title for cluster in clusters if cluster.drops_when_closed]
    assert len(drawn) == 1
    assert drawn[0].endswith("drops when closed")
    assert drawn[0] in to_dot(clusters)
    assert drawn[0] in to_mermaid(clusters)
