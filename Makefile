# Every target works from a fresh clone on a machine that has Python 3.11 to 3.13, make and
# access to Python packages, and nothing else. Choose the interpreter with PYTHON=python3.11.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --constraint constraints.txt --editable .

.DEFAULT_GOAL := help
.PHONY: help demo test bench lint format clean

help:
	@echo "make demo    train on simulated strains, print the scores, write demo/"
	@echo "make test    lint, then all tests with coverage"
	@echo "make bench   run every benchmark in benchmarks/"
	@echo "make lint    ruff, mypy and the import contracts"
	@echo "make format  rewrite the sources as ruff wants them"
	@echo "make clean   remove caches, builds and demo/; .venv stays"

# Dependency groups need pip 25.1, and Python 3.11 comes with an older one.
$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	{ echo "pyscimlode needs Python 3.11, 3.12 or 3.13: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --upgrade 'pip>=25.1'
	touch $@

$(VENV)/.stamp-run: $(VENV)/.stamp-venv pyproject.toml constraints.txt
	$(INSTALL)
	touch $@

$(VENV)/.stamp-test: $(VENV)/.stamp-run
	$(INSTALL)'[tpot]' --group test
	touch $@

$(VENV)/.stamp-bench: $(VENV)/.stamp-run
	$(INSTALL) --group bench
	touch $@

demo: $(VENV)/.stamp-run
	$(BIN)/pyscimlode demo --out demo

lint: $(VENV)/.stamp-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two workers with one thread each: the same numbers on any machine.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term

bench: $(VENV)/.stamp-bench
	$(BIN)/python -m benchmarks

format: $(VENV)/.stamp-test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf build dist demo .coverage .coverage.* htmlcov
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./$(VENV) -prune -o -type d -name __pycache__ -exec rm -rf {} +
