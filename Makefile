# Every target does its own set-up. `make` alone lists them.
.PHONY: help setup demo test browser check bench
.DEFAULT_GOAL := help
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo     the sample platform, one whole turn of the loop, then where to look"
	@echo "make test     all tests"
	@echo "make check    format, lint, types, import contracts"
	@echo "make browser  only the test that looks at the Dagster UI in chromium"
	@echo "make bench    speed figures with their limits"
	@echo "make setup    only .venv and what the machine lacks"

setup:
	@sh setup/environment.sh

demo: setup
	@.venv/bin/livhana demo

test: setup
	@.venv/bin/python -m pytest -rs -n 2 --dist loadfile

browser: setup
	@.venv/bin/python -m pytest -rs -m browser

check: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: setup
	@.venv/bin/python bench/speed.py
