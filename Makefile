# One command each to try, check and test. The first one that needs it makes .venv.

PYTHON ?= python3
JOBS ?= 2

STAMP := .venv/.installed
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Compiled modules are kept, whatever the surroundings say: without them every start of a process compiles all of verify.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test tests book quick campaign verdicts long-tests lint types benchmark docs lock clean
.DELETE_ON_ERROR:

help:
	@echo "make demo       a short tour on the bundled networks"
	@echo "make test       lint, types and every test"
	@echo "make campaign   random tests with fresh seeds, for as long as one likes"
	@echo "make quick      the first case of every short test"
	@echo "make verdicts   record anew what Z3 says of the fixed random claims"
	@echo "make long-tests record anew which tests are long"
	@echo "make lint       ruff check and ruff format --check"
	@echo "make types      mypy"
	@echo "make benchmark  the measurements that the README quotes"
	@echo "make docs       docs/ as a site, in site/"
	@echo "make lock       write requirements.lock from .venv"
	@echo "make clean      remove .venv, caches and generated reports"

# The stamp is written last, and the environment starts empty: after an interrupt the next make begins again.
$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) found; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "relu-verify needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	       "Run: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "making .venv (a minute or two, once)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps -e .
	@$(BIN)/python -m compileall -q verify
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

# Side by side: the type checker runs while the tests begin, and so does the book, whose pages are made at its end:
# a worker of the tests would make them alone, after the others are done.
test: $(STAMP)
	@$(MAKE) --no-print-directory -j4 lint types book tests

tests: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not campaign" tests

book: $(STAMP)
	$(BIN)/python -m pytest -q -m "not campaign" properties

# Random tests with fresh seeds, and those of Hypothesis with many more examples than make test draws. Each prints what it tried.
campaign: $(STAMP)
	VERIFY_SEED=$${VERIFY_SEED:-$$(date +%s)} $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "campaign or hypothesis" -rP --verify-profile campaign

# The tests that compare with Z3.
WITH_Z3 = $(shell grep -rl z3_verdict tests --include='test_*.py')

# The first case of every test that is not in the list of long ones; the book, documents and pages are left out.
WHOLE := tests/benchmarks tests/docs tests/examples tests/web
quick: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow and not networks and not campaign" --verify-profile quick tests $(addprefix --ignore=,$(WHOLE))

# Which tests are long, measured on this machine.
long-tests: export VERIFY_RECORD_SECONDS := $(CURDIR)/tests/support/long_tests.new
long-tests: $(STAMP)
	@rm -f $$VERIFY_RECORD_SECONDS
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not campaign"
	$(BIN)/python -m tests.support.long_tests $$VERIFY_RECORD_SECONDS
	@rm -f $$VERIFY_RECORD_SECONDS

# Z3's verdicts on the fixed random claims, which the tests look up: minutes instead of seconds.
verdicts: export VERIFY_RECORD_Z3 := $(CURDIR)/tests/support/z3_verdicts.new
verdicts: $(STAMP)
	@rm -f $$VERIFY_RECORD_Z3
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not campaign" $(WITH_Z3)
	$(BIN)/python -m tests.support.z3_verdicts
	@rm -f $$VERIFY_RECORD_Z3

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

# Each can be interrupted and goes on where it stopped. Alone: make benchmark-radius, and so on.
benchmark: $(STAMP)
	$(BIN)/python -m benchmarks

benchmark-%: $(STAMP)
	$(BIN)/python -m benchmarks $*

# The pages' reference and outputs are made first, so that the site shows what this version prints.
docs: $(STAMP)
	$(PIP) install -e ".[docs]"
	$(BIN)/python -m tests.support.reference
	$(BIN)/python -m tests.support.guides
	$(BIN)/mkdocs build --strict --clean --site-dir site

# Upgrade what you mean to upgrade in .venv first, then run this and read the diff.
lock: $(STAMP)
	$(PIP) freeze --exclude-editable | LC_ALL=C sort -f | grep -v -i -E '^(cvc5|maraboupy)==' > requirements.lock.new
	@mv requirements.lock.new requirements.lock
	@touch $(STAMP)

clean:
	rm -rf site .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info requirements.lock.new
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find reports -mindepth 1 ! -name README.md -delete
