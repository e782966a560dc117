"""``emit`` and ``drop`` may stand where a value is expected; the script then ends before anything is done with one."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.language import compile_script


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
@pytest.mark.parametrize(
    ("text", "value", "port"),
    [
        ("let x = emit 1; 2", 1, "out"),
        ('let x = emit 1 => "low"; 2', 1, "low"),
        ("let event.x = emit; 2", {}, "out"),
        ("let $x = let y = emit event; 2", {}, "out"),
        ("let state = emit 3", 3, "out"),
        ("let x = match 1 of case 1 => emit 4 default => 5 end; x", 4, "out"),
        ("let x = let y = 6; [x, y]", [6, 6], "out"),
    ],
)
def test_an_emit_in_the_place_of_a_value_ends_the_script(
    dialect: str, text: str, value: Any, port: str
) -> None:
    emitted = compile_script(text, dialect=dialect).run({})
    assert emitted is not None
    assert (emitted.value, emitted.port) == (value, port)


@pytest.mark.parametrize("text", ["let x = drop; 1", "let event.x = drop; 1", "let $x = let state = drop; 1"])
def test_a_drop_in_the_place_of_a_value_ends_the_script(text: str) -> None:
    instance = compile_script(text).start()
    assert instance.run({}) is None
    assert instance.state is None
