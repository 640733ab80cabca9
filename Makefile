# `make help` lists the targets. The first that needs it sets up .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_STAMP := node_modules/.installed
DEMO_OUT ?= runs/demo
ONLY ?=
PYTEST_ARGS ?=
# Modules stay compiled, whatever the environment says: tests start Python a hundred
# times, and compiling takes longer than many of them.
unexport PYTHONDONTWRITEBYTECODE
# Files are shared out over the cores; fixtures of a file stay together. In the order
# of tests/conftest.py, so that no core waits for a long file begun last.
SPREAD := -n auto --dist loadfile --no-loadscope-reorder

# One list for Python 3.11 and newer on every system.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --no-emit-index-url $(if $(UPGRADE),--upgrade)

# A Python asked for by name is the one that runs, or make says why not.
ifeq ($(origin PYTHON),command line)
ifneq ($(wildcard $(BIN)/python),)
ASKED := $(shell $(PYTHON) -V 2>&1)
FOUND := $(shell $(BIN)/python -V 2>&1)
ifneq ($(ASKED),$(FOUND))
$(error $(VENV) holds $(FOUND), and $(PYTHON) is "$(ASKED)". Give that one a folder of its own, as in: make $(or $(MAKECMDGOALS),setup) PYTHON=$(PYTHON) VENV=.venv-other. Or remove $(VENV) first)
endif
endif
endif

.DEFAULT_GOAL := help
.PHONY: help setup setup-peers lock demo run test test-all check check-pages format bench docs clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP)  ## create .venv with the pinned requirements (5.5 GB, about 2 minutes)

$(STAMP): requirements/run.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -V >/dev/null 2>&1 || \
	  { echo "$(PYTHON) does not start here. Give the path of a Python of 3.11 to 3.13: make setup PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Secondlook needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make setup PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

setup-peers: $(STAMP)  ## add the peers that parity tests and benchmarks compare with
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/peers.txt

lock: $(STAMP)  ## pin requirements/*.txt anew; UPGRADE=1 takes the newest versions
	$(COMPILE) pyproject.toml -o requirements/run.txt
	$(COMPILE) --no-emit-package pip requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/cluster.in -o requirements/cluster.txt
	$(COMPILE) --no-deps requirements/peers.in -o requirements/peers.txt

demo: $(STAMP)  ## the whole path on the demo world: stimuli, study, people, report
	$(BIN)/secondlook demo run --out $(DEMO_OUT)

run: $(STAMP)  ## open the demo study for a person: dashboard and participant link
	$(BIN)/secondlook demo serve --out $(DEMO_OUT)

test: $(STAMP)  ## every test but the slow ones
	$(BIN)/pytest -m "not slow" $(SPREAD) $(PYTEST_ARGS)

test-all: $(STAMP)  ## every test
	$(BIN)/pytest $(SPREAD) $(PYTEST_ARGS)

check: $(STAMP)  ## lint, format, types, import contracts, generated docs, advisories
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check
	$(BIN)/bandit -q -c pyproject.toml -r study_server stimuli hit_templates analysis
	@.ci/advisories $(BIN)
	@$(MAKE) --no-print-directory check-pages

check-pages:  ## lint the pages' scripts and styles (needs Node 18 or newer)
	@if ! command -v npm >/dev/null 2>&1; then echo "check-pages skipped: no node and npm on this machine"; \
	elif ! $(MAKE) --no-print-directory $(NODE_STAMP); then echo "check-pages skipped: npm could not install the tools of package.json"; \
	else npm run --silent lint; fi

$(NODE_STAMP): package-lock.json
	npm ci --silent --no-audit --no-fund
	@touch $@

format: $(STAMP)  ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## speed as ratios; ONLY=name for one measure
	$(BIN)/python -m benchmarks.run $(if $(ONLY),--only $(ONLY))

docs: $(STAMP)  ## write the generated tables in docs/ anew
	$(BIN)/python docs/generate.py

clean:  ## remove what runs and builds left (not .venv)
	rm -rf runs dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
