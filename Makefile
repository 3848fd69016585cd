# make up      run Predvid here: server, console and this machine's agent (ARGS="--port 9000" adds options)
# make test    every test and every rule of the house, as one pytest run
# make check   make test, then audit, faults, drill, fuzz, mutants and benches
# make audit   ask the advisory source about every locked package; NOT AUDITED where none can be reached
# make sbom    bills of materials (CycloneDX) of agent and server, into build/sbom
# make drill   1,000 hostile tasks against a real agent; the last line says how many ran
# make faults | fuzz | mutants | bench | screenshots | tables | lock | clean
#
# All set-up happens on the way. Stamps in .venv remember it, so a second run starts at once.

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.PHONY: up test check audit sbom faults drill fuzz mutants bench screenshots tables lock clean

PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
MUTANTS := .venv-mutants
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url $(UPGRADE)
FUZZES = $(shell grep -rl 'marks=pytest.mark.long' tests/modules tests/server tests/browser) # what is tried ten thousand times
BENCHES = $(shell grep -l ArgumentParser bench/*.py) # a bench takes options, what it is made of does not
TRANSLATIONS := $(wildcard src/predvid/locale/*/LC_MESSAGES/*.po)

up: $(VENV)/installed
	@exec $(BIN)/predvid up $(ARGS)

test: $(VENV)/tested-with $(VENV)/installed
	@sh packaging/need.sh requirements/system.txt
	@exec $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: test faults drill fuzz mutants bench
	@$(BIN)/python packaging/audit.py || [ $$? -eq 3 ] # no source to ask is said; it is no fault of the code

audit: $(VENV)/tested-with
	@$(BIN)/python packaging/audit.py $(ARGS)

sbom: $(VENV)/tested-with
	@$(BIN)/python packaging/sbom.py $(ARGS)

faults: $(VENV)/tested-with $(VENV)/installed
	@sh packaging/need.sh requirements/guest.txt || : # its tests say what is missing, the others run
	@exec $(BIN)/python -m pytest tests/faults -m long -s $(ARGS)

# All of the server in hostile hands but the operators' keys; exit status 1 unless nothing ran.
drill: $(VENV)/tested-with $(VENV)/installed
	@PYTHONPATH=tests exec $(BIN)/python -m drill.run $(ARGS)

# Each decision over tasks and people turned round once: a test must notice at least 90 % (about ten minutes).
# It has an environment of its own: what it needs renames processes, which other tests look for by their names.
mutants: $(MUTANTS)/installed
	@exec $(MUTANTS)/bin/python tests/mutants.py $(ARGS)

# Atheris on the task verifier and the batch decoder (INPUTS each, 1,000,000); every recording of every check in
# EXAMPLES (300) damaged versions; the audit tampered with, and requests of random bytes, ten thousand times each.
fuzz: $(VENV)/tested-with $(VENV)/installed
	@exec $(BIN)/python -m pytest tests/fuzz tests/checks/test_fuzz.py $(FUZZES) -m long -q -s $(ARGS)

bench: $(VENV)/tested-with $(VENV)/installed
	@for script in $(BENCHES); do echo "==> $$script"; $(BIN)/python $$script || exit 1; done

screenshots: $(VENV)/tested-with $(VENV)/installed
	@sh packaging/need.sh requirements/system.txt
	@$(BIN)/python docs/img/screenshots.py

# The document of what every check costs; bench/check_costs.py --write measures anew.
tables: $(VENV)/tested-with $(VENV)/installed
	@$(BIN)/python bench/check_costs.py --table > $(VENV)/checks.md && mv $(VENV)/checks.md docs/checks.md
	@$(BIN)/python bench/check_costs.py --settings > $(VENV)/settings.md && mv $(VENV)/settings.md docs/settings.md

# Pins stay as they are unless pyproject.toml asks for more; UPGRADE=--upgrade takes the newest.
lock: $(VENV)/tested-with
	$(LOCK) pyproject.toml --extra server --group dev -o requirements/dev.lock
	$(LOCK) pyproject.toml --extra server -c requirements/dev.lock -o requirements/server.lock
	$(LOCK) pyproject.toml -c requirements/dev.lock -o src/predvid/edge/agent.lock
	$(LOCK) --group build -c requirements/dev.lock -o requirements/build.lock
	$(LOCK) pyproject.toml --extra server --group mutants -c requirements/dev.lock -o requirements/mutants.lock

clean:
	rm -rf $(VENV) $(MUTANTS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf mutants
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@sh packaging/need-python.sh $(PYTHON)
	@echo "==> making $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear $(VENV)

$(VENV)/served-with: requirements/server.lock requirements/build.lock | $(BIN)/python
	@echo "==> installing the server's pinned dependencies (about 1 GB, most of it the store; once)"
	@$(PIP) --require-hashes -r requirements/server.lock -r requirements/build.lock
	@touch $@

$(VENV)/tested-with: requirements/dev.lock | $(BIN)/python
	@echo "==> installing the pinned dependencies of server and tests (about 1 GB, most of it the store; once)"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@ $(VENV)/served-with

$(VENV)/installed: pyproject.toml hatch_build.py $(TRANSLATIONS) $(VENV)/served-with
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(MUTANTS)/installed: requirements/mutants.lock | $(BIN)/python
	@echo "==> installing what turns decisions round, beside everything that tests need (once)"
	@$(BIN)/python -m venv --clear $(MUTANTS)
	@$(MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(MUTANTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
