# Every command is a thin call of `python -m templates_lib …`, which does the same without make.
# What a user gives is never pasted into a shell: it travels by the environment, and Python
# validates it. `$(value …)` keeps text such as $(shell …) as text.
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m templates_lib
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate

override CLIENT := $(value CLIENT)
override AS_OF := $(value AS_OF)
override NOTEBOOKS := $(value NOTEBOOKS)
override NOTEBOOK := $(value NOTEBOOK)
override LIST := $(value LIST)
override CONSENT := $(value CONSENT)
override JOBS := $(value JOBS)
override WORKSPACE := $(value WORKSPACE)
override ONLY := $(value ONLY)
override REPORT_LANGUAGE := $(value REPORT_LANGUAGE)
# LANGUAGE is also the system's own variable: only the one given to make counts
ifeq ($(origin LANGUAGE),command line)
override REPORT_LANGUAGE := $(value LANGUAGE)
override LANGUAGE := $(value LANGUAGE)
endif
export CLIENT AS_OF NOTEBOOKS NOTEBOOK LIST CONSENT JOBS WORKSPACE ONLY REPORT_LANGUAGE

.PHONY: help report new-client check lab eject contacts profiles coding purge clean test spark lint coverage benchmark docs messages env lock

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | \
	  awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'
	@echo "Options: CLIENT=x AS_OF=2026-10-31 NOTEBOOKS=\"cohorts data_health\" LANGUAGE=en JOBS=2"

report: env ## CLIENT=x: make the report and print where it is
	@$(RUN) report

new-client: env ## CLIENT=x: recognise its exports; write a parameter file and a letter
	@$(RUN) new-client

check: env ## CLIENT=x: check parameters and sources, say what can run
	@$(RUN) check

lab: env ## CLIENT=x: open the notebooks in JupyterLab for this client
	@$(RUN) lab

eject: env ## CLIENT=x NOTEBOOK=cohorts: copy a notebook for this client to edit
	@$(RUN) eject

contacts: env ## CLIENT=x LIST=repeat_purchase__overdue CONSENT=email: write who may be contacted
	@$(RUN) contacts

profiles: env ## CLIENT=x: write profile pages of those who agreed, and the form to ask them
	@$(RUN) profiles

coding: env ## CLIENT=x: write sheets of open answers for two coders, tell how far they agree
	@$(RUN) coding

purge: env ## CLIENT=x: remove the client's caches and reports, never its data
	@$(RUN) purge

clean: env ## remove caches and reports of all clients, never their data
	@$(RUN) clean

test: env ## run the tests
	@$(BIN)/python -m pytest -n auto -q

spark: $(VENV)/spark-ready ## install Spark, so that `make test` runs the measures on it too; needs Java

lint: env ## check the code, the notebooks and that generated files are current
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb

benchmark: $(VENV)/benchmark-ready ## measure what must be fast; write docs/performance.md
	@$(BIN)/python -m benchmarks --date "$$(date +%F)"

coverage: env ## measure how often intervals hold the truth; write docs/assumptions.md (ONLY=cox)
	@PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m coverage_cases

docs: env ## write the files that are generated from the code
	@$(RUN) docs

messages: env ## write the catalogues of translations: new messages added, unused ones removed
	@$(RUN) messages

env: $(VENV)/ready ## create or update the environment from the lock

$(VENV)/benchmark-ready: benchmark.lock $(VENV)/ready
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r benchmark.lock
	@touch $@

$(VENV)/spark-ready: spark.lock $(VENV)/ready
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --require-hashes -r spark.lock
	@touch $@

# uv comes by pip from a hash-pinned file, and everything else by uv from another one
$(VENV)/ready: requirements.lock bootstrap.lock pyproject.toml
	@echo "Setting up the environment …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 env"; rm -rf $(VENV); exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock bootstrap.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

lock: ## write the locks anew from pyproject.toml
	@$(COMPILE) --extra examples --extra postgres --extra dev pyproject.toml -o requirements.lock
	@$(COMPILE) --group benchmark --constraints requirements.lock -o benchmark.lock
	@sed -n 's/^spark = \["\(.*\)"\].*/\1/p' pyproject.toml | \
	  $(COMPILE) --constraints requirements.lock - -o spark.lock
	@echo uv | $(COMPILE) - -o bootstrap.lock
