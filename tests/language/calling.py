"""For the tests of the library: calls its functions as generated code does."""

from typing import Any

import pytest

import pipelines.language.library  # noqa: F401 - fills the table
from pipelines.language.faults import Fault
from pipelines.language.library.function import FUNCTIONS
from pipelines.language.limits import Limits
from pipelines.language.script import SimpleOccasion


def call(
    name: str, *arguments: Any, ingest_ns: int = 0, origin: str = "", limits: Limits | None = None
) -> Any:
    """The result of a function, its arguments checked."""
    module, _, last = name.rpartition("::")
    function = FUNCTIONS[module, last]
    leading: list[Any] = []
    if function.takes_occasion:
        leading.append(SimpleOccasion(ingest_ns, origin))
    if function.takes_limits:
        leading.append(limits or Limits())
    return function.checked(*leading, *arguments)


def fault(name: str, *arguments: Any, limits: Limits | None = None) -> str:
    """The message of the fault that a call ends with, without the function's name, which must be there."""
    with pytest.raises(Fault) as caught:
        call(name, *arguments, limits=limits)
    assert caught.value.message.startswith(name)
    return caught.value.message.removeprefix(name).removeprefix(": ").strip()


def types_of(value: Any) -> Any:
    """The value with the type of each part, so that 1, 1.0 and true differ."""
    if isinstance(value, list):
        return [types_of(part) for part in value]
    if isinstance(value, dict):
        return {key: types_of(part) for key, part in value.items()}
    return type(value), repr(value)
