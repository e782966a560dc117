"""For the tests of the lexer: a text's tokens in a form that is easily compared."""

from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.source import Source
from pipelines.language.tokens import Embedded, Kind, Token


def read(text: str, dialect: str = "0.11") -> tuple[list[Token], Problems]:
    problems = Problems()
    return tokenize(Source("test", text), DIALECTS[dialect], problems), problems


def tokens(text: str, dialect: str = "0.11") -> list[Token]:
    """Of a text without errors, without the last one."""
    found, problems = read(text, dialect)
    assert problems.errors == []
    assert found[-1].kind is Kind.END
    return found[:-1]


def words(text: str, dialect: str = "0.11") -> list[str]:
    return [token.text for token in tokens(text, dialect)]


def value(text: str, dialect: str = "0.11") -> object:
    """The value of the only token; embedded expressions as lists of words."""
    (token,) = tokens(text, dialect)
    if isinstance(token.value, tuple):
        return [
            [inner.text for inner in piece.tokens[:-1]] if isinstance(piece, Embedded) else piece
            for piece in token.value
        ]
    return token.value


def errors(text: str, dialect: str = "0.11") -> list[tuple[str, str]]:
    """Message, and the characters that it is about."""
    _, problems = read(text, dialect)
    return [(error.message, error.span.text if error.span else "") for error in problems.errors]
