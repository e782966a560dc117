"""Tests of deployments, written in TOML beside them (`*.test.toml`): the real graph between stubbed connectors.

`suite.load_suite` reads a file of cases, `run.run_case` runs one of them, `report` tells people what came of it. The
format is described in ``docs/testing-deployments.md``.
"""
