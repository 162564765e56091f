# Everything one does here, by name. `make` alone lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
VENV ?= .venv
PYTHON ?= python3
PY := $(VENV)/bin/python
MANAGE := $(PY) manage.py
CHECK_ENV := ENV_FILE=/dev/null SECRET_KEY=checks-only-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH ALLOWED_HOSTS=shop.example

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python requirements.txt requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $(VENV)/installed $@

.PHONY: demo
demo: $(VENV)/installed ## set up, import a real shop, recommend for every customer
	@$(PY) -m recsite.dotenv
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) import_shop data/online_retail --unless-imported
	$(MANAGE) generate_recommendations
	@$(MANAGE) show_recommendation
	@echo
	@echo "That is what the API returns. To go on:"
	@echo "  make run                               serve it on http://127.0.0.1:8000; /docs has the whole API"
	@echo "  $(MANAGE) createsuperuser   make a staff login for http://127.0.0.1:8000/admin/"

.PHONY: run
run: $(VENV)/installed ## serve on http://127.0.0.1:8000 (PORT=… for another)
	$(PY) -m recsite.serve

.PHONY: test
test: $(VENV)/installed-dev ## run the whole test suite
	$(PY) -m pytest -n 2 --cov --cov-report=term:skip-covered

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
bench: $(VENV)/installed-dev ## measure one recommendation at three sizes, and the batch
	$(PY) -m bench

.PHONY: format
format: $(VENV)/installed-dev ## put the code into its format
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

.PHONY: lock
lock: $(VENV)/installed-dev ## pin every dependency and its hash anew
	$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" requirements.in -o requirements.txt
	$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url --custom-compile-command "make lock" requirements-dev.in -o requirements-dev.txt
