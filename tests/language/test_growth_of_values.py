"""Ordinary scripts do not pay for the protection against values that stand for huge ones."""

from __future__ import annotations

import pytest

from pipelines.language.codegen.growth import MOST, growth
from pipelines.language.codegen.ownership import walk
from pipelines.language.tree import Call
from tests.language.test_scripts_do_what_a_naive_interpreter_does import resolved


def script_grows(text: str) -> bool:
    main = resolved(text, "0.11").main
    calls = [node for node in walk(main.body) if isinstance(node, Call)]
    return growth(main, [call.routine for call in calls if call.routine is not None]) > MOST


@pytest.mark.parametrize(
    "text",
    [
        "event",
        "let event.a = event.b; let $c = event.d; let $e = event.f; event",
        "".join(f"let $f{number} = event.f{number};" for number in range(20)) + "event",
        '{"a": event.a, "b": event.b, "c": event.c, "d": [event.e, event.f]}',
        'for event of case (k, v) => {"key": k, "value": v} end',
        "for event.a of case (k, v) when v > 1 => let x = k end; event",
        'merge event of {"x": event.y} end',
        "fn f(n, x) of case (0, _) => x default => recur(n - 1, x) end; f(event.n, event.x)",
        " ".join(
            [
                "match event of",
                *(f"case {n} => let event.a = event.b" for n in range(40)),
                "default => 0 end; event",
            ]
        ),
        "let state = {}; let state.n = 1; state",
    ],
)
def test_a_script_that_cannot_blow_up_is_not_weighed(text: str) -> None:
    assert not script_grows(text)


@pytest.mark.parametrize(
    "text",
    [
        "let x = event;" + "let x = [x, x];" * 6 + "x",
        "for event of case (k, v) => event end",
        "for event of case (k, v) => let x = [x, v] end; x",
        "fn f(n, x) of case (0, _) => x default => recur(n - 1, [x, x]) end; f(event.n, event.x)",
        "fn f(n, x) with let y = [x, x]; match n of case 0 => x default => recur(n - 1, y) end end; f(9, 1)",
        "let event.a = event;" * 6 + "event",
    ],
)
def test_a_script_that_could_is(text: str) -> None:
    assert script_grows(text)
