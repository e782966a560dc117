"""What the text of a link means, and where it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.deployment.links import BadLink, parse_chain


def edges(text: str) -> list[tuple[str, str]]:
    return [
        (f"{e.source.name}/{e.source.port}", f"{e.target.name}/{e.target.port}") for e in parse_chain(text)
    ]


def test_a_chain_links_each_name_to_the_next_by_out_and_in() -> None:
    assert edges("a -> b -> c") == [("a/out", "b/in"), ("b/out", "c/in")]


def test_a_port_before_the_arrow_is_an_output_and_behind_it_an_input() -> None:
    assert edges("a/err -> b/other") == [("a/err", "b/other")]


def test_spaces_are_free() -> None:
    assert edges("  a->b  ->   c ") == edges("a -> b -> c")


def test_endpoints_know_where_they_stand() -> None:
    (edge,) = parse_chain("  abc/err ->  de")
    assert (edge.source.within, edge.target.within) == ((2, 7), (14, 2))


@pytest.mark.parametrize(
    ("text", "within", "words"),
    [
        ("a", (0, 1), "linked to nothing"),
        ("a -> ", (4, 1), "name is missing"),
        ("-> a", (0, 1), "name is missing"),
        ("a -> -> b", (4, 1), "name is missing"),
        ("", (0, 1), "name is missing"),
        ("a b -> c", (0, 3), "not a component's name"),
        ("a -> b/c/d", (5, 5), "not a component's name"),
        ("a > b", (0, 5), "not a component's name"),
        ("a -> b/x -> c", (5, 3), "input or an output"),
    ],
)
def test_a_link_that_cannot_be_read_says_where_and_why(
    text: str, within: tuple[int, int], words: str
) -> None:
    with pytest.raises(BadLink) as caught:
        parse_chain(text)
    assert caught.value.within == within
    assert words in str(caught.value)
    assert caught.value.hint


@settings(max_examples=120, deadline=None)
@given(st.text(st.sampled_from("ab-> /\n\té")) | st.text())
def test_any_text_is_a_chain_or_a_bad_link_within_its_bounds(text: str) -> None:
    try:
        chain = parse_chain(text)
    except BadLink as bad:
        start, length = bad.within
        assert 0 <= start <= len(text)
        assert length >= 1
        return
    for edge in chain:
        for endpoint in (edge.source, edge.target):
            assert text[endpoint.start : endpoint.start + endpoint.length].startswith(endpoint.name)
