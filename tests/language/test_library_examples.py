"""The examples of the reference are true."""

import pytest

from pipelines.language.library.function import FUNCTIONS, Function
from pipelines.language.library.modules import MODULES, members
from pipelines.language.library.written import Written
from pipelines.language.runtime.json_text import encode
from tests.language.running import evaluate

DOCUMENTED = [member for path in MODULES for member in members(path)] + [
    function for function in FUNCTIONS.values() if not function.package
]


def name(member: Function | Written) -> str:
    return member.signature if isinstance(member, Written) else f"{member.module}::{member.name}"


@pytest.mark.parametrize("member", DOCUMENTED, ids=name)
def test_the_example_has_the_value_that_the_reference_says(member: Function | Written) -> None:
    assert member.example is not None
    expression, value = member.example

    assert encode(evaluate(expression)) == value


@pytest.mark.parametrize(
    "member",
    # Braces in strings mean something else there.
    [
        one
        for one in DOCUMENTED
        if one.dialect == "0.9" and one.example and "{" not in one.example[0].replace('{"', "")
    ],
    ids=name,
)
def test_the_example_has_the_same_value_in_the_old_dialect(member: Function | Written) -> None:
    assert member.example is not None
    expression, value = member.example

    assert encode(evaluate(expression, dialect="0.9")) == value


def test_every_function_is_documented() -> None:
    assert {id(one) for one in FUNCTIONS.values()} <= {id(one) for one in DOCUMENTED}
