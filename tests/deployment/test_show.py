"""A plan as TOML says the same as the file that it came from."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from supervisor.deployment.plan import Plan
from supervisor.deployment.show import plan_to_toml
from supervisor.deployment.toml_text import toml_document, toml_value, without_nothing

Planned = Callable[[str], Plan]

MANY = """
[onramps.access]
type = "file"
path = "access.log"
codec = "string"
preprocessors = [{ name = "lines", max_frame = "2KiB" }, "remove-empty"]
[onramps.web]
type = "http"
address = "127.0.0.1:7070"
token = { env = "PATH" }
[onramps.rest]
type = "cron"
entries = [{ name = "a", expression = "* * * * *", payload = { x = [1, { y = "z" }] } }]
[pipelines.keep]
operators = [{ type = "filter", expression = "event != ''" }, { type = "sample", every = 2 }]
stall_after = "1m30s"
[offramps.out]
type = "stdout"
codec = { name = "json" }
[flows.two]
links = ["rest -> keep -> out"]
[flows.one]
links = ["keep/err -> out", "access -> keep", "web -> keep -> out"]
restart = { strategy = "one_for_one" }
"""

PROMISED = """
[supervisor]
dead_letters = "letters.db"
[onramps.in]
type = "http"
[offramps.out]
type = "file"
path = "out.jsonl"
[flows.main]
guarantee = "at-least-once"
links = ["in -> out"]
"""

DROPS = (
    MANY
    + """
when_closed = "drop"
dead_letters = { offramp = "out" }
"""
)


@pytest.mark.parametrize("which", ["good", "many", "promised", "drops"])
def test_what_is_shown_makes_an_equal_plan(planned: Planned, good: str, which: str) -> None:
    plan = planned({"good": good, "many": MANY, "promised": PROMISED, "drops": DROPS}[which])
    assert planned(plan_to_toml(plan)) == plan


def test_defaults_are_written_out(planned: Planned, good: str) -> None:
    shown = tomllib.loads(plan_to_toml(planned(good)))
    assert shown["supervisor"]["drain_timeout"] == "10s"
    assert shown["onramps"]["access"]["batch_max"] == 128
    assert shown["offramps"]["out"]["mailbox_bytes"] == "64MiB"


def test_relative_paths_stay_relative(planned: Planned, good: str) -> None:
    assert tomllib.loads(plan_to_toml(planned(good)))["onramps"]["access"]["path"] == "access.log"


def test_a_secret_is_shown_as_its_reference(planned: Planned) -> None:
    assert tomllib.loads(plan_to_toml(planned(MANY)))["onramps"]["web"]["token"] == {"env": "PATH"}


_VALUES = st.recursive(
    st.text(st.characters(codec="utf-8"))
    | st.integers(-(2**63), 2**63 - 1)
    | st.booleans()
    | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(_VALUES)
@example('\x00\x1b\x7f\\x41"')
def test_any_value_is_written_so_that_it_reads_back(value: Any) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["onramps", "flows"]),
        st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), _VALUES, max_size=3),
        max_size=2,
    )
)
def test_any_document_is_written_so_that_it_reads_back(tables: dict[str, Any]) -> None:
    assert tomllib.loads(toml_document(tables)) == tables


def test_keys_without_a_value_are_left_out() -> None:
    assert without_nothing({"a": None, "b": [{"c": None}], "d": 0}) == {"b": [{}], "d": 0}
