"""The work of Tremor's ``real-workflow-throughput-json``: every event gets a class, a rate and a dimension.

The deployment's pipelines, the threads and the limit all call the functions in here. A deployment finds a copy of this
file beside its TOML file, so it imports nothing of the other benchmarks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pipelines.python_function import keeps_values

__all__ = ["DEFAULT", "FUNCTIONS", "RULES", "Rule", "classify_changing", "classify_routing"]

Event = dict[str, Any]


class Rule(NamedTuple):
    """An event whose ``field`` is ``value`` (``tags``: holds it) belongs to this class."""

    field: str
    value: str
    name: str
    rate: int
    dimension: str


RULES = (
    Rule("application", "app1", "applog_app1", 1250, "application"),
    Rule("application", "app2", "applog_app1", 2500, "application"),
    Rule("application", "app3", "applog_app1", 18750, "application"),
    Rule("application", "app4", "applog_app1", 750, "application"),
    Rule("application", "app5", "applog_app1", 18750, "application"),
    Rule("index_type", "applog_app6", "applog_app6", 4500, "logger_name"),
    Rule("index_type", "syslog_app1", "syslog_app1", 2500, "syslog_hostname"),
    Rule("tags", "tag1", "syslog_app2", 125, "syslog_hostname"),
    Rule("index_type", "syslog_app3", "syslog_app3", 1750, "syslog_hostname"),
    Rule("index_type", "syslog_app4", "syslog_app4", 7500, "syslog_hostname"),
    Rule("index_type", "syslog_app5", "syslog_app5", 125, "syslog_hostname"),
    Rule("index_type", "syslog_app6", "syslog_app6", 3750, "syslog_hostname"),
)
"""The first hit wins."""

DEFAULT = ("default", 250)
"""Class and rate of all others; they have no dimension."""

# Rules that stand together and ask for the same field are one look-up.
_TAG_AT = next(place for place, rule in enumerate(RULES) if rule.field == "tags")
_APPLICATIONS = {rule.value: rule for rule in RULES if rule.field == "application"}
_TYPES_BEFORE = {rule.value: rule for rule in RULES[:_TAG_AT] if rule.field == "index_type"}
_TAG = RULES[_TAG_AT]
_TYPES_AFTER = {rule.value: rule for rule in RULES[_TAG_AT:] if rule.field == "index_type"}


def _classify(event: Event, meta: dict[str, Any]) -> str:
    rule = _APPLICATIONS.get(event["application"])
    if rule is None:
        rule = _TYPES_BEFORE.get(event["index_type"])
        if rule is None:
            rule = _TAG if _TAG.value in event["tags"] else _TYPES_AFTER.get(event["index_type"])
            if rule is None:
                meta["class"], meta["rate"] = DEFAULT
                return DEFAULT[0]
    _field, _value, name, rate, dimension = rule
    meta["class"] = name
    meta["rate"] = rate
    meta["dimensions"] = event[dimension]
    return name


def classify_changing(event: Event, meta: dict[str, Any]) -> Event:
    """Write class, rate and dimension into the metadata, and the class into the event, which is encoded again."""
    event["class"] = _classify(event, meta)
    return event


@keeps_values
def classify_routing(event: Event, meta: dict[str, Any]) -> Event:
    """Write class, rate and dimension into the metadata only: the event's bytes stay what they were."""
    _classify(event, meta)
    return event


FUNCTIONS = {"changing": classify_changing, "routing": classify_routing}
"""By the flow's name."""
