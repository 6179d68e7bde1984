# Two commands do everything: make run, make test. Each target is one plain command;
# CONTRIBUTING.md lists them for machines without make.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
BENCH ?=
SOAK ?= 2000
WORKERS ?= 10
# Most tests wait for printers, so that there are more workers than cores. And hundreds of processes
# are started: each would compile the farm again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test check format unit js bench kills soak rehearsal shots clean real-servers test-real
.DEFAULT_GOAL := run

$(VENV)/.run-stamp: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the farm needs …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test-stamp: requirements.txt requirements-dev.txt package.json package-lock.json deploy/system_packages.sh deploy/cura_definitions.sh deploy/promtool.sh
	@deploy/system_packages.sh venv
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the tests need …"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt & pip=$$!; \
	deploy/system_packages.sh && deploy/cura_definitions.sh && deploy/promtool.sh && \
	npm ci --silent --ignore-scripts --no-audit --no-fund; others=$$?; wait $$pip && exit $$others
	@touch $(VENV)/.run-stamp $@

run: $(VENV)/.run-stamp  ## serve the farm of config.json, or simulated printers without one
	@$(PY) api_server.py $(ARGS)

test: check js unit  ## everything: linters, types, page scripts, all tests

check: $(VENV)/.test-stamp
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	node_modules/.bin/tsc --project tsconfig.json

js: $(VENV)/.test-stamp
	node --test tests/js/*.test.mjs

unit: $(VENV)/.test-stamp  ## what fails in the crowd runs once more alone, and is named (tests/again.py)
	$(PY) -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder || { test $$? = 1 && $(PY) -m tests.again; }

real-servers: $(VENV)/.test-stamp  ## install OctoPrint, Moonraker, Klipper and PrusaLink by name
	@$(PY) -m tests.real install

test-real: real-servers  ## the contract suite again, this time against the real servers
	$(PY) -m pytest -q -n 6 --dist loadscope -m real tests/contract || { test $$? = 1 && $(PY) -m tests.again -m real tests/contract; }

format: $(VENV)/.test-stamp
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/.test-stamp  ## figures for 12, 50 and 100 simulated printers next to the floor; of reading files
	$(PY) -m bench $(BENCH)
	$(PY) -m bench.files
	$(PY) -m bench.queue
	$(PY) -m bench.store
	$(PY) -m bench.cameras
	$(PY) -m bench.alerts
	$(PY) -m bench.mqtt
	$(PY) -m bench.scrape

kills: $(VENV)/.test-stamp  ## of the tests only these: every point of death on every make, a hundred kill -9 under load
	$(PY) -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder -m kills tests/crash

soak: $(VENV)/.test-stamp  ## SOAK=2000 times kill -9 of the server under load, and a table of what became of its jobs
	@$(PY) -m tests.crash.soak --kills $(SOAK)

rehearsal: $(VENV)/.test-stamp  ## 300 jobs on 30 simulated printers with faults and people, as fast as they go
	@$(PY) -m bench.rehearsal

shots: $(VENV)/.test-stamp  ## the pictures of the README, taken from a live demo farm
	$(PY) -m tests.e2e.shots

clean:
	rm -rf $(VENV) node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
