# Needs make, Python 3.11 or newer and a package index; everything else is installed into $(VENV).
# Another interpreter or place: make test PYTHON=python3.13 VENV=/tmp/venv

PYTHON ?= python3
VENV   ?= .venv

BIN      := $(VENV)/bin
PIP      := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Stamps say what was installed; they are older than what they depend on when it has to be done again.
RUNTIME  := $(VENV)/.installed-runtime
TOOLS    := $(VENV)/.installed-tools
PACKAGE  := pyproject.toml reconciler/__init__.py
LOCKED   := $(PIP) install --require-hashes --requirement requirements/build.txt
ITSELF   := $(PIP) install --no-deps --no-build-isolation --editable .
EXTRAS   := cloud keyring policy postgres sealed sqlite
UV       := $(VENV)/.uv/bin/uv
SITE     := $(VENV)/.site
RELEASE  := $(VENV)/.release
LOCKS    := $(sort $(wildcard requirements/*.txt))
LOCK     := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
            --no-emit-index-url --no-emit-find-links --no-header $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint format schemas pages site pictures dist sbom weaknesses figures laws fuzz lock bench clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: $(RUNTIME) ## A whole story on the embedded platform: invite, accept, change, remove
	examples/demo.sh $(abspath $(BIN))/reconciler

test: lint ## What every change needs: lint, and every test with few examples
	$(BIN)/python -m pytest -n auto --dist worksteal

test-all: lint ## Everything: all examples, the whole crash sweep, long histories, coverage
	$(BIN)/python -m pytest -n auto --dist worksteal --hypothesis-profile=full --cov --cov-report=term

lint: $(TOOLS) ## Linter, formatter, types, import layers and pipelines
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --pedantic .github
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml examples/pipelines/github/*.yml
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/fault.yml .github/ISSUE_TEMPLATE/wish.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci examples/pipelines/gitlab-ci.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.azure-pipelines --data-transform azure-pipelines --regex-variant nonunicode examples/pipelines/azure-pipelines.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.bitbucket-pipelines examples/pipelines/bitbucket-pipelines.yml

format: $(TOOLS) ## Bring the sources into the usual form
	$(BIN)/python -m ruff check --fix-only
	$(BIN)/python -m ruff format

schemas: $(RUNTIME) ## Write the JSON Schemas again after a change of the documents
	$(BIN)/reconciler schema --write schemas

pages: $(RUNTIME) ## Write again what the documentation has from the code: roles, steps for people, policies, the help, tables of the reference
	$(BIN)/python -m tests.pages
	COLUMNS=80 $(BIN)/reconciler --help > reconciler/cli/help.txt
	$(BIN)/python -m tests.reference

site: pages $(SITE)/.installed ## Build the documentation as a site in build/site; a warning or a broken link is an error
	rm -rf build/site
	$(SITE)/bin/python -m sphinx -q -W --keep-going -d build/site-cache docs build/site
	@echo "build/site/index.html"

pictures: $(TOOLS) ## Make the pictures of the documentation again, from the tool itself in chromium
	$(BIN)/python -m tests.output.pictures

dist: $(RUNTIME) ## Build wheel and source archive in dist
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist

# Of an environment with every extra and nothing else, so that it says what is really installed.
sbom: dist $(RELEASE)/.installed ## List the ingredients of the wheel with every extra, as CycloneDX, in build/sbom
	rm -rf build/sbom && mkdir -p build/sbom
	$(PYTHON) -m venv --clear --without-pip build/sbom/venv
	$(RELEASE)/bin/python -m pip --python build/sbom/venv/bin/python --disable-pip-version-check --quiet install --require-hashes --requirement requirements/extras.txt
	$(RELEASE)/bin/python -m pip --python build/sbom/venv/bin/python --disable-pip-version-check --quiet install --no-deps --no-index dist/*.whl
	$(RELEASE)/bin/cyclonedx-py environment build/sbom/venv/bin/python --pyproject pyproject.toml --output-reproducible --output-file build/sbom/access-reconciler.cdx.json
	rm -rf build/sbom/venv

weaknesses: $(RELEASE)/.installed ## Look up known weaknesses of everything that is locked; fails where something cannot be looked up
	$(RELEASE)/bin/pip-audit --strict --require-hashes --disable-pip $(foreach lock,$(LOCKS),--requirement $(lock))

figures: $(TOOLS) ## Sizes and walks of the house beside their goals
	$(BIN)/python -m tests.figures

laws: $(TOOLS) ## The planner's laws on ten times as many random worlds
	$(BIN)/python -m pytest tests/laws --hypothesis-profile=long

SECONDS ?= 60
fuzz: $(TOOLS) ## Try every reader of bytes for so many SECONDS each; what is found is kept in tests/data/fuzz
	$(BIN)/python -m tests.fuzz $(SECONDS) $(TARGETS)

# The first lock decides the versions of all.
lock: $(UV) ## Write requirements/*.txt again after a change of the dependencies; with UPGRADE=--upgrade the newest of all
	$(LOCK) --extra test pyproject.toml --output-file requirements/test.txt
	$(LOCK) --constraint requirements/test.txt pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --constraint requirements/test.txt pyproject.toml $(EXTRAS:%=--extra %) --output-file requirements/extras.txt
	$(LOCK) --constraint requirements/test.txt requirements/build.in --output-file requirements/build.txt
	$(LOCK) --constraint requirements/test.txt requirements/site.in --output-file requirements/site.txt
	$(LOCK) --constraint requirements/test.txt requirements/release.in --output-file requirements/release.txt

N      ?= 10000 100000
ROUNDS ?= 3
bench: $(TOOLS) ## Time and memory beside octoDNS and Terraform, for N memberships and so many ROUNDS; which targets are met
	$(BIN)/python -m bench.plan_cost --rounds $(ROUNDS) $(N)
	$(BIN)/python -m bench.state_cost 100000 1000

clean: ## Remove what the tools left behind; the virtual environment stays
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find reconciler tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python 3.11 or newer: make PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)

# Only what the lock names is installed, byte for byte, so that a release of somebody else turns nothing red here.
$(RUNTIME): $(PACKAGE) requirements/build.txt requirements/runtime.txt | $(BIN)/python
	$(LOCKED) --requirement requirements/runtime.txt
	$(ITSELF)
	@touch $@

$(TOOLS): $(PACKAGE) requirements/build.txt requirements/test.txt | $(BIN)/python
	$(LOCKED) --requirement requirements/test.txt
	$(ITSELF)
	@touch $(RUNTIME) $@

# Environments of their own, because nothing else needs a builder of sites, or what a release takes.
$(SITE)/.installed $(RELEASE)/.installed: $(VENV)/.%/.installed: requirements/%.txt | $(BIN)/python
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes --requirement $<
	@touch $@

$(UV): | $(BIN)/python
	$(PIP) install --target $(VENV)/.uv uv
