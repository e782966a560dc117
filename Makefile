# Two commands for newcomers: `make run` and `make test`. Each sets up what it needs in .venv first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-all again lint types check docs format chaos soak benchmark throughput clean help

help:            ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 16

run: $(VENV)/.run        ## run config.toml until Ctrl-C
	@$(BIN)/supervisor run config.toml

test: $(VENV)/.dev       ## the quick test suite (five minutes)
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-all: $(VENV)/.dev   ## all tests (a quarter of an hour)
	$(BIN)/python -m pytest -n auto --dist loadfile

again: $(VENV)/.dev      ## what failed in the last tests, one after the other
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

lint: $(VENV)/.dev       ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev      ## types, strictly
	$(BIN)/mypy

check: test-all lint types docs ## what the continuous integration runs

docs: $(VENV)/.docs      ## the documentation as a site, in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict  # not --quiet, which would take warnings for nothing
	@echo "build/site/index.html"

format: $(VENV)/.dev     ## put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: $(VENV)/.dev  ## the kernel against Pykka, then the throughput (an hour)
	@status=0; for each in actors throughput; do $(BIN)/python -m benchmarks.$$each || status=1; done; exit $$status

throughput: $(VENV)/.dev ## throughput over the number of pipelines, against threads
	$(BIN)/python -m benchmarks.throughput

chaos: $(VENV)/.dev      ## 200 runs that kill everything, and count what is lost (ten minutes)
	$(BIN)/python -m tests.chaos --runs 200

soak: $(VENV)/.dev       ## a mixed deployment under faults, for SOAK_MINUTES (30)
	$(BIN)/python -m tests.chaos.soak

clean:                   ## remove the environment and all caches
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Aftershock needs Python 3.11 or later; set PYTHON, as in: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "setting up $(VENV) (once, about half a minute) ..."
	@$(PYTHON) -m venv $(VENV)

# The stamps say which extras are installed for which pyproject.toml; the larger set contains the smaller one.
$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@ $(VENV)/.run
