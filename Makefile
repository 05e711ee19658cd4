# Every target does its own set-up. `make` alone lists them.
.PHONY: help setup demo test rooms drills browser check bench
.DEFAULT_GOAL := help
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

help:
	@echo "make demo     the sample platform, one whole turn of the loop, then where to look"
	@echo "make test     the tests, but for the long ones"
	@echo "make rooms    the rooms' own tests, without Dagster: seconds"
	@echo "make drills   the long tests: kills, full disks, real servers, the browser, every guard taken away once"
	@echo "make check    format, lint, types, import contracts"
	@echo "make browser  only the tests in chromium: the review pages and the Dagster UI"
	@echo "make bench    speed figures with their limits, then the long counts (about 40 minutes)"
	@echo "make setup    only .venv and what the machine lacks"

setup:
	@sh setup/environment.sh

demo: setup
	@.venv/bin/livhana demo

test: setup
	@.venv/bin/python -m pytest -rs -n 2 --dist loadfile -m "not drill and not browser"

rooms: setup
	@.venv/bin/python -m pytest -rs livhana_assets_tests/loop -m "not drill and not doors"

drills: setup
	@.venv/bin/python -m pytest -rs -n 2 --dist loadfile -m "drill or browser"

browser: setup
	@.venv/bin/python -m pytest -rs -m browser

check: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: setup
	@.venv/bin/python bench/speed.py
	@.venv/bin/python bench/approved_to_landed.py
	@.venv/bin/python bench/review_pages.py
	@.venv/bin/python bench/visible.py
	@.venv/bin/python bench/interleavings.py
	@.venv/bin/python bench/error_batches.py
	@.venv/bin/python bench/code_quality.py
	@.venv/bin/python bench/question_clusters.py
	@.venv/bin/python bench/regressions.py
	@.venv/bin/python bench/quantiles.py
	@.venv/bin/python bench/log_grouping.py
	@.venv/bin/python bench/pack_tokens.py
	@.venv/bin/python bench/model_faults.py
	@.venv/bin/python bench/model_budget.py
