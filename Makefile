# People, hooks and CI call these targets. `make` without a target lists them.

PYTHON ?= python3
ARGS ?=
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run load shell test coverage test-clients test-r lint fix migrations-check schema readme examples lock clean venv venv-dev

help: ## List the targets
	@echo "make TARGET [ARGS='…']"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Run --------------------------------------------------------------------------------------

run: venv ## Serve on http://127.0.0.1:8000 (HOST, PORT), with PostgreSQL and the dataset
	@exec $(PY) -m adultapi.local

load: venv ## Load the dataset: ARGS='--source uci', ARGS=--help
	@$(PY) manage.py migrate --verbosity 0
	@exec $(PY) manage.py load_adult $(ARGS)

shell: venv ## Open a Python shell with the models
	@exec $(PY) manage.py shell $(ARGS)

# --- Check ------------------------------------------------------------------------------------

test: static ## Run the tests, with their own PostgreSQL: ARGS='tests/census -k mean'
	@exec $(PY) -m pytest -n logical --maxprocesses 8 --dist worksteal $(ARGS)

coverage: venv-dev ## Run the tests and report the lines that they cover
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report term $(ARGS)"

test-clients: static ## Test the running service with real clients
	@exec $(PY) -m pytest tests/clients $(ARGS)

test-r: venv-dev ## Compare the service's answers with those of R; needs R with survey
	@exec $(PY) -m pytest tests/r $(ARGS)

lint: venv-dev migrations-check ## Check style, types, layers and migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m tools.readme --check

fix: venv-dev ## Fix style with ruff
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

migrations-check: venv-dev ## Fail if a model differs from its migrations
	$(PY) manage.py makemigrations --check --dry-run

readme: venv ## Write README.md's tables of formulas from the code; ARGS=--check only compares
	@$(PY) -m tools.readme $(ARGS)

examples: venv ## Write the examples of the OpenAPI description from real answers
	@$(PY) -m tools.examples

schema: venv ## Write the OpenAPI description to openapi.yaml
	$(PY) manage.py spectacular --validate --fail-on-warn --file openapi.yaml

include docker.mk

# --- Maintain ---------------------------------------------------------------------------------

COMPILE = .venv/bin/uv pip compile -q pyproject.toml
OPTIONS = --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links $(ARGS)
FORMATS = --extra charts --extra parquet

lock: venv-dev ## Write requirements*.txt from pyproject.toml: ARGS=--upgrade
	$(COMPILE) $(OPTIONS) -o requirements.txt
	$(COMPILE) $(FORMATS) $(OPTIONS) -o requirements-formats.txt
	$(COMPILE) $(FORMATS) --extra local $(OPTIONS) -o requirements-local.txt
	$(COMPILE) --all-extras --group test --group lint $(OPTIONS) -o requirements-dev.txt
	.venv/bin/uv pip compile -q tests/infra/requirements.in $(OPTIONS) -o tests/infra/requirements.txt

PRINT_HOME = from adultapi import postgres as p; print(p.Place(p.VAR).home)

clean: ## Remove all that was made in this folder: .venv, the database, caches
	@# The data is in /var/lib if root's PostgreSQL cannot reach this folder.
	@test ! -x $(PY) || rm -rf "$$($(PY) -c '$(PRINT_HOME)')"
	rm -rf .venv .venv-infra var staticfiles openapi.yaml .coverage* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The environment in .venv -----------------------------------------------------------------

# A .venv without a working Python is removed and made again.
_ := $(shell .venv/bin/python -c "" 2>/dev/null || rm -rf .venv)

define INSTALL
@command -v $(PYTHON) >/dev/null || { echo "Error: $(PYTHON) is not installed: install Python 3.11 \
or later, or name another as in 'make PYTHON=python3.13 run'." >&2; exit 1; }
@$(PYTHON) -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' || { echo \
"Error: $$($(PYTHON) --version) is older than 3.11 or lacks the module venv: name another as in \
'make PYTHON=python3.13 run', or on Debian and Ubuntu install python3-venv." >&2; exit 1; }
@echo "Installing $< into .venv: this takes a minute or two, only once."
@test -x $(PY) || $(PYTHON) -m venv .venv
@$(PY) -m pip install -q --disable-pip-version-check --no-input --require-hashes -r $<
endef

# The stamps are touched after the installation succeeds. The development set contains the local
# set, and is so large that uv, which it contains, saves a minute.
.venv/local: requirements-local.txt
	$(INSTALL)
	@touch $@

.venv/dev: requirements-dev.txt | .venv/local
	@echo "Installing $< into .venv."
	@sed -n '/^uv==/,/[^\\]$$/p' $< >.venv/uv.txt
	@$(PY) -m pip install -q --disable-pip-version-check --no-input --require-hashes -r .venv/uv.txt
	@.venv/bin/uv pip install -q --compile-bytecode --python .venv --require-hashes -r $<
	@touch $@

venv: .venv/local
venv-dev: .venv/dev

include infra/infra.mk
include web.mk
include faults.mk
include bench.mk
