from itertools import product
from typing import Any

import pytest

from benchmarks.throughput.workload import DEFAULT, RULES, classify_changing, classify_routing


def event(application: str = "app6", index_type: str = "edilog", tags: tuple[str, ...] = ("tag2",)) -> Any:
    return {
        "application": application,
        "index_type": index_type,
        "tags": list(tags),
        "logger_name": "logger2",
        "syslog_hostname": "host3",
    }


def classified(event: Any) -> tuple[Any, ...]:
    meta: dict[str, Any] = {}
    assert classify_routing(event, meta) is event
    return meta["class"], meta["rate"], meta.get("dimensions")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (event("app1"), ("applog_app1", 1250, "app1")),
        (event("app2"), ("applog_app1", 2500, "app2")),
        (event("app3"), ("applog_app1", 18750, "app3")),
        (event("app4"), ("applog_app1", 750, "app4")),
        (event("app5"), ("applog_app1", 18750, "app5")),
        (event(index_type="applog_app6"), ("applog_app6", 4500, "logger2")),
        (event(index_type="syslog_app1"), ("syslog_app1", 2500, "host3")),
        (event(tags=("tag3", "tag1")), ("syslog_app2", 125, "host3")),
        (event(index_type="syslog_app3"), ("syslog_app3", 1750, "host3")),
        (event(index_type="syslog_app4"), ("syslog_app4", 7500, "host3")),
        (event(index_type="syslog_app5"), ("syslog_app5", 125, "host3")),
        (event(index_type="syslog_app6"), ("syslog_app6", 3750, "host3")),
        (event(), ("default", 250, None)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_every_rule(given: Any, expected: tuple[Any, ...]) -> None:
    assert classified(given) == expected


def by_the_rules(event: Any) -> tuple[Any, ...]:
    """The naive twin: one rule after the other."""
    for rule in RULES:
        value = event[rule.field]
        if value == rule.value or (isinstance(value, list) and rule.value in value):
            return rule.name, rule.rate, event[rule.dimension]
    return (*DEFAULT, None)


def test_the_first_rule_that_fits_wins() -> None:
    applications = [f"app{number}" for number in range(1, 8)]
    index_types = [f"{kind}_app{number}" for kind in ("syslog", "applog") for number in range(1, 8)]
    for application, index_type, tags in product(applications, index_types, [("tag1",), ("tag2",), ()]):
        one = event(application, index_type, tags)
        assert classified(one) == by_the_rules(one), one


def test_the_changing_flow_writes_the_class_into_the_event_and_the_routing_one_nothing() -> None:
    changed, kept = event("app1"), event("app1")
    metas: list[dict[str, Any]] = [{}, {}]
    classify_changing(changed, metas[0])
    classify_routing(kept, metas[1])
    assert metas[0] == metas[1]
    assert changed == {**event("app1"), "class": "applog_app1"}
    assert kept == event("app1")
