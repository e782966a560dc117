"""Every character of a text in a TOML file knows its line and column there, whatever quotes it stands in."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.diagnostic import Diagnostic
from pipelines.language.source import Source, Span
from supervisor.deployment.inline_text import inline_source
from supervisor.deployment.load import parse

PATH = ("pipelines", "p", "script")


def source_of(written: str) -> tuple[Source, str]:
    """The source of the string that is written so in a file, and the file's text."""
    document = parse(f"[pipelines.p] # ß\nscript = {written} # end\n", "config.toml")
    text = document.tables["pipelines"]["p"]["script"]
    return inline_source(document, PATH, text), document.text


def character_at(source: Source, text: str, offset: int) -> str:
    line, column = source.position(offset)
    return (text.split("\n")[line - 1] + "\n")[column - 1]


@pytest.mark.parametrize(
    ("written", "places"),
    [
        ("'a\tb'", {"a": (2, 11), "b": (2, 13)}),
        ('"a\\tb"', {"a": (2, 11), "b": (2, 14)}),
        ('"\\u00e4\\U0001F600b"', {"ä": (2, 11), "😀": (2, 17), "b": (2, 27)}),
        ("'''a\n  b'''", {"a": (2, 13), "b": (3, 3)}),
        ("'''\n a\nb'''", {"a": (3, 2), "b": (4, 1)}),
        ('"""\na\\\n   \n  b\\"c"""', {"a": (3, 1), "b": (5, 3), '"': (5, 4), "c": (5, 6)}),
        ('"""\\\n  a"""', {"a": (3, 3)}),
        ("'''\r\na\r\nb'''", {"a": (3, 1), "b": (4, 1)}),
        ("'''\n'a''b''''", {"b": (3, 5)}),
    ],
)
def test_a_character_stands_where_the_file_has_it(written: str, places: dict[str, tuple[int, int]]) -> None:
    source, _ = source_of(written)

    assert {character: source.position(source.text.index(character)) for character in places} == places


_TEXTS = st.text(st.sampled_from("ab ä😀\n\t\"'\\#="), max_size=30)


def ways_to_write(text: str) -> list[str]:
    basic = json.dumps(text, ensure_ascii=False)[1:-1]
    ways = [f'"{basic}"', f'"""\n{basic}"""', f'"""{basic}\\\n  """']
    ways.append('"""\n' + basic.replace("\\n", "\n") + '"""')
    if "'" not in text:
        ways.append(f"'''\n{text}'''")
        if "\n" not in text:
            ways.append(f"'{text}'")
    return ways


@settings(max_examples=150, deadline=None)
@given(_TEXTS)
def test_all_ways_to_write_a_text_lead_to_its_characters(text: str) -> None:
    for written in ways_to_write(text):
        source, file = source_of(written)
        assert source.text == text
        for offset, character in enumerate(text):
            assert character_at(source, file, offset) in (character, "\\"), written
        # What ends a text stands behind it: quotes, or what a backslash leaves out.
        assert character_at(source, file, len(text)) in ("'", '"', "\\"), written


@settings(max_examples=50, deadline=None)
@given(_TEXTS.filter(bool), st.data())
def test_carets_stand_below_the_file_s_own_line(text: str, data: st.DataObject) -> None:
    for written in ways_to_write(text):
        source, file = source_of(written)
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
        diagnostic = Diagnostic("wrong", Span(source, start, end))
        rendered = diagnostic.render()
        assert f"config.toml:{diagnostic.line}:{diagnostic.column}" in rendered
        assert file.split("\n")[diagnostic.line - 1][:9].replace("\t", "    ").rstrip() in rendered


def test_the_excerpt_of_a_problem_in_a_joined_line_is_the_file_s() -> None:
    source, _ = source_of('"""\nlet a = 1;\\\n  lett b = 2"""')
    start = source.text.index("lett")

    assert Diagnostic("no such word", Span(source, start, start + 4)).render().splitlines()[1:] == [
        " --> config.toml:4:3",
        "  |",
        '4 |   lett b = 2""" # end',
        "  |   ^^^^",
    ]
