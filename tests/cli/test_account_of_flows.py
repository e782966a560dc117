"""The account of each flow by itself."""

from __future__ import annotations

import pytest

from ramps.testing.accounting import assert_balanced
from supervisor.deployment.account import Account, ComponentAccount
from supervisor.deployment.plan import Kind
from supervisor.deployment.summary import account_text


def flow(name: str, *, received: int, written: int, filtered: int = 0) -> list[ComponentAccount]:
    return [
        ComponentAccount(f"offramp:{name}/out", Kind.OFFRAMP, name, received=written, written=written),
        ComponentAccount(
            f"pipeline:{name}/main", Kind.PIPELINE, name, received=received, filtered={"filter": filtered}
        ),
        ComponentAccount(f"onramp:{name}/in", Kind.ONRAMP, name, received=received),
    ]


class Ended:
    def __init__(self, account: Account) -> None:
        self._account = account

    def account(self) -> Account:
        return self._account


def test_each_flow_has_an_equation_of_its_own_with_its_dead_letters_by_reason() -> None:
    letters = {"offramp:one#2/out: it crashed the actor 3 times": 2}
    account = Account(
        (
            *flow("one", received=10, written=5, filtered=3),
            *flow("two", received=4, written=4),
        ),
        dead_letters=2,
        dead_letter_reasons=letters,
    )
    text = account_text(account)
    assert "account of flow one: 10 in = 5 written + 3 filtered + 2 dead letters\n" in text
    assert "account of flow two: 4 in = 4 written\n" in text
    one = account.to_json()["flows"]["one"]
    assert one["dead_letters"] == letters
    assert one["dropped"] == {"filter": 3}
    assert (
        one["in"] + one["made"]
        == one["out"]
        + one["merged"]
        + sum(one["dropped"].values())
        + sum(one["dead_letters"].values())
        + one["in_flight"]
        + one["passed_on"]
        + one["difference"]
    )
    assert_balanced(Ended(account))


def test_what_one_flow_misses_is_not_made_up_for_by_what_another_has_twice() -> None:
    account = Account((*flow("one", received=10, written=9), *flow("two", received=4, written=5)))
    assert (account.difference, account.unaccounted) == (0, 1)
    with pytest.raises(AssertionError, match=r"the account of one does not balance: .*1 unaccounted for"):
        assert_balanced(Ended(account))
