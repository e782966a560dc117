from __future__ import annotations

import re
from pathlib import Path

from actors.testing import Flawless

PAGE = Path(__file__).parents[2] / "docs" / "supervision.md"


def test_the_example_in_the_docs_runs_as_it_is_printed(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    exec(compile(example, str(PAGE), "exec"), {"Writer": Flawless, "Pipeline": Flawless, "Reader": Flawless})

    assert "'name': 'flow'" in capsys.readouterr().out
