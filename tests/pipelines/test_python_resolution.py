from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import ConfigurationError, resolve_python
from pipelines.python_modules import _PREFIX


@pytest.fixture(autouse=True)
def _leave_no_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        path = directory.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def call(
    spec: str, directory: Path, pipeline_of: Any, batch_of: Any, *events: Any, **options: Any
) -> list[Any]:
    pipeline = pipeline_of(resolve_python(spec, search_path=directory, options=options))
    return [value for _, batch in pipeline.process(batch_of(*events)) for value in batch.values]


def test_a_function_beside_the_file_is_found_and_sys_path_stays_as_it_was(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    path_before = list(sys.path)
    write(tmp_path, shape="def double(event): return event * 2")
    assert call("shape:double", tmp_path, pipeline_of, batch_of, 2) == [4]
    assert sys.path == path_before
    assert "shape" not in sys.modules


def test_two_directories_with_modules_of_the_same_name_do_not_mix(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    for name in ("one", "two"):
        write(
            tmp_path / name,
            helpers=f"name = {name!r}",
            shape="import helpers\ndef early(event): return helpers.name\n"
            "def late(event):\n    from helpers import name\n    return name",
        )
    for function in ("early", "late"):
        for name in ("one", "two"):
            assert call(f"shape:{function}", tmp_path / name, pipeline_of, batch_of, 1) == [name]


def test_packages_submodules_and_relative_imports_work(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    write(
        tmp_path,
        package____init__="",
        package__parts="from . import words\nimport package.words\ndef both(event): return words is package.words",
        package__words="",
    )
    (tmp_path / "package" / "__init__.py").write_text("")
    assert call("package.parts:both", tmp_path, pipeline_of, batch_of, 1) == [True]


def test_a_file_does_not_stand_in_for_a_module_of_python_itself(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    write(tmp_path, json="raise SystemError", shape="import json\ndef dump(event): return json.dumps(event)")
    assert call("shape:dump", tmp_path, pipeline_of, batch_of, [1]) == ["[1]"]


def test_a_file_may_be_named_by_its_path(tmp_path: Path, pipeline_of: Any, batch_of: Any) -> None:
    write(
        tmp_path, deep__shape="from helpers import double\ndef go(event): return double(event)",
        deep__helpers="def double(event): return event * 2",
    )  # fmt: skip
    assert call("deep/shape.py:go", tmp_path, pipeline_of, batch_of, 2) == [4]


def test_an_installed_module_is_found_where_none_stands_beside_the_file(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    assert call("json:dumps", tmp_path, pipeline_of, batch_of, [1]) == ["[1]"]
    assert call("os.path:basename", tmp_path, pipeline_of, batch_of, "a/b") == ["b"]


def test_a_class_is_made_with_the_options(tmp_path: Path, pipeline_of: Any, batch_of: Any) -> None:
    write(
        tmp_path,
        shape="from pipelines import ports, Emit\n@ports('big')\nclass Above:\n"
        "    def __init__(self, limit, word='w'): self.limit = limit\n"
        "    def __call__(self, event): return Emit(event, 'big') if event > self.limit else event",
    )
    operator = resolve_python("shape:Above", search_path=tmp_path, options={"limit": 3})
    assert operator.outputs == ("out", "big")
    [(out, _), (big, _)] = pipeline_of(operator).process(batch_of(1, 5))
    assert (out, big) == ("out", "big")


def test_a_dataclass_and_an_annotated_module_load_as_usual(
    tmp_path: Path, pipeline_of: Any, batch_of: Any
) -> None:
    write(
        tmp_path,
        shape="from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Add:\n"
        "    amount: int\n    def __call__(self, event: int) -> int: return event + self.amount",
    )
    assert call("shape:Add", tmp_path, pipeline_of, batch_of, 1, amount=2) == [3]


SHAPE = """
import math
number = 5
def fine(event): return event
def two(a, b, c): return a
class NoCall: pass
class Picky:
    def __init__(self, limit): self.limit = 1 / limit
    def __call__(self, event): return event
"""


@pytest.mark.parametrize(
    ("spec", "options", "message", "hint"),
    [
        ("shape", {}, "'shape' does not name a function", 'write "module:function"'),
        ("shape:", {}, "does not name a function", "module:function"),
        ("../shape:fine", {}, "does not name a function", "module:function"),
        ("shape.py:fine:x", {}, "does not name a function", "module:function"),
        ("shap.py:fine", {}, "there is no file", "write its path"),
        ("json.py:fine", {}, "has the name of a module that Python itself brings", "another name"),
        ("shap:fine", {}, "there is no module 'shap'", "without its .py"),
        ("shape.sub:fine", {}, "there is no module 'shape.sub'", "looked in"),
        ("shape:fin", {}, "the module 'shape' has no 'fin'", "did you mean 'fine'?"),
        ("shape:number", {}, "cannot be called: it is of type int", "name a function or a class"),
        ("shape:two", {}, "shape:two(a, b, c) must take one argument", "change its parameters"),
        ("shape:fine", {"a": 1}, "is a function and takes no options", "make it a class"),
        ("shape:NoCall", {}, "has no __call__", "it gets each event"),
        ("shape:Picky", {}, "missing a required argument: 'limit'", "Picky(limit)"),
        ("shape:Picky", {"limit": 1, "other": 2}, "unexpected keyword argument 'other'", "Picky(limit)"),
        ("shape:Picky", {"limit": 0}, "ZeroDivisionError: division by zero", "change the options"),
        ("broken:f", {}, "ModuleNotFoundError: No module named 'no_such_thing'", "mend broken.py"),
        ("raising:f", {}, "NameError: name 'undefined' is not defined", "mend raising.py"),
        ("wrong:f", {}, "SyntaxError:", "mend wrong.py"),
        ("leaving:f", {}, "SystemExit: 3", "mend leaving.py"),
    ],
)
def test_each_way_to_be_wrong_has_a_message_and_a_remedy(
    tmp_path: Path, spec: str, options: dict[str, Any], message: str, hint: str
) -> None:
    write(
        tmp_path,
        shape=SHAPE,
        broken="x = 1\nimport no_such_thing",
        raising="\n\nundefined",
        wrong="def f(:",
        leaving="import sys\nsys.exit(3)",
        json="def fine(event): return event",
    )
    with pytest.raises(ConfigurationError) as caught:
        resolve_python(spec, search_path=tmp_path, options=options)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert _PREFIX not in str(caught.value)


@pytest.mark.parametrize(("module", "line"), [("broken", 2), ("raising", 3), ("wrong", 1)])
def test_an_import_that_fails_names_the_users_file_and_line(tmp_path: Path, module: str, line: int) -> None:
    write(tmp_path, broken="x = 1\nimport no_such_thing", raising="\n\nundefined", wrong="def f(:")
    with pytest.raises(ConfigurationError) as caught:
        resolve_python(f"{module}:f", search_path=tmp_path)
    assert f"({tmp_path / module}.py, line {line})" in str(caught.value)


def test_an_error_in_a_module_that_is_imported_by_the_users_one_names_the_inner_line(tmp_path: Path) -> None:
    write(tmp_path, outer="import inner", inner="\n1 / 0")
    with pytest.raises(ConfigurationError) as caught:
        resolve_python("outer:f", search_path=tmp_path)
    assert f"({tmp_path / 'inner'}.py, line 2)" in str(caught.value)


def test_a_class_that_ends_the_program_when_it_is_made_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "leaving.py").write_text(
        "import sys\nclass Leave:\n    def __init__(self): sys.exit(3)\n    def __call__(self, event): return event\n"
    )

    with pytest.raises(
        ConfigurationError, match="cannot be made with these options: SystemExit: 3"
    ) as refused:
        resolve_python("leaving:Leave", search_path=tmp_path)

    assert "leaving.py, line 3" in str(refused.value)


def test_a_file_whose_name_cannot_be_imported_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "my-file.py").write_text("def f(event): return event\n")

    with pytest.raises(ConfigurationError, match="has a name that Python cannot import") as refused:
        resolve_python("my-file.py:f", search_path=tmp_path)

    assert "underscores" in refused.value.hint


def test_instances_of_a_class_share_none_of_their_options(tmp_path: Path) -> None:
    (tmp_path / "collecting.py").write_text(
        "class Collect:\n"
        "    def __init__(self, seen): self.seen = seen\n"
        "    def __call__(self, event):\n"
        "        self.seen.append(event)\n"
        "        return list(self.seen)\n"
    )
    options = {"seen": ["first"]}
    made = [
        resolve_python("collecting:Collect", search_path=tmp_path, options=options).event_function()
        for _ in range(2)
    ]

    assert [function(number) for number, function in enumerate(made)] == [["first", 0], ["first", 1]]
    assert options == {"seen": ["first"]}
