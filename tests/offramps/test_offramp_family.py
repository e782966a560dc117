from __future__ import annotations

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.batch import Batch
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramp import Offramp, Outgoing, offramps
from ramps.testing.faulty_offramps import (
    CrashingOfframp,
    FlakyOfframp,
    RefusingOfframp,
    UnopenableOfframp,
    UnreachableOfframp,
)

OURS = [member for member in offramps.members() if member.__module__.startswith("ramps.offramps.")]


def of(*values: Any) -> Outgoing:
    return Outgoing([], Batch(list(values), ingest_ns=0))


def test_all_our_offramps_are_found_by_name() -> None:
    names = [member.name for member in OURS]
    assert names == [
        "blackhole", "exit", "file", "http", "memory", "sqlite", "stderr", "stdout", "tcp", "udp", "unix",
    ]  # fmt: skip


@pytest.mark.parametrize("member", OURS, ids=lambda member: member.name)
def test_the_example_of_an_offramp_is_valid(member: type[Offramp]) -> None:
    (section,) = tomllib.loads(member.example)["offramps"].values()
    assert section.pop("type") == member.name
    member(member.Options.model_validate(section)).close()


@pytest.mark.parametrize("member", OURS, ids=lambda member: member.name)
def test_every_option_of_an_offramp_is_described(member: type[Offramp]) -> None:
    assert all(field.description for field in member.Options.model_fields.values())
    assert member.summary.endswith(".")


def test_the_doubles_fail_in_the_way_of_their_names() -> None:
    with pytest.raises(CannotOpen):
        UnopenableOfframp().open()
    with pytest.raises(RuntimeError):
        CrashingOfframp().write(of(1))
    with pytest.raises(Rejected) as caught:
        RefusingOfframp(lambda value: value > 1).write(of(1, 2))
    assert caught.value.indices == [1]


def test_the_doubles_that_lose_connections_work_in_the_end() -> None:
    unreachable, flaky = UnreachableOfframp(failures=1), FlakyOfframp(failures=1, retry_after_seconds=2.0)
    with pytest.raises(ConnectionLost):
        unreachable.open()
    unreachable.open()
    with pytest.raises(ConnectionLost) as caught:
        flaky.write(of(1))
    assert caught.value.retry_after_seconds == 2.0
    flaky.write(of(1))
    assert flaky.events == [1]
    assert flaky.calls == ["write", "write"]


@pytest.mark.parametrize("host", ["a..b", "x" * 64, "a b"])
@pytest.mark.parametrize(
    ("name", "option"), [("tcp", "address"), ("udp", "address"), ("udp", "bind"), ("http", "url")]
)
def test_a_host_name_that_no_resolver_takes_is_a_configuration_error(
    name: str, option: str, host: str
) -> None:
    values = {"address": "127.0.0.1:1", option: f"http://{host}/" if option == "url" else f"{host}:1"}
    with pytest.raises(ValidationError, match=r"host name|neither spaces"):
        offramps.get(name).Options.model_validate(values if name != "http" else {"url": values["url"]})


def test_a_value_that_cannot_even_be_shown_costs_its_event_only() -> None:
    from ramps.offramp_actor import _shown

    class Mute:
        def __repr__(self) -> str:
            raise KeyError

    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert _shown(Mute()) == {"event_repr": "<Mute that cannot be shown>"}
    assert _shown(deep) == {"event_repr": "<list that cannot be shown>"}
