"""`actors` <- `pipelines` <- `ramps` <- `supervisor`: a package imports only what stands to its left."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ["actors", "pipelines", "ramps", "supervisor"]


def _modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole name instead of a relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("package", LAYERS)
def test_a_package_imports_only_from_the_layers_below_it(package: str) -> None:
    above = LAYERS[LAYERS.index(package) + 1 :]
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(package)
        for name in _imported(path)
        if name.partition(".")[0] in {*above, "tests", "benchmarks", "examples"}
    ]
    assert wrong == []


def test_every_layer_was_looked_at() -> None:
    assert all(len(_modules(package)) > 5 for package in LAYERS)


def test_pipelines_touch_gevent_only_where_they_become_actors() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in _modules("pipelines")
        if any(name.partition(".")[0] in {"gevent", "actors"} for name in _imported(path))
    ]
    assert users == ["pipelines/actor.py"]


def test_importing_the_library_patches_nothing() -> None:
    import subprocess

    program = (
        "import socket, signal, gc\n"
        "before = socket.socket, signal.getsignal(signal.SIGINT), gc.get_threshold()\n"
        "import actors, pipelines, ramps, supervisor, supervisor.deployment.deployment\n"
        "import ramps.onramps.tcp, ramps.offramps.http\n"
        "after = socket.socket, signal.getsignal(signal.SIGINT), gc.get_threshold()\n"
        "from gevent import monkey\n"
        "assert before == after and not monkey.saved, monkey.saved\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=ROOT)
