# From a fresh clone, python3 and make are enough for every target but `lock`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
VERSIONS := $(shell sed -n 's/.*"Programming Language :: Python :: \([0-9.]*\)".*/\1/p' pyproject.toml)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Each stamp is newer than what it was made from: a second run has nothing to do, a changed lock is followed.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development

# What builds the package is locked with the rest, so that installing it asks the network for nothing more.
COMPILE := printf 'hatchling\neditables\n' | uv pip compile --quiet --universal --python-version $(firstword $(VERSIONS)) \
	--generate-hashes --no-strip-extras --no-header --no-emit-index-url --no-annotate --upgrade

# The models are compared with the migrations, not with a database; Django insists on an address all the same.
MIGRATIONS := ABONO_DATABASE_URL='postgresql://nobody@/none?host=/nonexistent' \
	$(BIN)/python -W ignore::RuntimeWarning -m django makemigrations --check --dry-run

.PHONY: help setup demo run test check crash histories looks journeys api-fuzz attacks messages lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUNTIME) ## Install Abono into .venv

demo: $(RUNTIME) ## Play three months of a demo world on a database of its own
	@$(BIN)/abono demo

run: $(RUNTIME) ## Serve Abono: migrate, then web and worker
	@$(BIN)/abono up

test: $(DEVELOPMENT) ## Run the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

check: $(DEVELOPMENT) ## Run every gate but the tests
	@echo "== ruff check"; $(BIN)/ruff check
	@echo "== ruff format"; $(BIN)/ruff format --check
	@echo "== mypy"; $(BIN)/mypy
	@echo "== import-linter"; $(BIN)/lint-imports
	@echo "== sqlfluff"; $(BIN)/sqlfluff lint src
	@echo "== migrations"; $(MIGRATIONS) --settings abono.project.settings
	@echo "== deployment"; ABONO_URL=https://abono.example $(BIN)/python -m django check --deploy --fail-level WARNING --settings abono.project.settings

crash: $(DEVELOPMENT) ## Kill the engine at every step and prove the books (minutes)
	@$(BIN)/python -m pytest -m crash_full

histories: $(DEVELOPMENT) ## Play and prove many random histories, forecasts and 2,000 stories beside the model (an hour)
	@HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest tests/features/test_random_histories.py \
		tests/features/test_forecast_equals_outcome.py tests/model/test_random_stories.py -n auto

looks: $(DEVELOPMENT) ## Look at every page in both widths, by day and by night (minutes)
	@$(BIN)/python -m pytest -m looks -n auto

journeys: $(DEVELOPMENT) ## Walk every journey in all languages and widths, by day and by night (minutes)
	@ABONO_EVERY_LOOK=1 $(BIN)/python -m pytest tests/doors/web/test_journeys.py tests/doors/web/test_let_in.py -n auto

api-fuzz: $(DEVELOPMENT) ## Play many random calls against the contract of the API (minutes)
	@ABONO_FUZZ_EXAMPLES=100 $(BIN)/python -m pytest tests/doors/api/test_contract.py -n auto --timeout 3600

attacks: $(DEVELOPMENT) ## Attack an installation in every known way, and see that the others are served (minutes)
	@$(BIN)/python -m pytest -m attacks tests/attacks -s

messages: $(DEVELOPMENT) ## Bring the translations up to date with the texts
	@$(BIN)/python -W ignore::RuntimeWarning -m tests.architecture.messages

lock: ## Take the newest versions that pyproject.toml allows (needs uv)
	@$(COMPILE) pyproject.toml - --output-file requirements.lock
	@$(COMPILE) pyproject.toml - --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## Remove .venv and what tools left behind; never .abono, your data
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.* dist build
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEVELOPMENT): $(RUNTIME) requirements-dev.lock
	@echo "Installing what tests and checks need ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(RUNTIME): $(MADE) requirements.lock pyproject.toml
	@echo "Installing Abono into $(VENV) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# Debian ships python3 without what makes a venv. uv can make one; root can install what is missing.
$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in sys.argv)' $(VERSIONS) || { echo \
		"Abono needs Python $(firstword $(VERSIONS)) to $(lastword $(VERSIONS)); name one: make PYTHON=python$(lastword $(VERSIONS)) ..." \
		>&2; exit 1; }
	@if $(BIN)/python -m pip --version >/dev/null 2>&1; then :; \
	elif $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv --clear $(VENV); \
	elif uv venv --quiet --clear --seed --python $(PYTHON) $(VENV) 2>/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing python3-venv ..."; \
		{ apt-get install -y -q python3-venv || { apt-get update -q && apt-get install -y -q python3-venv; }; } \
			>/dev/null && $(PYTHON) -m venv --clear $(VENV); \
	else echo "This Python cannot make a venv: install python3-venv (or uv) and run make again." >&2; exit 1; fi
	@touch $@
