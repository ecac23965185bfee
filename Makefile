# `make demo` and `make test` do everything they need on a fresh machine; `make help` lists the rest.
PYTHON ?= python3
# Any pip requirement, such as TORCH="torch --index-url https://download.pytorch.org/whl/cpu".
TORCH ?= torch==2.13.0
DATA ?=
SECONDS ?= 60
JOBS ?= $(shell getconf _NPROCESSORS_ONLN)

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
NATIVE := build/native
NATIVE_SOURCES := $(shell find csrc cmake -type f) CMakeLists.txt
CPP := $(shell find csrc -name '*.cpp' -o -name '*.h')

export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)

.PHONY: help setup build test test-native test-python demo bench lint format soak sanitize fuzz clean

help:
	@echo "make setup      .venv with everything, system headers included"
	@echo "make build      the extension, after a change in csrc/"
	@echo "make test       native and Python tests"
	@echo "make demo       train a small model and compare; DATA=folder of class folders, else pictures are made"
	@echo "make bench      this package beside others; CASE=rrc|resizecrop|io SET=originals|s256q100|s256q90|photos12mp DATA=folder"
	@echo "make lint       ruff, mypy, clang-format; 'make format' mends what they can"
	@echo "make soak       tests that run for minutes; 'make sanitize' the native tests under ASan and UBSan"
	@echo "make fuzz       mutated dct records and tables under both; SECONDS=60"
	@echo "make clean      everything that was made, .venv included"

setup: $(VENV)/.built

build: setup

$(VENV)/.system: .ci/system-packages
	@PYTHON="$(PYTHON)" bash .ci/system-packages
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@touch $@

# torch comes first and is then held by a constraint: nothing else may replace it.
$(VENV)/.tools: $(VENV)/.system
	$(PIP) "pip>=23.1"
	$(PIP) $(if $(findstring --,$(TORCH)),$(TORCH),"$(TORCH)")
	@$(PY) -m pip freeze --disable-pip-version-check | grep -E '^torch(vision|audio)?==' > $(VENV)/constraints.txt
	$(PIP) "scikit-build-core>=0.10" "pybind11>=2.13" "cmake>=3.18" ninja
	@touch $@

$(VENV)/.built: $(VENV)/.tools pyproject.toml $(NATIVE_SOURCES)
	$(PIP) --no-build-isolation --constraint $(VENV)/constraints.txt --editable ".[dev]"
	@touch $@

test: test-native test-python

test-native: setup
	@PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B $(NATIVE) -G Ninja -DSLIP_TESTS=ON -DSLIP_PYTHON=OFF -DSLIP_WERROR=ON > $(VENV)/cmake.log \
	  || { cat $(VENV)/cmake.log; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" ninja -C $(NATIVE) --quiet
	@$(BIN)/ctest --test-dir $(NATIVE) --output-on-failure --no-tests=error -j $(JOBS)

test-python: setup
	$(PY) -m pytest -m "not soak"

demo: setup
	$(PY) -m examples.demo $(if $(DATA),--data "$(DATA)")

bench: setup
	$(PY) -m benchmarks $(if $(CASE),--case $(CASE)) $(if $(SET),--set $(SET)) $(if $(DATA),--data "$(DATA)")

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples benchmarks
	@$(BIN)/clang-format --dry-run --Werror $(CPP)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP)

soak: setup
	$(PY) -m pytest -m soak

build/sanitize/.built: $(NATIVE_SOURCES) | setup
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/sanitize -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	  -DSLIP_TESTS=ON -DSLIP_PYTHON=OFF -DSLIP_WERROR=ON -DSLIP_SANITIZE=address,undefined > /dev/null
	PATH="$(CURDIR)/$(BIN):$$PATH" ninja -C build/sanitize --quiet
	@touch $@

sanitize: build/sanitize/.built
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 $(BIN)/ctest --test-dir build/sanitize --output-on-failure --no-tests=error

fuzz: build/sanitize/.built
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/sanitize/fuzz_dct $(SECONDS) $$(date +%s)

clean:
	rm -rf $(VENV) build out dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
