# The two commands of a newcomer: `make demo` and `make test`. Everything is set up on the way.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
DB ?= sqlite

.PHONY: demo test test-all lint docs new-rule set-up clean

demo: set-up
	$(RUN) -m faber_db demo --db $(DB)

test: set-up lint
	bash scripts/run_tests quick

test-all: test
	bash scripts/run_tests slow

lint: set-up
	$(VENV)/bin/ruff check src tests bench
	$(VENV)/bin/ruff format --check src tests bench
	$(VENV)/bin/mypy

docs: set-up
	$(RUN) -m faber_db.cli.documents

new-rule:
	@$(PYTHON) scripts/new_rule.py $(CODE) $(KIND)

set-up:
	@PYTHON=$(PYTHON) bash scripts/set_up

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
