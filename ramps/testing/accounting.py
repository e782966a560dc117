"""What every end-to-end test ends with: an account in which no event is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["assert_balanced", "assert_report_balanced"]


class _Account(Protocol):
    @property
    def difference(self) -> int: ...

    def equation(self) -> str: ...

    def per_flow(self) -> Mapping[str, Any]: ...


class _Accountable(Protocol):
    def account(self) -> _Account: ...


def assert_balanced(deployment: _Accountable, *, repeated: bool = False) -> None:
    """Fail unless all events of each flow of a `Deployment` (or `Fleet`) are accounted for, and none of them twice.

    Exact when nothing is under way, as after `stop`. ``repeated``: a crash, or a promise of at-least-once, may have
    made some events come out twice.
    """
    account = deployment.account()
    for flow, part in {**account.per_flow(), "all flows": account}.items():
        wrong = part.difference > 0 if repeated else part.difference != 0
        assert not wrong, f"the account of {flow} does not balance: {part.equation()}"


def assert_report_balanced(report: str) -> None:
    """The same for what a command that has run a deployment printed at its end; nothing if it printed no account.

    Raises ``AssertionError`` with the lines that do not balance.
    """
    wrong = [line for line in report.splitlines() if line.startswith("account") and "unaccounted for" in line]
    assert not wrong, "the account does not balance: " + "; ".join(wrong)
