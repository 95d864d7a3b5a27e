# `make run` and `make test` set everything up in a private virtual environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CAPTURE ?=
SOURCES := $(shell find src idl captures protos -type f -not -name '*.pyc' 2>/dev/null) pyproject.toml

.PHONY: run test lint bench clean

run: $(VENV)/installed
	$(BIN)/inspector $(CAPTURE)

test: $(VENV)/tested
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/linted
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/tested
	cd tests && ../$(BIN)/python -m bench

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

$(VENV)/installed: $(VENV)/bin/python $(SOURCES)
	$(BIN)/python -m pip install --quiet .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group test
	touch $@

$(VENV)/linted: $(VENV)/tested
	$(BIN)/python -m pip install --quiet --group lint
	touch $@

clean:
	rm -rf $(VENV) build dist
