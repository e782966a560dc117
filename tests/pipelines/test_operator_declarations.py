from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines import (
    Batch,
    ConfigurationError,
    Inline,
    Kind,
    Operator,
    PipelineError,
    chain,
    compile_graph,
)
from pipelines.operator import operators
from pipelines.syntax import assign, call, constant
from pipelines.values import copy_value, key_of

MEMBERS = operators.members()


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_every_operator_says_what_it_is_for_and_documents_each_option(member: Any) -> None:
    assert member.summary.endswith((".", "}."))
    assert all(field.description for field in member.Options.model_fields.values())
    json.dumps(member.Options.model_json_schema())


@pytest.mark.parametrize("member", [m for m in MEMBERS if m.name != "python"], ids=lambda member: member.name)
def test_every_example_compiles_and_takes_an_event(member: Any) -> None:
    [table] = tomllib.loads(member.example)["pipelines"].values()
    assert any(step["type"] == member.name for step in table["operators"])
    steps = []
    for step in table["operators"]:
        operator = operators.get(step.pop("type"))
        options = operator.Options.model_validate(step)
        assert (
            operator.Options.model_validate(options.model_dump(mode="json", by_alias=True, exclude_none=True))
            == options
        )
        steps.append(operator(options))
    pipeline = compile_graph(chain(steps), name="main")
    pipeline.process(Batch([{}], ingest_ns=0))
    assert pipeline.account()["in"] == 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("filter", {"expression": "event +"}),
        ("filter", {}),
        ("set", {"fields": {}}),
        ("remove", {"fields": ["a..b"]}),
        ("batch", {"count": 0}),
        ("batch", {"count": 1, "timeout": 5}),
        ("backpressure", {"timeout": "0s"}),
        ("backpressure", {"timeout": "1s", "steps": [50]}),
        ("percentile", {"timeout": "1s", "floor": 2}),
        ("dedupe", {"unknown": 1}),
        ("bucket", {"rate": 1, "window": "0s"}),
    ],
)
def test_wrong_options_are_refused_when_they_are_read(make: Any, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(name, **options)


def test_the_python_operator_is_a_step_like_any_other(
    make: Any, pipeline_of: Any, batch_of: Any, tmp_path: Any
) -> None:
    (tmp_path / "shape.py").write_text(
        "class Add:\n    def __init__(self, n): self.n = n\n    def __call__(self, e): return e + self.n"
    )
    step = make("python", function="shape:Add", options={"n": 2}, search_path=tmp_path)
    assert dict(pipeline_of(step, make("counter")).process(batch_of(1)))["out"].values == [
        {"count": 1, "event": 3}
    ]
    with pytest.raises(ConfigurationError, match="no module"):
        make("python", function="shap:Add", search_path=tmp_path)


def test_a_batch_for_a_port_that_does_not_exist_is_refused(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    with pytest.raises(PipelineError, match="no input 'inn'; its inputs: in"):
        pipeline_of(make("counter")).process(batch_of(1), "inn")


def test_an_empty_batch_gives_nothing(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    assert pipeline_of().process(batch_of()) == []
    assert pipeline_of(make("counter")).process(batch_of()) == []


def test_events_that_nothing_changed_keep_their_bytes(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    steps = [make("filter", expression="event > 1"), make("sample", every=1), make("roundrobin")]
    batch = batch_of(1, 2, 3, raws=[b"1", b"2", b"3"], raw_codec="json", size=30)
    [(_, left)] = pipeline_of(*steps).process(batch)
    assert (left.values, left.raws, left.raw_codec, left.metas, left.size) == (
        [2, 3],
        [b"2", b"3"],
        "json",
        None,
        20,
    )


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    )
)
def test_a_copy_is_equal_and_shares_no_object_or_array(value: Any) -> None:
    def containers(item: Any) -> set[int]:
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        own = {id(item)} if isinstance(item, list | dict) else set()
        return own.union(*map(containers, inner))

    copied = copy_value(value)
    assert copied == value
    assert not containers(copied) & containers(value)


def test_copies_are_made_of_values_that_are_nested_beyond_recursion() -> None:
    value: Any = [1]
    for _ in range(50_000):
        value = [value]
    copied = copy_value(value)
    assert copied is not value
    for _ in range(50_000):
        [copied] = copied
    assert copied == [1]
    while isinstance(value, list):  # Taken apart by hand: freeing it all at once is as deep.
        [value] = value


def test_what_cannot_be_copied_is_shared() -> None:
    lock_like = (item for item in [1])
    assert copy_value({"a": lock_like})["a"] is lock_like


def test_a_value_within_itself_is_copied_once_and_stays_within_itself():
    value = {"list": [1]}
    value["self"] = value
    copied = copy_value(value)

    assert copied["self"] is copied
    assert copied is not value
    assert copied["list"] is not value["list"]


def test_a_copied_batch_shares_nothing_that_can_change_and_never_fails():
    class Uncopyable:
        def __deepcopy__(self, memo):
            raise RuntimeError("no")

    foreign = Uncopyable()
    batch = Batch(
        [{"n": 1}, foreign], ingest_ns=1, metas=[{"m": 1}, None], raws=[b"1", None], raw_codec="json"
    )
    copied = batch.copy()

    assert copied.values == [{"n": 1}, foreign]
    assert (copied.metas, copied.raws, copied.raw_codec) == (batch.metas, batch.raws, "json")
    assert copied.values[0] is not batch.values[0]
    assert copied.metas[0] is not batch.metas[0]
    assert copied.raws is not batch.raws


def test_an_object_of_an_operator_keeps_its_name_whatever_its_local_variables_are_called():
    class Busy(Operator):
        name = "busy"
        kind = Kind.INLINE

        def inline(self, scope):
            names = [scope.local("thing") for _ in range(30)]
            statements = tuple(assign(name, constant(0)) for name in names)
            return Inline(statements, value=call(scope.bind("thing", str), scope.value()))

    pipeline = compile_graph(chain([Busy()]), name="main")

    assert [(port, batch.values) for port, batch in pipeline.process(Batch([5], ingest_ns=0))] == [
        ("out", ["5"])
    ]


def test_bytes_are_keys_unlike_texts():
    assert key_of(b"a" * 1000) == key_of(b"a" * 1000)
    assert len({key_of(b"a"), key_of(b"b"), key_of("a"), key_of('"a"'), key_of(b'"a"')}) == 5
