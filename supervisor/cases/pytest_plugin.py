"""A plugin of pytest that collects ``*.test.toml``. Until it finds one, it imports nothing of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from supervisor.cases.discovery import SUFFIX

if TYPE_CHECKING:
    from supervisor.cases.run import CaseResult
    from supervisor.cases.suite import Case, Suite

__all__ = ["CaseFile", "CaseItem", "pytest_collect_file"]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """pytest's hook: a file of cases is ours."""
    if not file_path.name.endswith(SUFFIX):
        return None
    return CaseFile.from_parent(parent, path=file_path)


class CaseFile(pytest.File):
    """One ``*.test.toml``."""

    def collect(self) -> Iterator[CaseItem]:
        """An item for each case. Raises ``CollectError`` with all problems of the file, or of its deployment."""
        from supervisor.cases.suite import load_suite
        from supervisor.deployment.problem import InvalidDeployment

        try:
            suite = load_suite(self.path)
        except InvalidDeployment as invalid:
            raise self.CollectError("\n".join(map(str, invalid.problems))) from None
        for case in suite.cases:
            yield CaseItem.from_parent(self, name=case.name, suite=suite, case=case)


class _CaseFailed(Exception):
    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.name)
        self.result = result


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, suite: Suite, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self._suite = suite
        self._case = case

    def runtest(self) -> None:
        """Run it. Blocks for as long as its ``timeout`` at most."""
        from supervisor.cases.run import run_case

        result = run_case(self._suite, self._case)
        if not result.passed:
            raise _CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is not as expected, in place of a traceback."""
        from supervisor.cases.report import failure_lines

        if isinstance(excinfo.value, _CaseFailed):
            return "\n".join(failure_lines(excinfo.value.result))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands; lines count from 0 here."""
        return self.path, self._case.line - 1, self.name
