# `make demo` and `make test` work in a fresh clone; each sets up what it needs, once.
.PHONY: demo test lint docs clean

BIN := .venv/bin

demo: .venv/.ready-demo
	$(BIN)/stem3d demo --out demo

test: .venv/.ready-test lint docs
	xvfb-run -a -s "-screen 0 1400x900x24" $(BIN)/python -m pytest

lint: .venv/.ready-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/npe2 validate napari-stem3d

docs: .venv/.ready-test
	$(BIN)/sphinx-build -W -q -b html docs docs/_build/html

.venv/.ready-%: pyproject.toml tools/setup.sh
	bash tools/setup.sh $*
	touch $@

clean:
	rm -rf .venv demo docs/_build docs/api/generated
