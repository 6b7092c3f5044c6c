.PHONY: install demo test lint bench docs serve

PY ?= python3.11
BIN := .venv/bin

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PY) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
	touch $@

demo: install
	$(BIN)/amity demo

test: install
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

bench: install
	for bench in benchmarks/*.py; do $(BIN)/python $$bench || exit 1; done

docs: install
	$(BIN)/python -m features.listing > docs/features.md
	$(BIN)/python -m features.indicators.listing > docs/indicators.md
	$(BIN)/python -m serving.report.shape > docs/assessment.schema.json

serve: install
	AMITY_HOME=$${AMITY_HOME:-var/demo-simulated} $(BIN)/amity serve
