"""What schemathesis makes of the OpenAPI document: no request leads to an error of ours, or to an answer that the
document does not know.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("schemathesis", reason="schemathesis is not installed (the extra `test`)")

COMMAND = Path(sys.executable).with_name("schemathesis")

# What divides fails for the fourth event, so that there is a dead letter to be looked at.
DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:0"
dead_letters = "letters.db"
executors = {executors}
[onramps.in]
type = "metronome"
interval = "50ms"
[pipelines.work]
script = "let event.share = 1 / (event.id - 3); event"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> work -> out"]
"""

# A probe that says that not all is well is right: some requests pause components.
SETTINGS = """
suppress-health-check = ["filter_too_much"]
[reports]
directory = "reports"
[[operations]]
include-path-regex = "^/(readyz|healthz)$"
[operations.checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", 503]
# It has no way to make TOML.
[[operations]]
include-path-regex = "^/api/v1/deployment/(plan|validate)$"
enabled = false
[[operations]]
include-name = ["PUT /api/v1/deployment", "POST /api/v1/flows"]
enabled = false
"""


@pytest.mark.parametrize("executors", [1, 2])
def test_no_request_leads_to_an_error_of_ours_or_to_an_answer_that_is_not_documented(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], tmp_path: Path, executors: int
) -> None:
    write("c.toml", DEPLOYMENT.format(executors=executors))
    write("schemathesis.toml", SETTINGS)
    engine = supervisor("run", "c.toml")
    api = engine.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1]

    found = subprocess.run(
        [
            COMMAND, "run", f"{api}/openapi.json",
            # Streams have no end.
            "--exclude-path-regex", "/(stream|tap|rates)$",
            "--max-examples", "8", "--seed", "1", "--request-timeout", "10",
            "--generation-database", "none", "--no-color",
        ],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=55, check=False,
    )  # fmt: skip

    assert found.returncode == 0, found.stdout[-8000:]
    assert "A request could not be answered" not in engine.errors
