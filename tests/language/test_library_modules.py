"""What ``use`` finds in the library."""

import pytest

from pipelines.language.analysis import analyse_script
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import DIALECTS
from pipelines.language.lexer import tokenize
from pipelines.language.library.function import FUNCTIONS
from pipelines.language.library.modules import MODULES, find_builtin, members, use_path
from pipelines.language.library.written import WRITTEN
from pipelines.language.modules import expand
from pipelines.language.parser import parse_script
from pipelines.language.source import Source


def problems_of(text: str, dialect: str) -> list[str]:
    """The messages of what is wrong with a script."""
    problems, version, source = Problems(), DIALECTS[dialect], Source("test", text)
    tokens = expand(tokenize(source, version, problems), [], version, problems, source)
    script = parse_script(tokens, version, problems)
    if not problems.errors:
        analyse_script(script, version, problems)
    return [problem.message for problem in (*problems.errors, *problems.warnings)]


USABLE = [
    (path, dialect) for dialect in DIALECTS for path in MODULES if find_builtin(path, dialect) is not None
]


@pytest.mark.parametrize(
    ("path", "dialect"), USABLE, ids=lambda part: "::".join(part) if type(part) is tuple else part
)
def test_each_module_can_be_used(path: tuple[str, ...], dialect: str) -> None:
    assert problems_of(f"use {'::'.join(path)};\n1", dialect) == []


def test_every_function_is_found_by_use() -> None:
    lost = [
        f"{one.module}::{one.name}"
        for one in FUNCTIONS.values()
        if one.package
        and (use_path(one) not in MODULES or f" as {one.module}::" not in str(find_builtin(use_path(one))))
    ]

    assert lost == []
    assert [written for written in WRITTEN if written.path not in MODULES] == []


def test_datetime_is_not_found_by_use() -> None:
    assert find_builtin(("std", "datetime")) is None
    assert {use_path(one) for one in FUNCTIONS.values() if one.module == "datetime"} == {()}


def test_the_old_dialect_has_no_binaries_and_no_telemetry() -> None:
    assert find_builtin(("std", "binary"), "0.9") is None
    assert find_builtin(("cncf", "otel"), "0.9") is None
    assert "into_binary" not in str(find_builtin(("std", "string"), "0.9"))
    assert "into_binary" in str(find_builtin(("std", "string"), "0.11"))
    assert {member.dialect for path in MODULES for member in members(path, "0.9")} == {"0.9"}


@pytest.mark.parametrize("path", [(), ("std", "nothing"), ("array",), ("std", "array", "len")])
def test_there_are_no_other_modules(path: tuple[str, ...]) -> None:
    assert find_builtin(path) is None


def test_a_module_has_a_comment_for_each_of_its_functions() -> None:
    assert find_builtin(("std", "float")) == (
        "### Floating-point numbers.\n"
        "\n"
        "## The float that a text tells: `1`, `-1.5`, `.5`, `1e3`, `inf`, `nan`, with nothing around it.\n"
        "intrinsic fn parse(text) as float::parse"
    )


def test_names_that_are_words_of_the_language_are_quoted() -> None:
    text = str(find_builtin(("std", "record")))

    assert "intrinsic fn `select`(record, names) as record::`select`" in text
    assert "intrinsic fn `merge`(left, right) as record::`merge`" in text


def test_what_may_be_left_out_or_repeated_is_open() -> None:
    assert "intrinsic fn integer(...) as" in str(find_builtin(("std", "random")))
    assert "intrinsic fn format(format, ...) as" in str(find_builtin(("std", "string")))


def test_a_package_has_its_modules_within_it() -> None:
    text = str(find_builtin(("cncf",)))

    assert text.index("mod otel with") < text.index("mod logs with") < text.index("mod severity with")
