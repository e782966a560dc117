"""Whatever the text is, the lexer gives tokens for it, in order and within it, and quickly."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.lexer import MAX_LENGTH
from pipelines.language.reader import MAX_ERRORS
from pipelines.language.tokens import Embedded, Kind, Token
from tests.language.lexing import errors, read

FRAGMENTS = [
    '"', '"""', '"""\n', "{", "}", "#{", "%{", "|", "`", "\\", "\\u", "\n", "\r\n", " ", "#", "##", "###", "#!config ",
    "-", ":", "<", ">", "=", "!", "~", "%", "1", "0x", "1.", "1.0e", "_", "e5", "a", "é", "event", "let", "end", ";",
    "日", "\0", "\x1c", "\ud800", "\N{MATHEMATICAL SCRIPT CAPITAL X}",
]  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join))


def all_tokens(tokens: list[Token] | tuple[Token, ...]) -> Iterator[tuple[Token, int, int]]:
    """Every token with the bounds that it must keep."""
    place = 0
    for token in tokens[:-1]:
        yield token, place, len(token.span.source.text)
        place = token.span.end
        if isinstance(token.value, tuple):
            for piece in token.value:
                if isinstance(piece, Embedded):
                    for inner, begin, end in all_tokens(piece.tokens):
                        yield inner, max(begin, piece.span.start), min(end, token.span.end)


@given(TEXTS, st.sampled_from(["0.9", "0.11"]))
def test_any_text_gives_tokens_in_order_and_errors_within_it(text: str, dialect: str) -> None:
    tokens, problems = read(text, dialect)
    assert tokens[-1].kind is Kind.END
    assert [token.kind for token in tokens].count(Kind.END) == 1
    for token, begin, end in all_tokens(tokens):
        assert begin <= token.span.start < token.span.end <= end
    for error in problems.errors:
        assert error.span is not None
        assert 0 <= error.span.start <= error.span.end <= len(text)
        assert error.render()


@given(TEXTS, st.sampled_from(["0.9", "0.11"]))
def test_what_is_no_token_is_blank_or_a_comment(text: str, dialect: str) -> None:
    tokens, problems = read(text, dialect)
    if problems.errors:
        return
    spans = [token.span for token in tokens[:-1]] + [
        comment.span for token in tokens for comment in token.comments
    ]
    rest = list(text)
    for span in spans:
        rest[span.start : span.end] = " " * (span.end - span.start)
    assert "".join(rest).strip() == ""


def test_a_text_may_only_be_so_long() -> None:
    assert errors(" " * MAX_LENGTH) == []
    ((message, _),) = errors(" " * (MAX_LENGTH + 1))
    assert message.startswith("this text is too long")


def test_after_many_errors_the_rest_is_not_read() -> None:
    assert len(errors("7x0\n" * 1000)) == MAX_ERRORS


def test_half_a_surrogate_pair_is_told() -> None:
    assert errors("a \ud800") == [("this is half of a surrogate pair, and no character", "\ud800")]


def test_hostile_texts_take_time_that_grows_with_their_length_only() -> None:
    for text in [
        '"#{' * 100_000,
        '""' * 20_000,
        '"' + "\\n" * 20_000,
        '"#{1}"' * 10_000,
        "|" + "\\\n" * 20_000,
    ]:
        read(text)
