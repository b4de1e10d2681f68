# `make ci` is exactly what CI runs; `make demo` and `make test` are the README's two commands.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
CELL := |nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|
FBNET := k3_e6|k3_e1|skip|k5_e3|k3_e3|k5_e6|skip|k3_e1|k5_e3|k3_e6|k3_e3|k3_e1_g2|k5_e6|skip|k5_e3|k3_e6|k5_e6|k5_e6|k3_e6|k5_e1|k5_e3|k5_e6

.PHONY: install demo test lowest docs notebooks lint types wheel ci bench bench-streaming checkpoints clean

# torch first and alone: the constraint then settles which build everything else finds.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	touch $@

install: $(VENV)/.installed

demo: install
	@$(BIN)/archcost predict '$(CELL)' --all
	@$(BIN)/archcost predict '$(FBNET)' --all
	@$(BIN)/archcost predict '$(FBNET)' --dataset ImageNet --all

test: install
	$(BIN)/python -m pytest -q

# The same tests with the oldest versions that pyproject.toml admits, in an environment of their own.
lowest:
	rm -rf build/lowest
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/python -m pip install --quiet --constraint constraints-lowest.txt torch
	build/lowest/bin/python -m pip install --quiet --constraint constraints-lowest.txt --editable '.[dev]'
	build/lowest/bin/python -m pytest -q

# The documentation site, in build/docs; a warning is an error. Notebooks are shown as stored.
docs: install
	$(PIP) --editable '.[docs]'
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs

# After a change of what they show: the pictures and notebooks of the documentation, stored anew.
notebooks: install
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/notebooks/execute.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The root folders are subpackages of archcost once installed: checked where they are installed.
types: install
	rm -rf build/installed build/lib
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --target build/installed .
	cd build/installed && $(abspath $(BIN))/mypy --config-file $(CURDIR)/pyproject.toml -p archcost
	cd build/installed && PYTHONPATH=. $(abspath $(BIN))/lint-imports --config $(CURDIR)/pyproject.toml

wheel: install
	rm -rf dist build/lib
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

# Folder of the measured tables, see README.
TABLES ?= ../shared/data

checkpoints: install
	rm -rf build/shipped
	$(BIN)/python -m archcost.training.shipping $(TABLES) build/shipped
	rm -rf checkpoints/shipped
	mv build/shipped checkpoints/shipped

bench: install
	$(BIN)/python tests/bench.py

# Whole files up to 10^7 rows, 10 GB of disk; shorter: ROWS="100000 1000000".
ROWS ?= 100000 1000000 10000000
bench-streaming: install
	$(BIN)/python tests/bench_streaming.py --rows $(ROWS)

ci:
	bash .ci/run

clean:
	rm -rf $(VENV) build dist *.egg-info
