# Everything one does here, by name. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
PHASE ?= 3
# Files that hold histories and password hashes are for their owner only.
PRIVATELY := umask 077 &&
CHECK_ENV := ENV_FILE=/dev/null DATABASE_URL=sqlite://:memory: SECRET_KEY=checks-only-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH ALLOWED_HOSTS=shop.example

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Made when pip works, so that an environment that was left half-made is made anew.
$(VENV)/made:
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
	  $(PYTHON) -c '' 2>/dev/null || { \
	    echo "$(PYTHON) cannot be run. Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }; \
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
demo: $(VENV)/installed ## set up, import a real shop, recommend for every customer
	@$(PY) -m recsite.config.dotenv
	$(PRIVATELY) $(MANAGE) migrate --verbosity 0
	$(PRIVATELY) $(MANAGE) import_shop data/online_retail --unless-imported --shift-dates-to-yesterday
	$(PRIVATELY) $(MANAGE) generate_recommendations
	@$(PRIVATELY) $(MANAGE) show_recommendation
	@address=$$($(PY) -m recsite.config.address) && \
	echo && \
	echo "That is what the API returns. To go on:" && \
	echo "  make run                               serve it on $$address; /docs has the whole API" && \
	echo "  $(MANAGE) createsuperuser   make a staff login for $$address/admin/"

.PHONY: run
run: $(VENV)/installed ## serve on http://127.0.0.1:8000 (PORT=… for another)
	$(PRIVATELY) $(PY) -m recsite.serve

.PHONY: test
test: $(VENV)/installed-dev ## run the whole test suite, and what touches the database on PostgreSQL too
	$(PY) -m pytest -n 2 --cov --cov-report=term:skip-covered
	$(PY) -m tests.servers -m pytest -n 2 tests/api tests/integration

.PHONY: stack
stack: $(VENV)/installed-dev ## run a whole deployment as plain processes on loopback (PHASE=1 to 4)
	$(PRIVATELY) $(PY) -m deploy --phase $(PHASE)

.PHONY: stack-test
stack-test: $(VENV)/installed-dev ## start phase 3, drive it end to end, break it, stop it
	$(PRIVATELY) $(PY) -m deploy.end_to_end

.PHONY: soak
soak: $(VENV)/installed-dev ## ten minutes of steady load on phase 3: nothing may grow (ARGS="--minutes 2")
	$(PRIVATELY) $(PY) -m deploy.soak $(ARGS)

.PHONY: check
check: $(VENV)/installed-dev ## format, lint, types, import contract, migrations, Django's checks
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(CHECK_ENV) $(MANAGE) makemigrations --check --dry-run
	$(CHECK_ENV) $(MANAGE) check --fail-level WARNING
	$(CHECK_ENV) $(MANAGE) check --deploy --fail-level WARNING

.PHONY: bench
bench: $(VENV)/installed-dev ## measure speed, as a table (ARGS="http.stored --sizes S M" for a part)
	$(PY) -m bench $(ARGS)

.PHONY: format
format: $(VENV)/installed-dev ## put the code into its format
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

.PHONY: lock
lock: $(VENV)/installed-dev ## pin every dependency and its hash anew
	$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
	$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" requirements-observe.in -o requirements-observe.txt
