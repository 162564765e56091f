# The commands of the project. `make` without a target lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
PHASE ?= 3
# Files with histories and password hashes are readable by their owner only.
PRIVATELY := umask 077 &&
CHECK_ENV := ENV_FILE=/dev/null DATABASE_URL=sqlite://:memory: SECRET_KEY=checks-only-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH ALLOWED_HOSTS=shop.example

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Created once pip works, so that an incomplete environment is created again.
$(VENV)/made:
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c '' 2>/dev/null || { \
	    echo "$(PYTHON) cannot be run. Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Use another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }; \
	  $(PYTHON) -m venv $$(test ! -f $(VENV)/pyvenv.cfg || echo --clear) $(VENV) && $(PY) -m pip --version >/dev/null 2>&1 || { \
	    echo "$(VENV) has no pip, so nothing can be installed. On Debian or Ubuntu: apt install python3-venv"; exit 1; }; }
	@touch $@

$(VENV)/installed: requirements.txt | $(VENV)/made
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements.txt requirements-dev.txt | $(VENV)/made
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(VENV)/installed $@

.PHONY: demo
demo: $(VENV)/installed ## set up, import a real shop, generate recommendations for all customers
	@$(PY) -m recsite.config.dotenv
	$(PRIVATELY) $(MANAGE) migrate --verbosity 0
	$(PRIVATELY) $(MANAGE) import_shop data/online_retail --unless-imported --shift-dates-to-yesterday
	$(PRIVATELY) $(MANAGE) generate_recommendations
	@$(PRIVATELY) $(MANAGE) show_recommendation
	@address=$$($(PY) -m recsite.config.address) && \
	echo && \
	echo "This is what the API returns. Next steps:" && \
	echo "  make run                               serve it on $$address; /docs has the whole API" && \
	echo "  $(MANAGE) createsuperuser   create a staff login for $$address/admin/"

.PHONY: run
run: $(VENV)/installed ## serve on http://127.0.0.1:8000 (PORT=… for another port)
	$(PRIVATELY) $(PY) -m recsite.serve

# A file stays in one process, so that its servers and databases are started once.
AT_ONCE := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: test
test: test-sqlite test-postgresql ## run all tests on SQLite, and those that use the database on PostgreSQL too

.PHONY: test-sqlite
test-sqlite: $(VENV)/installed-dev ## run all tests on SQLite
	$(PY) -m pytest $(AT_ONCE)

# In conftest.py: there it leaves out what is the same on any database.
.PHONY: test-postgresql
test-postgresql: $(VENV)/installed-dev ## run the tests that depend on the database on PostgreSQL, a new server or DATABASE_URL's
	$(PY) -m tests.servers -m pytest $(AT_ONCE) tests/api tests/integration

# Not in `make test`, since measuring coverage doubles the time of the tests.
.PHONY: coverage
coverage: $(VENV)/installed-dev ## run the unit, API and integration tests on SQLite with coverage, at least 95 %
	$(PY) -m pytest $(AT_ONCE) --cov --cov-report=term:skip-covered tests/unit tests/api tests/integration

.PHONY: test-fast
test-fast: $(VENV)/installed-dev ## run the unit and API tests that are not slow, on SQLite
	$(PY) -m pytest -n 2 -m "not slow" --hypothesis-profile fast tests/unit tests/api

.PHONY: stack
stack: $(VENV)/installed-dev ## run a complete deployment as plain processes on loopback (PHASE=1 to 4)
	$(PRIVATELY) $(PY) -m stack --phase $(PHASE)

.PHONY: stack-test
stack-test: $(VENV)/installed-dev ## break servers and a whole deployment (phase 3) in every way, at full length
	$(PRIVATELY) $(PY) -m pytest tests/stack --full -v $(ARGS)

.PHONY: soak
soak: $(VENV)/installed-dev ## check phase 3 for memory growth under ten minutes of load (ARGS="--minutes 2")
	$(PRIVATELY) $(PY) -m pytest tests/stack/test_soak.py --minutes 10 -v $(ARGS)

# Clients are generated in a temporary folder. The generators are pinned in tests/clients.
LANGUAGES ?=

.PHONY: clients
clients: $(VENV)/installed-dev ## generate clients, compile them and call a server with each (LANGUAGES="python go")
	$(PRIVATELY) $(PY) -m tests.clients $(LANGUAGES)

.PHONY: lint
lint: $(VENV)/installed-dev ## check format, code, spelling and templates, as pre-commit does
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/codespell
	$(VENV)/bin/djlint --lint --quiet .

.PHONY: check
check: lint ## run lint, type checks, import contracts, migration and system checks
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(CHECK_ENV) $(MANAGE) makemigrations --check --dry-run
	$(CHECK_ENV) $(MANAGE) check --fail-level WARNING
	$(CHECK_ENV) $(MANAGE) check --deploy --fail-level WARNING

# Run by uv in an environment of its own. AUDIT_REQUIRED=1 makes an index that cannot be reached an error.
AUDIT := $(VENV)/bin/uv tool run --quiet --from pip-audit==2.10.1 pip-audit --disable-pip --require-hashes --strict --progress-spinner off
ADVISORIES := https://pypi.org/pypi/pip/25.0/json
AUDIT_REQUIRED ?=

.PHONY: audit
audit: $(VENV)/installed-dev ## look for known vulnerabilities of the pinned packages, if the index can be reached
	@if ! $(PY) -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10)' $(ADVISORIES) 2>/dev/null \
	  || ! $(AUDIT) --version >/dev/null 2>&1; then \
	  echo "Nothing was audited: $(ADVISORIES) or the package pip-audit cannot be reached."; \
	  test -z "$(AUDIT_REQUIRED)"; exit; \
	fi; \
	for file in requirements.txt requirements-observe.txt requirements-dev.txt; do \
	  echo "$$file:" && $(AUDIT) --requirement $$file || exit 1; \
	done

.PHONY: docs
docs: $(VENV)/installed-dev ## build the documentation site into site/; a warning is an error
	$(VENV)/bin/zensical build --strict --clean

.PHONY: trust
trust: $(VENV)/installed-dev ## try lies and true answers about real shoppers on the checker of explanations
	$(PY) -m tests.adversarial $(ARGS)

.PHONY: bench
bench: $(VENV)/installed-dev ## measure speed and print a table (ARGS="http.stored --sizes S M" for a part)
	$(PY) -m bench $(ARGS)

.PHONY: format
format: $(VENV)/installed-dev ## format the code
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# `make lock UPGRADE=` keeps the current pins, and only follows changes of the .in files.
UPGRADE ?= --upgrade
COMPILE := $(VENV)/bin/uv pip compile --quiet $(UPGRADE) --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-strip-extras --custom-compile-command "make lock"

.PHONY: lock
lock: $(VENV)/installed-dev ## update the pins and hashes of all dependencies
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
	$(COMPILE) requirements-observe.in -o requirements-observe.txt
