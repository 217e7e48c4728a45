# Two commands on a fresh machine with git, make and Python >= 3.11: `make night` and `make test`.

PYTHON ?= python3
BIN := .venv/bin
BOOK ?= book
OTHER ?= python3.12
SEED ?= 0
NIGHTS ?= 20
export PYTHONSAFEPATH := 1

.DEFAULT_GOAL := help
.PHONY: help night test test-pythons lint ui screenshots bench peers simulate lock clean

help:
	@echo "make night   set up, make a synthetic book, run three nights, print a summary"
	@echo "make test    set up, run the tests"
	@echo "make test-pythons   run a small book under this Python and OTHER (python3.12), compare every published byte"
	@echo "make lint    ruff and mypy"
	@echo "make ui      Dagster's UI and daemon on 127.0.0.1:3000 over the same book"
	@echo "make screenshots   the pictures of docs/operator.md, made anew by the browser test"
	@echo "make bench   print the benchmarks as JSON"
	@echo "make peers   the same accounts through CVXPY, Clarabel alone and taxrebalance; NAMES=500 ACCOUNTS=10"
	@echo "make simulate SEED=7 [NIGHTS=20]   a string of nights with faults drawn from the seed; SEEDS=0:300 many"
	@echo "make lock    resolve the pins anew"

.venv/installed: requirements/run.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Openbell needs Python 3.11 or later; try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/run: .venv/installed
	$(BIN)/python -P -m solvers.warm
	touch $@

.venv/dev: requirements/dev.txt .venv/installed
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/dev.txt
	touch $@

$(BOOK)/book.toml: | .venv/run
	$(BIN)/openbell init $(BOOK) --market synthetic --accounts 200 --shards 2 --seed 7 --first-night 2026-09-01

night: .venv/run $(BOOK)/book.toml
	$(BIN)/openbell simulate $(BOOK) --nights 3
	@echo
	@echo "Published files:  $(BOOK)/published/<night>/  (accounts.csv, allocations.csv, orders.csv, manifest.json)"
	@echo "A night as one HTML page:  $(BIN)/openbell report $(BOOK) --night 2026-09-01"
	@echo "The same night again changes nothing:  $(BIN)/openbell night $(BOOK) --night 2026-09-01"
	@echo "Lineage, partitions, checks:  make ui"

test: .venv/dev .venv/run
	$(BIN)/python -P -m pytest --numprocesses auto --dist loadfile

test-pythons: .venv/run
	rm -rf build/pythons && mkdir -p build/pythons/other
	$(OTHER) -m venv build/pythons/venv
	build/pythons/venv/bin/python -m pip install --quiet --require-hashes --requirement requirements/run.txt
	$(BIN)/openbell init build/pythons/one --accounts 12 --shards 2 --seed 11 --names 30 --factors 4
	$(BIN)/openbell simulate build/pythons/one --nights 2
	cp -R build/pythons/one/static build/pythons/one/feeds build/pythons/one/book.toml build/pythons/other
	PYTHONPATH=. build/pythons/venv/bin/python -P -c "from pipelines.cli import main; main()" \
	    backfill build/pythons/other --from 2026-09-01 --to 2026-09-02
	diff -r build/pythons/one/published build/pythons/other/published

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

ui: .venv/run $(BOOK)/book.toml
	$(BIN)/openbell ui $(BOOK)

screenshots: .venv/dev .venv/run
	OPENBELL_SCREENSHOTS=docs/screenshots $(BIN)/python -P -m pytest tests/end_to_end/test_ui.py

bench: .venv/dev .venv/run
	$(BIN)/python -P -m bench

peers: .venv/run build/peers/ready
	$(BIN)/openbell bench peers --names $(or $(NAMES),200) --accounts $(or $(ACCOUNTS),10) --peer-python build/peers/bin/python

build/peers/ready: requirements/peers.txt
	test -x build/peers/bin/python || $(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --require-hashes --requirement requirements/peers.txt
	touch $@

simulate: .venv/dev .venv/run
	$(BIN)/python -P -m bench.simulate --seeds $(or $(SEEDS),$(SEED)) --nights $(NIGHTS) --roughness $(or $(ROUGHNESS),1) $(if $(SEEDS),,--show)

lock: .venv/dev
	$(BIN)/uv pip compile pyproject.toml --extra build --universal --fork-strategy fewest --generate-hashes \
	    --no-header --no-annotate --no-strip-extras --quiet --upgrade --output-file requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev --universal --fork-strategy fewest --generate-hashes \
	    --no-header --no-annotate --no-strip-extras --quiet --constraint requirements/run.txt \
	    --output-file requirements/dev.txt
	$(BIN)/uv pip compile requirements/peers.in --universal --fork-strategy fewest --generate-hashes \
	    --no-header --no-annotate --no-strip-extras --quiet --upgrade --output-file requirements/peers.txt
	! grep --line-number '://' requirements/*.txt

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache
