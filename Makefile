# Everything from a fresh clone: `make demo` and `make test` need only git, make and Python 3.11+.
.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types contracts contract generated inspector bench race prove generate site shells dist packages release agents-real managers beside clean

VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.ready
# A version manager's shim may exist and not run: ask each candidate, take the first that answers.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

help:
	@echo "make demo       play the story in a throw-away repository"
	@echo "make test       the tests"
	@echo "make check      format, lint, types, import contracts, tests, generated files, own plans"
	@echo "make bench      whole processes beside their peers (minutes)"
	@echo "make race       many workers want the same plans: who wins, who is told, what is left (a quarter of an hour)"
	@echo "make prove      the long proofs, the races, and docs/reliability.md (an hour)"
	@echo "make dist       sdist and wheel in dist/, the same bytes each time, held against git"
	@echo "make packages   install them in clean environments: each Python, lowest and latest dependencies, uv, pipx (minutes)"
	@echo "make release    check, build and tag VERSION=x.y.z, or say everything that speaks against it; uploads nothing"
	@echo "make shells     completions at the prompts of bash, zsh and fish, all of which it needs"
	@echo "make managers   hook managers from the registries, in every order and way to commit (minutes, needs npm)"
	@echo "make beside     what needs programs beside Python: managers, inspector, packages, site (CI runs it, too)"
	@echo "make contract   what is asked and faked of GitHub's API beside GitHub's own description of it (needs npm)"
	@echo "make inspector  the MCP server beside the inspector's command line (needs npm; a minute, the first time more)"
	@echo "make site       the documentation site, into site/; a link or anchor that leads nowhere fails it"
	@echo "make agents-real  the coding agents themselves, from npm, under Holdfast's hooks (1 GB below .agents/, a minute)"
	@echo "make generate   write what is generated from the code"

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Holdfast needs Python 3.11 or later: none found on PATH." >&2; \
	  echo "Install it (Debian/Ubuntu: apt install python3 python3-venv; macOS: brew install python) and run make again." >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module." >&2; \
	  echo "Install it (Debian/Ubuntu: apt install python3-venv) and run make again." >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(STAMP): pyproject.toml tools/dev_requirements.py $(VENV)/.installed
	$(PY) tools/dev_requirements.py > $(VENV)/dev-requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r $(VENV)/dev-requirements.txt
	@touch $@

demo: $(VENV)/.installed
	@$(VENV)/bin/holdfast demo

test: $(STAMP)
	$(PY) -m pytest

check: format lint types contracts generated test

format: $(STAMP)
	$(VENV)/bin/ruff format --check src tests bench race tools

lint: $(STAMP)
	$(VENV)/bin/ruff check src tests bench race tools

types: $(STAMP)
	$(VENV)/bin/mypy

contracts: $(STAMP)
	$(VENV)/bin/lint-imports

generated: $(STAMP)
	$(PY) tools/generate.py --check
	$(VENV)/bin/holdfast check

generate: $(STAMP)
	$(PY) tools/generate.py

site: $(STAMP)
	$(PY) tools/build_site.py

bench: $(STAMP)
	$(PY) tools/dev_requirements.py bench > $(VENV)/bench-requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check -r $(VENV)/bench-requirements.txt
	$(PY) bench/run.py $(BENCH)

race: $(STAMP)
	$(PY) race/run.py $(RACE)

dist: $(STAMP)
	$(PY) tools/dist.py

packages: dist
	$(PY) tools/packages.py $(PACKAGES)

release: $(STAMP)
	$(PY) tools/release.py $(VERSION) $(RELEASE)

shells: $(STAMP)
	HOLDFAST_SHELLS=needed $(PY) -m pytest -n 2 tests/test_completion.py

contract: $(STAMP)
	$(PY) tools/contract.py

inspector: $(STAMP)
	$(PY) tools/inspector.py

agents-real: $(STAMP)
	$(PY) tools/agents_real.py

managers: $(STAMP)
	npm install --silent --no-fund --no-audit --prefix .managers husky@9
	$(PY) -m pytest -m managers tests/test_managers.py

# What needs programs beside Python; each installs its own below a folder that git ignores.
beside: managers inspector packages site

prove: $(STAMP)
	HOLDFAST_PROOF=.proof/tests.json HYPOTHESIS_PROFILE=prove $(PY) -m pytest -m "(prove or not prove) and not managers" tests
	$(PY) race/run.py --json .proof/race.json $(RACE)
	$(PY) tools/reliability.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .proof dist site .site
	rm -rf .contract .inspector .packages .agents .managers
